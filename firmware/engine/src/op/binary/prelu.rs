//! PRELU, int8: the input where it is positive, otherwise its product with a factor of its own.

use crate::flatbuffer::Result;
use crate::op::context::{Affine, Context};
use crate::quantize::Rescale;

pub(super) struct Prelu {
    pub(super) zeros: [i32; 2],
    pub(super) positive: Rescale,
    pub(super) negative: Rescale,
    pub(super) output_zero: i32,
}

impl Prelu {
    /// TFLite `CalculatePreluParams`.
    pub(super) fn read(cx: &Context<'_>, [from, alpha, to]: [Affine; 3]) -> Result<Self> {
        let [input, slope, output] = [from, alpha, to].map(|affine| f64::from(affine.scale));
        Ok(Self {
            zeros: [from.zero_point, alpha.zero_point],
            positive: cx.rescale(input / output)?,
            negative: cx.rescale(input * slope / output)?,
            output_zero: to.zero_point,
        })
    }

    /// TFLite `BroadcastPrelu4DSlow`.
    #[inline(always)]
    pub(super) fn apply(&self, x: i32, alpha: i32) -> i32 {
        let x = x - self.zeros[0];
        let (x, rescale) = if x >= 0 {
            (x, self.positive)
        } else {
            (x * (alpha - self.zeros[1]), self.negative)
        };
        let y = rescale.apply(x).saturating_add(self.output_zero);
        y.clamp(-128, 127)
    }
}
