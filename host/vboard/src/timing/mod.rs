//! The cycle models of the cores and of the flash accelerators in front of them.
//!
//! [`Pipeline`] times straight-line code for memories without wait states; each core has a
//! folder with its rules and the standing of each. [`FlashAccelerator`] adds
//! what the wait states of the flash cost, for code and for data; what is known of ST's
//! and what is not is said at the top of `flash.rs`.
//!
//! A Cortex-M7's data cache stands in front of flash and of RAM that is not tightly coupled (`data_cache.rs`).
//!
//! # How the two meet
//!
//! A block of code is timed once for each state in which it is entered: what the fetch
//! queue and the store buffer hold, and which registers were written just before. After a
//! taken branch only the alignment of the target is left of all this, so nearly every
//! block has one or two timings. Running a block then costs adding two numbers. What
//! depends on data comes on top, when it occurs: failed predicates, divisions, misaligned
//! addresses, reads of flash, branches that a Cortex-M7 mispredicts.
//!
//! Together with its timing, a block has the list of 32-bit words it fetches: when each
//! could arrive and when it is needed. With wait states the accelerator first asks whether
//! they are all cached, which is the common case and cheap, and else delivers them one by
//! one; whatever arrives later than needed delays the block. What came of it the block
//! remembers for the next time that the situation is the same. So a miss overlaps with
//! execution as far as the fetch queue reaches ahead. All that a block waits for its code
//! passes when it is entered, so a program that reads the cycle counter within a block
//! sees those waits before the block's first instruction; sums over blocks are right.

mod data_cache;
mod flash;
mod ledger;
mod lines;
pub mod m0plus;
mod m3;
pub mod m4;
pub mod m7;
mod pipeline;
mod states;

pub(crate) use data_cache::Maintenance;
pub(crate) use flash::Memos;
pub use flash::{FlashAccelerator, FlashConfig, FlashGeometry};
pub use ledger::{Cause, Counter, Ledger};
pub use pipeline::Pipeline;
