//! MUL, int8 and int16.

use crate::flatbuffer::Result;
use crate::op::context::{Affine, Clamp, Context};
use crate::quantize::Rescale;
use crate::tensor::DataType;

pub(super) struct Product {
    pub(super) zeros: [i32; 2],
    pub(super) rescale: Rescale,
    pub(super) output_zero: i32,
    pub(super) clamp: Clamp,
}

impl Product {
    /// TFLite `CalculateOpDataMul`.
    pub(super) fn read(cx: &Context<'_>, [a, b, to]: [Affine; 3], dtype: DataType) -> Result<Self> {
        let factor = f64::from(a.scale) * f64::from(b.scale) / f64::from(to.scale);
        Ok(Self {
            zeros: [a.zero_point, b.zero_point],
            rescale: cx.rescale(factor)?,
            output_zero: to.zero_point,
            clamp: cx.clamp_to(dtype, cx.options(21)?.get(0, 0)?, to)?,
        })
    }

    /// TFLite `MulElementwise`.
    #[inline(always)]
    pub(super) fn apply(&self, x: i32, y: i32) -> i32 {
        let product = (x - self.zeros[0]) * (y - self.zeros[1]);
        let scaled = self.rescale.apply(product).saturating_add(self.output_zero);
        scaled.max(self.clamp.min).min(self.clamp.max)
    }
}
