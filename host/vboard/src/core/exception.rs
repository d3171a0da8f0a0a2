//! Taking exceptions and returning from them.

use super::{
    block::PipelineState,
    execute::Trap,
    frame::{FrameError, frame_words},
    system::{System, Wait},
};
use crate::{
    machine::{MachineError, Stop},
    memory::{AccessError, Size},
    timing::Cause,
};

pub(crate) const RESET: u16 = 1;
pub(crate) const NMI: u16 = 2;
pub(crate) const HARD_FAULT: u16 = 3;
pub(crate) const MEM_MANAGE: u16 = 4;
pub(crate) const BUS_FAULT: u16 = 5;
pub(crate) const USAGE_FAULT: u16 = 6;
pub(crate) const SV_CALL: u16 = 11;
pub(crate) const DEBUG_MONITOR: u16 = 12;
pub(crate) const PEND_SV: u16 = 14;
pub(crate) const SYS_TICK: u16 = 15;

/// CPACR.CP10 that allows everyone.
pub(crate) const CPACR_FULL: u32 = 3;

/// Bits of CFSR.
mod cfsr {
    pub(super) const IACCVIOL: u32 = 1 << 0;
    pub(super) const DACCVIOL: u32 = 1 << 1;
    pub(super) const MUNSTKERR: u32 = 1 << 3;
    pub(super) const MSTKERR: u32 = 1 << 4;
    pub(super) const MLSPERR: u32 = 1 << 5;
    pub(super) const MMARVALID: u32 = 1 << 7;
    pub(super) const IBUSERR: u32 = 1 << 8;
    pub(super) const PRECISERR: u32 = 1 << 9;
    pub(super) const IMPRECISERR: u32 = 1 << 10;
    pub(super) const UNSTKERR: u32 = 1 << 11;
    pub(super) const STKERR: u32 = 1 << 12;
    pub(super) const LSPERR: u32 = 1 << 13;
    pub(super) const BFARVALID: u32 = 1 << 15;
    pub(super) const UNDEFINSTR: u32 = 1 << 16;
    pub(super) const INVSTATE: u32 = 1 << 17;
    pub(super) const INVPC: u32 = 1 << 18;
    pub(super) const NOCP: u32 = 1 << 19;
    pub(super) const UNALIGNED: u32 = 1 << 24;
    pub(super) const DIVBYZERO: u32 = 1 << 25;
}

/// Bits of HFSR.
mod hfsr {
    pub(super) const VECTTBL: u32 = 1 << 1;
    pub(super) const FORCED: u32 = 1 << 30;
    pub(super) const DEBUGEVT: u32 = 1 << 31;
}

/// How an exception is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    /// A frame is stacked.
    Stack,
    /// The frame that EXC_RETURN `.0` would have unstacked stays.
    Chain(u32),
}

impl System {
    /// The priority at which the core executes.
    pub(crate) fn execution_priority(&self) -> i16 {
        let r = &self.regs;
        self.nvic
            .execution_priority(r.primask, r.faultmask, r.basepri)
    }

    /// Handles an instruction that did not complete. PC and IT state are those to resume
    /// with.
    pub(super) fn trap(&mut self, trap: Trap) {
        let pc = self.regs.pc();
        match trap {
            // What is tracked has not been left.
            Trap::Stop | Trap::Tracked => {}
            Trap::Watched => self.alone_next = true,
            Trap::Unpredictable(encoding) => self.fail(MachineError::Instruction { encoding, pc }),
            Trap::Undefined => self.usage_fault(cfsr::UNDEFINSTR),
            Trap::InvalidState => self.usage_fault(cfsr::INVSTATE),
            Trap::NoCoprocessor => self.usage_fault(cfsr::NOCP),
            Trap::Unaligned => self.usage_fault(cfsr::UNALIGNED),
            Trap::DivideByZero => self.usage_fault(cfsr::DIVBYZERO),
            Trap::DataBus => {
                self.scb.bfar = self.fault_address;
                self.fault(BUS_FAULT, cfsr::PRECISERR | cfsr::BFARVALID, Entry::Stack);
            }
            Trap::DataProtection => {
                self.scb.mmfar = self.fault_address;
                let status = cfsr::DACCVIOL | cfsr::MMARVALID;
                self.fault(MEM_MANAGE, status, Entry::Stack);
            }
            Trap::LazyProtection => self.fault(MEM_MANAGE, cfsr::MLSPERR, Entry::Stack),
            Trap::LazyStacking => self.fault(BUS_FAULT, cfsr::LSPERR, Entry::Stack),
            Trap::Fetch => self.fetch_fault(pc),
            Trap::Supervisor => self.raise(SV_CALL, Entry::Stack),
            Trap::Breakpoint => self.breakpoint(),
            Trap::Semihosting => self.watch.stop = Some(Stop::Semihosting),
            Trap::Mark => self.watch.stop = Some(Stop::Mark),
        }
    }

