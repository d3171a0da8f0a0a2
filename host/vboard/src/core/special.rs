//! MRS, MSR and CPS.

use super::system::System;

impl System {
    /// MRS of a register that there is: others are not decoded.
    pub(super) fn read_special(&self, special: u8) -> u32 {
        let regs = &self.regs;
        let privileged = regs.privileged();
        let guarded = |value: u32| if privileged { value } else { 0 };
        match special {
            0..=3 | 5..=7 => {
                let ipsr = if special & 1 != 0 {
                    u32::from(regs.ipsr)
                } else {
                    0
                };
                let apsr = if special & 4 == 0 { regs.apsr() } else { 0 };
                // EPSR reads as zero.
                apsr | guarded(ipsr)
            }
            8 => guarded(regs.msp()),
            9 => guarded(regs.psp()),
            16 => guarded(u32::from(regs.primask)),
            17 | 18 => guarded(u32::from(regs.basepri)),
            19 => guarded(u32::from(regs.faultmask)),
            _ => regs.control(),
        }
    }

    /// MSR of a register that there is: others are not decoded.
    pub(super) fn write_special(&mut self, special: u8, mask: u8, value: u32) {
        if special < 8 {
            if special & 4 == 0 {
                self.regs
                    .set_apsr(value & self.core.program_status_mask(), mask);
            }
            return;
        }
        if !self.regs.privileged() {
            return;
        }
        match special {
            8 => self.regs.set_msp(value),
            9 => self.regs.set_psp(value),
            16 => self.regs.primask = value & 1 != 0,
            17 => self.regs.basepri = value as u8 & self.nvic.priority_mask(),
            18 => {
                let new = value as u8 & self.nvic.priority_mask();
                if new != 0 && (self.regs.basepri == 0 || new < self.regs.basepri) {
                    self.regs.basepri = new;
                }
            }
            19 => self.set_faultmask(value & 1 != 0),
            _ => self.set_control(value),
        }
        self.attend();
    }

    /// CPS.
    pub(super) fn change_state(&mut self, disable: bool, primask: bool, faultmask: bool) {
        if self.regs.privileged() {
            if primask {
                self.regs.primask = disable;
            }
            if faultmask {
                self.set_faultmask(disable);
            }
            self.attend();
        }
    }

    fn set_faultmask(&mut self, value: bool) {
        // It cannot be set where it would not raise the priority.
        if !value || self.execution_priority() > -1 {
            self.regs.faultmask = value;
        }
    }

    /// Writes CONTROL, as privileged code.
    pub(super) fn set_control(&mut self, value: u32) {
        self.regs.unprivileged = value & 1 != 0;
        if !self.regs.in_handler() {
            self.regs.select_stack(value & 2 != 0);
        }
        self.regs.fp_active = value & 4 != 0 && self.isa.fpu.is_some();
        self.float.ready = false;
    }
}
