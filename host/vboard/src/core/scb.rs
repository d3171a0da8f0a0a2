//! The system control block's plain registers.

use super::{
    cache::CCR_BP,
    exception::{BUS_FAULT, MEM_MANAGE, USAGE_FAULT},
    model::{Core, Model},
};

/// Registers of the system control block and the FPU's context control. Exceptions' states are in [`super::nvic::Nvic`].
#[derive(Clone, Debug)]
pub(crate) struct Scb {
    pub(crate) cpuid: u32,
    /// VTOR and CCR after reset.
    reset_values: (u32, u32),
    pub(crate) vector_table: u32,
    /// SLEEPONEXIT, SLEEPDEEP, SEVONPEND.
    pub(crate) scr: u32,
    pub(crate) ccr: u32,
    /// Which cache CCSIDR is about.
    pub(crate) csselr: u32,
    /// The enable bits of SHCSR.
    pub(crate) shcsr: u32,
    pub(crate) cfsr: u32,
    pub(crate) hfsr: u32,
    pub(crate) mmfar: u32,
    pub(crate) bfar: u32,
    pub(crate) cpacr: u32,
    pub(crate) actlr: u32,
    pub(crate) fpccr: u32,
    pub(crate) fpcar: u32,
    pub(crate) fpdscr: u32,
}

impl Scb {
    pub(crate) fn new(core: &Core) -> Self {
        // STKALIGN; in Armv6-M UNALIGN_TRP, too, and the Cortex-M7's branch predictor is on.
        let ccr = match core.model {
            Model::CortexM0Plus => 0x208,
            Model::CortexM7 => 0x200 | CCR_BP,
            Model::CortexM3 | Model::CortexM4 => 0x200,
        };
        Self::after_reset(core.cpuid, (core.vectors, ccr))
    }

    fn after_reset(cpuid: u32, reset_values: (u32, u32)) -> Self {
        let (vector_table, ccr) = reset_values;
        Self {
            cpuid,
            reset_values,
            vector_table,
            scr: 0,
            ccr,
            csselr: 0,
            shcsr: 0,
            cfsr: 0,
            hfsr: 0,
            mmfar: 0,
            bfar: 0,
            cpacr: 0,
            actlr: 0,
            fpccr: 0xc000_0000,
            fpcar: 0,
            fpdscr: 0,
        }
    }

    pub(crate) fn reset(&mut self) {
        *self = Self::after_reset(self.cpuid, self.reset_values);
    }

    /// Whether a configurable fault is enabled; other exceptions always are.
    pub(crate) fn is_enabled(&self, exception: u16) -> bool {
        match exception {
            MEM_MANAGE => self.shcsr & 1 << 16 != 0,
            BUS_FAULT => self.shcsr & 1 << 17 != 0,
            USAGE_FAULT => self.shcsr & 1 << 18 != 0,
            _ => true,
        }
    }

    pub(crate) fn nonbase_thread(&self) -> bool {
        self.ccr & 1 != 0
    }

    pub(crate) fn traps_unaligned(&self) -> bool {
        self.ccr & 1 << 3 != 0
    }

    pub(crate) fn traps_zero_division(&self) -> bool {
        self.ccr & 1 << 4 != 0
    }

    pub(crate) fn aligns_stack(&self) -> bool {
        self.ccr & 1 << 9 != 0
    }

    /// ACTLR.DISDEFWBUF.
    pub(crate) fn writes_precisely(&self) -> bool {
        self.actlr & 2 != 0
    }

    pub(crate) fn sleeps_on_exit(&self) -> bool {
        self.scr & 2 != 0
    }

    pub(crate) fn sleeps_deeply(&self) -> bool {
        self.scr & 4 != 0
    }

    pub(crate) fn events_on_pending(&self) -> bool {
        self.scr & 16 != 0
    }

    /// FPCCR.ASPEN.
    pub(crate) fn automatic_fp(&self) -> bool {
        self.fpccr >> 31 != 0
    }

    /// FPCCR.LSPEN.
    pub(crate) fn lazy_fp(&self) -> bool {
        self.fpccr >> 30 & 1 != 0
    }

    /// FPCCR.LSPACT.
    pub(crate) fn lazy_pending(&self) -> bool {
        self.fpccr & 1 != 0
    }

    pub(crate) fn set_lazy_pending(&mut self, value: bool) {
        self.fpccr = self.fpccr & !1 | u32::from(value);
    }
}
