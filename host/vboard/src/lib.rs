//! Virtual boards: Cortex-M chips emulated down to the debug port.
//!
//! A [`VirtualBoard`] is reached as a real one is: through a debug probe. [`VirtualBoard::plug_in`] makes it a probe of
//! the probe-rs library, [`bmp::Server`] offers it to any tool that can talk to a Black Magic Probe over TCP.

pub mod bmp;
pub mod board;
pub mod chips;
pub mod core;
pub mod debug;
pub mod faults;
pub mod machine;
pub mod memory;
#[cfg(feature = "probe")]
pub mod probe;
pub mod semihosting;
pub mod timing;

pub use board::{BoardError, VirtualBoard};
pub use faults::{Fault, FaultError};
