//! The core's pipeline, as the executor asks about it.

use super::{
    predictor::Predictor,
    rules,
    slot::{Slot, Unit},
};
use crate::{
    core::{
        block::{BlockTiming, Branch, Causes, Exit, Fetch, Fetches, PipelineState},
        insn::{Cond, Insn, Op},
    },
    memory::Size,
    timing::{Cause, Ledger, m4, states::States},
};

/// The timing model of the Cortex-M7's pipeline.
///
/// A block's timing depends on nothing but the block and what it is entered with; the predictor
/// comes on top, when the block has been executed.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// What is carried into a block, by number; the first stands for [`PipelineState::BRANCHED`].
    states: States<Results>,
    predictor: Predictor,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self {
            states: States::with_branched(),
            predictor: Predictor::default(),
        }
    }
}

/// When results can be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Results {
    /// For each core register, the first cycle in which the late ALU and the early stage can
    /// have it, and why not before.
    late: [u32; 16],
    early: [u32; 16],
    accumulator: [u32; 16],
    cause: [Option<Cause>; 16],
    float: [u32; 32],
    float_accumulator: [u32; 32],
}

impl Results {
    /// The same with cycles counted from `now` on: nothing is left of what is there by then.
    fn carried(mut self, now: u32) -> Self {
        let core = [&mut self.late, &mut self.early, &mut self.accumulator];
        for cycle in core.into_iter().flatten() {
            *cycle = cycle.saturating_sub(now);
        }
        let float = [&mut self.float, &mut self.float_accumulator];
        for cycle in float.into_iter().flatten() {
            *cycle = cycle.saturating_sub(now);
        }
        for (r, cause) in self.cause.iter_mut().enumerate() {
            if self.late[r] == 0 && self.early[r] == 0 && self.accumulator[r] == 0 {
                *cause = None;
            }
        }
        self
    }
}

/// The issue stage.
#[derive(Debug, Default)]
struct Issue {
    results: Results,
    /// The cycle in which the next instruction can issue at the earliest.
    now: u32,
    /// What has issued alone so far in the cycle before `now`, which it may yet share.
    older: Option<Slot>,
    ledger: Ledger,
}

impl Issue {
    /// The first cycle from `at` on in which `slot` has its operands, and what it waits for.
    fn operands(&self, slot: &Slot, at: u32) -> (u32, Cause) {
        let results = &self.results;
        let computed = match further(slot) {
            Cause::Memory => Cause::Hazard,
            _ => Cause::Compute,
        };
        let mut ready = (at, computed);
        let mut need = |cycle: u32, cause: Option<Cause>| {
            if cycle > ready.0 {
                ready = (cycle, cause.unwrap_or(computed));
            }
        };
        for r in 0..16 {
            let bit = 1 << r;
            if slot.early & bit != 0 {
                need(results.early[r], results.cause[r]);
            }
            if slot.late & bit != 0 {
                let extra = u32::from(
                    slot.unit == Unit::Multiply && results.cause[r] == Some(Cause::Memory),
                );
                need(results.late[r] + extra, results.cause[r]);
            }
            if slot.accumulator & bit != 0 {
                need(results.accumulator[r], results.cause[r]);
            }
        }
        for s in 0..32 {
            let bit = 1 << s;
            if slot.float_reads & bit != 0 {
                need(results.float[s], Some(Cause::Float));
            }
            if slot.float_accumulator & bit != 0 {
                need(results.float_accumulator[s], Some(Cause::Float));
            }
        }
        ready
    }

    /// Whether `slot` issues in the cycle before `now`.
    fn shares(&self, slot: &Slot) -> bool {
        self.older.is_some_and(|older| {
            slot.pairs_behind(&older) && self.operands(slot, self.now - 1).0 < self.now
        })
    }

    /// What all cycles are spent on before that in which `slot` issues.
    fn before(mut self, slot: &Slot) -> Ledger {
        if self.shares(slot) {
            self.ledger.add(Cause::Issue, -1);
        } else {
            let (at, cause) = self.operands(slot, self.now);
            self.ledger.add(cause, at - self.now);
        }
        self.ledger
    }

