//! The profiling counters of Armv7-M (DDI 0403E, C1.8.4): five bytes in the DWT unit.
//!
//! With the cycle counter they tell how many instructions were executed, which is CYCCNT - CPICNT -
//! EXCCNT - SLEEPCNT - LSUCNT + FOLDCNT. What each counts in detail the manual leaves to the
//! implementation. Here it is what the timing model says: the first cycle of each instruction is
//! in none of them, [`Cause::counter`] tells which has the others, and FOLDCNT has the instructions
//! without a first cycle of their own (on a Cortex-M7 the second of two that issue together; the
//! Cortex-M4's model folds none). SVC and exception returns are instructions with one cycle; what
//! goes beyond it counts in EXCCNT. Lockup, and being held in reset, counts as sleep.
//!
//! While one of them counts, blocks are executed instruction by instruction, noting what their
//! cycles are spent on; nothing is noted else. An access in the middle of a block sees the counts
//! at which its instruction starts.
//!
//! [`Cause::counter`]: crate::timing::Cause::counter

use super::{
    access::Place,
    ppb::{DEMCR, DWT},
    system::System,
};
use crate::timing::Ledger;

/// What there is to count since power-on, in the counters' order. Only differences mean anything,
/// and only those over a time in which cycles were tracked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals([i64; 5]);

/// FOLDCNT, behind those that count cycles.
const FOLDED: usize = 4;

impl Totals {
    /// Of `instructions` whose cycles are in `ledger`.
    fn new(ledger: &Ledger, instructions: u64) -> Self {
        let mut totals = [0; 5];
        totals[FOLDED] = instructions as i64;
        for (cause, cycles) in ledger.iter() {
            match cause.counter() {
                Some(counter) => totals[counter as usize] += cycles,
                None => totals[FOLDED] -= cycles,
            }
        }
        Self(totals)
    }
}

/// The counters.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    /// At `since`.
    counts: [u8; 5],
    since: Totals,
    /// Which of them count, bit by bit.
    running: u32,
}

impl Counters {
    /// Whether any counts.
    pub(super) fn any_running(&self) -> bool {
        self.running != 0
    }

    /// Counter number `index`.
    pub(super) fn count(&self, index: usize, now: Totals) -> u8 {
        let counted = if self.running >> index & 1 != 0 {
            now.0[index] - self.since.0[index]
        } else {
            0
        };
        // They wrap.
        self.counts[index].wrapping_add(counted as u8)
    }

    /// From `now` on, those of `running` count.
    pub(super) fn run(&mut self, running: u32, now: Totals) {
        for index in 0..self.counts.len() {
            self.counts[index] = self.count(index, now);
        }
        self.since = now;
        self.running = running;
    }

    /// Makes counter number `index` go on from `count`.
    pub(super) fn set(&mut self, index: usize, count: u8, now: Totals) {
        self.run(self.running, now);
        self.counts[index] = count;
    }
}

impl System {
    /// Whether what cycles are spent on is noted while blocks execute.
    pub(crate) fn is_tracked(&self) -> bool {
        self.watch.tracks || self.dwt.counts_events()
    }

    /// Whether a write to `address` may start the counters, in a block that is not tracked.
    pub(super) fn may_start_counting(&self, address: u32) -> bool {
        !self.tracking && self.dwt.has_counters() && matches!(address, DWT | DEMCR)
    }

    /// Notes what there was to count up to an access to `address`, by the instruction at `place` or
    /// by the debugger.
    pub(crate) fn note_totals(&mut self, place: Option<Place<'_>>, address: u32) {
        if !matches!(address & !0xfff, DWT) && address & !3 != DEMCR {
            return;
        }
        let (mut ledger, mut instructions) = (self.watch.ledger, self.instructions);
        if let Some(place) = place {
            ledger += &self.causes_before(place);
            instructions += place.index as u64;
        }
        self.totals = Totals::new(&ledger, instructions);
    }
}
