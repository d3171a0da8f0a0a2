//! One case: a few instructions, and the state before them; and what becomes of it.

/// Where the code is: one page, filled with breakpoints around the instructions.
pub const CODE: u32 = 0x1000_0000;
/// Where the data are: one page.
pub const RAM: u32 = 0x2000_0000;
/// Bytes of a page.
pub const PAGE: usize = 0x1000;
/// Kinds of contents of the data page; number 0 is all zero.
pub const IMAGES: u8 = 16;
/// What the stack pointers are before a case, unless it says otherwise.
pub const STACK: u32 = RAM + 0x800;
/// The flags that a program sees in xPSR.
pub const FLAGS: u32 = 0xf80f_0000;
/// EPSR.IT and EPSR.T in xPSR.
pub const EXECUTION: u32 = 0x0700_fc00;

/// The registers before a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// R0 to R12, SP, LR.
    pub r: [u32; 15],
    /// APSR: NZCVQ and GE in their places.
    pub apsr: u32,
    /// S0 to S31.
    pub s: [u32; 32],
    /// FPSCR.
    pub fpscr: u32,
}

impl Default for State {
    fn default() -> Self {
        let mut r = [0; 15];
        r[13] = STACK;
        Self {
            r,
            apsr: 0,
            s: [0; 32],
            fpscr: 0,
        }
    }
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Where the code is.
    pub at: u32,
    /// Its halfwords.
    pub code: Vec<u16>,
    /// The registers.
    pub state: State,
    /// Which contents the data page has.
    pub image: u8,
}

/// Why the core did not go on to the breakpoint behind the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// UNDEFINED.
    Undefined,
    /// No such coprocessor.
    NoCoprocessor,
    /// A data access that must be aligned.
    Unaligned,
    /// EPSR.T is clear.
    InvalidState,
    /// A data access to nowhere.
    Data,
    /// No code.
    Fetch,
    /// SVC.
    Supervisor,
    /// Some HardFault of Armv6-M, which does not tell why.
    Hard,
}

/// How a case ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// At a breakpoint.
    Breakpoint,
    /// By a fault or a call.
    Fault(Fault),
    /// Asleep.
    Sleep,
    /// Not at all within the time allowed.
    Never,
    /// The emulator refuses to go on.
    Refused(String),
}

/// What becomes of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ends.
    pub end: End,
    /// R0 to R12, SP, LR, PC.
    pub r: [u32; 16],
    /// The flags, EPSR.IT and EPSR.T of xPSR.
    pub xpsr: u32,
    /// S0 to S31.
    pub s: [u32; 32],
    /// FPSCR.
    pub fpscr: u32,
    /// PRIMASK, FAULTMASK, BASEPRI, CONTROL, MSP, PSP.
    pub special: [u32; 6],
    /// The bytes of the data page that an exception frame took, as offsets.
    pub frame: std::ops::Range<usize>,
}

/// The contents of the data page for each image.
pub fn images() -> Vec<Vec<u8>> {
    (0..IMAGES)
        .map(|image| {
            let mut rng = crate::rng::Rng::new(u64::from(image));
            let word = |_| match image {
                0 => 0,
                // Loads into the PC shall find code now and then.
                _ if rng.chance(1, 4) => {
                    (CODE + 0x200 + rng.below(0x400) * 2) | u32::from(!rng.chance(1, 8))
                }
                _ if rng.chance(1, 4) => rng.below(0x40),
                _ => rng.word(),
            };
            (0..PAGE / 4).map(word).flat_map(u32::to_le_bytes).collect()
        })
        .collect()
}

/// What Unicorn needs between cases, if the core has it: where it is, and its halfwords, which
/// a breakpoint follows.
pub struct Stub(pub u32, pub [u16; 2]);
/// VMOV.F32 S0, S0.
pub const USE_FLOAT: Stub = Stub(CODE, [0xeeb0, 0x0a40]);
/// CLREX.
pub const CLEAR_MONITOR: Stub = Stub(CODE + 6, [0xf3bf, 0x8f2f]);

/// The code page with no case in it: `stubs`, and breakpoints, told apart by their immediates.
pub fn empty_code(stubs: &[Stub]) -> [u8; PAGE] {
    let mut page = [0; PAGE];
    for (i, bytes) in page.as_chunks_mut().0.iter_mut().enumerate() {
        *bytes = (0xbe00 | (i * 37 % 256) as u16).to_le_bytes();
    }
    for Stub(at, code) in stubs {
        let place = page[(at - CODE) as usize..].as_chunks_mut().0;
        for (bytes, halfword) in place.iter_mut().zip(code) {
            *bytes = halfword.to_le_bytes();
        }
    }
    page
}
