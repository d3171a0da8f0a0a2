//! Proofs that gradients are right: the kernels that train in `f32`, run in `f64`, against
//! differences of the loss.

use onchip_tflite::ir::{Activation, Affine, Padding, ValueId, Window};
use onchip_tflite::topology::{Dims, Layer, Topology};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::executor::{Executor, Mode};
use super::loss::{cross_entropy, squared};
use super::network::{FakeQuantization, FloatNetwork};

/// Examples in a batch.
const BATCH: usize = 3;

/// Change of a parameter.
const STEP: f64 = 1e-5;

/// What analytic and numeric slopes may differ by, relative to the greatest slope.
const TOLERANCE: f64 = 1e-6;

struct Subject {
    executor: Executor<f64>,
    inputs: Vec<f64>,
    labels: Vec<usize>,
    targets: Option<Vec<f64>>,
}

impl Subject {
    fn new(topology: &Topology, rounding: &FakeQuantization, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let network = FloatNetwork::init(topology.clone(), seed);
        let mut executor = Executor::new(&network, rounding, BATCH);
        for parameter in &mut executor.parameters {
            *parameter += rng.random_range(-0.5..0.5);
        }
        let len = topology.input().iter().product::<usize>() * BATCH;
        let classes = topology.shape(topology.output()).iter().product::<usize>();
        let targets = (0..classes * BATCH).map(|_| rng.random_range(-1.0..1.0));
        let targets = seed.is_multiple_of(2).then(|| targets.collect());
        Self {
            executor,
            inputs: (0..len).map(|_| rng.random_range(-2.0..2.0)).collect(),
            labels: (0..BATCH).map(|i| i % classes).collect(),
            targets,
        }
    }

    fn loss(&mut self) -> f64 {
        self.executor.input(BATCH).copy_from_slice(&self.inputs);
        self.executor.forward(BATCH, Mode::Train);
        let outcome = self.executor.outcome(BATCH);
        let verdict = match &self.targets {
            Some(targets) => squared(outcome.outputs, targets, BATCH, outcome.slopes),
            None => cross_entropy(outcome.outputs, &self.labels, 0.1, outcome.slopes),
        };
        verdict.loss / BATCH as f64
    }

    /// Compares every slope, or some hundreds of them.
    fn check(&mut self) {
        let loss = self.loss();
        self.executor.backward(BATCH);
        let slope = self.executor.slope.clone();
        let greatest = slope.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
        let tolerance = TOLERANCE * greatest.max(1e-3);
        let stride = slope.len().div_ceil(400);
        for index in (0..slope.len()).step_by(stride) {
            let before = self.executor.parameters[index];
            let mut at = |change: f64| {
                self.executor.parameters[index] = before + change;
                self.loss()
            };
            let (up, down) = (at(STEP), at(-STEP));
            self.executor.parameters[index] = before;
            let slopes = [(up - loss) / STEP, (loss - down) / STEP];
            let central = (slopes[0] + slopes[1]) / 2.0;
            let found = slope[index];
            // Where an activation or a maximum has its kink between the two, the slope is one side's
            // or a mixture of both.
            let (low, high) = (slopes[0].min(slopes[1]), slopes[0].max(slopes[1]));
            let has_kink = high - low > 1e-3 * greatest;
            let is_between = found > low - tolerance && found < high + tolerance;
            assert!(
                (found - central).abs() < tolerance || (has_kink && is_between),
                "parameter {index}: {found} instead of {central}; greatest {greatest}"
            );
        }
    }
}

fn check(topology: &Topology, seed: u64) {
    Subject::new(topology, &FakeQuantization::default(), seed).check();
}

/// The layer between two convolutions of one pixel, so that its input has a slope that counts.
fn between(input: Dims, channels: usize, layer: Layer, after: &[Layer]) -> Option<Topology> {
    let mut topology = Topology::new(input);
    topology.then(pixels(channels)).ok()?;
    topology.then(layer).ok()?;
    for &layer in after {
        topology.then(layer).ok()?;
    }
    topology.then(Layer::Flatten).ok()?;
    topology.then(Layer::Dense { units: 3 }).ok()?;
    Some(topology)
}

fn pixels(filters: usize) -> Layer {
    let window = Window {
        size: [1, 1],
        stride: [1, 1],
        padding: Padding::Valid,
    };
    Layer::Conv { filters, window }
}

fn window() -> impl Strategy<Value = Window> {
    let padding = prop_oneof![Just(Padding::Same), Just(Padding::Valid)];
    let size = [1_usize..6, 1_usize..5];
    (size, [1_usize..4, 1_usize..4], padding).prop_map(|(size, stride, padding)| Window {
        size,
        stride,
        padding,
    })
}

const ACTIVATIONS: [Activation; 4] = [
    Activation::None,
    Activation::Relu,
    Activation::ReluN1To1,
    Activation::Relu6,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn windows_have_the_right_slope(
        window in window(),
        dims in [1_usize..9, 1_usize..8, 1_usize..3],
        channels in prop_oneof![1_usize..12, Just(17), Just(36)],
        filters in 1_usize..7,
        kind in 0..4,
        activation in prop::sample::select(&ACTIVATIONS[..]),
        has_norm: bool,
        seed: u64,
    ) {
        let layer = match kind {
            0 => Layer::Conv { filters, window },
            1 => Layer::Depthwise { window },
            2 => Layer::MaxPool(window),
            _ => Layer::AveragePool(window),
        };
        let mut after = vec![Layer::Activation(activation)];
        if has_norm && kind < 2 {
            after.insert(0, Layer::BatchNorm);
        }
        if let Some(topology) = between(dims, channels, layer, &after) {
            check(&topology, seed);
        }
    }
}

