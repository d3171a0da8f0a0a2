//! An int8 network as typed layers: what a search builds, what training fills, what a file holds.
//!
//! A [`Network`] has one input and one output. Its layers stand in order of execution; each reads
//! values that come before it and makes one value. Shapes and quantizations are explicit, and
//! [`Network::check`] proves that they fit together, by the rules of TFLite's operators.
//!
//! ```
//! use onchip_tflite::ir::{Activation, Affine, Conv2d, Network, Op, Padding, Value, Weights, Window};
//!
//! let scale = |scale| Affine { scale, zero_point: 0 };
//! let mut network = Network::new("tiny", Value { shape: vec![1, 8, 8, 1], quantization: scale(0.1) });
//! let conv = Op::Conv2d(Conv2d {
//!     input: network.output,
//!     outputs: 4,
//!     window: Window { size: [3, 3], stride: [2, 2], padding: Padding::Same },
//!     dilation: [1, 1],
//!     weights: Weights { values: vec![1; 4 * 3 * 3], scales: vec![0.01], bias: vec![0; 4] },
//!     activation: Activation::Relu,
//! });
//! network.push(conv, scale(0.2))?;
//! assert_eq!(network.value(network.output).shape, [1, 4, 4, 4]);
//! let file = network.to_file()?;
//! assert!(onchip_engine::Model::new(&file).is_ok());
//! # Ok::<(), onchip_tflite::Error>(())
//! ```

mod check;
mod error;
mod lift;
mod lower;
mod shape;

use serde::{Deserialize, Serialize};

pub use crate::model::options::Padding;
pub use error::{Error, Problem};

/// Dimensions, outermost first; images are batch × height × width × channels.
pub type Shape = Vec<usize>;

/// A network of int8 values.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Its name, for people.
    pub name: String,
    /// What is given.
    pub input: Value,
    /// In order of execution.
    pub layers: Vec<Layer>,
    /// Which value is wanted.
    pub output: ValueId,
}

/// A step: what it does, and what comes out.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// What it does.
    pub op: Op,
    /// What comes out.
    pub output: Value,
}

/// An int8 tensor that is given or computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Its dimensions.
    pub shape: Shape,
    /// What its integers stand for.
    pub quantization: Affine,
}

/// What integers stand for: scale × (integer − zero point).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    /// Positive and finite.
    pub scale: f32,
    /// The integer that stands for 0.
    pub zero_point: i8,
}

impl Affine {
    /// What the output of [`Op::Softmax`] has: 256 steps from 0 up.
    pub const SOFTMAX: Self = Self {
        scale: 1.0 / 256.0,
        zero_point: -128,
    };
}

/// Names a value of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(usize);

impl ValueId {
    /// The network's input.
    pub const INPUT: Self = Self(0);

    /// What layer `index` makes.
    pub fn of_layer(index: usize) -> Self {
        Self(index + 1)
    }

    /// The layer that makes it; `None` for the network's input.
    pub fn layer(self) -> Option<usize> {
        self.0.checked_sub(1)
    }
}

/// What a layer does.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Convolution over height and width; every output channel sees every input channel.
    Conv2d(Conv2d),
    /// Convolution over height and width; every output channel sees one input channel.
    DepthwiseConv2d(DepthwiseConv2d),
    /// Every output sees every input.
    FullyConnected(FullyConnected),
    /// Mean over windows; keeps the quantization.
    AveragePool2d(Pool2d),
    /// Maximum over windows; keeps the quantization.
    MaxPool2d(Pool2d),
    /// Sum of two values of equal shape.
    Add(Add),
    /// Exponentials over the last dimension, scaled to a sum of 1; has [`Affine::SOFTMAX`].
    Softmax(Softmax),
    /// The same elements in another shape; keeps the quantization.
    Reshape(Reshape),
    /// More elements at the borders, which stand for 0; keeps the quantization.
    Pad(Pad),
    /// Mean over whole dimensions.
    Mean(Mean),
}

