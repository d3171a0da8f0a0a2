//! ELU, SQRT and RSQRT, int8.

use crate::error::OperatorProblem;
use crate::fixed_point::inverse_sqrt;
use crate::flatbuffer::Result;
use crate::op::context::{Affine, Context};
use crate::quantize::Rescale;

/// ELU, which is `exp(x) - 1` below zero, and SQRT; in single precision, as in the reference.
pub(crate) struct Curve {
    pub(crate) is_sqrt: bool,
    pub(crate) from: Affine,
    pub(crate) to: Affine,
}

impl Curve {
    /// TFLite Micro `PopulateLookupTable`. TFLite Micro has no SQRT for integers; LiteRT's, of which this gives the
    /// results, rounds towards zero. Negative numbers, which have no root, count as zero.
    pub(crate) fn apply(&self, x: i32) -> i32 {
        let x = self.from.scale * (x - self.from.zero_point) as f32;
        let unit = 1.0 / self.to.scale;
        let y = if self.is_sqrt {
            libm::truncf(libm::sqrtf(x.max(0.0)) * unit)
        } else if x < 0.0 {
            libm::roundf((libm::expf(x) - 1.0) * unit)
        } else {
            libm::roundf(x * unit)
        };
        (y + self.to.zero_point as f32).clamp(-128.0, 127.0) as i32
    }
}

/// `1 / sqrt(x)`.
pub(crate) struct InverseRoot {
    pub(crate) from_zero: i32,
    pub(crate) to_zero: i32,
    pub(crate) rescale: Rescale,
}

/// Bits by which roots are shifted up before they are scaled.
const ROOT_BITS: i32 = 20;

impl InverseRoot {
    pub(crate) fn read(cx: &Context<'_>, from: Affine, to: Affine) -> Result<Self> {
        Self::new(from, to).ok_or(cx.error(OperatorProblem::Multiplier, 0))
    }

    /// TFLite `SetRsqrtOutputMultiplier`; `None` if the factor is too large.
    pub(crate) fn new(from: Affine, to: Affine) -> Option<Self> {
        let factor = 1.0 / (libm::sqrt(f64::from(from.scale)) * f64::from(to.scale));
        let rescale = Rescale::new(factor)?;
        let shift = rescale.shift - ROOT_BITS;
        Some(Self {
            from_zero: from.zero_point,
            to_zero: to.zero_point,
            rescale: if shift < -31 {
                Rescale::ZERO
            } else {
                Rescale { shift, ..rescale }
            },
        })
    }

    /// TFLite `RsqrtEvalQuantized`, which gives the greatest output for zero. Below zero there is no result; the
    /// reference stops there, and the greatest output is given here, too.
    pub(crate) fn apply(&self, x: i32) -> i32 {
        let x = x - self.from_zero;
        if x <= 0 {
            return 127;
        }
        let (multiplier, shift) = inverse_sqrt(x);
        let root = Rescale {
            multiplier,
            shift: shift + ROOT_BITS,
        };
        let y = self.rescale.apply_apart(root.apply_apart(1));
        y.saturating_add(self.to_zero).clamp(-128, 127)
    }
}
