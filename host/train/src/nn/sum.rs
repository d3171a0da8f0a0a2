//! Sums of values; of one value, a copy that an activation of its own can be done to.

use std::ops::Range;

use pulp::Arch;

use crate::simd::vectorized;

use super::float::Float;
use super::flow::{Given, Input, Scratch, Sink};

/// Pixels of a strip.
const STRIP: usize = 128;

/// The sum of all inputs.
pub(super) fn forward<T: Float>(
    arch: Arch,
    inputs: &[Input<'_, T>],
    out: &mut [T],
    scratch: &mut Scratch<T>,
) {
    for range in strips(out.len(), inputs[0].finish.channels()) {
        let out = &mut out[range.clone()];
        for (index, input) in inputs.iter().enumerate() {
            let read = input.strip(arch, range.clone(), &mut scratch.read);
            if index == 0 {
                out.copy_from_slice(read);
            } else {
                add(arch, read, out);
            }
        }
    }
}

/// Every input has the gradient of the sum.
pub(super) fn backward<T: Float>(arch: Arch, given: Given<'_, T>, mut sink: Sink<'_, T>) {
    for range in strips(given.gradient.len(), sink.finish.channels()) {
        let given = &given.gradient[range.clone()];
        if sink.is_first {
            sink.gradient[range.clone()].copy_from_slice(given);
        } else {
            add(arch, given, &mut sink.gradient[range.clone()]);
        }
        sink.close(arch, range);
    }
}

/// Strips of whole pixels.
fn strips(len: usize, channels: usize) -> impl Iterator<Item = Range<usize>> {
    let strip = STRIP * channels;
    (0..len)
        .step_by(strip)
        .map(move |first| first..len.min(first + strip))
}

fn add<T: Float>(arch: Arch, part: &[T], sum: &mut [T]) {
    vectorized(
        arch,
        #[inline(always)]
        || {
            let pairs = sum.iter_mut().zip(part);
            pairs.for_each(|(sum, part)| *sum += *part);
        },
    );
}
