//! Reading the clocks around a run and around each of its operators.

use core::hint::black_box;
use core::sync::atomic::{Ordering, compiler_fence};

use cortex_m::peripheral::DWT;
use onchip_engine::Observer;

use crate::board;

/// Most operators of a network that can be timed one by one.
pub(crate) const MAX_OPERATORS: usize = 512;

/// Starts the core's cycle counter.
pub(crate) fn start() {
    // SAFETY: nothing else uses these peripherals.
    let mut core = unsafe { cortex_m::Peripherals::steal() };
    core.DCB.enable_trace();
    core.DWT.enable_cycle_counter();
}

/// Times operators: one read of the cycle counter before and one after each.
pub(crate) struct Stopwatch<'a> {
    began: u32,
    cycles: &'a mut [u32],
}

impl<'a> Stopwatch<'a> {
    /// Writes the cycles of operator `i` to `cycles[i]`.
    pub(crate) fn new(cycles: &'a mut [u32]) -> Self {
        Self { began: 0, cycles }
    }
}

impl Observer for Stopwatch<'_> {
    #[inline(always)]
    fn begin(&mut self, _: usize) {
        self.began = DWT::cycle_count();
    }

    #[inline(always)]
    fn end(&mut self, operator: usize) {
        let now = DWT::cycle_count();
        if let Some(cycles) = self.cycles.get_mut(operator) {
            *cycles = now.wrapping_sub(self.began);
        }
    }
}

/// What the chip's two clocks counted, modulo 2³².
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
    let cycles = DWT::cycle_count();
    compiler_fence(Ordering::SeqCst);
    let result = black_box(work());
    compiler_fence(Ordering::SeqCst);
    let ticks = board::ticks().wrapping_sub(ticks);
    let cycles = DWT::cycle_count().wrapping_sub(cycles);
    (result, Elapsed { cycles, ticks })
}

impl Elapsed {
    /// Cycles and ticks without the wrap-around at 2³² (36 s at 120 MHz): their low words
    /// are as counted, their high words follow from the operators' sum, of which none
    /// runs that long.
    pub(crate) fn unwrapped(self, operators: &[u32]) -> (u64, u64) {
        let sum = operators.iter().map(|&cycles| u64::from(cycles)).sum();
        let cycles = nearest(sum, self.cycles);
        let ticks = cycles * u64::from(board::TICK_HZ) / u64::from(board::CLOCK_HZ);
        (cycles, nearest(ticks, self.ticks))
    }
}

/// The number nearest to `estimate` that has `low` as its low word.
fn nearest(estimate: u64, low: u32) -> u64 {
    let ahead = low.wrapping_sub(estimate as u32).cast_signed();
    estimate.saturating_add_signed(i64::from(ahead))
}
