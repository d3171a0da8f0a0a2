//! The harness from outside: what it refuses, what it measures, and what it survives.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;
mod crowd;
mod faults;
mod gate;
mod image;
mod operators;
mod pool;
mod session;
