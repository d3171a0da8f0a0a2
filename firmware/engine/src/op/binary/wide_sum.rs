//! ADD and SUB, int16.

use crate::flatbuffer::Result;
use crate::op::binary::sum::{activation, factors};
use crate::op::context::{Affine, Clamp, Context};
use crate::opcode::Opcode;
use crate::quantize::Rescale;
use crate::tensor::DataType;

/// Bits by which TFLite shifts int16 inputs up before it scales them.
const LEFT_SHIFT: u32 = 15;

pub(super) struct WideSum {
    terms: [Rescale; 2],
    subtract: bool,
    output: Rescale,
    clamp: Clamp,
}

impl WideSum {
    pub(super) fn read(cx: &Context<'_>, scales: [Affine; 3]) -> Result<Self> {
        let [first, second, output] = factors(cx, scales, LEFT_SHIFT)?;
        Ok(Self {
            terms: [first, second],
            subtract: cx.opcode == Opcode::SUB,
            output,
            clamp: cx.clamp_to(DataType::Int16, activation(cx)?, scales[2])?,
        })
    }

    /// TFLite `AddElementwise` and `SubElementwise`. The zero points are 0.
    pub(super) fn apply(&self, x: i32, y: i32) -> i32 {
        let [x, y] = [(x, self.terms[0]), (y, self.terms[1])]
            .map(|(x, rescale)| rescale.apply_apart(x << LEFT_SHIFT));
        let sum = if self.subtract { x - y } else { x + y };
        self.output
            .apply_apart(sum)
            .max(self.clamp.min)
            .min(self.clamp.max)
    }
}
