//! The fetch queue (R11).
//!
//! The core fetches 32-bit words ahead of execution into a queue of three words (TRM). It
//! stalls when an instruction is not there in full, which happens to wide instructions
//! that straddle two words: a fetch brings one word a cycle, they need a word a cycle, and
//! after a branch or a lost slot there is nothing in reserve.

use super::{rules, step::Step};
use crate::core::block::{Fetch, Fetches};

/// How many words the queue holds, the one in flight included.
const WORDS: u8 = 3;

/// Halfwords waiting to be executed, and the word on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Queue {
    halfwords: u8,
    /// Cycles until the word in flight arrives; 0: none is in flight.
    in_flight: u8,
    /// Stalls in the present run of misaligned wide single-cycle instructions.
    stalls: u8,
}

impl Queue {
    /// After a branch to `target`: its word is there, the next one on its way.
    pub(super) fn branched(target: u32, bus: Bus) -> Self {
        let halfwords = if target & 2 != 0 { 1 } else { 2 };
        Self {
            halfwords,
            in_flight: bus.latency(),
            stalls: 0,
        }
    }

    /// A multi-cycle instruction has ended the run of single-cycle ones.
    pub(super) fn end_run(&mut self) {
        self.stalls = 0;
    }
}

/// The bus that the code is fetched through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bus {
    /// ICode: a word a cycle.
    Code,
    /// System: requests are registered, so a fetch takes a second cycle and none follows
    /// back to back (documented for the Cortex-M3, DDI 0337E section 14.5.6, and taken
    /// over). Contention with data accesses on the same bus is not modelled.
    System,
}

impl Bus {
    /// Cycles from asking for a word until it is in the queue, less one.
    pub(super) fn latency(self) -> u8 {
        match self {
            Bus::Code => 1,
            Bus::System => 2,
        }
    }
}

/// A queue at work, and the record of what it fetches.
#[derive(Clone, Debug)]
pub(super) struct Fetcher {
    pub(super) queue: Queue,
    bus: Bus,
    /// The word that holds the block's first instruction.
    origin: u32,
    fetches: Vec<Fetch>,
}

impl Fetcher {
    /// A queue in front of the instruction at `address`; `branched`: a branch has just
    /// asked for what is in it.
    pub(super) fn new(queue: Queue, bus: Bus, address: u32, branched: bool) -> Self {
        let origin = address & !3;
        let reach = address - origin + 2 * u32::from(queue.halfwords);
        let arrived = reach.div_ceil(4) as usize;
        let fetch = Fetch {
            ready: 0,
            need: Fetch::NEVER,
            queued: !branched,
        };
        let mut fetches = vec![fetch; arrived];
        if queue.in_flight > 0 {
            fetches.push(Fetch {
                ready: queue.in_flight.into(),
                ..fetch
            });
        }
        Self {
            queue,
            bus,
            origin,
            fetches,
        }
    }

    /// What was fetched, in order of address.
    pub(super) fn into_fetches(self) -> Fetches {
        self.fetches.into()
    }

    /// One cycle, the one that begins `now` cycles after the block was entered.
    /// `consumed` halfwords leave the queue; `slot_lost`: something else is fetched.
    pub(super) fn tick(&mut self, consumed: u8, slot_lost: bool, now: u32) {
        let queue = &mut self.queue;
        let occupied = queue.halfwords.div_ceil(2) + u8::from(queue.in_flight > 0);
        if queue.in_flight > 0 {
            queue.in_flight -= 1;
            if queue.in_flight == 0 {
                queue.halfwords += 2;
            }
        }
        queue.halfwords -= consumed;
        if queue.in_flight == 0 && occupied < WORDS && !slot_lost {
            queue.in_flight = self.bus.latency();
            let ready = now + 1 + u32::from(queue.in_flight);
            self.ask(ready);
        }
    }

    /// Waits until `step` is there in full; the cycles that takes.
    pub(super) fn wait_for(&mut self, step: &Step, now: u32) -> u32 {
        let in_run = step.misaligned_wide() && step.cycles == 1;
        if !in_run {
            self.queue.stalls = 0;
        }
        let mut waited = 0;
        while self.queue.halfwords < step.halfwords {
            if in_run && self.queue.stalls == rules::STALL_CAP {
                self.deliver(now + waited);
            } else {
                self.tick(0, false, now + waited);
                waited += 1;
                self.queue.stalls += u8::from(in_run);
            }
        }
        self.note_need(step, now + waited);
        waited
    }

    /// Beyond the cap on stalls the missing word is simply there.
    fn deliver(&mut self, now: u32) {
        if self.queue.in_flight == 0 {
            self.ask(now);
        }
        self.queue.halfwords += 2;
        self.queue.in_flight = 0;
    }

    fn ask(&mut self, ready: u32) {
        self.fetches.push(Fetch {
            ready: narrow(ready),
            need: Fetch::NEVER,
            queued: false,
        });
    }

    fn note_need(&mut self, step: &Step, now: u32) {
        // A core that has run off the end of memory goes on at its beginning.
        let start = step.address.wrapping_sub(self.origin);
        let first = (start / 4) as usize;
        let last = ((start + 2 * u32::from(step.halfwords) - 1) / 4) as usize;
        for fetch in &mut self.fetches[first..=last] {
            fetch.need = fetch.need.min(narrow(now));
        }
    }
}

/// `cycles` within a block, of which there are far fewer than 65,535.
fn narrow(cycles: u32) -> u16 {
    cycles.min(u32::from(Fetch::NEVER) - 1) as u16
}
