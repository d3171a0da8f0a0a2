//! A walk through straight-line code, instruction by instruction.

use super::{
    float::FloatSet,
    queue::{Bus, Fetcher, Queue},
    rules,
    step::{Flow, Step, Work},
};
use crate::{
    core::insn::RegSet,
    timing::{Cause, Ledger},
};

/// What the core carries from one instruction to the next. All times are relative to the
/// moment between the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct State {
    queue: Queue,
    store: StoreBuffer,
    /// Registers written by the last instruction, if that was data processing (R5).
    computed: RegSet,
    /// … by the one before, and not since (R5b).
    computed_before: RegSet,
    /// The load just executed, whose second cycle is still owed.
    load: Option<Load>,
    /// FP registers whose result the next instruction gets one cycle late.
    late_results: FloatSet,
    /// Cycles until the result of an FP division can be used; the FPU is free one earlier.
    dividing: u8,
    /// Where that result goes.
    quotient: FloatSet,
}

/// The one-entry store buffer (R8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct StoreBuffer {
    /// Cycles until the data bus is free.
    bus: u8,
    /// Cycles until the entry is free.
    entry: u8,
}

/// A load that the next instruction may pipeline with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Load {
    loaded: RegSet,
    writeback: RegSet,
    /// It used the base that a load just before it wrote back (R6).
    chained: bool,
}

/// What an instruction cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Charge {
    /// When it started to execute, in cycles from the start of the walk.
    pub(super) start: u32,
    /// What it would not have cost had its predicate failed, and the one cycle that it would:
    /// all but waiting to be fetched. A load's second cycle is not in it.
    pub(super) own: Ledger,
    /// Whether it made the load before it take its second cycle.
    pub(super) settled_load: bool,
}

/// The walk.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    /// What the next instruction will find.
    pub(super) state: State,
    /// Cycles so far.
    pub(super) cycles: u32,
    /// What they were spent on.
    pub(super) ledger: Ledger,
    fetcher: Fetcher,
}

impl Walk {
    /// A walk that falls into the code at `address` in `state`.
    pub(super) fn new(state: State, bus: Bus, address: u32) -> Self {
        let fetcher = Fetcher::new(state.queue, bus, address, false);
        Self {
            state,
            cycles: 0,
            ledger: Ledger::default(),
            fetcher,
        }
    }

    /// A walk that starts with a branch to `address`, with nothing carried over. (That the
    /// store buffer starts empty is how the rules were fitted; a carry-over is untested.)
    pub(super) fn branched(bus: Bus, address: u32) -> Self {
        let state = State {
            queue: Queue::branched(address, bus),
            ..State::default()
        };
        let fetcher = Fetcher::new(state.queue, bus, address, true);
        let mut walk = Self {
            state,
            cycles: 0,
            ledger: Ledger::default(),
            fetcher,
        };
        let latency = u32::from(bus.latency() - Bus::Code.latency());
        walk.spend(Cause::Fetch, latency);
        walk
    }

    /// The record of the words fetched.
    pub(super) fn into_fetches(self) -> crate::core::block::Fetches {
        self.fetcher.into_fetches()
    }

    /// What all cycles are spent on until `step` starts to execute.
    pub(super) fn start(mut self, step: &Step) -> Ledger {
        let (chained, _) = self.fetch(step);
        self.wait_for_hazards(step, chained);
        self.ledger.add(Cause::StoreBuffer, self.bus_wait(step));
        self.ledger
    }

    /// Executes `step`, which does not branch.
    pub(super) fn execute(&mut self, step: &Step) -> Charge {
        let (chained, settled_load) = self.fetch(step);
        let arrived = self.ledger;
        self.wait_for_hazards(step, chained);
        // It leaves the queue first and waits for the bus then: so the rules were fitted.
        let wait = self.bus_wait(step);
        let start = self.cycles + u32::from(wait);
        for cycle in 0..wait + step.cycles {
            if cycle == wait {
                self.occupy_bus(step);
            }
            self.tick(if cycle == 0 { step.halfwords } else { 0 }, false);
        }
        self.note_execution(step, wait);
        if matches!(step.work, Work::StoreMany) {
            self.state.store.bus = 1;
        }
        if step.literal {
            self.spend(Cause::Memory, rules::LITERAL_CONTENTION);
        }
        if step.flow == Flow::Refetch {
            self.spend(Cause::Branch, step.refill.into());
        }
        self.remember(step, chained);
        Charge {
            start,
            own: self.ledger - arrived,
            settled_load,
        }
    }

    /// Executes `step`, which branches, up to the first instruction at the target.
    pub(super) fn branch(&mut self, step: &Step) -> Charge {
        let (chained, settled_load) = self.fetch(step);
        let arrived = self.ledger;
        self.wait_for_hazards(step, chained);
        let wait = self.bus_wait(step);
        let start = self.cycles + u32::from(wait);
        self.cycles = start + u32::from(step.cycles);
        self.note_execution(step, wait);
        self.spend(Cause::Branch, step.refill.into());
        if step.literal {
            self.spend(Cause::Memory, rules::LITERAL_CONTENTION);
        }
        Charge {
            start,
            own: self.ledger - arrived,
            settled_load,
        }
    }

    /// Passes `step`: a conditional branch that is not taken (R10: `slot_lost`), or an
    /// instruction whose predicate fails (R0).
    pub(super) fn pass(&mut self, step: &Step, slot_lost: bool) -> Charge {
        let (_, settled_load) = self.fetch(step);
        let start = self.cycles;
        self.tick(step.halfwords, slot_lost);
        self.ledger.add(Cause::Issue, 1);
        self.state.computed_before = self.state.computed;
        self.state.computed = 0;
        self.state.late_results = 0;
        Charge {
            start,
            own: slot(),
            settled_load,
        }
    }

