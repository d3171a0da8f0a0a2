//! The private peripheral bus inside the core: 0xE000_0000 to 0xE003_FFFF.

use super::{
    cache::{CCR_BP, CCR_DC, CCR_IC},
    exception::{
        BUS_FAULT, DEBUG_MONITOR, MEM_MANAGE, NMI, PEND_SV, SV_CALL, SYS_TICK, USAGE_FAULT,
    },
    features::{Component, identification, media, registers},
    model::Model,
    nvic::Bank,
    system::System,
};
use crate::memory::{AccessError, Size};

const ITM: u32 = 0xe000_0000;
pub(super) const DWT: u32 = 0xe000_1000;
const FPB: u32 = 0xe000_2000;
const SCS: u32 = 0xe000_e000;

pub(super) const DEMCR: u32 = SCS + 0xdfc;

/// The high half of AIRCR when it is written, and when it is read.
const AIRCR_KEY: u32 = 0x05fa;
const VECTRESET: u32 = 1;
const VECTCLRACTIVE: u32 = 2;
const AIRCR_READ: u32 = 0xfa05;

/// Where MPU_TYPE is.
const MPU: u32 = 0xd90;

/// Bits of SHCSR by exception: (number, active bit, pending bit).
const SHCSR: [(u16, u32, Option<u32>); 7] = [
    (MEM_MANAGE, 0, Some(13)),
    (BUS_FAULT, 1, Some(14)),
    (USAGE_FAULT, 3, Some(12)),
    (SV_CALL, 7, Some(15)),
    (DEBUG_MONITOR, 8, None),
    (PEND_SV, 10, None),
    (SYS_TICK, 11, None),
];

/// Registers of the system control space that Armv6-M has (DDI 0419, B3.2 and C1.6).
fn is_armv6m(offset: u32) -> bool {
    matches!(
        offset,
        0x008
            | 0x010..0x020
            | 0x100
            | 0x180
            | 0x200
            | 0x280
            | 0x400..0x420
            | 0xd00..0xd18
            | 0xd1c..0xd28
            | 0xd30
            | MPU..=0xda0
            | 0xdf0..0xe00
            | 0xfd0..
    )
}

impl System {
    /// Whether an access to the core's own peripherals is allowed. All are open to privileged
    /// code only, but for the ITM, which itself tells who may do what.
    fn may_access_internal(&self, address: u32, debugger: bool) -> bool {
        let itm = address & !0xfff == ITM && self.isa.thumb2;
        debugger || itm || self.accesses_privileged()
    }

    /// Reads a register of the core's own peripherals.
    pub(super) fn internal_read(
        &mut self,
        address: u32,
        size: Size,
        now: u64,
        debugger: bool,
    ) -> Result<u32, AccessError> {
        if !self.may_access_internal(address, debugger) {
            return Err(AccessError::Fault);
        }
        let word = self.internal_word(address & !3, now, debugger)?;
        Ok(size.part(word, address))
    }

    fn internal_word(
        &mut self,
        address: u32,
        now: u64,
        debugger: bool,
    ) -> Result<u32, AccessError> {
        let offset = address & 0xfff;
        let model = self.core.model;
        match (address & !0xfff, offset) {
            (ITM, _) if !self.isa.thumb2 => Err(AccessError::Fault),
            (ITM, 0xfd0..) => Ok(identification(model, Component::Itm, offset)),
            (DWT, 0xfd0..) => Ok(identification(model, Component::Dwt, offset)),
            (FPB, 0xfd0..) => Ok(identification(model, Component::Breakpoints, offset)),
            (SCS, 0xfd0..) => Ok(identification(model, Component::Scs, offset)),
            // DEVARCH and DEVTYPE: older than CoreSight's, hence reserved.
            (ITM | DWT | FPB | SCS, 0xfbc | 0xfcc) => Ok(0),
            (ITM, _) => self.read_itm(offset),
            (DWT, 0xfb4) | (FPB, 0xfb4) => Ok(0),
            (DWT, _) => {
                let pc = if self.debug.halted {
                    u32::MAX
                } else {
                    self.regs.pc()
                };
                self.dwt.read(offset, now, self.totals, pc)
            }
            (FPB, _) => self.fpb.read(offset),
            (SCS, _) => self.scs_word(offset, now, debugger),
            _ => Err(AccessError::unmodelled("the core's private peripherals")),
        }
    }

