//! Programs of others on an emulated chip: any Cortex-M ELF file, whatever compiled it.
//!
//! ```text
//! Program (ELF) ──▶ Emulation (a machine of onchip-vboard) ──▶ Report
//!                      │ semihosting, RTT, UARTs, ITM ──▶ Output
//! ```
//!
//! There is no debug probe here and no image of ours: the program is put into the chip's
//! memories and runs from reset. Everything that is reported is a function of the program,
//! the chip and the [`Options`].
//!
//! [`explain`] does without an ELF file: of what is in a chip's flash and has timed itself, it tells
//! what the cycles were spent on.

mod cause;
mod clocked;
mod log;
mod map;
mod passage;
mod program;
mod report;
mod rtt;
mod run;
mod stack;
mod symbols;

pub use cause::{CauseOfFault, End, FaultOutcome};
pub use clocked::{ExplainError, Explanation, Reported, Stretch, explain};
pub use passage::Passage;
pub use program::{Program, ProgramError};
pub use report::{Register, Report, Spent};
pub use run::{Emulation, EmulationError, Options, Output};
pub use symbols::{Place, SymbolError};
