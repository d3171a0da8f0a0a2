//! Executing blocks.

use super::{Flow, Outcome, Trap};
use crate::{
    core::{
        access::Place,
        block::{BlockTiming, PipelineState},
        code::{Block, it_after},
        insn::Cond,
        system::System,
    },
    timing::Cause,
};

impl System {
    /// Executes a block, entered at its first instruction. If it is to `TRACK`, the lowest
    /// stack pointers are kept, and what all cycles are spent on.
    #[inline]
    pub(crate) fn run_block<const TRACK: bool>(&mut self, block: &Block, timing: &BlockTiming) {
        if let Some(offset) = block.flash {
            let stall = self
                .bus
                .flash
                .accelerator
                .fetch(offset, &timing.fetches, self.cycles);
            self.spend(Cause::FlashCode, stall);
        }
        let steps = block.insns.iter().zip(&timing.start).zip(&timing.skip);
        for (index, ((insn, &start), &skip)) in steps.enumerate() {
            if insn.cond != Cond::Always && !self.regs.passes(insn.cond) {
                self.cycles = self.cycles.wrapping_add_signed(i64::from(skip));
                if TRACK {
                    self.watch.ledger.add(Cause::Skipped, skip);
                }
                continue;
            }
            let place = Place {
                block,
                index,
                start,
            };
            match self.execute(&insn.op, &place) {
                Ok(Flow::Next) => {
                    if TRACK {
                        self.watch.note_stack(&self.regs);
                    }
                }
                Ok(Flow::Jump(target)) => {
                    if TRACK {
                        self.watch.note_stack(&self.regs);
                        self.watch.ledger += &timing.causes.taken;
                    }
                    self.instructions += block.insns.len() as u64;
                    self.pass(timing.taken.cycles);
                    self.pipeline_state = timing.taken.state;
                    self.regs.r[15] = target;
                    self.regs.it = 0;
                    return;
                }
                outcome => return self.leave_block(&place, outcome),
            }
        }
        if TRACK {
            self.watch.ledger += &timing.causes.fall;
        }
        self.instructions += block.insns.len() as u64;
        self.pass(timing.fall.cycles);
        self.pipeline_state = timing.fall.state;
        self.regs.r[15] = block.end;
        self.regs.it = block.it_after;
        if block.it_after != 0 {
            self.attend();
        }
    }

    /// Lets `cycles` pass within a block.
    ///
    /// Skipped instructions give back what the block's timing charges for them when it ends:
    /// until then the clock may stand before the block's start, and so before power-on.
    #[inline(always)]
    pub(in crate::core) fn pass(&mut self, cycles: u32) {
        self.cycles = self.cycles.wrapping_add(u64::from(cycles));
    }

    /// The same, and notes what they were spent on.
    #[inline(always)]
    pub(in crate::core) fn spend(&mut self, cause: Cause, cycles: u32) {
        self.pass(cycles);
        if cycles != 0 {
            self.watch.ledger.add(cause, cycles);
        }
    }

    /// Leaves a block in its middle, or by an exception or an exception return.
    #[cold]
    fn leave_block(&mut self, place: &Place<'_>, outcome: Outcome) {
        let insn = &place.block.insns[place.index];
        self.attend();
        self.instructions += place.index as u64;
        self.spend(Cause::Left, place.start);
        let state = std::mem::replace(&mut self.pipeline_state, PipelineState::BRANCHED);
        self.regs.r[15] = place.pc();
        self.regs.it = insn.it;
        match outcome {
            Err(Trap::Mark) => {
                // Nothing has happened.
                self.pipeline_state = state;
                self.trap(Trap::Mark);
            }
            Err(trap @ Trap::Supervisor) => {
                self.instructions += 1;
                self.regs.r[15] = place.pc().wrapping_add(2 * u32::from(insn.halfwords));
                self.regs.it = it_after(insn.it, insn);
                self.trap(trap);
            }
            Err(trap) => self.trap(trap),
            Ok(Flow::Return(value)) => {
                self.instructions += 1;
                self.regs.it = 0;
                self.exception_return(value);
            }
            Ok(Flow::Next | Flow::Jump(_)) => {}
        }
    }
}