/// See [`Op::Conv2d`].
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2d {
    /// Batch × height × width × channels.
    pub input: ValueId,
    /// Output channels.
    pub outputs: usize,
    /// Where it looks.
    pub window: Window,
    /// Distance between the elements that it looks at, along height and width.
    pub dilation: [usize; 2],
    /// Outputs × height × width × input channels.
    pub weights: Weights,
    /// What follows.
    pub activation: Activation,
}

/// See [`Op::DepthwiseConv2d`].
#[derive(Debug, Clone, PartialEq)]
pub struct DepthwiseConv2d {
    /// Batch × height × width × channels.
    pub input: ValueId,
    /// Output channels per input channel; those of one input channel lie side by side.
    pub multiplier: usize,
    /// Where it looks.
    pub window: Window,
    /// Distance between the elements that it looks at, along height and width.
    pub dilation: [usize; 2],
    /// Height × width × output channels.
    pub weights: Weights,
    /// What follows.
    pub activation: Activation,
}

/// See [`Op::FullyConnected`].
#[derive(Debug, Clone, PartialEq)]
pub struct FullyConnected {
    /// Any shape whose elements are a whole number of vectors as long as `inputs`.
    pub input: ValueId,
    /// Elements of an input vector.
    pub inputs: usize,
    /// Elements of an output vector.
    pub outputs: usize,
    /// Outputs × inputs.
    pub weights: Weights,
    /// What follows.
    pub activation: Activation,
}

/// See [`Op::AveragePool2d`] and [`Op::MaxPool2d`].
#[derive(Debug, Clone, PartialEq)]
pub struct Pool2d {
    /// Batch × height × width × channels.
    pub input: ValueId,
    /// Where it looks.
    pub window: Window,
    /// What follows.
    pub activation: Activation,
}

/// See [`Op::Add`].
#[derive(Debug, Clone, PartialEq)]
pub struct Add {
    /// One summand.
    pub left: ValueId,
    /// The other.
    pub right: ValueId,
    /// What follows.
    pub activation: Activation,
}

/// See [`Op::Softmax`].
#[derive(Debug, Clone, PartialEq)]
pub struct Softmax {
    /// Vectors along the last dimension.
    pub input: ValueId,
    /// Factor of the exponents.
    pub beta: f32,
}

/// See [`Op::Reshape`].
#[derive(Debug, Clone, PartialEq)]
pub struct Reshape {
    /// Any shape.
    pub input: ValueId,
    /// The new shape.
    pub shape: Shape,
}

/// See [`Op::Pad`].
#[derive(Debug, Clone, PartialEq)]
pub struct Pad {
    /// Any shape.
    pub input: ValueId,
    /// Elements before and after, for each dimension.
    pub margins: Vec<[usize; 2]>,
}

/// See [`Op::Mean`].
#[derive(Debug, Clone, PartialEq)]
pub struct Mean {
    /// Any shape.
    pub input: ValueId,
    /// The dimensions to average over, ascending.
    pub axes: Vec<usize>,
    /// Whether these remain, with one element each.
    pub keep_dims: bool,
}

/// Where a convolution or a pooling looks, along height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Elements.
    pub size: [usize; 2],
    /// Distance from one place to the next.
    pub stride: [usize; 2],
    /// Whether it may reach over the border.
    pub padding: Padding,
}

/// Weights of a layer. They stand for scale × integer.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// In the order that the layer names, the last dimension fastest.
    pub values: Vec<i8>,
    /// One for all, or one per output channel.
    pub scales: Vec<f32>,
    /// One per output channel, in steps of input scale × weight scale; empty for none. (LiteRT
    /// refuses convolutions without; the engine does not.)
    pub bias: Vec<i32>,
}

/// What follows a layer without being one: the range its real values are clamped to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// No clamping.
    #[default]
    None,
    /// From 0 up.
    Relu,
    /// From −1 to 1.
    ReluN1To1,
    /// From 0 to 6.
    Relu6,
}

impl Network {
    /// A network without layers: its output is its input.
    pub fn new(name: &str, input: Value) -> Self {
        let name = name.to_owned();
        Self {
            name,
            input,
            layers: Vec::new(),
            output: ValueId::INPUT,
        }
    }

