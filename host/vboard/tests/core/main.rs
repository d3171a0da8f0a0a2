//! What the core does besides executing single instructions.

#[path = "../common/mod.rs"]
mod common;
mod debugging;
mod exceptions;
mod memory;
mod time;
