//! The core and what is around it, from a debugger's point of view.

mod armv6m;
mod astray;
mod common;
mod counters;
mod debugging;
mod exceptions;
mod fpv5;
mod instructions;
mod itm;
mod memory;
mod mpu;
mod owner;
mod replay;
mod semihosting;
mod state;
mod time;
mod unprivileged;
mod watchpoints;
