//! Operators as they treat channels: the indices of a tensor's last dimension.

use onchip_tflite::options::Padding;
use onchip_tflite::{Model, Options, TensorType};

use crate::graph::{at, integers, kind, kind_of, main};

/// What an operator does to channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Layer {
    /// Each output channel is a sum over all input channels.
    Mixing(Mixing),
    /// Each output channel comes of the input channel at its place over the multiplier.
    Depthwise(Mixing),
    /// Channel `c` of the output comes of channel `c` of these inputs, and is constant where these are.
    PerChannel {
        /// Tensors that have as many channels as the output.
        inputs: Vec<usize>,
        /// Tensors of a single channel that goes with all.
        broadcast: Vec<usize>,
        /// A number that comes in beside, where the operator adds a margin.
        margin: Option<i8>,
    },
    /// The output has the elements of the input in their order, and a whole multiple of its channels.
    Reshape,
    /// The channels of the inputs side by side.
    Concatenation,
    /// Anything else.
    Opaque,
}

/// A layer with int8 weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mixing {
    pub(super) weights: usize,
    pub(super) bias: Option<usize>,
    /// Output channels.
    pub(super) outputs: usize,
    /// Output channels of a depthwise layer for each input channel.
    pub(super) multiplier: usize,
    /// Places of the weights of an output channel, each of them with all input channels.
    pub(super) taps: usize,
    /// Input channels that a tap of a filter sees; for a dense layer a multiple of the tensor's.
    pub(super) depth: usize,
    /// Whether zero points are put around the input.
    pub(super) is_padded: bool,
}

/// The last dimension.
pub(super) fn channels(model: &Model, tensor: usize) -> usize {
    let last = main(model).tensors[tensor].shape.last();
    last.map_or(0, |&dim| usize::try_from(dim).unwrap_or(0))
}

fn is_int8(model: &Model, tensor: usize) -> bool {
    main(model).tensors[tensor].ty == TensorType::Int8
}

impl Layer {
    /// What operator `index` is.
    pub(super) fn of(model: &Model, index: usize) -> Self {
        Self::known(model, index).unwrap_or(Self::Opaque)
    }

    fn known(model: &Model, index: usize) -> Option<Self> {
        let operator = &main(model).operators[index];
        let [input, output] = [at(&operator.inputs, 0)?, at(&operator.outputs, 0)?];
        if operator.outputs.len() != 1 || !is_int8(model, input) || !is_int8(model, output) {
            return None;
        }
        let counts = [input, output].map(|tensor| channels(model, tensor));
        let alone = |margin| Self::PerChannel {
            inputs: vec![input],
            broadcast: Vec::new(),
            margin,
        };
        let layer = match kind_of(model, operator) {
            kind::CONV_2D | kind::FULLY_CONNECTED => Self::Mixing(Mixing::of(model, index)?),
            kind::DEPTHWISE_CONV_2D => Self::Depthwise(Mixing::of(model, index)?),
            kind::RELU
            | kind::RELU6
            | kind::RELU_N1_TO_1
            | kind::LEAKY_RELU
            | kind::LOGISTIC
            | kind::TANH
            | kind::ELU
            | kind::ABS
            | kind::HARD_SWISH
            | kind::QUANTIZE
            | kind::AVERAGE_POOL_2D
            | kind::MAX_POOL_2D
                if counts[0] == counts[1] =>
            {
                alone(None)
            }
            kind::MEAN if counts[0] == counts[1] && leaves_channels(model, index)? => alone(None),
            kind::PAD if counts[0] == counts[1] => {
                let margins = integers(model, at(&operator.inputs, 1)?)?;
                let zero_point = crate::graph::affine(&main(model).tensors[output])?.1;
                match margins[..] {
                    [.., 0, 0] => alone(Some(i8::try_from(zero_point).ok()?)),
                    _ => return None,
                }
            }
            kind::ADD | kind::SUB | kind::MUL | kind::MAXIMUM | kind::MINIMUM => {
                let operands = [input, at(&operator.inputs, 1)?];
                let (inputs, broadcast): (Vec<_>, Vec<_>) = operands
                    .into_iter()
                    .partition(|&tensor| channels(model, tensor) == counts[1]);
                let fits = |&tensor: &usize| is_int8(model, tensor) && channels(model, tensor) <= 1;
                if !broadcast.iter().all(fits)
                    || !inputs.iter().all(|&tensor| is_int8(model, tensor))
                {
                    return None;
                }
                Self::PerChannel {
                    inputs,
                    broadcast,
                    margin: None,
                }
            }
            kind::RESHAPE if counts[0] > 0 && counts[1].is_multiple_of(counts[0]) => Self::Reshape,
            kind::CONCATENATION => {
                let Options::Concatenation(options) = operator.options.as_ref()? else {
                    return None;
                };
                let rank = main(model).tensors[output].shape.len() as i32;
                if options.axis != -1 && options.axis != rank - 1 {
                    return None;
                }
                Self::Concatenation
            }
            _ => return None,
        };
        Some(layer)
    }
}