    /// Lets the load before take its second cycle unless `step` pipelines with it, then
    /// waits for `step` to be there. Whether `step` uses a base just written back, and
    /// whether the load took its cycle.
    fn fetch(&mut self, step: &Step) -> (Option<Chain>, bool) {
        let mut chain = None;
        let mut settled = false;
        if let Some(load) = self.state.load.take() {
            let base = if step.accesses_memory() { step.base } else { 0 };
            if base & load.writeback != 0 {
                chain = Some(if load.chained {
                    Chain::Next
                } else {
                    Chain::First
                });
            }
            let needs_loaded = base & load.loaded != 0;
            if step.work != Work::Load || !step.pipelines || needs_loaded || chain.is_some() {
                self.hold(Cause::Memory, rules::LOAD - 1);
                self.fetcher.queue.end_run();
                settled = true;
            }
            if needs_loaded {
                // Not ticked, as all waits of hazards: that is how they were fitted.
                self.spend(Cause::Hazard, rules::LOADED_ADDRESS_WAIT);
            }
        }
        let waited = self.fetcher.wait_for(step, self.cycles);
        self.ledger.add(Cause::Fetch, waited);
        self.pass_time(waited);
        (chain, settled)
    }

    fn wait_for_hazards(&mut self, step: &Step, chain: Option<Chain>) {
        let computed = self.state.computed | self.state.computed_before;
        if step.accesses_memory() && step.base & computed != 0 {
            self.spend(Cause::Hazard, rules::ADDRESS_WAIT);
        }
        let wait = match chain {
            Some(Chain::First) => rules::WRITEBACK_WAIT_FIRST,
            Some(Chain::Next) => rules::WRITEBACK_WAIT,
            None => 0,
        };
        self.spend(Cause::Hazard, wait);
        if step.float.uses {
            let needs_quotient = step.float.reads & self.state.quotient != 0;
            let busy = self
                .state
                .dividing
                .saturating_sub(u8::from(!needs_quotient));
            self.hold(Cause::Float, busy);
        }
        if step.float.reads & self.state.late_results != 0 {
            self.spend(Cause::Float, rules::FLOAT_RESULT_WAIT);
        }
    }

    /// Cycles that `step` waits for the data bus or the store buffer (R8).
    fn bus_wait(&self, step: &Step) -> u8 {
        let store = self.state.store;
        match step.work {
            Work::Store if store.bus > 0 => store.entry,
            Work::Store | Work::Compute | Work::Other => 0,
            Work::Load | Work::LoadMany | Work::StoreMany | Work::Barrier => store.bus,
        }
    }

    /// A store that executes now puts its data on the bus when that is free.
    fn occupy_bus(&mut self, step: &Step) {
        if step.work == Work::Store {
            let store = &mut self.state.store;
            if store.bus > 0 {
                store.entry = store.bus + 1;
                store.bus += rules::STORE_BUS;
            } else {
                store.bus = rules::STORE_BUS;
            }
        }
    }

    fn remember(&mut self, step: &Step, chain: Option<Chain>) {
        let state = &mut self.state;
        state.computed_before = state.computed & !step.writes;
        state.computed = if step.work == Work::Compute {
            step.writes
        } else {
            0
        };
        state.load = (step.work == Work::Load).then_some(Load {
            loaded: step.writes & !step.writeback,
            writeback: step.writeback,
            chained: chain.is_some(),
        });
        state.late_results = step.float.late_result;
        if step.float.divides {
            state.dividing = rules::FLOAT_DIVIDE;
            state.quotient = std::mem::take(&mut state.late_results);
        }
    }

    /// Lets `cycles` pass in which nothing else goes on.
    fn spend(&mut self, cause: Cause, cycles: u32) {
        self.cycles += cycles;
        self.ledger.add(cause, cycles);
    }

    /// Notes the cycles of `step` itself, and those it has waited for the bus.
    fn note_execution(&mut self, step: &Step, wait: u8) {
        let further = if step.accesses_memory() {
            Cause::Memory
        } else if step.float.uses {
            Cause::Float
        } else {
            Cause::Compute
        };
        self.ledger.add(Cause::StoreBuffer, wait);
        self.ledger.add(Cause::Issue, 1);
        self.ledger.add(further, step.cycles.saturating_sub(1));
    }

    /// The pipeline holds for `cycles`; the fetch queue goes on filling.
    fn hold(&mut self, cause: Cause, cycles: u8) {
        self.ledger.add(cause, cycles);
        for _ in 0..cycles {
            self.tick(0, false);
        }
    }

    fn tick(&mut self, consumed: u8, slot_lost: bool) {
        self.fetcher.tick(consumed, slot_lost, self.cycles);
        self.pass_time(1);
    }

    fn pass_time(&mut self, cycles: u32) {
        self.cycles += cycles;
        let cycles = cycles.min(u8::MAX.into()) as u8;
        let state = &mut self.state;
        state.store.bus = state.store.bus.saturating_sub(cycles);
        state.store.entry = state.store.entry.saturating_sub(cycles);
        state.dividing = state.dividing.saturating_sub(cycles);
        if state.dividing == 0 {
            state.quotient = 0;
        }
        state.queue = self.fetcher.queue;
    }
}

/// What passing an instruction costs.
pub(super) fn slot() -> Ledger {
    let mut ledger = Ledger::default();
    ledger.add(Cause::Issue, 1);
    ledger
}

/// The place of a load or store in a chain of uses of a base that the load before wrote
/// back (R6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chain {
    First,
    Next,
}
