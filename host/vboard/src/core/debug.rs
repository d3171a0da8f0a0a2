//! Halting debug: DHCSR, DCRSR, DCRDR, DEMCR, DFSR.

use super::{
    exception::{BUS_FAULT, HARD_FAULT, MEM_MANAGE},
    float::Fpscr,
    system::{System, Wait},
};

pub(crate) const DFSR_HALTED: u32 = 1;
pub(crate) const DFSR_BKPT: u32 = 1 << 1;
pub(crate) const DFSR_DWTTRAP: u32 = 1 << 2;
pub(crate) const DFSR_VCATCH: u32 = 1 << 3;

/// What has to be in the upper half of a write to DHCSR.
const KEY: u32 = 0xa05f;

/// Bits of DEMCR.
const VC_CORERESET: u32 = 1;
const VC_MMERR: u32 = 1 << 4;
const VC_NOCPERR: u32 = 1 << 5;
const VC_CHKERR: u32 = 1 << 6;
const VC_STATERR: u32 = 1 << 7;
const VC_BUSERR: u32 = 1 << 8;
const VC_INTERR: u32 = 1 << 9;
const VC_HARDERR: u32 = 1 << 10;
const MON_EN: u32 = 1 << 16;
const TRCENA: u32 = 1 << 24;

/// The state of halting debug. It survives system resets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Debug {
    /// C_DEBUGEN, C_HALT, C_STEP, C_MASKINTS, in their places.
    control: u32,
    pub(crate) halted: bool,
    pub(crate) dfsr: u32,
    demcr: u32,
    dcrdr: u32,
    /// A reset has happened since DHCSR was read.
    reset_seen: bool,
    /// An instruction has completed since DHCSR was read.
    retired_since: u64,
    /// A reset was to be caught while debug was not enabled.
    catch_pending: bool,
    /// The exception being entered is to be caught.
    vector_to_catch: bool,
}

impl Debug {
    /// C_DEBUGEN.
    pub(crate) fn enabled(&self) -> bool {
        self.control & 1 != 0
    }

    /// DEMCR.TRCENA.
    pub(super) fn trace_enabled(&self) -> bool {
        self.demcr & TRCENA != 0
    }

    /// DEMCR.MON_EN.
    pub(crate) fn monitor_enabled(&self) -> bool {
        self.demcr & MON_EN != 0
    }

    /// Whether PendSV, SysTick and external interrupts are masked by the debugger.
    pub(crate) fn masks_interrupts(&self) -> bool {
        self.control & 9 == 9
    }

    /// Whether the core is to halt after one instruction.
    pub(crate) fn stepping(&self) -> bool {
        !self.halted && self.control & 5 == 5
    }

    /// Enters debug state for one reason.
    pub(crate) fn halt(&mut self, reason: u32) {
        self.halted = true;
        self.control |= 2;
        self.dfsr |= reason;
    }

    /// A system reset: debug state is left, debug registers stay.
    pub(crate) fn note_reset(&mut self) {
        self.reset_seen = true;
        self.halted = false;
        self.control &= !2;
        self.catch_pending = false;
        self.vector_to_catch = false;
    }

    /// A fault was raised: notes whether entering its handler is to be caught.
    pub(crate) fn note_fault(&mut self, exception: u16, status: u32) {
        let watched = match exception {
            HARD_FAULT => VC_HARDERR,
            // Failures of stacking and unstacking count as errors of exception entry.
            MEM_MANAGE if status & (3 << 3) != 0 => VC_INTERR,
            MEM_MANAGE => VC_MMERR,
            BUS_FAULT if status & (3 << 11) != 0 => VC_INTERR,
            BUS_FAULT => VC_BUSERR,
            _ if status & 1 << 19 != 0 => VC_NOCPERR,
            _ if status & 3 << 24 != 0 => VC_CHKERR,
            _ => VC_STATERR,
        };
        self.vector_to_catch |= self.enabled() && self.demcr & watched != 0;
    }

    /// A handler has been entered.
    pub(crate) fn catch_vector(&mut self) {
        if std::mem::take(&mut self.vector_to_catch) {
            self.halt(DFSR_VCATCH);
        }
    }
}

impl System {
    /// The core has left reset.
    pub(crate) fn debug_catch_reset(&mut self) {
        let catch = self.debug.demcr & VC_CORERESET != 0;
        if catch && self.debug.enabled() {
            self.debug.halt(DFSR_VCATCH);
        } else if self.debug.control & 3 == 3 {
            // The debugger asked for it while the chip was held in reset.
            self.debug.halt(DFSR_HALTED);
        } else {
            self.debug.catch_pending = catch;
        }
    }