#[test]
fn whole_layers_have_the_right_slope() {
    for (seed, activation) in ACTIVATIONS.into_iter().enumerate() {
        let layer = Layer::Activation(activation);
        let pool = between([5, 3, 2], 9, layer, &[Layer::GlobalAveragePool]);
        check(&pool.unwrap(), seed as u64);
        let norm = between([5, 3, 2], 7, pixels(5), &[Layer::BatchNorm, layer]);
        check(&norm.unwrap(), seed as u64);
    }
    let mut dense = Topology::new([4, 3, 2]);
    dense.then(Layer::Flatten).unwrap();
    for units in [70, 5, 2] {
        dense.then(Layer::Dense { units }).unwrap();
        if units > 2 {
            dense.then(Layer::BatchNorm).unwrap();
            dense.then(Layer::Activation(Activation::Relu6)).unwrap();
        }
    }
    check(&dense, 5);
}

/// Values with several readers, an activation apart from what it reads, a sum with itself, a layer
/// that nobody reads.
fn residual() -> Topology {
    let mut topology = Topology::new([7, 6, 2]);
    let same = |stride| Window {
        size: [3, 3],
        stride: [stride; 2],
        padding: Padding::Same,
    };
    let relu = Layer::Activation(Activation::Relu);
    let add = Layer::Add;
    let conv = |filters, stride| Layer::Conv {
        filters,
        window: same(stride),
    };
    topology.then(conv(6, 2)).unwrap();
    topology.then(Layer::BatchNorm).unwrap();
    let start = topology.then(relu).unwrap();
    topology.then(pixels(20)).unwrap();
    topology.then(Layer::BatchNorm).unwrap();
    topology.then(Layer::Activation(Activation::Relu6)).unwrap();
    topology.then(Layer::Depthwise { window: same(1) }).unwrap();
    topology.then(Layer::BatchNorm).unwrap();
    topology.then(relu).unwrap();
    topology.then(pixels(6)).unwrap();
    let branch = topology.then(Layer::BatchNorm).unwrap();
    let sum = topology.push(add, &[start, branch]).unwrap();
    let clamped = topology.push(relu, &[sum]).unwrap();
    topology.push(add, &[clamped, sum]).unwrap();
    let twice = topology.output();
    topology.push(conv(3, 1), &[twice]).unwrap();
    topology.push(add, &[twice, twice]).unwrap();
    topology.then(conv(5, 2)).unwrap();
    topology.then(relu).unwrap();
    topology.then(Layer::GlobalAveragePool).unwrap();
    topology.then(Layer::Dense { units: 4 }).unwrap();
    topology
}

#[test]
fn a_residual_network_has_the_right_slope() {
    for seed in 0..4 {
        check(&residual(), seed);
    }
}

/// Clamping to a range of int8 stops a slope, rounding does not; weights have the slope of what they
/// are rounded to.
#[test]
fn rounding_passes_slopes_within_its_range() {
    let topology = residual();
    let affine = |scale, zero_point| Some(Affine { scale, zero_point });
    let follows = |i: usize| topology.nodes().get(i).map(|node| node.layer);
    let values = (0..=topology.nodes().len()).map(|i| match follows(i) {
        Some(Layer::BatchNorm) => None,
        _ if i == 0 => affine(0.01, 0),
        _ => affine(0.02, [-128, 5][i % 2]),
    });
    let rounding = FakeQuantization {
        weights: true,
        values: values.collect(),
    };
    for seed in 0..4 {
        let mut subject = Subject::new(&topology, &rounding, seed);
        let coarse = subject.loss();
        subject.executor.refine();
        assert_ne!(coarse, subject.loss());
        subject.check();
    }
}

/// Inference layer by layer is what the fused stages compute, at every value.
#[test]
fn stages_compute_what_layers_do() {
    let topology = residual();
    let mut subject = Subject::new(&topology, &FakeQuantization::default(), 8);
    for _ in 0..3 {
        subject.loss();
    }
    let network = subject.executor.network(&topology);
    let inputs: Vec<_> = subject.inputs.iter().map(|x| *x as f32).collect();
    let mut executor = Executor::<f32>::new(&network, &FakeQuantization::default(), BATCH);
    executor.input(BATCH).copy_from_slice(&inputs);
    executor.forward(BATCH, Mode::Infer);
    let mut index = 0;
    network.reference(&inputs, BATCH, &mut |value, expected: &[f32]| {
        let found = executor.value(value, BATCH);
        assert_eq!(found.len(), expected.len(), "{value:?}");
        for (found, expected) in found.iter().zip(expected) {
            let is_close = (found - expected).abs() < 1e-4 * expected.abs().max(1.0);
            assert!(is_close, "{value:?}: {found} instead of {expected}");
        }
        index += 1;
    });
    assert_eq!(index, topology.nodes().len() + 1);
    assert_ne!(topology.output(), ValueId::INPUT);
}
