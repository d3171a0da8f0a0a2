//! The shapes of convolutions, depthwise and transposed ones, and dense layers, which are 1x1 convolutions.

use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Vector};
use crate::op::context::Context;
use crate::op::layer::steps::Steps;
use crate::op::layer::tensors::Tensors;
use crate::op::window::Window;
use crate::opcode::Opcode;
use crate::tensor::{DataType, TensorInfo};

/// Where a layer's numbers lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    pub(crate) batches: usize,
    pub(crate) channels: usize,
    pub(crate) filters: usize,
    /// Channels that a filter covers.
    pub(crate) depth: usize,
    /// Filters that cover the same channels.
    pub(crate) group: usize,
    /// Of the convolution that this one reverses, if it is transposed.
    pub(crate) y: Window,
    pub(crate) x: Window,
    pub(crate) transposed: bool,
    /// How far the weights of neighbouring filters, and those of neighbouring taps, are apart.
    pub(crate) filter_step: usize,
    pub(crate) tap_step: usize,
    /// The fused activation.
    pub(crate) activation: i8,
}

impl Geometry {
    pub(crate) fn read(cx: &Context<'_>, tensors: &Tensors<'_, '_>) -> Result<Self> {
        if cx.opcode == Opcode::FULLY_CONNECTED {
            Self::dense(cx, tensors)
        } else {
            Self::sliding(cx, tensors)
        }
    }

    fn dense(cx: &Context<'_>, tensors: &Tensors<'_, '_>) -> Result<Self> {
        let options = cx.options(8)?;
        let format = options.get(1, 0_i8)?;
        cx.ensure(
            format == 0,
            OperatorProblem::WeightsFormat,
            usize::from(format.unsigned_abs()),
        )?;
        let weights = &tensors.weights.shape;
        let rank = cx.error(OperatorProblem::Rank, weights.dims().len());
        let [filters, depth] = weights.exactly().ok_or(rank)?;
        let inputs = tensors.input.shape.elements();
        let outputs = tensors.output.shape.elements();
        let batches = inputs / depth;
        cx.ensure(inputs.is_multiple_of(depth), OperatorProblem::Shape, 1)?;
        // Divided rather than multiplied, which could overflow.
        cx.ensure(
            outputs.is_multiple_of(filters) && outputs / filters == batches,
            OperatorProblem::Shape,
            cx.inputs.len(),
        )?;
        let one = Window {
            input: 1,
            output: 1,
            filter: 1,
            stride: 1,
            dilation: 1,
            padding: 0,
        };
        Ok(Self {
            batches,
            channels: depth,
            filters,
            depth,
            group: filters,
            y: one,
            x: one,
            transposed: false,
            filter_step: depth,
            tap_step: depth,
            activation: options.get(0, 0)?,
        })
    }

    fn sliding(cx: &Context<'_>, tensors: &Tensors<'_, '_>) -> Result<Self> {
        let depthwise = cx.opcode == Opcode::DEPTHWISE_CONV_2D;
        let transposed = cx.opcode == Opcode::TRANSPOSE_CONV;
        // The option table, and the fields of the activation and of the dilations in it, if it has these.
        let (table, activation, dilation) = match cx.opcode {
            Opcode::DEPTHWISE_CONV_2D => (2, 4, Some(5)),
            Opcode::TRANSPOSE_CONV => (49, 3, None),
            _ => (1, 3, Some(4)),
        };
        let options = cx.options(table)?;

        let dims = |tensor: &TensorInfo<'_>| {
            let shape = &tensor.shape;
            let rank = cx.error(OperatorProblem::Rank, shape.dims().len());
            shape.exactly().ok_or(rank)
        };
        let [batches, height, width, channels] = dims(tensors.input)?;
        let [first, filter_height, filter_width, last] = dims(tensors.weights)?;
        let [out_batches, out_height, out_width, out_channels] = dims(tensors.output)?;
        let (filters, depth) = if depthwise { (last, 1) } else { (first, last) };
        let groups = channels / depth;
        let fits = groups * depth == channels
            && (first == 1 || !depthwise)
            && (groups == 1 || !transposed);
        cx.ensure(fits, OperatorProblem::Shape, 1)?;
        cx.ensure(
            filters.is_multiple_of(groups),
            OperatorProblem::Groups,
            groups,
        )?;
        cx.ensure(
            (batches, filters) == (out_batches, out_channels),
            OperatorProblem::Shape,
            cx.inputs.len(),
        )?;
        if depthwise {
            let stated: i32 = options.get(3, 0)?;
            let agrees = stated == 0 || usize::try_from(stated) == Ok(filters / channels);
            let value = stated.unsigned_abs() as usize;
            cx.ensure(agrees, OperatorProblem::DepthMultiplier, value)?;
        }

        if transposed {
            let wanted = cx.input(0)?;
            if let (Some(data), DataType::Int32) = (wanted.data, wanted.dtype) {
                let dims = tensors.output.shape.dims().iter().map(|&dim| Some(dim));
                let wanted = Vector::<i32>::new(data)
                    .iter()
                    .map(|dim| usize::try_from(dim).ok());
                cx.ensure(wanted.eq(dims), OperatorProblem::Shape, 0)?;
            }
        }

        let scheme = options.get(0, 0)?;
        // TFLite `ComputePaddingHeightWidth` with the output in the place of the input, if transposed.
        let window = |field: usize, filter, input, output| {
            let (from, to) = if transposed {
                (output, input)
            } else {
                (input, output)
            };
            let stride = options.positive(cx, 1 + field, 0)?;
            let dilation = match dilation {
                Some(first) => options.positive(cx, first + field, 1)?,
                None => 1,
            };
            Window::new(cx, scheme, from, to, (filter, stride, dilation))
        };
        Ok(Self {
            batches,
            channels,
            filters,
            depth,
            group: filters / groups,
            y: window(1, filter_height, height, out_height)?,
            x: window(0, filter_width, width, out_width)?,
            transposed,
            filter_step: if depthwise {
                1
            } else {
                filter_height * filter_width * depth
            },
            tap_step: if depthwise { filters } else { depth },
            activation: options.get(activation, 0)?,
        })
    }

    /// Height and width of the input.
    pub(crate) fn input(&self) -> [usize; 2] {
        [&self.y, &self.x].map(|window| {
            if self.transposed {
                window.output
            } else {
                window.input
            }
        })
    }

    /// Height and width of the output.
    pub(crate) fn output(&self) -> [usize; 2] {
        [&self.y, &self.x].map(|window| {
            if self.transposed {
                window.input
            } else {
                window.output
            }
        })
    }

    /// Multiply-accumulates, padding counted as if it were data.
    pub(crate) fn macs(&self) -> u64 {
        let windows = self.batches * self.y.output * self.x.output;
        let weights = self.filters * self.depth * self.y.filter * self.x.filter;
        windows as u64 * weights as u64
    }

    /// What output `o` along a dimension is computed from.
    pub(crate) fn steps(&self, window: &Window, o: usize) -> Steps {
        if self.transposed {
            Steps::transposed(window, o)
        } else {
            Steps::of(window, o)
        }
    }

    /// Whether neighbouring taps meet neighbouring numbers in both input and weights.
    pub(crate) fn rows_are_contiguous(&self) -> bool {
        self.depth == self.channels
            && self.tap_step == self.depth
            && self.x.dilation == 1
            && !self.transposed
    }
}
