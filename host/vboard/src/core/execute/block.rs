//! Executing blocks.

use super::{
    Flow, Outcome, Trap,
    steps::{self, Exit},
};
use crate::{
    core::{
        access::{Entered, Place},
        block::{BlockTiming, Branch, PipelineState},
        code::{Block, it_after},
        insn::Cond,
        system::System,
    },
    timing::{Cause, Ledger},
};

impl System {
    /// Executes a block, entered at its first instruction, as fast as can be.
    #[inline(always)]
    pub(crate) fn run_block(&mut self, block: &Block, timing: &BlockTiming) -> Exit {
        self.fetch_block(block, timing);
        steps::run(self, &Entered { block, timing })
    }

    /// The same instruction by instruction, keeping the lowest stack pointers, and what all
    /// cycles are spent on.
    pub(crate) fn track_block(&mut self, block: &Block, timing: &BlockTiming) {
        self.fetch_block(block, timing);
        self.track_from(&Entered { block, timing }, 0);
    }

    /// Executes the rest of a block so, from instruction number `first` on.
    fn track_from(&mut self, at: &Entered<'_>, first: usize) {
        self.tracking = true;
        self.track_rest(at, first);
        self.tracking = false;
    }

    fn track_rest(&mut self, at: &Entered<'_>, first: usize) {
        let timing = at.timing;
        let insns = at.block.insns.iter().zip(&timing.skip).enumerate();
        for (index, (insn, &skip)) in insns.skip(first) {
            if insn.cond != Cond::Always && !self.regs.passes(insn.cond) {
                self.cycles = self.cycles.wrapping_add_signed(i64::from(skip));
                if let Some(saved) = timing.causes.saved(index) {
                    self.watch.ledger -= saved;
                }
                continue;
            }
            let place = Place { at, index };
            let outcome = self.execute(&insn.op, place);
            self.regs.align_stack();
            match outcome {
                Ok(Flow::Next) => self.watch.note_stack(&self.regs),
                Ok(Flow::Jump(target)) => {
                    self.watch.note_stack(&self.regs);
                    self.watch.ledger += &timing.causes.taken;
                    return self.leave_by_branch(at, target);
                }
                outcome => return self.leave_block(place, outcome),
            }
        }
        self.watch.ledger += &timing.causes.fall;
        self.leave_behind(at);
    }

    /// Waits for the block's code.
    #[inline(always)]
    fn fetch_block(&mut self, block: &Block, timing: &BlockTiming) {
        if let Some(offset) = block.flash {
            let flash = self.bus.flash.front(block.tightly_coupled);
            let stall = flash.fetch(offset, &timing.fetches, self.cycles);
            self.spend(Cause::FlashCode, stall);
        }
    }

    /// The block's last instruction branches to `target`.
    #[inline(always)]
    pub(super) fn leave_by_branch(&mut self, at: &Entered<'_>, target: u32) {
        self.instructions += at.block.insns.len() as u64;
        self.pass(at.timing.taken.cycles);
        self.pipeline_state = at.timing.taken.state;
        self.regs.r[15] = target;
        self.regs.it = 0;
        if let Some(branch) = at.timing.branch {
            self.resolve_branch(branch, Some(target));
        }
    }

    /// The block's last instruction does not branch.
    #[inline(always)]
    pub(super) fn leave_behind(&mut self, at: &Entered<'_>) {
        self.instructions += at.block.insns.len() as u64;
        self.pass(at.timing.fall.cycles);
        self.pipeline_state = at.timing.fall.state;
        self.regs.r[15] = at.block.end;
        self.regs.it = at.block.it_after;
        if let Some(branch) = at.timing.branch {
            self.resolve_branch(branch, None);
        }
        if at.block.it_after != 0 {
            self.attend();
        }
    }

    /// Tells the predictor where the block's last instruction went, if it branched, and loses the cycles
    /// of what it had not expected.
    #[inline(never)]
    fn resolve_branch(&mut self, branch: Branch, target: Option<u32>) {
        let lost = self.pipeline.resolve_branch(branch, target);
        if lost != 0 {
            self.spend(Cause::Branch, lost);
            self.pipeline_state = PipelineState::BRANCHED;
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

    /// What the cycles from entering the block until the instruction at `place` are spent on.
    pub(in crate::core) fn causes_before(&self, place: Place<'_>) -> Ledger {
        let block = place.at.block;
        // Where there is no instruction there is no time before it either.
        if place.index == 0 && place.start() == 0 {
            return Ledger::default();
        }
        self.pipeline.causes_before(
            block.address,
            &block.insns,
            self.pipeline_state,
            place.index,
        )
    }

    /// Leaves a block in its middle, or by an exception or an exception return.
    #[cold]
    #[inline(never)]
    pub(super) fn leave_block(&mut self, place: Place<'_>, outcome: Outcome) {
        if outcome == Err(Trap::Tracked) {
            return self.track_from(place.at, place.index);
        }
        let insn = &place.insn();
        self.attend();
        if self.tracking {
            self.watch.ledger += &self.causes_before(place);
        }
        self.instructions += place.index as u64;
        self.pass(place.start());
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
                self.in_one_cycle(|system| system.trap(trap));
            }
            Err(trap) => self.trap(trap),
            Ok(Flow::Return(value)) => {
                self.instructions += 1;
                self.regs.it = 0;
                self.in_one_cycle(|system| system.exception_return(value));
            }
            Ok(Flow::Next | Flow::Jump(_)) => {}
        }
    }

    /// Lets an instruction change the exception that is active: of the cycles which that takes
    /// the first is the instruction's own.
    fn in_one_cycle(&mut self, change: impl FnOnce(&mut Self)) {
        let before = self.watch.ledger[Cause::Exception];
        change(self);
        let ledger = &mut self.watch.ledger;
        if ledger[Cause::Exception] > before {
            ledger.shift(Cause::Exception, Cause::Issue, 1);
        }
    }
}
