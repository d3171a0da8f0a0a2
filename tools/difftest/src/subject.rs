//! The subject: the core of a virtual board, a machine that is kept for millions of cases.

use onchip_vboard::{
    core::state::CoreState,
    machine::{Machine, MachineError, Stop},
    memory::{
        AccessError, Chip, Context, Device, FlashMap, MapError, Peripheral, RamMap, Reset, Size,
    },
    timing::FlashGeometry,
};

use crate::{
    case::{CODE, Case, EXECUTION, End, FLAGS, Fault, Outcome, PAGE, RAM, STACK},
    profile::Profile,
};

/// Where the vector table is: nowhere near code and data, and where a register that holds a
/// round number does not point, since Unicorn has nothing there.
pub const FLASH: u32 = 0x1357_0000;
/// A handler: a breakpoint of the code page that no case overwrites.
const HANDLER: u32 = CODE + 0x10;
/// Cycles that a case may take.
const PATIENCE: u64 = 2000;

const DHCSR: u32 = 0xe000_edf0;
const HALT: u32 = 0xa05f_0003;
const GO: u32 = 0xa05f_0001;
const CPACR: u32 = 0xe000_ed88;
const FPCCR: u32 = 0xe000_ef34;
const ACTLR: u32 = 0xe000_e008;
const CFSR: u32 = 0xe000_ed28;

/// The machine.
pub struct Subject {
    machine: Machine,
    profile: Profile,
    /// What registers a case does not name.
    base: CoreState,
}

/// The controller that flash must have: it programs nothing.
struct NoController;

impl Peripheral for NoController {
    fn name(&self) -> &str {
        "NONE"
    }

    fn read(&mut self, _: u32, _: Size, _: &mut Context<'_>) -> Result<u32, AccessError> {
        Err(AccessError::Fault)
    }

    fn write(&mut self, _: u32, _: Size, _: u32, _: &mut Context<'_>) -> Result<(), AccessError> {
        Err(AccessError::Fault)
    }

    fn reset(&mut self, _: Reset, _: &mut Context<'_>) {}

    fn program(&mut self, _: u32, _: Size, _: u32, _: &mut Context<'_>) -> Result<(), AccessError> {
        Err(AccessError::Fault)
    }
}

fn chip(profile: &Profile) -> Chip {
    let ram = |base| RamMap {
        base,
        len: PAGE as u32,
        cached_from: None,
        aliases: vec![],
    };
    Chip {
        name: "difftest",
        core: profile.core,
        flash: FlashMap {
            base: FLASH,
            len: PAGE as u32,
            aliases: vec![],
            accelerator: FlashGeometry::STM32L4,
            controller: 0,
        },
        rams: vec![ram(RAM), ram(CODE)],
        devices: vec![Device {
            windows: vec![(FLASH + 0x2000, 4)],
            peripheral: Box::new(NoController),
        }],
        unmodelled: vec![],
    }
}

impl Subject {
    /// A machine with the core of `profile`.
    pub fn new(profile: &Profile) -> Result<Self, MapError> {
        let mut subject = Self {
            machine: Machine::new(chip(profile))?,
            profile: *profile,
            base: CoreState {
                r: [0; 16],
                xpsr: 1 << 24,
                msp: STACK,
                psp: STACK,
                control: 0,
                primask: false,
                faultmask: false,
                basepri: 0,
                s: [0; 32],
                fpscr: 0,
                exclusive: false,
            },
        };
        subject.set_up();
        Ok(subject)
    }

    fn set_up(&mut self) {
        let vectors = std::iter::once(STACK).chain(std::iter::repeat_n(HANDLER | 1, 47));
        let table: Vec<u8> = vectors.flat_map(u32::to_le_bytes).collect();
        self.machine.load_flash(0, &table);
        self.set_memory(CODE, &self.profile.empty_code());
        self.configure();
    }

    /// After a reset: the FPU on and its context not stacked, writes not buffered, so that each
    /// fault is that of the instruction before the program counter.
    fn configure(&mut self) {
        self.poke(DHCSR, HALT);
        if !self.profile.is_v6() {
            self.poke(ACTLR, 2);
        }
        if self.profile.has_float() {
            self.poke(CPACR, 0x00f0_0000);
            self.poke(FPCCR, 0);
        }
    }

    /// A machine that has stopped for good is replaced; else a reset ends all exceptions.
    fn recover(&mut self) {
        if self.machine.error().is_some() {
            let code = self.machine.memory(CODE, PAGE).map(<[u8]>::to_vec);
            let data = self.machine.memory(RAM, PAGE).map(<[u8]>::to_vec);
            // The same chip was sound before.
            let Ok(fresh) = Machine::new(chip(&self.profile)) else {
                return;
            };
            self.machine = fresh;
            self.set_up();
            for (at, bytes) in [(CODE, code), (RAM, data)] {
                if let Some(bytes) = bytes {
                    self.set_memory(at, &bytes);
                }
            }
        } else {
            self.machine.set_reset_pin(true);
            self.machine.set_reset_pin(false);
            self.configure();
        }
    }