    /// DHCSR as the debugger reads it.
    pub(crate) fn read_dhcsr(&mut self) -> u32 {
        let debug = &self.debug;
        let sleeping = matches!(self.wait, Wait::Interrupt | Wait::Event);
        let running = !debug.halted;
        let retired = self.instructions != debug.retired_since;
        let value = debug.control
            | 1 << 16
            | u32::from(debug.halted) << 17
            | u32::from(running && sleeping) << 18
            | u32::from(running && self.wait == Wait::Lockup) << 19
            | u32::from(retired) << 24
            | u32::from(debug.reset_seen) << 25;
        self.debug.reset_seen = self.reset_held;
        self.debug.retired_since = self.instructions;
        value
    }

    /// Writes DHCSR; only the debugger may change C_DEBUGEN.
    pub(crate) fn write_dhcsr(&mut self, value: u32, debugger: bool) {
        if value >> 16 != KEY || !debugger && !self.debug.enabled() {
            return;
        }
        let enable = if debugger { value & 1 } else { 1 };
        // The other bits only count while debug is enabled.
        self.debug.control = if enable == 0 { 0 } else { value & 0xe | 1 };
        self.attend();
        let halt = self.debug.control & 3 == 3;
        if enable != 0 && std::mem::take(&mut self.debug.catch_pending) {
            self.debug.halt(DFSR_VCATCH);
        } else if halt && !self.debug.halted && !self.reset_held && !self.hung {
            self.debug.halt(DFSR_HALTED);
        } else if !halt {
            self.debug.halted = false;
        }
        // Halting ends sleep and lockup.
        if self.debug.halted {
            self.wait = Wait::No;
        }
    }

    pub(crate) fn demcr(&self) -> u32 {
        self.debug.demcr
    }

    pub(crate) fn write_demcr(&mut self, value: u32, now: u64) {
        // Of vector catches Armv6-M has those of reset and HardFault, and no monitor.
        let existing = if self.isa.thumb2 {
            0x010f_07f1
        } else {
            0x0100_0401
        };
        self.debug.demcr = value & existing;
        self.dwt
            .set_trace_enabled(value & TRCENA != 0, now, self.totals);
        self.choose_paths();
        if value & VC_CORERESET == 0 {
            self.debug.catch_pending = false;
        }
    }

    pub(crate) fn dcrdr(&self) -> u32 {
        self.debug.dcrdr
    }

    pub(crate) fn set_dcrdr(&mut self, value: u32) {
        self.debug.dcrdr = value;
    }

    /// DCRSR: transfers a register to or from DCRDR, if the core is halted.
    pub(crate) fn transfer_register(&mut self, value: u32) {
        if !self.debug.halted {
            return;
        }
        let selector = value & 0x7f;
        if value & 1 << 16 != 0 {
            self.set_core_register(selector, self.debug.dcrdr);
        } else {
            self.debug.dcrdr = self.core_register(selector);
        }
    }

    pub(crate) fn core_register(&self, selector: u32) -> u32 {
        let regs = &self.regs;
        match selector {
            0..=15 => regs.r[selector as usize],
            16 => regs.xpsr(),
            17 => regs.msp(),
            18 => regs.psp(),
            20 => {
                regs.control() << 24
                    | u32::from(regs.faultmask) << 16
                    | u32::from(regs.basepri) << 8
                    | u32::from(regs.primask)
            }
            0x21 => self.float.fpscr.0,
            0x40..=0x5f => self.float.s[selector as usize - 0x40],
            _ => 0,
        }
    }

    fn set_core_register(&mut self, selector: u32, value: u32) {
        let regs = &mut self.regs;
        match selector {
            13 => regs.r[13] = value & !3,
            15 => {
                regs.r[15] = value & !1;
                self.pipeline_state = super::block::PipelineState::BRANCHED;
            }
            0..=14 => regs.r[selector as usize] = value,
            16 => regs.set_psr(value & self.core.program_status_mask()),
            17 => regs.set_msp(value),
            18 => regs.set_psp(value),
            20 => {
                regs.primask = value & 1 != 0;
                if self.isa.thumb2 {
                    regs.basepri = (value >> 8) as u8 & self.nvic.priority_mask();
                    regs.faultmask = value >> 16 & 1 != 0;
                }
                self.set_control(value >> 24);
            }
            0x21 => self.float.fpscr = Fpscr(value & Fpscr::WRITABLE),
            0x40..=0x5f => self.float.s[selector as usize - 0x40] = value,
            _ => {}
        }
    }
}
