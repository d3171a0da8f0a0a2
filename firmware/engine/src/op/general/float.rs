//! 32-bit floats: sums in the order of TFLite's reference kernels, each product and each sum rounded, so that every
//! target computes the same bits.

use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Scalar, Vector};
use crate::op::context::Context;
use crate::op::general::{Numbers, Products};
use crate::op::layer::{Geometry, Tensors, takes};
use crate::op::scales::{ChannelScales, Factors};
use crate::quantize::Rescale;
use crate::tensor::DataType;

pub(crate) struct Float<'m> {
    pub(super) weights: &'m [u8],
    pub(super) bias: Option<Vector<'m, f32>>,
    pub(super) min: f32,
    pub(super) max: f32,
}

pub(crate) fn is_float(cx: &Context<'_>) -> bool {
    takes(cx, DataType::Float32)
}

/// TFLite `CalculateActivationRange`: without an activation infinities become the greatest finite numbers.
fn range(cx: &Context<'_>, activation: i8) -> Result<(f32, f32)> {
    Ok(match activation {
        0 => (f32::MIN, f32::MAX),
        1 => (0.0, f32::MAX),
        2 => (-1.0, 1.0),
        3 => (0.0, 6.0),
        other => {
            let value = usize::from(other.unsigned_abs());
            return cx.fail(OperatorProblem::Activation, value);
        }
    })
}

impl<'m> Numbers<'m> for Float<'m> {
    fn read(cx: &Context<'m>, tensors: &Tensors<'_, 'm>, geometry: &Geometry) -> Result<Self> {
        let (weights, output) = (tensors.weights.dtype, tensors.output.dtype);
        cx.ensure(
            weights == DataType::Float32,
            OperatorProblem::Hybrid,
            weights.code() as usize,
        )?;
        cx.ensure(
            output == DataType::Float32,
            OperatorProblem::DataType,
            output.code() as usize,
        )?;
        let (min, max) = range(cx, geometry.activation)?;
        Ok(Self {
            weights: cx.constant(1, tensors.weights, DataType::Float32)?,
            bias: cx.bias_of(tensors.bias_operand, geometry.filters, DataType::Float32)?,
            min,
            max,
        })
    }

    fn bytes(&self) -> usize {
        4
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        None
    }

    fn factors<'a>(&'a self, _: &'a [u8]) -> Factors<'a> {
        Factors::Same(Rescale {
            multiplier: 0,
            shift: 0,
        })
    }

    /// TFLite `ActivationFunctionWithMinMax`, which lets NaN through.
    fn output(&self, products: &Products<'_>, _: &Factors<'_>, out: &mut [u8]) {
        let mut sum = 0.0;
        products.each(&mut |data, first| {
            let data = data.chunks_exact(4).map(f32::read);
            let weights = self.weights[first * 4..].chunks_exact(4).map(f32::read);
            for (data, weight) in data.zip(weights) {
                sum += data * weight;
            }
        });
        let filter = products.filter;
        let bias = self.bias.and_then(|bias| bias.get(filter)).unwrap_or(0.0);
        let sum = sum + bias;
        let clamped = if sum < self.min {
            self.min
        } else if sum > self.max {
            self.max
        } else {
            sum
        };
        out.copy_from_slice(&clamped.to_le_bytes());
    }
}
