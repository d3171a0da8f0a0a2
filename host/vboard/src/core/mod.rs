//! The core: decoding, execution, exceptions and the private peripheral bus.
//!
//! [`model`] says which one it is. [`insn`] and [`block`] are what the timing model knows
//! of the core; [`state`] is its registers as the world outside sees them. The rest is used
//! through [`crate::machine`].

mod access;
mod alu;
pub mod block;
mod cache;
pub(crate) mod code;
pub(crate) mod debug;
pub(crate) mod decode;
mod direct;
mod dsp;
mod dwt;
pub(crate) mod exception;
mod execute;
mod features;
mod float;
mod fpb;
mod frame;
pub mod insn;
mod itm;
pub mod model;
mod mpu;
mod nvic;
mod ppb;
mod profile;
mod protection;
mod registers;
mod scb;
mod special;
pub mod state;
pub(crate) mod system;
mod systick;
mod transfer;
pub(crate) mod watch;
mod watchpoint;

pub use decode::{Verdict, verdict};
