//! A virtual board as a Black Magic Probe on a TCP port.
//!
//! Any tool that can drive a Black Magic Probe through its remote protocol can use the board; probe-rs tools take the
//! selector `1d50:6018:ADDRESS:PORT` and need the protocol named (`--protocol swd`), since that driver has no default.
//!
//! - [`packet`]: where a request begins and ends,
//! - [`request`]: what it asks for,
//! - [`probe`]: the answers, given a debug port,
//! - [`Server`]: the socket.
//!
//! The protocol is version 4 of the Black Magic Debug project's remote protocol (its `remote.h`), the parts a host uses for
//! an Arm chip over SWD: bit-level transfers, and accelerated register and memory accesses. It carries error codes, no texts:
//! why the emulation stopped is told by [`VirtualBoard::failure`](crate::VirtualBoard::failure).

pub mod packet;
pub mod probe;
pub mod request;

mod server;

pub use server::{Server, Stopper};