    fn scs_word(&mut self, offset: u32, now: u64, debugger: bool) -> Result<u32, AccessError> {
        if !self.isa.thumb2 && !is_armv6m(offset) {
            return self.reserved(debugger).map(|()| 0);
        }
        let index = |base: u32| (offset - base) as usize / 4;
        Ok(match offset {
            _ if self.is_cache_register(offset) => self.cache_register(offset),
            0x004 => (self.nvic.count().max(1) as u32 - 1) / 32,
            0x008 => self.scb.actlr,
            0x010 => self.systick.control(now),
            0x014 => self.systick.reload(),
            0x018 => self.systick.value(now),
            0x100..0x140 => self.nvic.word(Bank::Enabled, index(0x100)),
            0x180..0x1c0 => self.nvic.word(Bank::Enabled, index(0x180)),
            0x200..0x240 => self.nvic.word(Bank::Pending, index(0x200)),
            0x280..0x2c0 => self.nvic.word(Bank::Pending, index(0x280)),
            0x300..0x340 => self.nvic.word(Bank::Active, index(0x300)),
            0x400..0x500 => self.priorities(16 + (offset - 0x400) as u16),
            0xd00 => self.scb.cpuid,
            0xd04 => self.icsr(),
            0xd08 => self.scb.vector_table,
            0xd0c => AIRCR_READ << 16 | u32::from(self.nvic.group) << 8,
            0xd10 => self.scb.scr,
            0xd14 => self.scb.ccr,
            0xd18..0xd24 => self.priorities(4 + (offset - 0xd18) as u16),
            0xd24 => self.shcsr(),
            0xd28 => self.scb.cfsr,
            0xd2c => self.scb.hfsr,
            0xd30 => self.debug.dfsr,
            0xd34 => self.scb.mmfar,
            0xd38 => self.scb.bfar,
            0xd3c => 0,
            0xd40..0xd74 => registers(&self.core)[index(0xd40)],
            0xd88 => self.scb.cpacr,
            MPU..0xdbc => self.mpu.read(offset - MPU),
            0xdf0 if debugger => self.read_dhcsr(),
            0xdf0 => {
                // Reading clears the sticky bits only for the debugger.
                let saved = self.debug.clone();
                let value = self.read_dhcsr();
                self.debug = saved;
                value
            }
            0xdf4 => 0,
            0xdf8 => self.dcrdr(),
            0xdfc => self.demcr(),
            0xf34 => self.scb.fpccr,
            0xf38 => self.scb.fpcar,
            0xf3c => self.scb.fpdscr,
            0xf40..0xf4c => media(&self.core)[index(0xf40)],
            _ => return Err(AccessError::unmodelled("the system control space")),
        })
    }

    /// Something that Armv6-M reserves: nothing to a debugger, which finds out so what there
    /// is; what a program means by it is not known.
    fn reserved(&self, debugger: bool) -> Result<(), AccessError> {
        if debugger {
            Ok(())
        } else {
            Err(AccessError::unmodelled(
                "a register of the system control space that Armv6-M does not have",
            ))
        }
    }

