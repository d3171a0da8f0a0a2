//! The cycle model of the Cortex-M4.
//!
//! [`Pipeline`] times straight-line code for memories without wait states; its rules, and
//! the standing of each, are the table at the top of `rules.rs`.
//!
//! # What is validated
//!
//! * Without wait states: the rules reproduce the cycle counts that pqm4 publishes for a
//!   real NUCLEO-L4R5ZI at 20 MHz within 0.35 % (rms, largest 0.8 %) on programs dominated
//!   by assembly, and within 1 to 2.5 % on compiled C; compiled code that mixes 16- and
//!   32-bit instructions comes out up to 3 % too fast. That was established with the rules
//!   applied to traces; the tests here hold this code to the rules.
//! * On code that took no part in the fit: the elliptic-curve assembly *P256-Cortex-M4*
//!   publishes cycles for an nRF52840 with its instruction cache on. Over traces of it,
//!   built by gcc 12.2, the model gives 314 k instead of 327 k cycles for key generation
//!   (-3.9 %), -3.5 % for signing, -1.3 % for verifying, -1.1 % for ECDH and +3 % for
//!   decompressing a point. The real figures contain the misses of a 2 KiB cache and
//!   wait states of tables in flash, the model's do not; the last one is nearly all
//!   squaring, in which misaligned wide instructions may stall less than R11 has it.
//! * Not exercised by any of this, hence from the manuals only: division, FP arithmetic and its
//!   result hazards, VLDR of literals, LDREX and STREX, TBB and TBH, MRS, MSR, CPS and
//!   barriers, exceptions, code in RAM, tables in flash.
//! * Undetermined: whether IT folds into the instruction before it (0 or 1 cycle fit
//!   alike; this model charges 1).
//! * **With wait states nothing has been validated on silicon.** That is how the board
//!   runs at 120 MHz. MLPerf Tiny results are published for the same board at 120 MHz, but
//!   not the binaries that gave them.
//!
//! # What is left out
//!
//! Late-arriving exceptions and the interruption of LDM, STM and division; contention
//! between code and data on the System bus, between SRAM banks, and with DMA; wait states
//! of peripherals (an access to one is timed as an access to RAM).

mod float;
mod pipeline;
mod queue;
mod rules;
mod step;
mod walk;

#[cfg(test)]
mod kernels;
#[cfg(test)]
mod reference;

pub use pipeline::Pipeline;
pub(super) use rules::divide;
pub(super) use step::Step;
