//! The reference: Unicorn, an engine that is kept for millions of cases.
//!
//! Starting its translated code takes a fraction of a microsecond, translating takes ten:
//! an instruction is translated once and run with several states. Its memory is ours (it is
//! mapped by pointer), so filling and comparing it takes no calls.

mod library;

use std::{
    ffi::{c_int, c_void},
    marker::PhantomData,
    rc::Rc,
};

pub use library::{Api, UnicornError};
use library::{Engine, Stop, check, constant};

use crate::{
    case::{
        CLEAR_MONITOR, CODE, Case, EXECUTION, End, FLAGS, Fault, Outcome, PAGE, RAM, STACK,
        USE_FLOAT,
    },
    profile::Profile,
};

/// How many registers of every case are exchanged: R0 to R14, S0 to S31, FPSCR, and one
/// more: APSR and EPSR when written, xPSR when read; and the PC.
const WRITTEN: usize = 15 + 32 + 2;
const READ: usize = WRITTEN + 1;

/// EPSR.T.
const THUMB: u32 = 1 << 24;

/// What the hook of exceptions is given.
struct Caught {
    number: u32,
    stop: Stop,
}

/// An engine.
pub struct Unicorn {
    api: Rc<Api>,
    engine: Engine,
    /// From boxes; the engine writes to them whenever it runs.
    code: *mut Page,
    ram: *mut Page,
    caught: *mut Caught,
    written: [c_int; WRITTEN],
    read: [c_int; READ],
    has_float: bool,
    /// Instructions to execute at a time; 0: as many as there are.
    count: usize,
    _not_send: PhantomData<*mut ()>,
}

#[repr(align(4096))]
struct Page([u8; PAGE]);

/// QEMU's numbers of exceptions, for Arm.
mod exception {
    pub(super) const UNDEFINED: u32 = 1;
    pub(super) const SUPERVISOR: u32 = 2;
    pub(super) const PREFETCH_ABORT: u32 = 3;
    pub(super) const DATA_ABORT: u32 = 4;
    pub(super) const BREAKPOINT: u32 = 7;
    pub(super) const NO_COPROCESSOR: u32 = 17;
    pub(super) const INVALID_STATE: u32 = 18;
    pub(super) const UNALIGNED: u32 = 22;
}

/// Errors of uc_emu_start.
mod error {
    use super::c_int;

    pub(super) const READ_UNMAPPED: c_int = 6;
    pub(super) const WRITE_UNMAPPED: c_int = 7;
    pub(super) const FETCH_UNMAPPED: c_int = 8;
    pub(super) const INSTRUCTION: c_int = 10;
    pub(super) const WRITE_PROTECTED: c_int = 12;
    pub(super) const READ_PROTECTED: c_int = 13;
    pub(super) const FETCH_PROTECTED: c_int = 14;
    pub(super) const READ_UNALIGNED: c_int = 16;
    pub(super) const WRITE_UNALIGNED: c_int = 17;
}

extern "C" fn on_exception(engine: Engine, number: u32, caught: *mut c_void) {
    let caught = caught.cast::<Caught>();
    // SAFETY: the hook was added with a pointer to the engine's `Caught`, which outlives it.
    unsafe {
        (*caught).number = number;
        ((*caught).stop)(engine);
    }
}

impl Unicorn {
    /// An engine that is the core of `profile`.
    pub fn new(api: &Rc<Api>, profile: &Profile) -> Result<Self, UnicornError> {
        Self::with_count(api, profile, 0)
    }

    /// The same, which executes one instruction at a time: slower, but loops end.
    pub fn stepping(api: &Rc<Api>, profile: &Profile) -> Result<Self, UnicornError> {
        Self::with_count(api, profile, 1)
    }

