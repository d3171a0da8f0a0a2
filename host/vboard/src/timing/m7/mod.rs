//! The cycle model of the Cortex-M7.
//!
//! The core issues up to two instructions per cycle, in order, into a pipeline whose integer
//! part has two ALUs in a row: an *early* one, beside which addresses are formed, and a *late*
//! one a cycle behind. Arm publishes no table of it. The rules are those that *jnk0le* measured
//! on an STM32H743 (`cortex_m7.md`) and *quinapalus* on an STM32H730 (`cm7cycles.html`); the
//! standing of each is at the top of `rules.rs`.
//!
//! What blocks that end with a branch lose by mispredictions is in `predictor.rs`; what memory behind the
//! AXI interface costs is in `timing/data_cache.rs` and `timing/flash.rs`.
//!
//! # What is left out
//!
//! * An instruction never issues together with the one before a block's start, as it may behind a
//!   branch that is not taken and, "highly sensitive to alignment", behind one that is.
//! * The alignment of code within fetched double words, which both sources call "slippery".
//! * Code in SRAM1 and SRAM2, which is fetched as if from tightly coupled memory. The banks of two loads are told apart only where their offsets from one base tell.
//! * The store buffer's limits.
//!
//! Nothing has been validated against a whole program on silicon.

mod pipeline;
mod predictor;
mod rules;
mod slot;

#[cfg(test)]
mod kernels;

pub use pipeline::Pipeline;
