//! The debug port of a chip: what a probe reaches over the two wires of SWD.
//!
//! ```text
//! host ── probe ──▶ Dap ─┬─ debug port (SW-DP): power-up, select, sticky errors
//!                        └─ access port 0 (AHB-AP): the chip's bus ──▶ Target
//! ```
//!
//! [`Dap`] speaks in whole register accesses, as a probe's firmware offers them. [`swd::Line`] is the same
//! debug port bit by bit, for hosts that clock the wires themselves.
//!
//! # Emulated time
//!
//! The emulator has no thread and no clock: emulated time advances only here. Each access to memory while the core
//! runs first lets it run for [`QUANTUM`] cycles; a block transfer counts as one access. A write that sets the core going
//! (DHCSR, or AIRCR to reset it) runs one quantum before it is answered, so that most flash-algorithm
//! calls are over at the host's first poll. While the core is halted an access takes [`IDLE`] cycles of the peripherals' time, so that a
//! host that drives the flash controller by hand sees it finish. What a host observes is thus a function of the accesses it made, and of nothing else.

pub mod ap;
pub mod dp;
pub mod swd;

mod dap;
mod identity;

pub use dap::{Dap, Error, IDLE, QUANTUM, Register};
pub use identity::Identity;

use crate::memory::Size;

/// The access was answered with a bus error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusError;

/// What the debug port is wired to: the chip behind it.
pub trait Target {
    /// Reads memory as the AHB-AP's bus master does. `address` is aligned to `width`; the value is right-aligned.
    ///
    /// # Errors
    /// [`BusError`] where nothing answers.
    fn read(&mut self, address: u32, width: Size) -> Result<u32, BusError>;

    /// Writes memory as the AHB-AP's bus master does. `address` is aligned to `width`; the value is right-aligned.
    ///
    /// # Errors
    /// [`BusError`] where nothing answers.
    fn write(&mut self, address: u32, width: Size, value: u32) -> Result<(), BusError>;

    /// Whether emulated time can pass: the core is not halted.
    fn is_running(&self) -> bool;

    /// Lets the chip run for `cycles` of its core clock, or until the core halts. Returns whether it did something;
    /// it does not while the core is locked up, or sleeps with nothing to wake it.
    fn run(&mut self, cycles: u64) -> bool;

    /// Lets `cycles` of the core clock pass for the peripherals of a halted core.
    fn idle(&mut self, cycles: u64);

    /// Drives the reset pin: `false` holds the chip in reset.
    fn set_nreset(&mut self, high: bool);

    /// An access comes over the wires. Returns whether they are there; they are not once the probe has been unplugged.
    fn note_access(&mut self) -> bool;

    /// Whether power was lost since the last call, which takes the debug port's state with it.
    fn take_power_loss(&mut self) -> bool;

    /// How many times [`QUANTUM`] or [`IDLE`] an access takes.
    fn slowness(&self) -> u64;

    /// Why the emulation ended for good, if it has (something unmodelled was touched).
    fn failure(&self) -> Option<&str>;
}

#[cfg(test)]
pub(crate) mod testing;
