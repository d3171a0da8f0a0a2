//! The machine: a core, its bus and a chip's memories and peripherals.
//!
//! A [`Machine`] is what a debug port is attached to. Its clock is the core clock, counted
//! in cycles since power-on; nothing in it depends on the host's time.

use thiserror::Error;

use crate::memory::{Chip, Flash, MapError, Size};

/// Why [`Machine::run`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The core is halted in debug state, or was all along.
    Halted,
    /// At least the cycles asked for have passed, and the core goes on.
    CycleLimit,
    /// The core sleeps, or is held in reset or locked up, and nothing in the machine will
    /// ever wake it; the cycles asked for have passed.
    Sleep,
    /// The machine has stopped for good: see [`Machine::error`].
    Error,
}

/// Something that silicon would have done and the machine cannot. The machine has stopped;
/// only a new one can go on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MachineError {
    /// An access to something that exists on the chip and is not modelled.
    #[error(
        "{}-bit {} {address:#010x}{} is not modelled ({what}); PC {pc:#010x}{}",
        size.bytes() * 8,
        if value.is_some() { "write to" } else { "read of" },
        value.map_or(String::new(), |v| format!(" of {v:#x}")),
        if *debugger { ", access by the debugger" } else { "" },
    )]
    Unmodelled {
        /// The peripheral or range, and what about it.
        what: String,
        /// The address accessed.
        address: u32,
        /// The width of the access.
        size: Size,
        /// What was written; `None` for a read.
        value: Option<u32>,
        /// The instruction that made the access, or where the core was when the debugger
        /// did.
        pc: u32,
        /// Whether the debugger made the access.
        debugger: bool,
    },
    /// An instruction whose effect the architecture leaves open, or that is not modelled.
    #[error("instruction {encoding:#x} at {pc:#010x} is UNPREDICTABLE or not modelled")]
    Instruction {
        /// The encoding, the first halfword of a wide one on top.
        encoding: u32,
        /// Where it is.
        pc: u32,
    },
    /// The core was asked for something architectural that is not modelled.
    #[error("{what} is not modelled; PC {pc:#010x}")]
    Core {
        /// What.
        what: String,
        /// Where the core was.
        pc: u32,
    },
}

/// Why a debugger's access failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DebugError {
    /// The bus answered with an error; the access port reports FAULT, the machine goes on.
    #[error("bus fault at {0:#010x}")]
    Fault(u32),
    /// The machine has stopped.
    #[error(transparent)]
    Machine(#[from] MachineError),
}

/// A core with its chip.
pub struct Machine {
    flash: Flash,
}

impl Machine {
    /// A machine just powered on: flash erased, RAM zero, the core about to fetch its
    /// reset vector.
    pub fn new(chip: Chip) -> Result<Self, MapError> {
        Ok(Self {
            flash: Flash::new(chip.flash.len as usize),
        })
    }

    /// Runs for at least `max_cycles` (to the end of the block of straight-line code in
    /// which they pass) or until the core halts.
    ///
    /// How the cycles are divided over calls does not change what happens at which cycle.
    pub fn run(&mut self, max_cycles: u64) -> Stop {
        let _ = max_cycles;
        Stop::Sleep
    }

    /// Lets `cycles` pass for the peripherals while the core is halted; the cycle counter
    /// stands still. Does nothing while the core runs.
    pub fn idle(&mut self, cycles: u64) {
        let _ = cycles;
    }

    /// Core clock cycles since power-on, those spent halted in [`Self::idle`] included.
    pub fn cycles(&self) -> u64 {
        0
    }

    /// Instructions executed since power-on.
    pub fn instructions(&self) -> u64 {
        0
    }

    /// Whether the core is halted in debug state.
    pub fn is_halted(&self) -> bool {
        false
    }

    /// A read by the debugger through the AHB-AP, at any address, with the core running or
    /// halted. No time passes. An unaligned `address` is a fault.
    pub fn debug_read(&mut self, address: u32, size: Size) -> Result<u32, DebugError> {
        let _ = size;
        Err(DebugError::Fault(address))
    }

    /// A write by the debugger through the AHB-AP. A write that lets the core run only
    /// changes its state; it runs in [`Self::run`].
    pub fn debug_write(&mut self, address: u32, size: Size, value: u32) -> Result<(), DebugError> {
        let _ = (size, value);
        Err(DebugError::Fault(address))
    }

    /// Drives nRST: `asserted` holds the chip in system reset, releasing it starts the
    /// core (into the debugger's hands if reset is to be caught). Debug registers keep
    /// their contents and stay accessible.
    pub fn set_reset_pin(&mut self, asserted: bool) {
        let _ = asserted;
    }

    /// What stopped the machine for good, if anything did.
    pub fn error(&self) -> Option<&MachineError> {
        None
    }

    /// The flash array.
    pub fn flash(&self) -> &[u8] {
        self.flash.bytes()
    }

    /// Overwrites the flash array at `offset`, from outside the emulated world.
    pub fn load_flash(&mut self, offset: usize, data: &[u8]) {
        self.flash.write(offset, data);
    }
}