    fn poke(&mut self, address: u32, value: u32) {
        // A register that is not there shows in the cases that need it.
        let _ = self.machine.debug_write(address, Size::Word, value);
    }

    /// The data page.
    pub fn ram(&self) -> &[u8] {
        self.machine.memory(RAM, PAGE).unwrap_or(&[])
    }

    /// Overwrites memory, which is there: where cases keep what is fixed.
    fn set_memory(&mut self, address: u32, bytes: &[u8]) {
        let is_there = self.machine.set_memory(address, bytes);
        debug_assert!(is_there, "{address:#x} is memory");
    }

    /// Overwrites the data page.
    pub fn load_ram(&mut self, image: &[u8]) {
        self.set_memory(RAM, image);
    }

    /// The code page.
    pub fn code(&self) -> &[u8] {
        self.machine.memory(CODE, PAGE).unwrap_or(&[])
    }

    /// Overwrites part of the code page.
    pub fn load_code(&mut self, at: u32, bytes: &[u8]) {
        self.set_memory(at, bytes);
    }

    /// Runs the code at `case.at` from `case.state`.
    pub fn run(&mut self, case: &Case) -> Outcome {
        let mut state = self.base.clone();
        state.r[..15].copy_from_slice(&case.state.r);
        state.r[15] = case.at;
        state.xpsr |= case.state.apsr;
        state.msp = state.r[13];
        state.s = case.state.s;
        state.fpscr = case.state.fpscr;
        self.machine.set_core_state(&state);
        self.poke(DHCSR, GO);
        let stop = self.machine.run(PATIENCE);
        let after = self.machine.core_state();
        let mut outcome = Outcome {
            end: End::Breakpoint,
            r: after.r,
            xpsr: after.xpsr & (FLAGS | EXECUTION),
            s: after.s,
            fpscr: after.fpscr,
            special: [
                after.primask.into(),
                after.faultmask.into(),
                after.basepri.into(),
                after.control,
                after.msp,
                after.psp,
            ],
            frame: 0..0,
        };
        match stop {
            Stop::Error => {
                let what = self.machine.error().map(MachineError::to_string);
                outcome.end = End::Refused(what.unwrap_or_default());
                self.recover();
            }
            Stop::Halted if after.xpsr & 0x1ff != 0 => {
                outcome.end = self.fault(after.xpsr & 0x1ff);
                self.unstack(&after, &mut outcome);
                self.recover();
            }
            Stop::Halted => {}
            // No marks are set and semihosting is off.
            Stop::CycleLimit | Stop::Mark | Stop::Semihosting => {
                outcome.end = End::Never;
                self.recover();
            }
            Stop::Sleep => {
                outcome.end = End::Sleep;
                self.recover();
            }
        }
        outcome
    }

    /// Which fault has led to exception `number`.
    fn fault(&mut self, number: u32) -> End {
        const SUPERVISOR_CALL: u32 = 11;
        if number == SUPERVISOR_CALL {
            return End::Fault(Fault::Supervisor);
        }
        if self.profile.is_v6() {
            return End::Fault(Fault::Hard);
        }
        let status = self.machine.debug_read(CFSR, Size::Word).unwrap_or(0);
        let fault = match status {
            s if s & (1 << 0 | 1 << 8) != 0 => Fault::Fetch,
            s if s & (1 << 1 | 1 << 9) != 0 => Fault::Data,
            s if s & 1 << 16 != 0 => Fault::Undefined,
            s if s & 1 << 17 != 0 => Fault::InvalidState,
            s if s & 1 << 19 != 0 => Fault::NoCoprocessor,
            s if s & 1 << 24 != 0 => Fault::Unaligned,
            s => return End::Refused(format!("exception {number}, CFSR {s:#010x}")),
        };
        End::Fault(fault)
    }

    /// Sees through the exception: the registers are those that were stacked.
    fn unstack(&self, after: &CoreState, outcome: &mut Outcome) {
        let start = after.msp.wrapping_sub(RAM) as usize;
        let Some(frame) = self.ram().get(start..start.saturating_add(32)) else {
            outcome.end = End::Refused(format!("a frame at {:#010x}", after.msp));
            return;
        };
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(frame.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        outcome.r[..4].copy_from_slice(&words[..4]);
        outcome.r[12] = words[4];
        outcome.r[14] = words[5];
        outcome.r[15] = words[6];
        outcome.xpsr = words[7] & (FLAGS | EXECUTION);
        let padding = if words[7] & 1 << 9 != 0 { 4 } else { 0 };
        outcome.r[13] = after.msp + 32 + padding;
        outcome.special[4] = outcome.r[13];
        outcome.frame = start..start + 32 + padding as usize;
    }
}
