//! The state of a machine, seen and set from outside the emulated world.
//!
//! A debugger reads and writes registers one by one, at the price of a debug access each.
//! Programs that do so millions of times (to compare the core with another one, say) take all
//! of them at once.

use super::Machine;
use crate::core::state::CoreState;

impl Machine {
    /// The core's registers. Valid between calls of [`Self::run`], halted or not.
    pub fn core_state(&self) -> CoreState {
        self.system.core_state()
    }

    /// Writes the core's registers, as a debugger would one by one: read-only bits keep
    /// their values (IPSR among them: exceptions that are active stay so).
    pub fn set_core_state(&mut self, state: &CoreState) {
        // The core is to be out of reset before it gets its registers.
        self.settle();
        self.system.set_core_state(state);
    }
}
