//! Many runs of one candidate, made in several passes.
//!
//! The board file bounds the time of one order, so that an image which never ends is given up. How
//! many runs that time is enough for depends on the model: instead of asking for more of it, a long
//! series is ordered in parts. Each pass starts the image anew and is proved like any other.

use std::collections::BTreeMap;
use std::time::Duration;

use onchip_protocol::order::Order;

use crate::prove::Proof;
use crate::transcript::{Memory, Report};

/// Timed runs of one pass. Each pass costs a start and the runs to warm up, so some; and a slow board
/// must do them within `timeout_ms.run`, so not too many.
const PASS_RUNS: u32 = 50;

/// Between the nonces of two passes: farther than anybody counts on from a first one.
const NONCE_STEP: u64 = 1 << 40;

/// Runs that a record lists one by one.
const LISTED_MAX: usize = 1000;

/// The orders of the passes of `order`, each with the number of runs before it.
///
/// The first has the nonce of `order`, the others have nonces that are derived from it.
pub(crate) fn passes(order: Order) -> impl Iterator<Item = (u32, Order)> {
    let count = order.runs.div_ceil(PASS_RUNS).max(1);
    (0..count).map(move |pass| {
        let before = pass * PASS_RUNS;
        let this = Order {
            nonce: order.nonce.wrapping_add(u64::from(pass) * NONCE_STEP),
            runs: (order.runs - before).min(PASS_RUNS),
            ..order
        };
        (before, this)
    })
}

/// The same order for another attempt, with a nonce of its own.
pub(crate) fn again(order: Order) -> Order {
    Order {
        nonce: order.nonce.wrapping_add(NONCE_STEP / 2),
        ..order
    }
}

/// What the proved passes so far have come to. Its size does not depend on the number of runs but on
/// how many of them differ.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series {
    /// The first runs' cycles.
    pub(crate) listed: Vec<u64>,
    pub(crate) count: u32,
    /// By cycles: how many runs took so many, and the operators' cycles of the first of these.
    values: BTreeMap<u64, (u32, Vec<u64>)>,
    /// The most of each.
    pub(crate) memory: Memory,
    pub(crate) output: Vec<u8>,
    pub(crate) model_crc32: u32,
    /// The largest of all runs.
    pub(crate) clock_ppm: f64,
    /// From reset to the first result, of all passes together.
    pub(crate) run_time: Duration,
    /// From the first result to the last, of all passes together.
    pub(crate) read_time: Duration,
}

impl Series {
    /// Adds a pass that is proved.
    pub(crate) fn add(&mut self, report: Report, proof: Proof) {
        for run in report.runs {
            self.count += 1;
            if self.listed.len() < LISTED_MAX {
                self.listed.push(run.cycles);
            }
            let value = self.values.entry(run.cycles);
            value.or_insert((0, run.operators)).0 += 1;
        }
        let (most, memory) = (&mut self.memory, report.memory);
        most.arena = most.arena.max(memory.arena);
        most.stack = most.stack.max(memory.stack);
        most.statics = most.statics.max(memory.statics);
        self.output = report.output;
        self.model_crc32 = report.plan.model_crc32;
        self.clock_ppm = self.clock_ppm.max(proof.clock_ppm);
    }

    /// How many different numbers of cycles the runs took.
    pub(crate) fn distinct(&self) -> u32 {
        self.values.len() as u32
    }

    pub(crate) fn min(&self) -> u64 {
        self.values.keys().next().copied().unwrap_or(0)
    }

    pub(crate) fn max(&self) -> u64 {
        self.values.keys().next_back().copied().unwrap_or(0)
    }

    /// Cycles of the middle run, of an even number the lower of the two, and those of its operators.
    pub(crate) fn median(&self) -> (u64, &[u64]) {
        let middle = self.count.saturating_sub(1) / 2;
        let mut until = 0;
        self.values
            .iter()
            .find(|(_, (count, _))| {
                until += count;
                until > middle
            })
            .map_or((0, &[]), |(cycles, (_, operators))| (*cycles, operators))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::Run;
    use onchip_protocol::order::Drill;

    fn check(runs: u32, expected: &[(u32, u64, u32)]) {
        let order = Order {
            nonce: u64::MAX - 1,
            runs,
            warmups: 3,
            drill: Drill::Silence,
        };
        let found: Vec<_> = passes(order)
            .map(|(before, pass)| {
                assert_eq!((pass.warmups, pass.drill), (3, Drill::Silence));
                (before, pass.nonce.wrapping_sub(order.nonce), pass.runs)
            })
            .collect();
        assert_eq!(found, expected, "{runs}");
    }

    #[test]
    fn a_long_series_is_ordered_in_parts() {
        check(0, &[(0, 0, 0)]);
        check(1, &[(0, 0, 1)]);
        check(50, &[(0, 0, 50)]);
        check(51, &[(0, 0, 50), (50, 1 << 40, 1)]);
        check(149, &[(0, 0, 50), (50, 1 << 40, 50), (100, 2 << 40, 49)]);
    }

    fn pass(cycles: &[u64], memory: [u32; 3], clock_ppm: f64) -> (Report, Proof) {
        let [arena, stack, statics] = memory;
        let runs = cycles.iter().map(|&cycles| Run {
            cycles,
            operators: vec![cycles - 1],
            ..Run::default()
        });
        let report = Report {
            runs: runs.collect(),
            memory: Memory {
                arena,
                stack,
                statics,
            },
            ..Report::default()
        };
        (report, Proof { clock_ppm })
    }

    #[test]
    fn passes_are_summed_up() {
        let mut series = Series::default();
        assert_eq!((series.median(), series.min()), ((0, &[][..]), 0));
        for (report, proof) in [
            pass(&[30, 10, 20], [5, 1, 7], 0.5),
            pass(&[20, 40], [4, 2, 7], 2.0),
            pass(&[10], [1, 1, 7], 1.0),
        ] {
            series.add(report, proof);
        }
        assert_eq!(series.listed, [30, 10, 20, 20, 40, 10]);
        assert_eq!((series.count, series.distinct()), (6, 4));
        assert_eq!((series.min(), series.max()), (10, 40));
        assert_eq!(series.median(), (20, &[19][..]));
        let memory = series.memory;
        assert_eq!((memory.arena, memory.stack, memory.statics), (5, 2, 7));
        assert_eq!(series.clock_ppm, 2.0);
    }

    #[test]
    fn a_record_does_not_grow_with_the_runs() {
        let mut series = Series::default();
        for _ in 0..LISTED_MAX {
            let (report, proof) = pass(&[70, 70, 80], [0; 3], 0.0);
            series.add(report, proof);
        }
        assert_eq!(series.listed.len(), LISTED_MAX);
        assert_eq!((series.count, series.distinct()), (3000, 2));
        assert_eq!(series.median(), (70, &[69][..]));
    }
}