    /// Appends a layer and makes its value the network's output. The value's shape follows from
    /// the layer's.
    ///
    /// # Errors
    /// The layer does not fit the values it reads, or `quantization` is not what it must have. The
    /// network is then as before.
    pub fn push(&mut self, op: Op, quantization: Affine) -> Result<ValueId, Error> {
        let index = self.layers.len();
        let fail = |op: &Op, problem| Error::Layer {
            index,
            op: op.name(),
            problem,
        };
        let shape = self
            .infer(index, &op)
            .map_err(|problem| fail(&op, problem))?;
        let layer = Layer {
            op,
            output: Value {
                shape,
                quantization,
            },
        };
        self.check_layer(index, &layer)
            .map_err(|problem| fail(&layer.op, problem))?;
        self.layers.push(layer);
        self.output = ValueId::of_layer(index);
        Ok(self.output)
    }

    /// A value by its name.
    ///
    /// # Panics
    /// The network has no such value; names come from [`push`](Self::push).
    pub fn value(&self, id: ValueId) -> &Value {
        id.layer()
            .map_or(&self.input, |layer| &self.layers[layer].output)
    }

    /// Multiply-accumulates of one inference; padding counts as if it were data.
    pub fn macs(&self) -> u64 {
        let product = |sizes: &[usize]| {
            let sizes = sizes.iter().map(|&size| size as u64);
            sizes.fold(1, u64::saturating_mul)
        };
        let macs = |layer: &Layer| {
            let per_output = match &layer.op {
                Op::Conv2d(conv) => {
                    let channels = self.value(conv.input).shape.last().copied().unwrap_or(0);
                    product(&conv.window.size).saturating_mul(channels as u64)
                }
                Op::DepthwiseConv2d(conv) => product(&conv.window.size),
                Op::FullyConnected(dense) => dense.inputs as u64,
                _ => 0,
            };
            product(&layer.output.shape).saturating_mul(per_output)
        };
        self.layers.iter().map(macs).sum()
    }

    /// Number of weights and biases.
    pub fn parameters(&self) -> u64 {
        let parameters = |layer: &Layer| {
            layer
                .op
                .weights()
                .map_or(0, |weights| weights.values.len() + weights.bias.len())
        };
        self.layers.iter().map(parameters).sum::<usize>() as u64
    }
}

impl Op {
    /// The name of its operator in the format.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conv2d(_) => "CONV_2D",
            Self::DepthwiseConv2d(_) => "DEPTHWISE_CONV_2D",
            Self::FullyConnected(_) => "FULLY_CONNECTED",
            Self::AveragePool2d(_) => "AVERAGE_POOL_2D",
            Self::MaxPool2d(_) => "MAX_POOL_2D",
            Self::Add(_) => "ADD",
            Self::Softmax(_) => "SOFTMAX",
            Self::Reshape(_) => "RESHAPE",
            Self::Pad(_) => "PAD",
            Self::Mean(_) => "MEAN",
        }
    }

    /// The values it reads.
    pub fn inputs(&self) -> impl Iterator<Item = ValueId> {
        let (first, second) = match self {
            Self::Conv2d(op) => (op.input, None),
            Self::DepthwiseConv2d(op) => (op.input, None),
            Self::FullyConnected(op) => (op.input, None),
            Self::AveragePool2d(op) | Self::MaxPool2d(op) => (op.input, None),
            Self::Add(op) => (op.left, Some(op.right)),
            Self::Softmax(op) => (op.input, None),
            Self::Reshape(op) => (op.input, None),
            Self::Pad(op) => (op.input, None),
            Self::Mean(op) => (op.input, None),
        };
        std::iter::once(first).chain(second)
    }

    /// Its weights, if it has any.
    pub fn weights(&self) -> Option<&Weights> {
        match self {
            Self::Conv2d(op) => Some(&op.weights),
            Self::DepthwiseConv2d(op) => Some(&op.weights),
            Self::FullyConnected(op) => Some(&op.weights),
            _ => None,
        }
    }
}