    /// Issues `slot`; the cycle.
    fn issue(&mut self, slot: &Slot) -> u32 {
        let shared = self.shares(slot);
        let at = if shared {
            self.now - 1
        } else {
            let (at, cause) = self.operands(slot, self.now);
            self.ledger.add(cause, at - self.now);
            self.ledger.add(Cause::Issue, 1);
            self.ledger.add(further(slot), slot.cycles - 1);
            self.now = at + slot.cycles;
            at
        };
        self.older = if shared { None } else { Some(*slot) };
        self.write(slot, at, !shared);
        at
    }

    fn write(&mut self, slot: &Slot, at: u32, first: bool) {
        let results = &mut self.results;
        let done = at + slot.cycles - 1;
        let early_alu = slot.is_early(first);
        let loads = matches!(slot.unit, Unit::Load | Unit::Alone);
        for r in 0..16 {
            let bit = 1 << r;
            if slot.writeback & bit != 0 {
                // The address unit's result: to addresses in the next cycle.
                results.early[r] = done + 1;
                results.late[r] = done + 1;
                results.accumulator[r] = done + 1;
                results.cause[r] = None;
            }
            if slot.writes & bit != 0 {
                let latency = if early_alu { 0 } else { slot.latency };
                results.late[r] = done + latency;
                results.early[r] = done + latency + 1 + u32::from(slot.unit == Unit::Field);
                // Consumed a stage behind the late ALU.
                results.accumulator[r] = done
                    + if slot.unit == Unit::Multiply {
                        1
                    } else {
                        latency.saturating_sub(1)
                    };
                results.cause[r] = loads.then_some(Cause::Memory);
            }
        }
        for s in 0..32 {
            let bit = 1 << s;
            if slot.float_writes & bit != 0 {
                results.float[s] = done + slot.float_latency;
                results.float_accumulator[s] = done + slot.float_latency.min(rules::FLOAT);
            }
        }
    }
}

/// What further cycles of an instruction are spent on.
fn further(slot: &Slot) -> Cause {
    match slot.unit {
        Unit::Float | Unit::FloatMove => Cause::Float,
        Unit::Load | Unit::Store => Cause::Memory,
        Unit::Alone if slot.early != 0 => Cause::Memory,
        _ => Cause::Compute,
    }
}

impl Pipeline {
    /// The static timing of the block of `insns` that starts at `address`, entered in
    /// state `entry`.
    pub fn time_block(
        &mut self,
        address: u32,
        insns: &[Insn],
        entry: PipelineState,
    ) -> BlockTiming {
        let mut issue = self.enter(entry);
        let mut starts = Vec::with_capacity(insns.len());
        let mut skips = Vec::with_capacity(insns.len());
        let mut needs: Vec<u32> = Vec::new();
        let mut at = address;
        let mut branch = None;
        let mut flags_set = None;
        let mut saves = Vec::new();
        for (insn, index) in insns.iter().zip(0..) {
            let slot = Slot::new(insn);
            let start = issue.issue(&slot);
            starts.push(start);
            branch = predicted(at, insn, flags_set.map(|set| start - set));
            if slot.sets_flags {
                flags_set = Some(start);
            }
            // A predicate that fails saves what goes beyond the slot.
            let saved = slot.cycles.saturating_sub(1).min(127) as i8;
            skips.push(-saved);
            if saved != 0 && insn.cond != Cond::Always {
                let mut ledger = Ledger::default();
                ledger.add(further(&slot), saved);
                saves.push((index, ledger));
            }
            at = at.wrapping_add(2 * u32::from(insn.halfwords));
            let bytes = (address & 3).wrapping_add(at.wrapping_sub(address));
            needs.resize(bytes.div_ceil(4) as usize, start);
        }
        let state = self.states.number(issue.results.carried(issue.now));
        let exit = Exit {
            cycles: issue.now,
            state,
        };
        BlockTiming {
            start: starts.into(),
            skip: skips.into(),
            fetches: fetches(&needs),
            fall: exit,
            taken: exit,
            branch,
            causes: Box::new(Causes {
                fall: issue.ledger,
                taken: issue.ledger,
                skip: saves.into(),
            }),
        }
    }

