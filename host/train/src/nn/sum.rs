//! Sums of values; of one value, a copy that an activation of its own can be done to.

use std::ops::Range;

use pulp::Arch;

use super::float::Float;
use super::flow::{Given, Input, Scratch, Sink, add};

/// Pixels of a strip.
const STRIP: usize = 128;

/// The sum of all inputs.
///
/// `channels` are those of the sum. An input that was flattened has fewer, but they divide these.
pub(super) fn forward<T: Float>(
    arch: Arch,
    inputs: &[Input<'_, T>],
    channels: usize,
    out: &mut [T],
    scratch: &mut Scratch<T>,
) {
    for range in strips(out.len(), channels) {
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
pub(super) fn backward<T: Float>(arch: Arch, mut given: Given<'_, T>, mut sink: Sink<'_, T>) {
    for range in strips(given.gradient.len(), sink.finish.channels()) {
        let gradient = given.gradient;
        sink.take(arch, &mut given, range.clone(), &gradient[range]);
    }
}

/// Strips of whole pixels.
fn strips(len: usize, channels: usize) -> impl Iterator<Item = Range<usize>> {
    let strip = STRIP * channels;
    (0..len)
        .step_by(strip)
        .map(move |first| first..len.min(first + strip))
}

#[cfg(test)]
mod tests {
    use onchip_tflite::topology::{Layer, Topology};

    use crate::nn::{FloatNetwork, Parameters};

    /// Adds an image as a vector to what a normalized layer makes of it.
    fn network() -> FloatNetwork {
        let mut topology = Topology::new([7, 4, 1]);
        let vector = topology.then(Layer::Flatten).unwrap();
        topology.then(Layer::Dense { units: 28 }).unwrap();
        let made = topology.then(Layer::BatchNorm).unwrap();
        topology.push(Layer::Add, &[vector, made]).unwrap();
        let mut network = FloatNetwork::init(topology, 1);
        if let Some(Parameters::Norm { gamma, .. }) = network.parameters.get_mut(2) {
            (1..).zip(gamma).for_each(|(i, gamma)| *gamma = i as f32);
        }
        network
    }

    #[test]
    fn examples_do_not_see_each_other() {
        let network = network();
        let count = 24;
        let values: Vec<_> = (0..count * 28).map(|i| (i * 37 % 101) as f32).collect();
        let together = network.forward(&values, count);
        let apart = values.chunks(28).map(|example| network.forward(example, 1));
        for (a, b) in together.iter().zip(apart.flatten()) {
            assert!((a - b).abs() <= 1e-4 * b.abs().max(1.0), "{a} {b}");
        }
    }
}
