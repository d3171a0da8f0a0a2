//! The cycle model of the Cortex-M0+.
//!
//! The core has two pipeline stages and one bus master for code and data, so there is little
//! to model: without wait states every instruction takes the cycles that the Technical
//! Reference Manual lists for it, whatever stands before or behind it. The table is at the
//! top of `rules.rs`.
//!
//! # Code behind wait states
//!
//! Code is fetched in 32-bit words, and the core holds no more than the halfword behind the
//! one it executes. So a word is asked for when it is needed: all wait states of a fetch
//! that the flash interface cannot hide delay the core. Data is read over the same bus and
//! stops the core for as long as it takes.
//!
//! # What the documents leave open
//!
//! Nothing here has been validated on silicon. The manual is silent about the following;
//! the model takes the simplest reading.
//!
//! * BL, MRS, MSR and barriers across a word boundary right behind a taken branch, which
//!   need two words: charged as elsewhere.
//! * Whether the core has begun to fetch the next word when it branches away. Assumed: no.
//! * Exception return and tail-chaining. Entry is 15 cycles (TRM, section on interrupt
//!   latency). Return reads the eight words back as a POP of eight registers with the PC
//!   does; tail-chaining is an entry without its eight stores.
//! * Late-arriving exceptions, and the abandoning of LDM, STM and PUSH for one: not
//!   modelled.
//! * Contention with DMA, and wait states of peripherals: not modelled.

mod pipeline;
mod rules;

#[cfg(test)]
mod kernels;

pub use pipeline::Pipeline;