    /// What the cycles until instruction number `index` of that block issues are spent on.
    pub fn causes_before(&self, insns: &[Insn], entry: PipelineState, index: usize) -> Ledger {
        let mut issue = self.enter(entry);
        for (insn, number) in insns.iter().zip(0..) {
            let slot = Slot::new(insn);
            if number == index {
                return issue.before(&slot);
            }
            issue.issue(&slot);
        }
        issue.ledger
    }

    /// Tells where `branch` went, if it was taken. The cycles lost because something else was expected.
    pub(in crate::timing) fn resolve_branch(&mut self, branch: Branch, target: Option<u32>) -> u32 {
        self.predictor.resolve(branch, target)
    }

    /// Forgets what branches did.
    pub(in crate::timing) fn forget_branches(&mut self) {
        self.predictor = Predictor::default();
    }

    fn enter(&self, entry: PipelineState) -> Issue {
        Issue {
            results: self.states.get(entry),
            ..Issue::default()
        }
    }

    /// Cycles of dividing `dividend` by `divisor` beyond what [`Self::time_block`] charged.
    #[inline]
    pub fn divide_extra(&self, signed: bool, dividend: u32, divisor: u32) -> u32 {
        m4::divide(signed, dividend, divisor)
    }

    /// Extra cycles of an access that is not aligned.
    #[inline]
    pub fn misaligned_extra(&self, _: u32, _: Size, write: bool) -> u32 {
        if write { 0 } else { rules::UNALIGNED_LOAD }
    }

    /// Cycles from recognising an exception to the first instruction of its handler.
    pub fn exception_entry(&self, tail_chained: bool, fp: bool, lazy: bool) -> u32 {
        match (tail_chained, fp && !lazy) {
            (true, _) => rules::TAIL_CHAINED,
            (false, false) => rules::ENTRY,
            (false, true) => rules::ENTRY + rules::FLOAT_FRAME,
        }
    }

    /// Cycles from an exception return to the first instruction returned to.
    pub fn exception_return(&self, fp: bool) -> u32 {
        rules::RETURN + if fp { rules::FLOAT_FRAME } else { 0 }
    }

    /// Cycles that storing the lazily stacked FP registers takes.
    pub fn lazy_stacking(&self) -> u32 {
        rules::FLOAT_FRAME
    }
}

/// What the predictor has to know of `insn` at `address`, if that may branch. Flags were set so many cycles
/// before it.
fn predicted(address: u32, insn: &Insn, flags_set: Option<u32>) -> Option<Branch> {
    if !insn.op.writes_pc() {
        return None;
    }
    let is_back = |target: u32| target <= address;
    let expected = match insn.op {
        Op::Branch { .. } | Op::Call { .. } if insn.cond == Cond::Always => true,
        Op::Branch { target }
        | Op::Call { target }
        | Op::BranchIf { target, .. }
        | Op::CompareBranch { target, .. } => is_back(target),
        _ => false,
    };
    let tests_flags = insn.cond != Cond::Always || matches!(insn.op, Op::BranchIf { .. });
    let early = tests_flags && flags_set.is_some_and(|cycles| cycles >= rules::FLAGS_EARLY);
    let penalty = if early {
        rules::MISPREDICTED_EARLY
    } else {
        rules::MISPREDICTED
    };
    Some(Branch {
        address,
        expected,
        penalty: penalty as u8,
    })
}

/// Words that the fetch queue holds ahead of what is issued.
const QUEUE: usize = 8;

/// When each word is needed, and when it could arrive: two per cycle, as far as the queue
/// has room.
fn fetches(needs: &[u32]) -> Fetches {
    let cycle = |cycle: u32| u16::try_from(cycle).unwrap_or(Fetch::NEVER - 1);
    needs
        .iter()
        .enumerate()
        .map(|(i, &need)| {
            let room = i.checked_sub(QUEUE).map_or(0, |freed| needs[freed]);
            Fetch {
                ready: cycle((i as u32 / 2).max(room).min(need)),
                need: cycle(need),
                queued: false,
            }
        })
        .collect::<Vec<_>>()
        .into()
}
