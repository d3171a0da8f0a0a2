//! The Cortex-M7's cache registers (DDI 0403, B2.2.7 and B4.8; DDI 0489, section 3.3).
//!
//! The caches are modelled for the time that they take or save: instructions' in front of flash
//! ([`FlashAccelerator`](crate::timing::FlashAccelerator)), data's in front of flash and of RAM that is
//! not tightly coupled (`timing/data_cache.rs`). Data is always coherent, so a program that
//! forgets to clean or invalidate before another master reads or writes is not found out.

use super::{model::Model, system::System};
use crate::{memory::AccessError, timing::Maintenance};

/// CCR.DC, CCR.IC and CCR.BP; the branch predictor cannot be switched off.
pub(super) const CCR_DC: u32 = 1 << 16;
pub(super) const CCR_IC: u32 = 1 << 17;
pub(super) const CCR_BP: u32 = 1 << 18;

/// Level 1 has both caches, and unifies and is coherent at level 1.
const CLIDR: u32 = 0x0900_0003;
/// Lines of 32 bytes.
const CTR: u32 = 0x8303_C003;
/// 4 KiB in four ways for data, in two ways for instructions, as the STM32F7's core has them.
const CCSIDR_DATA: u32 = 0xF003_E019;
const CCSIDR_INSTRUCTIONS: u32 = 0xF007_E009;

/// Where the maintenance operations begin.
const MAINTENANCE: u32 = 0xf50;

impl System {
    /// Whether `offset` in the system control space is a register of the caches.
    pub(super) fn is_cache_register(&self, offset: u32) -> bool {
        self.core.model == Model::CortexM7 && matches!(offset, 0xd78..0xd88 | MAINTENANCE..0xf7c)
    }

    /// Reads the register at `offset`.
    pub(super) fn cache_register(&self, offset: u32) -> u32 {
        match offset {
            0xd78 => CLIDR,
            0xd7c => CTR,
            0xd80 if self.scb.csselr & 1 != 0 => CCSIDR_INSTRUCTIONS,
            0xd80 => CCSIDR_DATA,
            0xd84 => self.scb.csselr,
            // Maintenance operations are write-only.
            _ => 0,
        }
    }

    /// Writes the register at `offset`.
    pub(super) fn set_cache_register(
        &mut self,
        offset: u32,
        value: u32,
        now: u64,
    ) -> Result<(), AccessError> {
        let accelerator = &mut self.bus.flash.accelerator;
        match offset {
            0xd84 => self.scb.csselr = value & 0xf,
            // ICIALLU. What is known of branches is forgotten with the code: assumed, as it is in the A profile.
            MAINTENANCE => {
                accelerator.reset_instruction_cache();
                self.pipeline.forget_branches();
            }
            // DCISW, DCCSW and DCCISW name a line by its set and way.
            0xf60 => accelerator.maintain(Maintenance::Invalidate { clean: false }, value, now),
            0xf6c => accelerator.maintain(Maintenance::Clean, value, now),
            0xf74 => accelerator.maintain(Maintenance::Invalidate { clean: true }, value, now),
            // DCCMVAU and DCCMVAC clean, which takes nothing out; the bus's time for it is left out.
            0xf64 | 0xf68 => {}
            // BPIALL.
            0xf78 => self.pipeline.forget_branches(),
            0xf58 | 0xf5c | 0xf70 => {
                return Err(AccessError::unmodelled("invalidating a cache by address"));
            }
            // Read-only registers.
            _ => {}
        }
        Ok(())
    }

    /// CCR has been written: the caches are on or off.
    pub(super) fn note_cache_enables(&mut self) {
        let ccr = self.scb.ccr;
        let accelerator = &mut self.bus.flash.accelerator;
        accelerator.set_core_caches(ccr & CCR_IC != 0, ccr & CCR_DC != 0);
    }
}
