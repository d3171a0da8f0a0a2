//! Whole programs, assembled here by hand, on the one chip with flash at 0x0800_0000.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod clocked;
mod copies;
mod elf;
mod programs;
mod refusals;
