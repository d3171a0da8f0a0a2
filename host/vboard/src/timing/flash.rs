//! The flash accelerator: wait states, prefetch, instruction and data cache.

use crate::core::block::Fetch;

/// How software has configured the flash interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlashConfig {
    /// Wait states of one read of the array.
    pub wait_states: u8,
    /// Whether sequential code is read ahead.
    pub prefetch: bool,
    /// Whether the instruction cache is on.
    pub instruction_cache: bool,
    /// Whether the data cache is on.
    pub data_cache: bool,
    /// Bytes delivered by one read of the array (8 in dual-bank mode, 16 in single-bank).
    pub read_bytes: u8,
}

/// The accelerator's state. Addresses are offsets into the flash array.
#[derive(Clone, Debug, Default)]
pub struct FlashAccelerator {
    config: FlashConfig,
}

impl FlashAccelerator {
    /// The current configuration.
    pub fn config(&self) -> FlashConfig {
        self.config
    }

    /// Changes the configuration; cache contents stay.
    pub fn configure(&mut self, config: FlashConfig) {
        self.config = config;
    }

    /// Empties the instruction cache.
    pub fn reset_instruction_cache(&mut self) {}

    /// Empties the data cache.
    pub fn reset_data_cache(&mut self) {}

    /// Power-on state: caches empty, reset configuration.
    pub fn reset(&mut self) {
        self.config = FlashConfig::default();
    }

    /// Cycles that fetching the code of a block at `first` (an offset into the array) adds
    /// when it is entered at cycle `now`.
    #[inline]
    pub fn fetch(&mut self, first: u32, fetches: &[Fetch], now: u64) -> u32 {
        let _ = (first, fetches, now);
        0
    }

    /// Cycles that a data read of the word at `offset` adds at cycle `now`.
    #[inline]
    pub fn data(&mut self, offset: u32, now: u64) -> u32 {
        let _ = (offset, now);
        0
    }
}
