//! Networks whose files and outputs are kept, to be compared with another runtime's.
//!
//! All numbers are small multiples of powers of two, so that no sum in a forward pass is rounded and
//! ranges do not depend on the order in which a machine adds. The same files come out everywhere.

use onchip_tflite::ir::{Activation, Network, Padding, ValueId, Window};
use onchip_tflite::topology::{Layer, Topology};
use onchip_train::nn::{EPSILON, FloatNetwork, Parameters};
use onchip_train::quantize::{Calibration, Scheme, quantize};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::splits;

const RELU: Layer = Layer::Activation(Activation::Relu);
const RELU6: Layer = Layer::Activation(Activation::Relu6);
const EXAMPLES: usize = 32;

/// Names and networks.
pub(crate) fn networks() -> Vec<(&'static str, Network)> {
    let percentile = Scheme {
        calibration: Calibration::Percentile(98.0),
        ..Scheme::default()
    };
    let whole = Scheme::default();
    vec![
        ("convolutions", int8(convolutions(), (0, 1), &whole)),
        ("separable", int8(separable(), (0, 1), &whole)),
        ("residual", int8(residual(), (-1, 1), &whole)),
        ("residual, cut", int8(residual(), (-2, 2), &percentile)),
        ("series", int8(series(), (-2, 1), &percentile)),
        ("perceptron", int8(perceptron(), (0, 2), &whole)),
        ("shapes", int8(shapes(), (-1, 0), &whole)),
    ]
}

fn int8(layers: Layers, (low, high): (i32, i32), scheme: &Scheme) -> Network {
    let topology = layers.0;
    let each = topology.input().iter().product();
    let values = splits::random(EXAMPLES, each, (low, high), 7);
    let split = splits::split(values, vec![0; EXAMPLES]);
    quantize(&dyadic(topology), &split, scheme).unwrap()
}

/// A network of this topology with random weights from −1/2 to 1/2 in steps of 1/4.
fn dyadic(topology: Topology) -> FloatNetwork {
    let mut network = FloatNetwork::init(topology, 0);
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut fill = |numbers: &mut [f32], low: i32, high: i32| {
        let numbers = numbers.iter_mut();
        numbers.for_each(|number| *number = rng.random_range(low..=high) as f32 / 4.0);
    };
    for parameters in &mut network.parameters {
        match parameters {
            Parameters::None => {}
            Parameters::Weights { weights, bias } => {
                fill(weights, -2, 2);
                fill(bias, -1, 1);
            }
            Parameters::Norm {
                gamma,
                beta,
                mean,
                variance,
            } => {
                fill(gamma, 2, 4);
                fill(beta, -2, 2);
                fill(mean, -2, 2);
                variance.fill(1.0 - EPSILON);
            }
        }
    }
    network
}

/// A topology that grows.
struct Layers(Topology);

impl Layers {
    fn new(input: [usize; 3]) -> Self {
        Self(Topology::new(input))
    }

    fn then(&mut self, layer: Layer) -> ValueId {
        self.0.then(layer).unwrap()
    }

    fn conv(&mut self, filters: usize, window: Window) -> ValueId {
        self.then(Layer::Conv { filters, window })
    }

    fn dense(&mut self, units: usize) -> ValueId {
        self.then(Layer::Dense { units })
    }

    fn add(&mut self, left: ValueId, right: ValueId) -> ValueId {
        self.0.push(Layer::Add, &[left, right]).unwrap()
    }
}

fn same(size: usize, stride: usize) -> Window {
    Window {
        size: [size; 2],
        stride: [stride; 2],
        padding: Padding::Same,
    }
}

fn valid(size: [usize; 2], stride: [usize; 2]) -> Window {
    Window {
        size,
        stride,
        padding: Padding::Valid,
    }
}

fn convolutions() -> Layers {
    let mut net = Layers::new([8, 8, 1]);
    net.conv(4, same(3, 1));
    net.then(Layer::BatchNorm);
    net.then(RELU);
    net.conv(6, same(3, 2));
    net.then(Layer::BatchNorm);
    net.then(RELU);
    net.then(Layer::MaxPool(valid([2, 2], [2, 2])));
    net.then(Layer::Flatten);
    net.dense(5);
    net
}

fn separable() -> Layers {
    let mut net = Layers::new([8, 8, 2]);
    net.conv(4, same(3, 2));
    net.then(RELU6);
    net.then(Layer::Depthwise { window: same(3, 1) });
    net.then(Layer::BatchNorm);
    net.then(RELU6);
    net.conv(8, same(1, 1));
    net.then(RELU);
    net.then(Layer::GlobalAveragePool);
    net.dense(4);
    net
}

fn residual() -> Layers {
    let mut net = Layers::new([8, 8, 2]);
    net.conv(4, same(3, 2));
    let from = net.then(RELU);
    net.conv(6, same(1, 1));
    net.then(RELU6);
    net.then(Layer::Depthwise { window: same(3, 1) });
    let made = net.conv(4, same(1, 1));
    net.add(from, made);
    net.then(RELU);
    net.then(Layer::GlobalAveragePool);
    net.dense(3);
    net
}

fn series() -> Layers {
    let mut net = Layers::new([32, 1, 2]);
    net.conv(4, valid([5, 1], [1, 1]));
    net.then(Layer::BatchNorm);
    net.then(Layer::MaxPool(valid([2, 1], [2, 1])));
    net.then(RELU);
    net.conv(4, valid([3, 1], [1, 1]));
    net.then(RELU);
    net.then(Layer::AveragePool(valid([4, 1], [4, 1])));
    net.then(Layer::Flatten);
    net.dense(6);
    net
}

fn perceptron() -> Layers {
    let mut net = Layers::new([3, 4, 2]);
    net.then(Layer::Flatten);
    net.dense(9);
    net.then(Layer::BatchNorm);
    net.then(RELU);
    net.dense(7);
    net.then(RELU6);
    net.dense(3);
    net
}

/// What trained networks seldom have: activations and sums of what others read, vectors that become
/// images again, windows over the border.
fn shapes() -> Layers {
    let mut net = Layers::new([4, 4, 2]);
    net.then(Layer::Activation(Activation::ReluN1To1));
    let raw = net.conv(4, same(3, 1));
    let clipped = net.then(RELU);
    net.add(raw, clipped);
    net.then(Layer::AveragePool(same(2, 2)));
    net.then(Layer::Flatten);
    let vector = net.dense(4);
    let pixel = net.conv(4, same(1, 1));
    net.add(pixel, vector);
    net.add(vector, vector);
    net.then(Layer::Flatten);
    net
}