    fn with_count(api: &Rc<Api>, profile: &Profile, count: usize) -> Result<Self, UnicornError> {
        let mut engine = std::ptr::null_mut();
        // SAFETY: `engine` is where the handle goes.
        check("uc_open", unsafe {
            (api.open)(
                constant::ARCH_ARM,
                constant::MODE_THUMB_MCLASS,
                &raw mut engine,
            )
        })?;
        let registers: Vec<c_int> = (0..13)
            .map(|i| constant::R0 + i)
            .chain([constant::SP, constant::LR])
            .chain((0..32).map(|i| constant::S0 + i))
            .collect();
        let mut written = [0; WRITTEN];
        written[..47].copy_from_slice(&registers);
        written[47..].copy_from_slice(&[constant::FPSCR, constant::EAPSR_NZCVQG]);
        let mut read = [0; READ];
        read[..47].copy_from_slice(&registers);
        read[47..].copy_from_slice(&[constant::FPSCR, constant::XPSR, constant::PC]);
        let mut unicorn = Self {
            api: Rc::clone(api),
            engine,
            code: Box::into_raw(Box::new(Page(profile.empty_code()))),
            ram: Box::into_raw(Box::new(Page([0; PAGE]))),
            caught: Box::into_raw(Box::new(Caught {
                number: 0,
                stop: api.stop,
            })),
            written,
            read,
            has_float: profile.has_float(),
            count,
            _not_send: PhantomData,
        };
        unicorn.set_up(profile.unicorn)?;
        Ok(unicorn)
    }

    fn set_up(&mut self, model: c_int) -> Result<(), UnicornError> {
        let (code, ram, caught) = (self.code.cast(), self.ram.cast(), self.caught.cast());
        let (api, engine, page) = (&self.api, self.engine, PAGE as u64);
        let mut hook = 0;
        // SAFETY: the engine is open; the pages and `caught` live until it
        // is closed; the arguments are those that unicorn.h wants for each control.
        unsafe {
            check(
                "uc_ctl",
                (api.control)(engine, constant::SET_CPU_MODEL, model),
            )?;
            let map = api.map_pointer;
            check(
                "uc_mem_map_ptr",
                map(engine, CODE.into(), page, constant::PROT_ALL, code),
            )?;
            check(
                "uc_mem_map_ptr",
                map(engine, RAM.into(), page, constant::PROT_ALL, ram),
            )?;
            let callback = on_exception as *mut c_void;
            let (any, none) = (1u64, 0u64);
            let add = api.add_hook;
            check(
                "uc_hook_add",
                add(
                    engine,
                    &raw mut hook,
                    constant::HOOK_INTR,
                    callback,
                    caught,
                    any,
                    none,
                ),
            )?;
        }
        if self.has_float {
            self.start(USE_FLOAT.0);
        }
        self.write(&[constant::MSP, constant::PSP], &mut [STACK, STACK]);
        Ok(())
    }

    /// The data page.
    pub fn ram(&self) -> &[u8] {
        // SAFETY: the page lives as long as `self`; the engine writes to it only while `start`
        // runs, which borrows `self` mutably.
        unsafe { &(*self.ram).0 }
    }

    /// Overwrites the data page.
    pub fn load_ram(&mut self, image: &[u8]) {
        // SAFETY: as in `ram`.
        unsafe { &mut *self.ram }.0.copy_from_slice(image);
    }

    /// The code page.
    pub fn code(&self) -> &[u8] {
        // SAFETY: as in `ram`.
        unsafe { &(*self.code).0 }
    }

    /// Overwrites part of the code page.
    pub fn load_code(&mut self, at: u32, bytes: &[u8]) {
        let start = (at - CODE) as usize;
        // SAFETY: as in `ram`.
        let page = unsafe { &mut *self.code };
        page.0[start..start + bytes.len()].copy_from_slice(bytes);
        self.forget(at, bytes.len());
    }

    /// Drops what has been translated from `len` bytes at `at`.
    fn forget(&mut self, at: u32, len: usize) {
        if len > 0 {
            let (first, end) = (u64::from(at), u64::from(at) + len as u64);
            // SAFETY: the engine is open; the control takes two 64-bit addresses.
            unsafe { (self.api.control)(self.engine, constant::REMOVE_CACHE, first, end) };
        }
    }

    /// Starts at `at`; returns the error and the number of the exception.
    fn start(&mut self, at: u32) -> (c_int, u32) {
        // SAFETY: as in `ram`; only the hook writes to it.
        unsafe { (*self.caught).number = 0 };
        // SAFETY: the engine is open.
        let error = unsafe { (self.api.start)(self.engine, u64::from(at | 1), 0, 0, self.count) };
        // SAFETY: as above.
        (error, unsafe { (*self.caught).number })
    }

