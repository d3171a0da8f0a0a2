//! Compares the virtual boards' core with Unicorn, instruction by instruction.
//!
//! See the README beside it. The parts: [`isa`] is the instruction set as the manuals have it,
//! [`generate`] makes cases from it, [`subject`] and [`unicorn`] run them, [`compare`] tells what
//! differs, [`differences`] which differences are known, [`shrink`] makes a case simple,
//! [`campaign`] does this millions of times, [`coverage`] counts.

pub mod bench;
pub mod campaign;
pub mod case;
pub mod compare;
pub mod coverage;
pub mod differences;
pub mod generate;
pub mod isa;
pub mod profile;
pub mod replay;
pub mod rng;
pub mod shrink;
pub mod subject;
pub mod sweep;
pub mod unicorn;
