//! The core's pipeline, as the executor asks about it.

use super::{
    queue::Bus,
    rules,
    step::{CODE_REGION_END, Flow, Step},
    walk::{Charge, State, Walk, slot},
};
use crate::{
    core::{
        block::{BlockTiming, Causes, Exit, PipelineState},
        insn::{Cond, Insn},
    },
    memory::Size,
    timing::{Cause, Ledger, states::States},
};

/// The timing model of the Cortex-M4's pipeline.
///
/// It only numbers the states it hands out; two models given the same blocks in the same
/// order are in the same state, and the timing of a block depends on nothing but the block
/// and its entry state.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// By number; the first stands for [`PipelineState::BRANCHED`], which also depends on
    /// the address branched to.
    states: States<State>,
    table: Table,
}

/// What another core of the same kind makes of an instruction's step.
pub(in crate::timing) type Table = fn(Step, &Insn) -> Step;

impl Default for Pipeline {
    fn default() -> Self {
        Self::with_table(|step, _| step)
    }
}

impl Pipeline {
    /// The same pipeline with another core's table of instructions.
    pub(in crate::timing) fn with_table(table: Table) -> Self {
        Self {
            states: States::apart_from_branched(),
            table,
        }
    }

    /// The static timing of the block of `insns` that starts at `address`, entered in
    /// state `entry`. Called once per block and state.
    pub fn time_block(
        &mut self,
        address: u32,
        insns: &[Insn],
        entry: PipelineState,
    ) -> BlockTiming {
        let mut walk = self.enter(address, entry);
        let mut starts = Vec::with_capacity(insns.len());
        let mut own: Vec<Ledger> = Vec::with_capacity(insns.len());
        let mut record = |charge: Charge| {
            if charge.settled_load
                && let Some(load) = own.last_mut()
            {
                load.add(Cause::Memory, 1);
            }
            starts.push(charge.start);
            own.push(charge.own);
        };

        let mut at = address;
        let table = self.table;
        let mut steps = insns.iter().map(|insn| {
            let step = table(Step::new(at, insn), insn);
            at = at.wrapping_add(2 * u32::from(insn.halfwords));
            step
        });
        let mut refetched = false;
        let mut last = steps.next();
        for next in steps {
            if let Some(step) = last.replace(next) {
                record(walk.execute(&step));
            }
        }
        let (taken_cycles, taken_ledger) = match last {
            None => (0, Ledger::default()),
            Some(step) => match step.flow {
                Flow::Next | Flow::Refetch => {
                    record(walk.execute(&step));
                    refetched = step.flow == Flow::Refetch;
                    (walk.cycles, walk.ledger)
                }
                Flow::Branch { may_fall } => {
                    let mut taken = walk.clone();
                    let charge = taken.branch(&step);
                    walk.pass(&step, may_fall);
                    // The exits tell the outcomes apart, so there is nothing to skip.
                    let own = slot();
                    record(Charge { own, ..charge });
                    (taken.cycles, taken.ledger)
                }
            },
        };

        let saved = own.iter().map(|&own| own - slot());
        let skip = saved.clone().map(|saved| skip(&saved)).collect();
        let predicated = insns.iter().zip(0..).zip(saved);
        let saved = predicated
            .filter(|((insn, _), saved)| insn.cond != Cond::Always && saved.total() != 0)
            .map(|((_, number), saved)| (number, saved));
        BlockTiming {
            start: starts.into(),
            skip,
            fall: Exit {
                cycles: walk.cycles,
                state: if refetched {
                    PipelineState::BRANCHED
                } else {
                    self.states.number(walk.state)
                },
            },
            taken: Exit {
                cycles: taken_cycles,
                state: PipelineState::BRANCHED,
            },
            branch: None,
            causes: Box::new(Causes {
                fall: walk.ledger,
                taken: taken_ledger,
                skip: saved.collect(),
            }),
            fetches: walk.into_fetches(),
        }
    }

    /// What the cycles until instruction number `index` of that block starts are spent on.
    pub fn causes_before(
        &self,
        address: u32,
        insns: &[Insn],
        entry: PipelineState,
        index: usize,
    ) -> Ledger {
        let mut walk = self.enter(address, entry);
        let mut at = address;
        for (insn, number) in insns.iter().zip(0..) {
            let step = (self.table)(Step::new(at, insn), insn);
            if number == index {
                return walk.start(&step);
            }
            walk.execute(&step);
            at = at.wrapping_add(2 * u32::from(insn.halfwords));
        }
        walk.ledger
    }

    /// Cycles of dividing `dividend` by `divisor` beyond what [`Self::time_block`] charged.
    #[inline]
    pub fn divide_extra(&self, signed: bool, dividend: u32, divisor: u32) -> u32 {
        rules::divide(signed, dividend, divisor)
    }

    /// Extra cycles of an access to `address`, which is not a multiple of `size`.
    #[inline]
    pub fn misaligned_extra(&self, address: u32, size: Size, write: bool) -> u32 {
        rules::misaligned(address, size, write)
    }

    /// Cycles from recognising an exception to the first instruction of its handler.
    /// `tail_chained`: nothing is stacked; `fp`: room for the FP registers is reserved
    /// (`lazy`: without storing them).
    ///
    /// From the TRM, for stack and vectors on different buses, both without wait states:
    /// 12, 17 more to store the FP registers, 6 when tail-chained. A late-arriving
    /// exception is not told apart, and neither is what the interrupted instruction still
    /// had to do.
    pub fn exception_entry(&self, tail_chained: bool, fp: bool, lazy: bool) -> u32 {
        match (tail_chained, fp && !lazy) {
            (true, _) => 6,
            (false, false) => 12,
            (false, true) => 12 + self.lazy_stacking(),
        }
    }

    /// Cycles from an exception return to the first instruction returned to (TRM: 10, and
    /// 17 more if FP registers are restored).
    pub fn exception_return(&self, fp: bool) -> u32 {
        if fp { 10 + self.lazy_stacking() } else { 10 }
    }

    /// Cycles that storing the lazily stacked FP registers adds to the FP instruction
    /// which triggers it: as many as the TRM adds to an exception entry for them.
    pub fn lazy_stacking(&self) -> u32 {
        17
    }

    fn enter(&self, address: u32, entry: PipelineState) -> Walk {
        let bus = if address < CODE_REGION_END {
            Bus::Code
        } else {
            Bus::System
        };
        if entry == PipelineState::BRANCHED {
            Walk::branched(bus, address)
        } else {
            Walk::new(self.states.get(entry), bus, address)
        }
    }
}

/// What a failed predicate adds, which saves an instruction these cycles (R0).
///
/// What it does to instructions behind it is not followed: the pipeline and the queue go
/// on as if it had executed.
fn skip(saved: &Ledger) -> i8 {
    -saved.total().min(127) as i8
}