/// Whether a MEAN is taken over other dimensions than the last one.
fn leaves_channels(model: &Model, index: usize) -> Option<bool> {
    let operator = &main(model).operators[index];
    let axes = integers(model, at(&operator.inputs, 1)?)?;
    let rank = main(model).tensors[at(&operator.inputs, 0)?].shape.len() as i64;
    Some(
        axes.iter()
            .all(|&axis| axis.rem_euclid(rank.max(1)) != rank - 1),
    )
}

impl Mixing {
    fn of(model: &Model, index: usize) -> Option<Self> {
        let tensors = &main(model).tensors;
        let operator = &main(model).operators[index];
        let (input, weights) = (at(&operator.inputs, 0)?, at(&operator.inputs, 1)?);
        let output = at(&operator.outputs, 0)?;
        let bias = at(&operator.inputs, 2);
        let outputs = channels(model, output);
        let size = |dim: usize| usize::try_from(*tensors[weights].shape.get(dim)?).ok();
        let quantization = tensors[weights].quantization.as_ref()?;
        let is_plain = is_int8(model, weights)
            && model.constant(&tensors[weights]).is_some()
            && quantization
                .zero_point
                .iter()
                .all(|&zero_point| zero_point == 0);
        let bias_fits = bias.is_none_or(|bias| {
            let is_whole = integers(model, bias).is_some_and(|bias| bias.len() == outputs);
            is_whole && tensors[bias].ty == TensorType::Int32
        });
        if !is_plain || !bias_fits || outputs == 0 {
            return None;
        }
        let given = channels(model, input);
        let is_padded = |options: Padding, strides: [i32; 2], dilations: [i32; 2]| {
            options == Padding::Same
                && (0..2).any(|i| {
                    let dim = |tensor: usize| {
                        tensors[tensor]
                            .shape
                            .get(1 + i)
                            .map_or(0, |&dim| i64::from(dim))
                    };
                    let reach = (dim(weights) - 1) * i64::from(dilations[i]) + 1;
                    (dim(output) - 1) * i64::from(strides[i]) + reach > dim(input)
                })
        };
        let layer = |outputs, multiplier, taps, depth, is_padded| Self {
            weights,
            bias,
            outputs,
            multiplier,
            taps,
            depth,
            is_padded,
        };
        Some(match operator.options.as_ref()? {
            Options::Conv2D(options) if size(0)? == outputs && size(3)? == given => {
                let is_padded = is_padded(
                    options.padding,
                    [options.stride_h, options.stride_w],
                    [options.dilation_h_factor, options.dilation_w_factor],
                );
                layer(outputs, 1, size(1)? * size(2)?, given, is_padded)
            }
            Options::DepthwiseConv2D(options)
                if size(3)? == outputs && given > 0 && outputs.is_multiple_of(given) =>
            {
                let is_padded = is_padded(
                    options.padding,
                    [options.stride_h, options.stride_w],
                    [options.dilation_h_factor, options.dilation_w_factor],
                );
                layer(outputs, outputs / given, size(1)? * size(2)?, 1, is_padded)
            }
            Options::FullyConnected(_)
                if size(0)? == outputs && given > 0 && size(1)?.is_multiple_of(given) =>
            {
                layer(outputs, 1, 1, size(1)?, false)
            }
            _ => return None,
        })
    }

    /// The weights that output channel `output` has for input channel `channel` of `given`.
    pub(super) fn weights_for<'a>(
        &self,
        weights: &'a [i64],
        output: usize,
        channel: usize,
        given: usize,
    ) -> impl Iterator<Item = i64> + use<'a> {
        let length = self.taps * self.depth;
        weights[output * length..][..length]
            .iter()
            .skip(channel)
            .step_by(given.max(1))
            .copied()
    }

    /// The weights of a depthwise layer's output channel.
    pub(super) fn depthwise_weights<'a>(
        &self,
        weights: &'a [i64],
        output: usize,
    ) -> impl Iterator<Item = i64> + use<'a> {
        weights.iter().skip(output).step_by(self.outputs).copied()
    }
}
