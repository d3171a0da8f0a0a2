//! Data through the core's own cache: from flash, and from the memory beside it that is not
//! tightly coupled.

use super::{FlashAccelerator, NO_READ};
use crate::timing::data_cache::{BUS, Maintenance};

/// Where flash is for the cache's lines, which have addresses, and which it shares with RAM.
const FLASH: u32 = 0x0800_0000;

impl FlashAccelerator {
    /// Cycles that a data read of the word at `offset` in the array adds at cycle `now`.
    pub(super) fn core_data(&mut self, offset: u32, now: u64) -> u32 {
        let address = FLASH.wrapping_add(offset);
        let wait_states = self.config.wait_states;
        let read = self.read_number(offset);
        let Some(core) = self.core.as_mut().filter(|_| self.config.data_cache) else {
            return (self.array.read(now, wait_states) - now) as u32 + BUS;
        };
        self.current_data = read;
        if core.hit(address, false) {
            return 0;
        }
        let at = self.array.read(core.free(now), wait_states);
        (core.fetch(address, at, false, true) - now) as u32
    }

    /// Whether an access to `address` in RAM behind the cache adds nothing and changes nothing.
    #[inline(always)]
    pub(crate) fn has_ram(&self, address: u32, write: bool) -> bool {
        let core = self.core.as_ref().filter(|_| self.config.data_cache);
        core.is_some_and(|core| core.is_at_hand(address, write))
    }

    /// Cycles that an access to `address` in RAM behind the cache adds at cycle `now`.
    pub(crate) fn ram(&mut self, address: u32, write: bool, now: u64) -> u32 {
        let Some(core) = self.core.as_mut().filter(|_| self.config.data_cache) else {
            return if write { 0 } else { BUS };
        };
        if core.hit(address, write) {
            return 0;
        }
        let at = core.free(now);
        let there = core.fetch(address, at, write, false);
        // The line of flash that was read last may be the victim.
        self.current_data = NO_READ;
        let until = if write { at } else { there };
        (until - now) as u32
    }

    /// Cleans or invalidates the line of the core's data cache that `set_way` names, at cycle `now`.
    pub(crate) fn maintain(&mut self, what: Maintenance, set_way: u32, now: u64) {
        if let Some(core) = &mut self.core {
            core.maintain(what, set_way, now);
            self.current_data = NO_READ;
        }
    }
}
