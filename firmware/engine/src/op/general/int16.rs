//! 16-bit activations with 8-bit weights.

use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Scalar, Vector};
use crate::kernel::cast;
use crate::op::context::{Clamp, Context};
use crate::op::general::{Numbers, Products};
use crate::op::layer::{Geometry, Quantized, Tensors, takes};
use crate::op::scales::{ChannelScales, Factors};
use crate::opcode::Opcode;
use crate::quantize::Rescale;
use crate::tensor::DataType;

pub(crate) struct Int16<'m> {
    pub(super) weights: &'m [i8],
    pub(super) bias: Bias<'m>,
    pub(super) quantized: Quantized<'m>,
}

/// The bias, which decides how wide sums are.
#[derive(Clone, Copy)]
pub(super) enum Bias<'m> {
    Narrow(Option<Vector<'m, i32>>),
    Wide(Option<Vector<'m, i64>>),
}

pub(crate) fn is_int16(cx: &Context<'_>) -> bool {
    takes(cx, DataType::Int16)
}

impl<'m> Bias<'m> {
    /// TFLite Micro sums up in 64 bits, but in 32 for `CONV_2D` and `FULLY_CONNECTED` if they have a bias of 32.
    fn read(cx: &Context<'m>, i: usize, filters: usize) -> Result<Self> {
        let tensor = cx.optional_input(i)?;
        let narrow = matches!(cx.opcode, Opcode::CONV_2D | Opcode::FULLY_CONNECTED)
            && tensor.is_some_and(|tensor| tensor.dtype != DataType::Int64);
        Ok(if narrow {
            Self::Narrow(cx.bias(i, filters)?)
        } else {
            Self::Wide(cx.bias_of(i, filters, DataType::Int64)?)
        })
    }
}

impl<'m> Numbers<'m> for Int16<'m> {
    fn read(cx: &Context<'m>, tensors: &Tensors<'_, 'm>, geometry: &Geometry) -> Result<Self> {
        let weights = cast::as_i8(cx.constant(1, tensors.weights, DataType::Int8)?);
        let bias = Bias::read(cx, tensors.bias_operand, geometry.filters)?;
        let quantized = Quantized::read(cx, tensors, geometry, DataType::Int16)?;
        if let Bias::Wide(_) = bias {
            let greatest = match quantized.same {
                Some(factor) => Some(factor),
                None => quantized.scales.greatest(),
            };
            let fits = greatest.is_some_and(Rescale::is_wide);
            cx.ensure(fits, OperatorProblem::Multiplier, 0)?;
        }
        Ok(Self {
            weights,
            bias,
            quantized,
        })
    }

    fn bytes(&self) -> usize {
        2
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        self.quantized.scales()
    }

    fn factors<'a>(&'a self, table: &'a [u8]) -> Factors<'a> {
        self.quantized.factors(table)
    }

    /// Sums that TFLite computes in 32 bits are these, cut off.
    fn output(&self, products: &Products<'_>, factors: &Factors<'_>, out: &mut [u8]) {
        let mut sum = 0_i64;
        products.each(&mut |data, first| {
            let data = data.chunks_exact(2).map(i16::read);
            for (data, &weight) in data.zip(&self.weights[first..]) {
                sum += i64::from(i32::from(data) * i32::from(weight));
            }
        });
        let filter = products.filter;
        let factor = factors.get(filter);
        let scaled = match self.bias {
            Bias::Narrow(bias) => {
                let bias = bias.and_then(|bias| bias.get(filter)).unwrap_or(0);
                factor.apply((sum as i32).wrapping_add(bias))
            }
            Bias::Wide(bias) => {
                let bias = bias.and_then(|bias| bias.get(filter)).unwrap_or(0);
                factor.apply_wide(sum.wrapping_add(bias))
            }
        };
        let Clamp { min, max } = self.quantized.clamp;
        let clamped = scaled.max(min).min(max) as i16;
        out.copy_from_slice(&clamped.to_le_bytes());
    }
}
