//! Ranges of values, taken from examples.

use onchip_tflite::ir::ValueId;

use super::error::{Maker, QuantizeError};
use super::fold::Folded;
use super::plan::{Plan, Slot, place};
use super::range::Range;
use super::scheme::{Calibration, Scheme};
use crate::data::Split;
use crate::nn::FloatNetwork;

/// Number of equal parts of a range in which its values are counted.
const BINS: usize = 2048;

/// Examples that are run together.
const BATCH: usize = 32;

/// The range of each slot that has a quantization of its own.
///
/// Input and output keep their whole range whatever the
/// scheme: nothing of an example is cut off, and of two great outputs the greater one wins.
pub(super) fn calibrate(
    folded: &Folded,
    plan: &Plan,
    split: &Split,
    scheme: &Scheme,
) -> Result<Vec<Range>, QuantizeError> {
    let examples = Examples::spread(split, scheme.samples.get() as usize);
    if examples.indices.is_empty() {
        return Err(QuantizeError::NoExamples);
    }
    let network = &folded.network;
    let owners = owners(network.topology.nodes().len() + 1, plan);
    let mut ranges = vec![Range::default(); plan.steps.len() + 1];
    examples.run(network, |value, numbers| {
        if let Some(slot) = owners[place(value)] {
            ranges[slot.index()] = ranges[slot.index()].union(Range::of(numbers));
        }
    })?;
    check(folded, plan, &ranges)?;
    let Calibration::Percentile(percentile) = scheme.calibration else {
        return Ok(ranges);
    };

    let output = plan.root(plan.slot(network.topology.output()));
    let mut counts = vec![vec![0_u64; BINS]; ranges.len()];
    examples.run(network, |value, numbers| {
        if let Some(slot) = owners[place(value)] {
            count(numbers, ranges[slot.index()], &mut counts[slot.index()]);
        }
    })?;
    for (slot, (range, counts)) in ranges.iter_mut().zip(&counts).enumerate() {
        if slot != Slot::INPUT.index() && slot != output.index() {
            *range = cut(*range, counts, percentile);
        }
    }
    Ok(ranges)
}

/// For each of `count` values, the slot whose range it is a part of.
fn owners(count: usize, plan: &Plan) -> Vec<Option<Slot>> {
    let mut owners = vec![None; count];
    let made = (0..plan.steps.len()).map(Slot::of_step);
    for slot in std::iter::once(Slot::INPUT).chain(made) {
        if plan.root(slot) == slot {
            for value in plan.ranged(slot) {
                owners[place(value)] = Some(slot);
            }
        }
    }
    owners
}

fn check(folded: &Folded, plan: &Plan, ranges: &[Range]) -> Result<(), QuantizeError> {
    let makers = plan.steps.iter().map(|step| {
        let node = &folded.network.topology.nodes()[step.node];
        Maker::Layer(folded.origins[step.node], node.layer)
    });
    let makers = std::iter::once(Maker::Input).chain(makers);
    for (range, place) in ranges.iter().zip(makers) {
        if !range.is_sound() {
            let (low, high) = (range.low(), range.high());
            return Err(QuantizeError::Range { place, low, high });
        }
    }
    Ok(())
}

/// Some examples of a split.
struct Examples<'a> {
    split: &'a Split,
    indices: Vec<usize>,
}

impl<'a> Examples<'a> {
    /// At most `most` examples, evenly spread: splits may be sorted by class.
    fn spread(split: &'a Split, most: usize) -> Self {
        let count = split.len().min(most);
        let indices = (0..count).map(|i| i * split.len() / count).collect();
        Self { split, indices }
    }

    /// Shows `see` every value of every example, the input's among them.
    fn run(
        &self,
        network: &FloatNetwork,
        mut see: impl FnMut(ValueId, &[f32]),
    ) -> Result<(), QuantizeError> {
        let each = network.topology.input().iter().product();
        let mut batch = vec![0.0; BATCH * each];
        for indices in self.indices.chunks(BATCH) {
            let batch = &mut batch[..indices.len() * each];
            for (&index, values) in indices.iter().zip(batch.chunks_exact_mut(each)) {
                self.split.read(index, values)?;
            }
            network.forward_with(batch, indices.len(), &mut see);
        }
        Ok(())
    }
}

/// Counts numbers by the part of `range` that they lie in.
fn count(numbers: &[f32], range: Range, counts: &mut [u64]) {
    let width = (range.high() - range.low()) / BINS as f32;
    for &number in numbers {
        let bin = (number - range.low()) / width;
        // What is not above 0, as everything in an empty range, is in the first.
        counts[(bin as usize).min(BINS - 1)] += 1;
    }
}

/// The range without the rarest numbers at each end, of which there are as many as `percentile`
/// leaves.
fn cut(range: Range, counts: &[u64], percentile: f64) -> Range {
    let rare = counts.iter().sum::<u64>() as f64 * (1.0 - percentile / 100.0);
    let width = (range.high() - range.low()) / BINS as f32;
    // How many parts hold no more than those together.
    let parts = |counts: &mut dyn Iterator<Item = &u64>| {
        let mut sum = 0;
        let fits = |&count: &u64| {
            sum += count;
            sum as f64 <= rare
        };
        counts.map(fits).take_while(|&fits| fits).count() as f32
    };
    Range::new(
        range.low() + width * parts(&mut counts.iter()),
        range.high() - width * parts(&mut counts.iter().rev()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(numbers: &[f32], percentile: f64, low: f32, high: f32) {
        let range = Range::of(numbers);
        let mut counts = vec![0; BINS];
        count(numbers, range, &mut counts);
        let cut = cut(range, &counts, percentile);
        let width = (range.high() - range.low()) / BINS as f32;
        let is_close = (cut.low() - low).abs() <= width && (cut.high() - high).abs() <= width;
        assert!(is_close, "{cut:?} instead of {low} to {high}");
        assert!(
            numbers.iter().filter(|&&x| x < cut.low()).count() as f64 <= rest(numbers, percentile)
        );
    }

    fn rest(numbers: &[f32], percentile: f64) -> f64 {
        numbers.len() as f64 * (1.0 - percentile / 100.0)
    }

    #[test]
    fn rare_numbers_are_cut_off() {
        let mut numbers: Vec<f32> = (0..=1000).map(|i| i as f32 / 1000.0).collect();
        check(&numbers, 100.0, 0.0, 1.0);
        check(&numbers, 90.0, 0.0, 0.9);
        numbers.push(100.0);
        check(&numbers, 100.0, 0.0, 100.0);
        check(&numbers, 99.9, 0.0, 1.0);
        numbers.push(-7.0);
        check(&numbers, 99.9, 0.0, 1.0);
        check(&[0.0; 10], 99.0, 0.0, 0.0);
    }
}
