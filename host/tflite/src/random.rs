//! Small random networks, for tests and benchmarks.
//!
//! The same seed gives the same network, on every machine and in every version that does not say
//! otherwise in the changelog.

use crate::ir::{
    Activation, Add, Affine, Conv2d, DepthwiseConv2d, FullyConnected, Mean, Network, Op, Pad,
    Padding, Pool2d, Reshape, Softmax, Value, ValueId, Weights, Window,
};

/// How large networks may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most height and width of the input.
    pub size: usize,
    /// Most channels of any value.
    pub channels: usize,
    /// Most steps between input and head; a step is a layer, or a block of two to five.
    pub steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            size: 12,
            channels: 12,
            steps: 8,
        }
    }
}

/// A random network: convolutions of both kinds, poolings, margins and residual blocks in any order
/// that fits, then a head with or without a mean, dense layers and a softmax.
pub fn network(seed: u64, limits: Limits) -> Network {
    let mut dice = Dice(seed);
    let side = |dice: &mut Dice| dice.within(1, limits.size.max(1));
    let shape = vec![
        1,
        side(&mut dice),
        side(&mut dice),
        dice.within(1, limits.channels.max(1)),
    ];
    let quantization = Affine {
        scale: dice.real(0.005, 0.1),
        zero_point: dice.zero_point(),
    };
    let network = Network::new(
        &format!("random {seed}"),
        Value {
            shape,
            quantization,
        },
    );
    let mut growth = Growth {
        network,
        dice,
        limits,
    };
    for _ in 0..growth.dice.within(1, limits.steps.max(1)) {
        growth.step();
    }
    growth.head();
    growth.network
}

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    fn within(&mut self, low: usize, high: usize) -> usize {
        let span = (high - low) as u128 + 1;
        low + ((u128::from(self.next()) * span) >> 64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.within(1, n) == 1
    }

    fn real(&mut self, low: f32, high: f32) -> f32 {
        let unit = (self.next() >> 40) as f32 / (1 << 24) as f32;
        low + (high - low) * unit
    }

    fn zero_point(&mut self) -> i8 {
        self.within(0, 255) as u8 as i8
    }

    fn activation(&mut self) -> Activation {
        use Activation as A;
        [A::None, A::Relu, A::Relu6, A::ReluN1To1][self.within(0, 3)]
    }

    fn padding(&mut self) -> Padding {
        if self.one_in(2) {
            Padding::Same
        } else {
            Padding::Valid
        }
    }
}

/// A network that grows at its output.
struct Growth {
    network: Network,
    dice: Dice,
    limits: Limits,
}

impl Growth {
    fn output(&self) -> &Value {
        self.network.value(self.network.output)
    }

    /// Batch, height, width, channels. Until the head, all values have these.
    fn image(&self) -> [usize; 4] {
        self.output().shape.as_slice().try_into().unwrap_or([1; 4])
    }

    /// Appends a layer; layers that do not fit what they read are left out.
    fn push(&mut self, op: Op, quantization: Affine) {
        let quantization = self.network.dictated(&op).unwrap_or(quantization);
        // The makers below build layers that fit; a network is valid without any of them.
        let _ = self.network.push(op, quantization);
    }

    fn step(&mut self) {
        match self.dice.within(0, 9) {
            0..=2 => {
                let outputs = self.dice.within(1, self.limits.channels.max(1));
                let window = self.window(3);
                self.conv(outputs, window);
            }
            3..=4 => {
                let window = self.window(3);
                self.depthwise(window);
            }
            5 => self.pool(),
            6 => self.pad(),
            _ => self.residual(),
        }
    }

    /// A window that fits over the output; small ones are more likely than large ones.
    fn window(&mut self, most: usize) -> Window {
        let [_, height, width, _] = self.image();
        let dice = &mut self.dice;
        let mut side = |over: usize| dice.within(1, most.min(over));
        let size = [side(height), side(width)];
        let stride = [self.dice.within(1, 2), self.dice.within(1, 2)];
        Window {
            size,
            stride,
            padding: self.dice.padding(),
        }
    }

    fn dilation(&mut self, window: &Window) -> [usize; 2] {
        let [_, height, width, _] = self.image();
        let fits = (window.size[0] - 1) * 2 < height && (window.size[1] - 1) * 2 < width;
        if fits && window.stride == [1, 1] && self.dice.one_in(4) {
            [2, 2]
        } else {
            [1, 1]
        }
    }

    fn conv(&mut self, outputs: usize, window: Window) {
        let [.., channels] = self.image();
        let dilation = self.dilation(&window);
        let summands = window.size[0] * window.size[1] * channels;
        let (weights, quantization) = self.weights(outputs, summands, true);
        let (input, activation) = (self.network.output, self.dice.activation());
        let conv = Conv2d {
            input,
            outputs,
            window,
            dilation,
            weights,
            activation,
        };
        self.push(Op::Conv2d(conv), quantization);
    }

    fn depthwise(&mut self, window: Window) {
        let [.., channels] = self.image();
        let most = (self.limits.channels / channels).clamp(1, 2);
        let multiplier = self.dice.within(1, most);
        let dilation = self.dilation(&window);
        let summands = window.size[0] * window.size[1];
        let (weights, quantization) = self.weights(channels * multiplier, summands, true);
        let (input, activation) = (self.network.output, self.dice.activation());
        let conv = DepthwiseConv2d {
            input,
            multiplier,
            window,
            dilation,
            weights,
            activation,
        };
        self.push(Op::DepthwiseConv2d(conv), quantization);
    }