    /// Writes a register of the core's own peripherals.
    pub(super) fn internal_write(
        &mut self,
        address: u32,
        size: Size,
        value: u32,
        now: u64,
        debugger: bool,
    ) -> Result<(), AccessError> {
        if !self.may_access_internal(address, debugger) {
            return Err(AccessError::Fault);
        }
        let offset = address & 0xfff;
        let base = address & !0xfff;
        if base == ITM && self.isa.thumb2 {
            return self.write_itm(offset, size, value, debugger);
        }
        self.attend();
        if size != Size::Word {
            return match offset {
                _ if base != SCS || !self.isa.thumb2 => Err(AccessError::unmodelled(
                    "a narrow write to the core's peripherals",
                )),
                0x400..0x500 => {
                    self.set_priorities(16 + (offset - 0x400) as u16, size, value);
                    Ok(())
                }
                0xd18..0xd24 => {
                    self.set_priorities(4 + (offset - 0xd18) as u16, size, value);
                    Ok(())
                }
                // Writing ones clears, so zeros elsewhere in the word do no harm.
                0xd28..0xd2c => {
                    self.set_scs_word(0xd28, value << (8 * (address & 3)), now, debugger)
                }
                _ => Err(AccessError::unmodelled(
                    "a narrow write to the system control space",
                )),
            };
        }
        match base {
            DWT => {
                self.dwt.write(offset, value, now, self.totals)?;
                self.choose_paths();
                Ok(())
            }
            FPB => self.fpb.write(offset, value),
            SCS => self.set_scs_word(offset, value, now, debugger),
            _ => Err(AccessError::unmodelled("the core's private peripherals")),
        }
    }

    fn set_scs_word(
        &mut self,
        offset: u32,
        value: u32,
        now: u64,
        debugger: bool,
    ) -> Result<(), AccessError> {
        if !self.isa.thumb2 && !is_armv6m(offset) {
            return self.reserved(debugger);
        }
        let index = |base: u32| (offset - base) as usize / 4;
        match offset {
            _ if self.is_cache_register(offset) => {
                return self.set_cache_register(offset, value, now);
            }
            0x008 => self.scb.actlr = value & 0x307,
            0x010 => self.systick.set_control(value, now),
            0x014 => self.systick.set_reload(value, now),
            0x018 => self.systick.clear(now),
            0x100..0x140 => self.nvic.change(Bank::Enabled, index(0x100), value, true),
            0x180..0x1c0 => self.nvic.change(Bank::Enabled, index(0x180), value, false),
            0x200..0x240 => self.nvic.change(Bank::Pending, index(0x200), value, true),
            0x280..0x2c0 => self.clear_pending(index(0x280), value),
            0x300..0x340 => {}
            0x400..0x500 => self.set_priorities(16 + (offset - 0x400) as u16, Size::Word, value),
            0xd04 => self.set_icsr(value),
            0xd08 => self.scb.vector_table = value & self.core.vector_table_mask(),
            0xd0c => return self.set_aircr(value),
            0xd10 => self.scb.scr = value & 0x16,
            // In Armv6-M it only tells.
            0xd14 if !self.isa.thumb2 => {}
            0xd14 if self.core.model == Model::CortexM7 => {
                self.scb.ccr = value & (0x31b | CCR_IC | CCR_DC) | CCR_BP;
                self.note_cache_enables();
            }
            0xd14 => self.scb.ccr = value & 0x31b,
            0xd18..0xd24 => {
                self.set_priorities(4 + (offset - 0xd18) as u16, Size::Word, value);
            }
            0xd24 => self.set_shcsr(value),
            0xd28 => self.scb.cfsr &= !value,
            0xd2c => self.scb.hfsr &= !value,
            0xd30 => self.debug.dfsr &= !value,
            0xd34 => self.scb.mmfar = value,
            0xd38 => self.scb.bfar = value,
            0xd88 if self.isa.fpu.is_none() => {}
            0xd88 => {
                self.scb.cpacr = value & 0x00f0_0000;
                self.float.ready = false;
            }
            MPU..0xdbc => return self.write_mpu(offset - MPU, value),
            0xdf0 => self.write_dhcsr(value, debugger),
            0xdf4 => self.transfer_register(value),
            0xdf8 => self.set_dcrdr(value),
            0xdfc => self.write_demcr(value, now),
            0xf00 => self.nvic.set_pending(16 + (value & 0xff) as u16, true),
            0xf34..0xf40 if self.isa.fpu.is_none() => {}
            0xf34 => {
                self.scb.fpccr = value & 0xc000_017b;
                self.float.ready = false;
            }
            0xf38 => self.scb.fpcar = value & !7,
            0xf3c => self.scb.fpdscr = value & 0x07c0_0000,
            // Read-only registers.
            0x004 | 0xd00 | 0xd3c..0xd74 | 0xf40..=0xf48 => {}
            _ => return Err(AccessError::unmodelled("the system control space")),
        }
        Ok(())
    }

