//! Networks with random weights, to measure what does not depend on them.

use onchip_tflite::ir::{Activation, Network};
use onchip_tflite::topology::Topology;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::error::QuantizeError;
use super::fold;
use super::lower::{self, Kernel};
use super::plan::{Kind, Plan, Step};
use super::range::Range;
use crate::nn::fan_in;

/// How many standard deviations a range is wide at either side.
const DEVIATIONS: f32 = 4.0;

/// The int8 network of a topology, with random weights and plausible ranges.
///
/// It has the operators, shapes and sizes of the trained network, and so its latency, RAM and flash.
/// The same seed gives the same network.
///
/// # Errors
/// The topology has no int8 network, see [`QuantizeError`].
pub fn untrained(topology: &Topology, seed: u64) -> Result<Network, QuantizeError> {
    let topology = fold::topology(topology)?;
    let plan = Plan::new(&topology);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let kernels: Vec<_> = (0..topology.nodes().len())
        .map(|node| random(&topology, node, &mut rng))
        .collect();
    let kernel = |node: usize| Kernel {
        weights: &kernels[node].0,
        bias: &kernels[node].1,
    };
    let lowered = lower::lower(&topology, &plan, kernel, &ranges(&plan))?;
    Ok(lowered.network)
}

/// Weights that keep the mean square of what they multiply (He et al.: Delving Deep into
/// Rectifiers, 2015), and small biases.
fn random(topology: &Topology, node: usize, rng: &mut ChaCha8Rng) -> (Vec<f32>, Vec<f32>) {
    let node = &topology.nodes()[node];
    let [.., outputs] = node.shape;
    let Some(each) = fan_in(topology, node) else {
        return (Vec::new(), Vec::new());
    };
    let most = (6.0 / each as f32).sqrt();
    let mut numbers = |count: usize, most: f32| {
        let numbers = (0..count).map(|_| most * (2.0 * rng.random::<f32>() - 1.0));
        numbers.collect::<Vec<_>>()
    };
    (numbers(outputs * each, most), numbers(outputs, 0.1))
}

/// Ranges for an input from 0 to 1 and weights as [`random`] makes them: it doubles the mean square
/// of what it reads, and rectifying halves it.
fn ranges(plan: &Plan) -> Vec<Range> {
    let mut squares = vec![1.0 / 3.0_f32];
    let mut ranges = vec![Range::new(0.0, 1.0)];
    for Step {
        kind,
        inputs,
        activation,
        ..
    } in &plan.steps
    {
        let read = |input: usize| squares[inputs[input].index()];
        let made = match kind {
            Kind::Conv { .. } | Kind::Depthwise { .. } | Kind::Dense { .. } => 2.0 * read(0),
            Kind::Add => read(0) + read(1),
            Kind::MaxPool(_) | Kind::AveragePool(_) => read(0),
        };
        let far = DEVIATIONS * made.sqrt();
        let (square, range) = match activation {
            Activation::None => (made, Range::new(-far, far)),
            Activation::Relu => (made / 2.0, Range::new(0.0, far)),
            Activation::Relu6 => (made / 2.0, Range::new(0.0, far.min(6.0))),
            Activation::ReluN1To1 => (made / 2.0, Range::new(-far.min(1.0), far.min(1.0))),
        };
        squares.push(square);
        ranges.push(range);
    }
    ranges
}
