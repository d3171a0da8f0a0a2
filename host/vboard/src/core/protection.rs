//! What the MPU's answer means to the core: which accesses ask, and as whom (DDI 0403,
//! B3.5, and the pseudocode of ValidateAddress).
//!
//! While the MPU is off nothing asks. While it is on, RAM and flash lose their direct path,
//! so that every data access comes by here; code is asked about block by block. Vector
//! fetches and the debugger's accesses never ask.

use super::{
    exception::{BUS_FAULT, DEBUG_MONITOR, MEM_MANAGE},
    execute::Trap,
    mpu::Purpose,
    system::System,
};
use crate::memory::{AccessError, Storage};

/// The grain of regions and subregions: no border lies within.
const GRAIN: u32 = 32;

/// Bits of FPCCR: whose frame waits to be filled, and what could be raised when it was
/// made.
const USER: u32 = 1 << 1;
const THREAD: u32 = 1 << 3;
const HFRDY: u32 = 1 << 4;
const MMRDY: u32 = 1 << 5;
const BFRDY: u32 = 1 << 6;
const MONRDY: u32 = 1 << 8;

impl System {
    /// Whether the MPU is asked at the current execution priority.
    fn is_watched(&self) -> bool {
        self.mpu.enabled() && self.mpu.watches(self.execution_priority() < 0)
    }

    /// Traps if an instruction may not access `address`, of which no part lies in another
    /// region.
    pub(super) fn protect(&mut self, address: u32, purpose: Purpose) -> Result<(), Trap> {
        if self.may_access(address, purpose, self.accesses_privileged()) {
            Ok(())
        } else {
            self.fault_address = address;
            Err(Trap::DataProtection)
        }
    }

    /// Whether an access is allowed, were the core `privileged`.
    pub(super) fn may_access(&self, address: u32, purpose: Purpose, privileged: bool) -> bool {
        let watched = self.is_watched();
        self.mpu.allows(address, purpose, privileged, watched)
    }

    /// Whether all of `[first, end)` may be executed.
    pub(crate) fn may_execute(&self, first: u32, end: u32) -> bool {
        let (privileged, watched) = (self.regs.privileged(), self.is_watched());
        let bytes = end.wrapping_sub(first);
        let mut offset = 0;
        while offset < bytes {
            let at = first.wrapping_add(offset);
            if !self.mpu.allows(at, Purpose::Execute, privileged, watched) {
                return false;
            }
            offset += GRAIN - at % GRAIN;
        }
        true
    }

    /// Whether code must be asked about before it is executed.
    pub(crate) fn guards_code(&self) -> bool {
        self.mpu.enabled() || self.bus.flash.has_torn()
    }

    /// Lets the flash's controller know if code at `[first, end)` is torn.
    pub(crate) fn check_code(&mut self, first: u32, end: u32) {
        if self.bus.flash.has_torn()
            && let Some((Storage::Flash(offset), _)) = self.bus.locate(first)
        {
            let end = offset + end.wrapping_sub(first);
            self.bus.check_code(offset..end, self.cycles);
            self.collect_interrupts();
        }
    }

    /// Whether a region makes Device memory of `address`, where unaligned accesses are
    /// UNPREDICTABLE (A3.2.1).
    pub(super) fn is_protected_device(&self, address: u32) -> bool {
        self.is_watched() && self.mpu.makes_device(address)
    }

    /// Notes as whom the floating-point registers are to be stored lazily (UpdateFPCCR).
    pub(super) fn note_lazy_context(&mut self) {
        let priority = self.execution_priority();
        let ready =
            |exception| self.scb.is_enabled(exception) && self.nvic.preempts(exception, priority);
        let monitored = self.debug.monitor_enabled() && ready(DEBUG_MONITOR);
        let bits = [
            (USER, !self.regs.privileged()),
            (THREAD, !self.regs.in_handler()),
            (HFRDY, priority > -1),
            (MMRDY, ready(MEM_MANAGE)),
            (BFRDY, ready(BUS_FAULT)),
            (MONRDY, monitored),
        ];
        for (bit, value) in bits {
            self.scb.fpccr = self.scb.fpccr & !bit | if value { bit } else { 0 };
        }
    }

    /// Whether the registers may be stored lazily at `address`, by the rights of the
    /// context that they belong to.
    pub(super) fn may_store_lazily(&self, address: u32) -> bool {
        let fpccr = self.scb.fpccr;
        let watched = self.mpu.watches(fpccr & HFRDY == 0);
        self.mpu
            .allows(address, Purpose::Write, fpccr & USER == 0, watched)
    }

    /// Writes a register of the MPU, at `offset` from MPU_TYPE.
    pub(super) fn write_mpu(&mut self, offset: u32, value: u32) -> Result<(), AccessError> {
        self.mpu.write(offset, value)?;
        self.choose_paths();
        Ok(())
    }

    /// Switches the MPU off and forgets its regions.
    pub(super) fn reset_mpu(&mut self) {
        self.mpu.reset();
        self.choose_paths();
    }

    /// Lets data accesses take the direct path, unless each must be looked at.
    pub(crate) fn choose_paths(&mut self) {
        self.bus
            .set_direct(!self.mpu.enabled() && !self.dwt.watches_data());
    }
}