    /// A line that is still high makes its interrupt pending again.
    fn clear_pending(&mut self, index: usize, bits: u32) {
        let held = (0..32).filter(|b| self.bus.lines.level((32 * index + b) & 255));
        let held = held.fold(0, |held, bit| held | 1 << bit);
        self.nvic.change(Bank::Pending, index, bits & !held, false);
    }

    fn priorities(&self, first: u16) -> u32 {
        (0..4).fold(0, |word, i| {
            word | u32::from(self.nvic.raw_priority(first + i)) << (8 * i)
        })
    }

    fn set_priorities(&mut self, first: u16, size: Size, value: u32) {
        for (byte, n) in value
            .to_le_bytes()
            .into_iter()
            .zip(first..)
            .take(size.bytes() as usize)
        {
            self.nvic.set_raw_priority(n, byte);
        }
    }

    fn icsr(&self) -> u32 {
        let first = self.nvic.first_pending(|_| true).unwrap_or(0);
        let pending = |n| u32::from(self.nvic.is_pending(n));
        u32::from(self.regs.ipsr)
            | u32::from(self.nvic.active_count() <= 1) << 11
            | u32::from(first) << 12
            | u32::from(self.nvic.any_external_pending()) << 22
            | pending(SYS_TICK) << 26
            | pending(PEND_SV) << 28
            | pending(NMI) << 31
    }

    fn set_icsr(&mut self, value: u32) {
        let mut change = |bit: u32, n, pending| {
            if value >> bit & 1 != 0 {
                self.nvic.set_pending(n, pending);
            }
        };
        change(25, SYS_TICK, false);
        change(26, SYS_TICK, true);
        change(27, PEND_SV, false);
        change(28, PEND_SV, true);
        change(31, NMI, true);
    }

    fn set_aircr(&mut self, value: u32) -> Result<(), AccessError> {
        if value >> 16 != AIRCR_KEY {
            return Ok(());
        }
        if self.isa.thumb2 {
            self.nvic.group = (value >> 8 & 7) as u8;
        }
        // Both are for debuggers; what they do while the core runs is UNPREDICTABLE (Armv7-M, B3.2.6).
        if value & (VECTRESET | VECTCLRACTIVE) != 0 && !self.debug.halted {
            return Err(AccessError::unmodelled(
                "AIRCR.VECTRESET or VECTCLRACTIVE outside Debug state",
            ));
        }
        if value & VECTCLRACTIVE != 0 {
            self.nvic.clear_active();
            self.regs.ipsr = 0;
        }
        // Armv6-M has no such bit.
        if value & VECTRESET != 0 && self.isa.thumb2 {
            self.reset_core();
            self.start_requested = true;
        }
        self.reset_requested |= value & 4 != 0;
        Ok(())
    }

    fn shcsr(&self) -> u32 {
        SHCSR
            .iter()
            .fold(self.scb.shcsr, |word, &(n, active, pending)| {
                let pended = pending.map_or(0, |bit| u32::from(self.nvic.is_pending(n)) << bit);
                word | u32::from(self.nvic.is_active(n)) << active | pended
            })
    }

    fn set_shcsr(&mut self, value: u32) {
        if !self.isa.thumb2 {
            // SVCALLPENDED is all there is.
            self.nvic.set_pending(SV_CALL, value >> 15 & 1 != 0);
            return;
        }
        self.scb.shcsr = value & 0x7_0000;
        for (n, active, pending) in SHCSR {
            self.nvic.set_active(n, value >> active & 1 != 0);
            if let Some(bit) = pending {
                self.nvic.set_pending(n, value >> bit & 1 != 0);
            }
        }
    }
}
