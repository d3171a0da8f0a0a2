//! Why a machine stops, and what it cannot do.

use thiserror::Error;

#[cfg(doc)]
use super::Machine;
use crate::memory::Size;

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
    /// The core is about to execute the instruction at a mark: see [`Machine::set_marks`].
    Mark,
    /// The program makes a semihosting call: see [`Machine::set_semihosting`].
    Semihosting,
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
