//! What layers of integers have in common: from sums to outputs.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::{Clamp, Context};
use crate::op::fully_connected::Factor;
use crate::op::general::geometry::{Geometry, Tensors};
use crate::op::scales::{ChannelScales, Factors};
use crate::opcode::Opcode;

pub(super) struct Quantized<'m> {
    pub(super) input_zero: i32,
    pub(super) output_zero: i32,
    pub(super) factor: Factor<'m>,
    pub(super) clamp: Clamp,
}

impl<'m> Quantized<'m> {
    pub(super) fn read(
        cx: &Context<'m>,
        tensors: &Tensors<'m>,
        geometry: &Geometry,
    ) -> Result<Self> {
        let (input, output) = (&tensors.input, &tensors.output);
        cx.ensure(
            input.dtype == output.dtype,
            OperatorProblem::DataType,
            output.dtype.code() as usize,
        )?;
        let from = cx.affine(tensors.input_operand, input)?;
        let to = cx.affine(cx.inputs.len(), output)?;
        let axis = match cx.opcode {
            Opcode::DEPTHWISE_CONV_2D => 3,
            _ => 0,
        };
        let scales = cx.weight_scales(&tensors.weights, axis)?;
        let dense = cx.opcode == Opcode::FULLY_CONNECTED;
        // As for int8: TFLite `GetQuantizedConvolutionMultipler`, and `PopulateConvolutionQuantizationParams`.
        let factor = match (scales.len(), scales.get(0)) {
            (1, Some(scale)) if dense => {
                Factor::Same(cx.rescale(f64::from(from.scale * scale) / f64::from(to.scale))?)
            }
            _ => Factor::PerUnit(ChannelScales::new(
                cx,
                from.scale,
                scales,
                to.scale,
                geometry.filters,
            )?),
        };
        Ok(Self {
            input_zero: from.zero_point,
            output_zero: to.zero_point,
            factor,
            clamp: cx.clamp_to(output.dtype, geometry.activation, to)?,
        })
    }

    pub(super) fn scales(&self) -> Option<&ChannelScales<'m>> {
        match &self.factor {
            Factor::Same(_) => None,
            Factor::PerUnit(scales) => Some(scales),
        }
    }

    pub(super) fn factors<'a>(&self, table: &'a [u8]) -> Factors<'a> {
        match &self.factor {
            Factor::Same(factor) => Factors::Same(*factor),
            Factor::PerUnit(scales) => Factors::new(table, scales.channels),
        }
    }
}
