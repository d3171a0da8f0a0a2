//! A MobileNet as it is used to find people in images, whose training left filters empty: half of it vanishes.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail like the test")]

use onchip_prepare::{Options, Pass, prepare, run};
use onchip_tflite::ir::{
    Activation, Affine, Conv2d, DepthwiseConv2d, FullyConnected, Network, Op, Padding, Pool2d,
    Reshape, Softmax, Value, Weights, Window,
};

/// After the first layer: the stride of each depthwise layer and the filters of the pointwise layer that follows
/// it. MobileNetV1 (Howard et al., 2017, table 1) with a quarter of its channels.
const BLOCKS: [(usize, usize); 13] = [
    (1, 16),
    (2, 32),
    (1, 32),
    (2, 64),
    (1, 64),
    (2, 128),
    (1, 128),
    (1, 128),
    (1, 128),
    (1, 128),
    (1, 128),
    (2, 256),
    (1, 256),
];

/// Of activations from 0 up.
const ACTIVATIONS: Affine = Affine {
    scale: 6.0 / 255.0,
    zero_point: -128,
};

/// A network that grows, of random weights.
struct Growth {
    network: Network,
    /// Of the next number.
    seed: u32,
    /// Filters of 100 that are zeros, and nothing but a bias.
    empty: u32,
}

impl Growth {
    fn next(&mut self) -> u32 {
        self.seed = self
            .seed
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        self.seed >> 8
    }

    /// Filters of `summands` weights; `places` tells where weight `j` of filter `i` lies. The scales spread the
    /// outputs over the range of [`ACTIVATIONS`].
    fn weights(
        &mut self,
        filters: usize,
        summands: usize,
        place: impl Fn(usize, usize) -> usize,
    ) -> Weights {
        let mut values = vec![0; filters * summands];
        let mut bias = vec![0; filters];
        let scale = 1.2 / (74.0 * (summands as f32).sqrt());
        for (i, bias) in bias.iter_mut().enumerate() {
            let is_empty = self.next() % 100 < self.empty;
            // An empty filter is one that a regularised bias has kept below zero, too.
            let of_bias = if is_empty { 1 << 12 } else { 1 << 13 };
            *bias = (self.next() % of_bias) as i32 - (1 << 12);
            for j in 0..summands {
                let value = (self.next() % 255) as i32 - 127;
                values[place(i, j)] = if is_empty { 0 } else { value as i8 };
            }
        }
        Weights {
            values,
            scales: vec![scale; filters],
            bias,
        }
    }

    fn channels(&self) -> usize {
        self.network
            .value(self.network.output)
            .shape
            .last()
            .copied()
            .unwrap()
    }

    fn conv(&mut self, size: usize, stride: usize, outputs: usize) {
        let summands = size * size * self.channels();
        let weights = self.weights(outputs, summands, |i, j| i * summands + j);
        let op = Op::Conv2d(Conv2d {
            input: self.network.output,
            outputs,
            window: window(size, stride),
            dilation: [1; 2],
            weights,
            activation: Activation::Relu6,
        });
        self.network.push(op, ACTIVATIONS).unwrap();
    }

    fn depthwise(&mut self, stride: usize) {
        let channels = self.channels();
        let weights = self.weights(channels, 9, |i, j| j * channels + i);
        let op = Op::DepthwiseConv2d(DepthwiseConv2d {
            input: self.network.output,
            multiplier: 1,
            window: window(3, stride),
            dilation: [1; 2],
            weights,
            activation: Activation::Relu6,
        });
        self.network.push(op, ACTIVATIONS).unwrap();
    }

    fn head(&mut self) {
        let inputs = self.channels();
        let pool = Pool2d {
            input: self.network.output,
            window: Window {
                padding: Padding::Valid,
                ..window(3, 2)
            },
            activation: Activation::None,
        };
        let pooled = self.network.push(Op::AveragePool2d(pool), ACTIVATIONS);
        let reshape = Reshape {
            input: pooled.unwrap(),
            shape: vec![1, inputs],
        };
        let input = self
            .network
            .push(Op::Reshape(reshape), ACTIVATIONS)
            .unwrap();
        let (outputs, empty) = (2, core::mem::take(&mut self.empty));
        let weights = self.weights(outputs, inputs, |i, j| i * inputs + j);
        self.empty = empty;
        let dense = FullyConnected {
            input,
            inputs,
            outputs,
            weights: Weights {
                scales: vec![0.01],
                ..weights
            },
            activation: Activation::None,
        };
        let logits = Affine {
            scale: 0.05,
            zero_point: 0,
        };
        let input = self
            .network
            .push(Op::FullyConnected(dense), logits)
            .unwrap();
        let softmax = Softmax { input, beta: 1.0 };
        self.network
            .push(Op::Softmax(softmax), Affine::SOFTMAX)
            .unwrap();
    }
}

fn window(size: usize, stride: usize) -> Window {
    Window {
        size: [size; 2],
        stride: [stride; 2],
        padding: Padding::Same,
    }
}

/// The file of the network for images of 96 x 96, with so many of 100 filters empty.
fn file(empty: u32) -> Vec<u8> {
    let image = Value {
        shape: vec![1, 96, 96, 3],
        quantization: Affine {
            scale: 1.0 / 128.0,
            zero_point: 0,
        },
    };
    let mut growth = Growth {
        network: Network::new("mobilenet", image),
        seed: 1,
        empty,
    };
    growth.conv(3, 2, 8);
    for (stride, outputs) in BLOCKS {
        growth.depthwise(stride);
        growth.conv(1, 1, outputs);
    }
    growth.head();
    growth.network.to_file().unwrap()
}

/// Prepares the network, and gives the MACs before and after.
fn check(empty: u32, cuts: bool) -> [u64; 2] {
    let file = file(empty);
    let prepared = prepare(&file, Options::default()).unwrap();
    for seed in 0..4_u32 {
        let input: Vec<u8> = (0..96 * 96 * 3_u32)
            .map(|i| (i.wrapping_mul(2 * seed + 1).wrapping_mul(0x9E37_79B1) >> 24) as u8)
            .collect();
        assert_eq!(
            run(&prepared.bytes, &input).unwrap(),
            run(&file, &input).unwrap(),
            "{empty} of 100, input {seed}"
        );
    }
    let is_cut = prepared
        .steps
        .iter()
        .any(|step| step.pass == Pass::Channels);
    assert_eq!(is_cut, cuts, "{empty} of 100: {:?}", prepared.steps);
    [prepared.before.macs, prepared.after.macs]
}

#[test]
fn half_of_a_network_vanishes_with_a_fifth_of_its_filters() {
    let [full, same] = check(0, false);
    assert_eq!(full, same);
    let [before, after] = check(20, true);
    assert_eq!(before, full);
    assert!(after * 2 < before, "{after} of {before}");
}
