//! The core's registers, all at once.

use super::{block::PipelineState, float::Fpscr, system::System};

/// Every register of the core that a program can name.
///
/// Peripherals inside the core (what is pending, enabled or active, the FPU's lazy
/// context) and the core's timing are not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreState {
    /// R0 to R12, the current stack pointer, LR and PC.
    pub r: [u32; 16],
    /// xPSR.
    pub xpsr: u32,
    /// The main stack pointer.
    pub msp: u32,
    /// The process stack pointer.
    pub psp: u32,
    /// CONTROL.
    pub control: u32,
    /// PRIMASK.
    pub primask: bool,
    /// FAULTMASK.
    pub faultmask: bool,
    /// BASEPRI.
    pub basepri: u8,
    /// S0 to S31.
    pub s: [u32; 32],
    /// FPSCR.
    pub fpscr: u32,
    /// Whether the local monitor has an address open for an exclusive store.
    pub exclusive: bool,
}

impl System {
    pub(crate) fn core_state(&self) -> CoreState {
        let regs = &self.regs;
        CoreState {
            r: regs.r,
            xpsr: regs.xpsr(),
            msp: regs.msp(),
            psp: regs.psp(),
            control: regs.control(),
            primask: regs.primask,
            faultmask: regs.faultmask,
            basepri: regs.basepri,
            s: self.float.s,
            fpscr: self.float.fpscr.0,
            exclusive: regs.exclusive,
        }
    }

    pub(crate) fn set_core_state(&mut self, state: &CoreState) {
        let priorities = self.nvic.priority_mask();
        let regs = &mut self.regs;
        regs.set_msp(state.msp);
        regs.set_psp(state.psp);
        regs.primask = state.primask;
        regs.faultmask = state.faultmask;
        regs.basepri = state.basepri & priorities;
        regs.exclusive = state.exclusive;
        self.set_control(state.control);
        let regs = &mut self.regs;
        regs.r = state.r;
        regs.r[13] &= !3;
        regs.r[15] &= !1;
        regs.set_psr(state.xpsr);
        self.float.s = state.s;
        self.float.fpscr = Fpscr(state.fpscr & Fpscr::WRITABLE);
        self.pipeline_state = PipelineState::BRANCHED;
        self.attend();
    }
}