    fn pool(&mut self) {
        let (input, window) = (self.network.output, self.window(3));
        let pool = Pool2d {
            input,
            window,
            activation: self.dice.activation(),
        };
        let is_max = self.dice.one_in(2);
        let op = if is_max {
            Op::MaxPool2d(pool)
        } else {
            Op::AveragePool2d(pool)
        };
        self.push(op, Affine::SOFTMAX);
    }

    fn pad(&mut self) {
        let mut margin = || [self.dice.within(0, 2), self.dice.within(0, 2)];
        let margins = vec![[0, 0], margin(), margin(), [0, 0]];
        self.push(
            Op::Pad(Pad {
                input: self.network.output,
                margins,
            }),
            Affine::SOFTMAX,
        );
    }

    /// A block whose output is added to its input: one or two convolutions that keep the shape, in
    /// one of the usual forms.
    fn residual(&mut self) {
        let from = self.network.output;
        let [.., channels] = self.image();
        let same = |size| Window {
            size,
            stride: [1, 1],
            padding: Padding::Same,
        };
        match self.dice.within(0, 2) {
            0 => self.conv(channels, same([3, 3])),
            1 => {
                self.conv(channels, same([3, 1]));
                self.conv(channels, same([1, 3]));
            }
            _ => {
                let wide = self.dice.within(1, self.limits.channels.max(1));
                self.conv(wide, same([1, 1]));
                let (input, activation) = (self.network.output, Activation::Relu6);
                let (weights, quantization) = self.weights(wide, 9, true);
                let window = same([3, 3]);
                let dilation = [1, 1];
                let multiplier = 1;
                let conv = DepthwiseConv2d {
                    input,
                    multiplier,
                    window,
                    dilation,
                    weights,
                    activation,
                };
                self.push(Op::DepthwiseConv2d(conv), quantization);
                self.conv(channels, same([1, 1]));
            }
        }
        let (left, right) = if self.dice.one_in(2) {
            (from, self.network.output)
        } else {
            (self.network.output, from)
        };
        let scale = |id: ValueId| self.network.value(id).quantization.scale;
        let scale = (scale(left) + scale(right)) * self.dice.real(0.4, 1.1);
        let quantization = Affine {
            scale,
            zero_point: self.dice.zero_point(),
        };
        let add = Add {
            left,
            right,
            activation: self.dice.activation(),
        };
        self.push(Op::Add(add), quantization);
    }

    fn head(&mut self) {
        if self.dice.one_in(2) {
            let Affine { scale, zero_point } = self.output().quantization;
            let scale = scale * self.dice.real(0.5, 1.0);
            let keep_dims = self.dice.one_in(2);
            let mean = Mean {
                input: self.network.output,
                axes: vec![1, 2],
                keep_dims,
            };
            self.push(Op::Mean(mean), Affine { scale, zero_point });
        }
        if self.dice.one_in(2) {
            let elements = self.output().shape.iter().product();
            let reshape = Reshape {
                input: self.network.output,
                shape: vec![1, elements],
            };
            self.push(Op::Reshape(reshape), Affine::SOFTMAX);
        }
        for _ in 0..self.dice.within(0, 2) {
            self.dense();
        }
        if self.dice.one_in(2) {
            let softmax = Softmax {
                input: self.network.output,
                beta: 1.0,
            };
            self.push(Op::Softmax(softmax), Affine::SOFTMAX);
        }
    }

    fn dense(&mut self) {
        let inputs = self.output().shape.iter().product();
        let outputs = self.dice.within(1, self.limits.channels.max(1));
        let (weights, quantization) = self.weights(outputs, inputs, false);
        let (input, activation) = (self.network.output, self.dice.activation());
        let dense = FullyConnected {
            input,
            inputs,
            outputs,
            weights,
            activation,
        };
        self.push(Op::FullyConnected(dense), quantization);
    }

    /// Weights of a layer that reads the output and adds up `summands` products, and a quantization
    /// of its output that uses most of its range: for independent integers that are spread evenly,
    /// the sum's deviation is 74² × √summands.
    fn weights(&mut self, outputs: usize, summands: usize, is_conv: bool) -> (Weights, Affine) {
        const DEVIATION: f32 = 74.0;
        let gain = DEVIATION * (summands as f32).sqrt();
        let typical = self.dice.real(0.5, 1.5) / gain;
        let count = if is_conv && !self.dice.one_in(3) {
            outputs
        } else {
            1
        };
        let scales = (0..count)
            .map(|_| typical * self.dice.real(0.5, 1.5))
            .collect();
        let values = (0..outputs * summands).map(|_| self.dice.within(1, 255) as u8 as i8);
        let values = values.map(|value| value.max(-127)).collect();
        let most = (DEVIATION * gain) as usize;
        let mut bias = Vec::new();
        // Other runtimes want a bias in convolutions.
        if is_conv || !self.dice.one_in(4) {
            bias.extend((0..outputs).map(|_| self.dice.within(0, 2 * most) as i32 - most as i32));
        }
        let scale = self.output().quantization.scale * typical * gain * self.dice.real(0.5, 2.0);
        let quantization = Affine {
            scale,
            zero_point: self.dice.zero_point(),
        };
        (
            Weights {
                values,
                scales,
                bias,
            },
            quantization,
        )
    }
}
