//! Taps: which cycles a program's own clock readings stand for.
//!
//! A program that times its parts reads a counter. What it makes of the numbers is its own; a tap
//! keeps, for each reading, what the machine knows of that very cycle. So the cycles that a program
//! counts between two readings can be told apart by what they were spent on.

use super::Machine;
use crate::timing::Ledger;

/// A program has read a tapped register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The cycle since power-on at which the register was read: a counter of core cycles shows
    /// differences of this.
    pub cycle: u64,
    /// Instructions executed before the one that reads.
    pub instructions: u64,
    /// What cycles were spent on until then. The difference between two glances adds up to their
    /// difference in cycles, if the machine [tracks](Machine::track).
    pub ledger: Ledger,
}

impl Machine {
    /// Keeps a [`Glance`] of each read of the peripheral's or core's register at `address` by the
    /// program, or of none any more. Words that lie in flash or RAM cannot be tapped.
    pub fn tap(&mut self, address: Option<u32>) {
        self.system.watch.tap = address;
    }

    /// Takes the glances since the last call.
    pub fn take_glances(&mut self) -> Vec<Glance> {
        std::mem::take(&mut self.system.watch.glances)
    }
}
