//! Reading the clocks around a run.

use core::hint::black_box;
use core::sync::atomic::{Ordering, compiler_fence};

use crate::board;

/// Most operators of a network that can be timed one by one.
pub(crate) const MAX_OPERATORS: usize = 512;

/// What the chip's two clocks counted, as far as they have bits.
#[derive(Clone, Copy)]
pub(crate) struct Elapsed {
    pub(crate) cycles: u32,
    pub(crate) ticks: u32,
}

/// Times `work` on both clocks, read in the same order before and after, so that what a
/// reading takes cancels out between them.
#[inline(always)]
pub(crate) fn time<T>(work: impl FnOnce() -> T) -> (T, Elapsed) {
    let ticks = board::ticks();
    let cycles = board::cycles();
    compiler_fence(Ordering::SeqCst);
    let result = black_box(work());
    compiler_fence(Ordering::SeqCst);
    let ticks = board::ticks().wrapping_sub(ticks);
    let cycles = board::cycles().wrapping_sub(cycles);
    (result, Elapsed { cycles, ticks })
}

impl Elapsed {
    /// Cycles and ticks without the wrap-around (of 32 bits after 36 s at 120 MHz): their low
    /// bits are as counted, their high bits follow from the operators' sum, of which none
    /// runs that long.
    pub(crate) fn unwrapped(self, operators: &[u32]) -> (u64, u64) {
        let sum = operators.iter().map(|&cycles| u64::from(cycles)).sum();
        let cycles = nearest(sum, self.cycles, 32);
        // Clocks of one rate, as on most boards, need no division.
        let ticks = if board::TICK_HZ == board::CLOCK_HZ {
            cycles
        } else {
            cycles * u64::from(board::TICK_HZ) / u64::from(board::CLOCK_HZ)
        };
        (cycles, nearest(ticks, self.ticks, board::TICK_BITS))
    }
}

/// The number nearest to `estimate` that has `low` as its low `bits`.
fn nearest(estimate: u64, low: u32, bits: u32) -> u64 {
    let unused = 32 - bits;
    let ahead = (low.wrapping_sub(estimate as u32) << unused).cast_signed() >> unused;
    estimate.saturating_add_signed(i64::from(ahead))
}