    fn usage_fault(&mut self, status: u32) {
        self.fault(USAGE_FAULT, status, Entry::Stack);
    }

    fn fetch_fault(&mut self, pc: u32) {
        if !self.may_execute(pc, pc.wrapping_add(2)) {
            self.forbid_execution();
        } else if let Err(AccessError::Fault) = self.bus.is_modelled(pc) {
            self.fault(BUS_FAULT, cfsr::IBUSERR, Entry::Stack);
        } else {
            let what = "executing from what is neither flash nor RAM".to_owned();
            self.fail(MachineError::Core { what, pc });
        }
    }

    /// The instruction at PC may not be executed.
    pub(crate) fn forbid_execution(&mut self) {
        self.fault(MEM_MANAGE, cfsr::IACCVIOL, Entry::Stack);
    }

    fn breakpoint(&mut self) {
        if self.debug.enabled() {
            self.debug.halt(super::debug::DFSR_BKPT);
        } else if self.debug.monitor_enabled()
            && self.nvic.preempts(DEBUG_MONITOR, self.execution_priority())
        {
            self.debug.dfsr |= super::debug::DFSR_BKPT;
            self.enter(DEBUG_MONITOR, Entry::Stack);
        } else {
            self.debug.dfsr |= super::debug::DFSR_BKPT;
            self.hard_fault(hfsr::DEBUGEVT, Entry::Stack);
        }
    }

    /// Raises a fault with a status register of its own.
    fn fault(&mut self, exception: u16, status: u32, entry: Entry) {
        self.scb.cfsr |= status;
        self.note_fault_state();
        self.debug.note_fault(exception, status);
        self.raise(exception, entry);
    }

    /// Takes a synchronous exception, escalated to HardFault if it is disabled or not
    /// urgent enough.
    fn raise(&mut self, exception: u16, entry: Entry) {
        let enabled = self.scb.is_enabled(exception);
        if enabled && self.nvic.preempts(exception, self.execution_priority()) {
            self.enter(exception, entry);
        } else {
            self.hard_fault(hfsr::FORCED, entry);
        }
    }

    fn hard_fault(&mut self, status: u32, entry: Entry) {
        if self.execution_priority() <= -1 {
            self.lock_up();
            return;
        }
        self.scb.hfsr |= status;
        self.note_fault_state();
        self.debug.note_fault(HARD_FAULT, 0);
        self.enter(HARD_FAULT, entry);
    }

    /// Locks up: no more instructions until reset, NMI or the debugger.
    pub(super) fn lock_up(&mut self) {
        self.wait = Wait::Lockup;
        self.regs.r[15] = 0xffff_fffe;
        self.regs.it = 0;
        self.attend();
    }

    /// EPSR.T was found clear.
    pub(crate) fn invalid_state(&mut self) {
        self.trap(Trap::InvalidState);
    }

    /// A buffered write has failed: its fault becomes pending.
    pub(crate) fn pend_imprecise_fault(&mut self) {
        self.imprecise_fault = false;
        self.scb.cfsr |= cfsr::IMPRECISERR;
        self.note_fault_state();
        self.debug.note_fault(BUS_FAULT, cfsr::IMPRECISERR);
        if self.scb.is_enabled(BUS_FAULT) {
            self.nvic.set_pending(BUS_FAULT, true);
        } else {
            self.scb.hfsr |= hfsr::FORCED;
            self.nvic.set_pending(HARD_FAULT, true);
        }
    }