    fn write(&mut self, registers: &[c_int], values: &mut [u32]) {
        let pointers: Vec<*mut c_void> =
            values.iter_mut().map(|v| (v as *mut u32).cast()).collect();
        let count = registers.len() as c_int;
        // SAFETY: there are as many pointers to 32-bit values as registers of 32 bits.
        unsafe {
            (self.api.write_registers)(self.engine, registers.as_ptr(), pointers.as_ptr(), count)
        };
    }

    fn read(&mut self, registers: &[c_int], values: &mut [u32]) {
        let pointers: Vec<*mut c_void> =
            values.iter_mut().map(|v| (v as *mut u32).cast()).collect();
        let count = registers.len() as c_int;
        // SAFETY: as in `write`.
        unsafe {
            (self.api.read_registers)(self.engine, registers.as_ptr(), pointers.as_ptr(), count)
        };
    }

    /// Runs the code at `case.at` from `case.state`. `special`: it touches special registers;
    /// `exclusive`: it leaves something in the monitor.
    pub fn run(&mut self, case: &Case, special: bool, exclusive: bool) -> Outcome {
        let mut values = [0; WRITTEN];
        values[..15].copy_from_slice(&case.state.r);
        values[15..47].copy_from_slice(&case.state.s);
        values[47] = case.state.fpscr;
        values[48] = case.state.apsr | THUMB;
        let registers = self.written;
        self.write(&registers, &mut values);
        let (error, number) = self.start(case.at);

        let mut values = [0; READ];
        let registers = self.read;
        self.read(&registers, &mut values);
        let mut r = [0; 16];
        r[..15].copy_from_slice(&values[..15]);
        r[15] = values[49];
        let mut s = [0; 32];
        s.copy_from_slice(&values[15..47]);
        let mut outcome = Outcome {
            end: end(error, number),
            r,
            xpsr: values[48] & (FLAGS | EXECUTION),
            s,
            fpscr: values[47],
            special: [0, 0, 0, 0, r[13], STACK],
            frame: 0..0,
        };
        if special {
            outcome.special = self.special();
        }
        if exclusive {
            self.start(CLEAR_MONITOR.0);
        }
        outcome
    }

    /// Reads the special registers and sets them back.
    fn special(&mut self) -> [u32; 6] {
        let registers = [
            constant::PRIMASK,
            constant::FAULTMASK,
            constant::BASEPRI,
            constant::CONTROL,
            constant::MSP,
            constant::PSP,
        ];
        let mut values = [0; 6];
        self.read(&registers, &mut values);
        // FPCA (and SFPA, without which Unicorn does not believe it): the floating-point
        // context stays, else the next instruction makes FPSCR anew.
        let control = if self.has_float { 12 } else { 0 };
        self.write(&registers, &mut [0, 0, 0, control, STACK, STACK]);
        values
    }
}

impl Drop for Unicorn {
    fn drop(&mut self) {
        // SAFETY: the engine is open, and nobody uses it any more; then nobody uses the boxes.
        unsafe {
            (self.api.close)(self.engine);
            drop(Box::from_raw(self.code));
            drop(Box::from_raw(self.ram));
            drop(Box::from_raw(self.caught));
        }
    }
}

fn end(error: c_int, number: u32) -> End {
    use error::*;
    let fault = match (error, number) {
        (0, exception::BREAKPOINT) => return End::Breakpoint,
        (0, 0) => return End::Sleep,
        (0, exception::UNDEFINED) | (INSTRUCTION, _) => Fault::Undefined,
        (0, exception::SUPERVISOR) => Fault::Supervisor,
        (0, exception::PREFETCH_ABORT) | (FETCH_UNMAPPED | FETCH_PROTECTED, _) => Fault::Fetch,
        (0, exception::DATA_ABORT)
        | (READ_UNMAPPED | WRITE_UNMAPPED | READ_PROTECTED | WRITE_PROTECTED, _) => Fault::Data,
        (0, exception::NO_COPROCESSOR) => Fault::NoCoprocessor,
        (0, exception::INVALID_STATE) => Fault::InvalidState,
        (0, exception::UNALIGNED) | (READ_UNALIGNED | WRITE_UNALIGNED, _) => Fault::Unaligned,
        _ => return End::Refused(format!("error {error}, exception {number}")),
    };
    End::Fault(fault)
}
