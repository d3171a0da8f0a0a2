//! The state of a machine, seen and set from outside the emulated world.
//!
//! A debugger reads and writes registers one by one and memory word by word, at the price
//! of a debug access each. Programs that do so millions of times (to compare the core with
//! another one, say) take all registers, or a stretch of memory, at once.

use std::ops::Range;

use super::Machine;
use crate::{core::state::CoreState, memory::Storage};

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

    /// The `len` bytes at `address`; `None` unless all of them lie in one flash or RAM.
    pub fn memory(&self, address: u32, len: usize) -> Option<&[u8]> {
        let (bytes, range) = match self.place(address, len)? {
            (Storage::Flash(_), range) => (self.system.bus.flash.bytes(), range),
            (Storage::Ram(_), range) => (self.system.bus.ram.as_slice(), range),
        };
        bytes.get(range)
    }

    /// Overwrites RAM at `address`; false, and nothing is written, unless all of `data`
    /// goes to one RAM. [`Self::load_flash`] does the same for flash.
    pub fn load_ram(&mut self, address: u32, data: &[u8]) -> bool {
        let Some((Storage::Ram(offset), _)) = self.place(address, data.len()) else {
            return false;
        };
        self.system.bus.load_ram(offset, data);
        true
    }

    /// Where `len` bytes from `address` are kept.
    fn place(&self, address: u32, len: usize) -> Option<(Storage, Range<usize>)> {
        let (storage, left) = self.system.bus.locate(address)?;
        let (Storage::Flash(offset) | Storage::Ram(offset)) = storage;
        let start = offset as usize;
        (len <= left as usize).then(|| (storage, start..start + len))
    }
}