    /// The exception to take now, if any.
    pub(crate) fn takable(&self) -> Option<u16> {
        let masked = self.debug.masks_interrupts();
        let first = self
            .nvic
            .first_pending(|n| !(masked && (n == PEND_SV || n == SYS_TICK || n >= 16)))?;
        self.nvic
            .preempts(first, self.execution_priority())
            .then_some(first)
    }

    /// Whether WFI would wake up: as [`Self::takable`], but PRIMASK does not count.
    pub(crate) fn wakes(&self) -> bool {
        let masked = self.debug.masks_interrupts();
        let priority = self
            .nvic
            .execution_priority(false, self.regs.faultmask, self.regs.basepri);
        self.nvic
            .first_pending(|n| !(masked && (n == PEND_SV || n == SYS_TICK || n >= 16)))
            .is_some_and(|n| self.nvic.preempts(n, priority))
    }

    /// Takes pending exception `exception`.
    pub(crate) fn take(&mut self, exception: u16) {
        self.enter(exception, Entry::Stack);
    }

    fn enter(&mut self, exception: u16, entry: Entry) {
        self.attend();
        let fp = self.regs.fp_active;
        let lazy = self.scb.lazy_fp();
        let chained = entry != Entry::Stack;
        let lr = match entry {
            Entry::Chain(value) => value,
            Entry::Stack => {
                let lr = self.exc_return(fp);
                match self.stack_frame(fp, lazy) {
                    Ok(()) => lr,
                    Err(FrameError::Unmodelled(what)) => return self.bad_stack(&what),
                    Err(FrameError::Bus) => {
                        return self.stacking_failed(exception, lr, BUS_FAULT, cfsr::STKERR);
                    }
                    Err(FrameError::Protection) => {
                        return self.stacking_failed(exception, lr, MEM_MANAGE, cfsr::MSTKERR);
                    }
                }
            }
        };
        let entry = self.pipeline.exception_entry(chained, fp, lazy);
        self.spend(Cause::Exception, entry);
        self.start_handler(exception, lr);
    }

    /// The stack lies in something that is not modelled.
    fn bad_stack(&mut self, what: &str) {
        let (what, pc) = (format!("an exception frame in {what}"), self.regs.pc());
        self.fail(MachineError::Core { what, pc });
    }

    fn exc_return(&self, fp: bool) -> u32 {
        let base = if self.regs.in_handler() {
            0xffff_fff1
        } else if self.regs.process_stack {
            0xffff_fffd
        } else {
            0xffff_fff9
        };
        if fp { base & !0x10 } else { base }
    }

    /// The frame of `exception` could not be written: `fault` comes first, unless it is
    /// less urgent.
    fn stacking_failed(&mut self, exception: u16, lr: u32, fault: u16, status: u32) {
        self.scb.cfsr |= status;
        self.note_fault_state();
        self.debug.note_fault(fault, status);
        let priority = self.execution_priority();
        let fault = if self.scb.is_enabled(fault) && self.nvic.preempts(fault, priority) {
            fault
        } else {
            self.scb.hfsr |= hfsr::FORCED;
            HARD_FAULT
        };
        if priority <= -1 {
            self.lock_up();
            return;
        }
        self.nvic.set_pending(exception, true);
        self.nvic.set_pending(fault, true);
        let first = self
            .nvic
            .first_pending(|n| n == exception || n == fault)
            .unwrap_or(fault);
        self.start_handler(first, lr);
    }

