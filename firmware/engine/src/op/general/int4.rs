//! 8-bit activations with 4-bit weights, two in a byte.

use crate::flatbuffer::{Result, Vector};
use crate::op::context::{Clamp, Context};
use crate::op::general::Numbers;
use crate::op::general::geometry::{Geometry, Tensors, takes};
use crate::op::general::quantized::Quantized;
use crate::op::scales::{ChannelScales, Factors};
use crate::tensor::DataType;

pub(crate) struct Int4<'m> {
    pub(super) weights: &'m [u8],
    pub(super) bias: Option<Vector<'m, i32>>,
    pub(super) quantized: Quantized<'m>,
}

const RANGE: Clamp = Clamp {
    min: -128,
    max: 127,
};

pub(crate) fn has_int4_weights(cx: &Context<'_>) -> bool {
    let weights = cx.input(1);
    takes(cx, DataType::Int8) && weights.is_ok_and(|weights| weights.dtype == DataType::Int4)
}

impl Int4<'_> {
    /// Weight `i`: the even ones are in the low half of a byte.
    fn weight(&self, i: usize) -> i32 {
        let byte = self.weights[i / 2];
        let upper = if i.is_multiple_of(2) { byte << 4 } else { byte };
        i32::from(upper as i8 >> 4)
    }
}

impl<'m> Numbers<'m> for Int4<'m> {
    const BYTES: usize = 1;
    type Sum = i32;

    fn read(cx: &Context<'m>, tensors: &Tensors<'m>, geometry: &Geometry) -> Result<Self> {
        Ok(Self {
            weights: cx.constant(1, &tensors.weights, DataType::Int4)?,
            bias: cx.bias(tensors.bias_operand, geometry.filters)?,
            quantized: Quantized::read(cx, tensors, geometry, RANGE)?,
        })
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        self.quantized.scales()
    }

    fn factors<'a>(&'a self, table: &'a [u8]) -> Factors<'a> {
        self.quantized.factors(table)
    }

    fn dot(&self, sum: i32, data: &[u8], first: usize) -> i32 {
        let zero = self.quantized.input_zero;
        data.iter().enumerate().fold(sum, |sum, (i, &data)| {
            let data = i32::from(data as i8) - zero;
            sum.wrapping_add(data * self.weight(first + i))
        })
    }

    fn finish(&self, factors: &Factors<'_>, filter: usize, sum: i32, out: &mut [u8]) {
        let bias = self.bias.and_then(|bias| bias.get(filter)).unwrap_or(0);
        let scaled = factors.get(filter).apply(sum.wrapping_add(bias));
        let scaled = scaled.saturating_add(self.quantized.output_zero);
        out.fill(self.quantized.clamp(scaled) as u8);
    }
}
