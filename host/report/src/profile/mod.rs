//! Where the time of an inference goes, operator by operator: a trace and a chart.
//!
//! The trace is in the Trace Event Format of Chrome ("JSON Object Format" with complete events),
//! which chrome://tracing, Perfetto and speedscope open. The chart is a PNG file.

mod chart;
mod trace;

use std::path::{Path, PathBuf};

use crate::file::{Error, replace};

/// An inference that was measured, with its operators.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The model, for instance the name of its file.
    pub model: String,
    /// Where it ran, for instance `nucleo-l4r5zi, cortex-m4f, 120 MHz, emulated`.
    pub measured_on: String,
    /// The core clock, which is what cycles are counted of.
    pub clock_hz: u32,
    /// Core cycles of the whole inference.
    pub cycles: u64,
    /// The operators, in order of execution.
    pub operators: Vec<Operator>,
}

/// An operator's share in an inference.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator {
    /// Its name, such as `CONV_2D`.
    pub name: String,
    /// Core cycles.
    pub cycles: u64,
    /// Multiply-accumulates.
    pub macs: u64,
    /// Bytes of the constants that it reads: weights, biases, shapes.
    pub weight_bytes: u64,
    /// Bytes of the other tensors that it reads.
    pub input_bytes: u64,
    /// Bytes of the tensors that it writes.
    pub output_bytes: u64,
    /// What was executed; known where the chip is an emulated one.
    pub executed: Option<Executed>,
}

/// What was executed, and why it took its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// Instructions.
    pub instructions: u64,
    /// Cycles by what they were spent on, which add up to the operator's; negative if they were
    /// charged before and not spent.
    pub causes: Vec<(&'static str, i64)>,
}

impl Operator {
    /// Cycles per multiply-accumulate, if there are any.
    pub fn cycles_per_mac(&self) -> Option<f64> {
        (self.macs > 0).then(|| self.cycles as f64 / self.macs as f64)
    }
}

/// What cycles of these profiles were spent on, the most first.
pub fn causes(profiles: &[Profile]) -> Vec<(&'static str, i64)> {
    let mut sums: Vec<(&'static str, i64)> = Vec::new();
    let operators = profiles.iter().flat_map(|profile| &profile.operators);
    let executed = operators.filter_map(|operator| operator.executed.as_ref());
    for &(cause, cycles) in executed.flat_map(|executed| &executed.causes) {
        match sums.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, sum)) => *sum += cycles,
            None => sums.push((cause, cycles)),
        }
    }
    // A stable sort: equal ones stay in the order in which they came.
    sums.sort_by_key(|&(_, cycles)| std::cmp::Reverse(cycles));
    sums
}

/// Writes the trace and the chart of these profiles. Returns their paths.
///
/// # Errors
/// A file cannot be written, or the chart cannot be drawn.
pub fn write(profiles: &[Profile], trace: &Path, chart: &Path) -> Result<Vec<PathBuf>, Error> {
    let picture = chart::png(profiles)?;
    Ok(vec![
        replace(trace, &trace::json(profiles))?,
        replace(chart, &picture)?,
    ])
}