    fn start_handler(&mut self, exception: u16, lr: u32) {
        let vector = self.scb.vector_table.wrapping_add(4 * u32::from(exception));
        let waited = self.watch.ledger[Cause::FlashData];
        let read = self.bus_read(vector, Size::Word, self.cycles, false);
        let ledger = &mut self.watch.ledger;
        let waited = ledger[Cause::FlashData] - waited;
        ledger.shift(Cause::FlashData, Cause::Exception, waited);
        let handler = match read {
            Ok(handler) => handler,
            Err(AccessError::Unmodelled(what)) => {
                self.fail(MachineError::Core {
                    what: format!("a vector table at {vector:#010x} ({what})"),
                    pc: self.regs.pc(),
                });
                return;
            }
            Err(AccessError::Fault) if exception == HARD_FAULT || exception == NMI => {
                self.lock_up();
                return;
            }
            Err(AccessError::Fault) => {
                self.scb.hfsr |= hfsr::VECTTBL;
                self.debug.note_fault(HARD_FAULT, 0);
                self.start_handler(HARD_FAULT, lr);
                return;
            }
        };
        self.nvic.set_pending(exception, false);
        self.nvic.set_active(exception, true);
        let regs = &mut self.regs;
        regs.select_stack(false);
        regs.r[14] = lr;
        regs.r[15] = handler & !1;
        regs.thumb = handler & 1 != 0;
        regs.ipsr = exception;
        regs.it = 0;
        regs.fp_active = false;
        regs.exclusive = false;
        regs.event = true;
        self.float.ready = false;
        self.wait = Wait::No;
        self.pipeline_state = PipelineState::BRANCHED;
        self.debug.catch_vector();
        self.attend();
    }

    /// Returns from the active exception, as EXC_RETURN `value` says.
    pub(super) fn exception_return(&mut self, value: u32) {
        let returning = self.regs.ipsr;
        let to_thread = value & 8 != 0;
        let process = value & 4 != 0;
        let basic = value >= 0xffff_fff0;
        let extended = self.isa.fpu.is_some() && value | 0x10 >= 0xffff_fff0;
        let form = matches!(value & 0xf, 0x1 | 0x9 | 0xd) && (basic || extended);
        let nested = self.nvic.active_count();
        let base = !to_thread || nested == 1 || self.scb.nonbase_thread();
        let possible = form && base && (to_thread || nested > 1);
        if !self.nvic.is_active(returning) {
            self.fault(USAGE_FAULT, cfsr::INVPC, Entry::Chain(0xf000_0000 | value));
            return;
        }
        self.nvic.set_active(returning, false);
        if returning != NMI {
            self.regs.faultmask = false;
        }
        if returning == NMI && self.bus.lines.nmi() {
            self.nvic.set_pending(NMI, true);
        }
        if returning >= 16 && self.bus.lines.level(usize::from(returning) - 16) {
            self.nvic.set_pending(returning, true);
        }
        if !possible {
            self.fault(USAGE_FAULT, cfsr::INVPC, Entry::Chain(0xf000_0000 | value));
            return;
        }
        if let Some(next) = self.takable() {
            self.enter(next, Entry::Chain(value));
            return;
        }
        let fp = value & 0x10 == 0;
        let sp = if process {
            self.regs.psp()
        } else {
            self.regs.msp()
        };
        let privileged = !to_thread || !self.regs.unprivileged;
        let frame = match self.unstack(sp, fp, privileged) {
            Ok(frame) => frame,
            Err(FrameError::Unmodelled(what)) => return self.bad_stack(&what),
            Err(FrameError::Bus) => {
                return self.fault(BUS_FAULT, cfsr::UNSTKERR, Entry::Chain(value));
            }
            Err(FrameError::Protection) => {
                return self.fault(MEM_MANAGE, cfsr::MUNSTKERR, Entry::Chain(value));
            }
        };
        let psr = frame[7];
        if (psr & 0x1ff == 0) != to_thread {
            self.fault(USAGE_FAULT, cfsr::INVPC, Entry::Chain(value));
            return;
        }
        let words = frame_words(fp);
        let padded = psr >> 9 & 1 != 0 && (fp || self.scb.aligns_stack());
        let moved = sp.wrapping_add(4 * words) | u32::from(padded) << 2;
        self.spend(Cause::Exception, self.pipeline.exception_return(fp));
        let regs = &mut self.regs;
        regs.ipsr = (psr & 0x1ff) as u16;
        regs.select_stack(process);
        regs.r[13] = moved;
        regs.r[..4].copy_from_slice(&frame[..4]);
        regs.r[12] = frame[4];
        regs.r[14] = frame[5];
        regs.r[15] = frame[6] & !1;
        regs.set_psr(psr & self.core.program_status_mask());
        regs.fp_active = fp;
        regs.exclusive = false;
        regs.event = true;
        self.float.ready = false;
        self.pipeline_state = PipelineState::BRANCHED;
        if to_thread && self.scb.sleeps_on_exit() {
            self.wait = Wait::Interrupt;
        }
    }
}
