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

mod cause;
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
pub use passage::Passage;
pub use program::{Program, ProgramError};
pub use report::{Register, Report, Spent};
pub use run::{Emulation, EmulationError, Options, Output};
pub use symbols::{Place, SymbolError};
