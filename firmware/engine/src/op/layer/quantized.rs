//! What layers of integers have in common: from sums to outputs.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::{Clamp, Context};
use crate::op::layer::geometry::Geometry;
use crate::op::layer::tensors::Tensors;
use crate::op::scales::{ChannelScales, Factors};
use crate::opcode::Opcode;
use crate::quantize::Rescale;
use crate::tensor::DataType;

#[derive(Clone, Copy)]
pub(crate) struct Quantized<'m> {
    pub(crate) input_zero: i32,
    pub(crate) output_zero: i32,
    pub(crate) scales: ChannelScales<'m>,
    /// The factor of all filters of a dense layer whose weights are quantized as a whole.
    pub(crate) same: Option<Rescale>,
    pub(crate) clamp: Clamp,
}

impl<'m> Quantized<'m> {
    /// Activations are of type `dtype`.
    pub(crate) fn read(
        cx: &Context<'m>,
        tensors: &Tensors<'_, 'm>,
        geometry: &Geometry,
        dtype: DataType,
    ) -> Result<Self> {
        for tensor in [tensors.input, tensors.output] {
            let code = tensor.dtype.code() as usize;
            cx.ensure(tensor.dtype == dtype, OperatorProblem::DataType, code)?;
        }
        let from = cx.affine(tensors.input_operand, tensors.input)?;
        let to = cx.affine(cx.inputs.len(), tensors.output)?;
        let axis = match cx.opcode {
            Opcode::DEPTHWISE_CONV_2D => 3,
            _ => 0,
        };
        let scales = cx.weight_scales(tensors.weights, axis)?;
        // TFLite `GetQuantizedConvolutionMultipler` multiplies the scales of a dense layer's weights, quantized as a whole,
        // in single precision, unlike those of channels.
        let same = match scales.get(0) {
            Some(scale) if cx.opcode == Opcode::FULLY_CONNECTED && scales.len() == 1 => {
                Some(cx.rescale(from.scale * scale, 1.0, to.scale)?)
            }
            _ => None,
        };
        Ok(Self {
            input_zero: from.zero_point,
            output_zero: to.zero_point,
            scales: ChannelScales::new(cx, from.scale, scales, to.scale, geometry.filters)?,
            same,
            clamp: cx.clamp_to(dtype, geometry.activation, to)?,
        })
    }

    /// The filters that have a factor each.
    pub(crate) fn scales(&self) -> Option<&ChannelScales<'m>> {
        match self.same {
            Some(_) => None,
            None => Some(&self.scales),
        }
    }

    /// The factors of all filters, of which `table` holds those of [`Quantized::scales`].
    pub(crate) fn factors<'a>(&self, table: &'a [u8]) -> Factors<'a> {
        match self.same {
            Some(factor) => Factors::Same(factor),
            None => Factors::new(table, self.scales.channels),
        }
    }
}
