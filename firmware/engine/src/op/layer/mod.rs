//! What convolutions, depthwise and transposed ones, and dense layers have in common: how they are read from the file.

mod geometry;
mod quantized;
mod steps;
mod tensors;

pub(crate) use geometry::Geometry;
pub(crate) use quantized::Quantized;
pub(crate) use steps::Steps;
pub(crate) use tensors::{Tensors, takes};

use crate::flatbuffer::{Result, Vector};
use crate::kernel::cast;
use crate::op::context::Context;
use crate::tensor::DataType;

/// A layer of int8 activations and weights.
pub(crate) struct Int8<'m> {
    pub(crate) geometry: Geometry,
    pub(crate) weights: &'m [i8],
    pub(crate) bias: Option<Vector<'m, i32>>,
    pub(crate) quantized: Quantized<'m>,
}

impl<'m> Int8<'m> {
    #[inline(never)]
    pub(crate) fn read(cx: &Context<'m>) -> Result<Self> {
        let tensors = Tensors::read(cx)?;
        let geometry = Geometry::read(cx, &tensors)?;
        Ok(Self {
            geometry,
            weights: cast::as_i8(cx.constant(1, tensors.weights, DataType::Int8)?),
            bias: cx.bias(tensors.bias_operand, geometry.filters)?,
            quantized: Quantized::read(cx, &tensors, &geometry, DataType::Int8)?,
        })
    }
}
