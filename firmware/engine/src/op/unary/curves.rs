//! ELU, SQRT and RSQRT, int8.

use crate::error::OperatorProblem;
use crate::fixed_point::inverse_sqrt;
use crate::flatbuffer::Result;
use crate::math;
use crate::op::context::Context;
use crate::op::unary::Unary;
use crate::opcode::Opcode;
use crate::quantize::{Rescale, round};
use crate::real::Real;

/// Bits by which roots are shifted up before they are scaled.
const ROOT_BITS: i32 = 20;

impl Unary {
    /// ELU, which is `exp(x) - 1` below zero, and SQRT; in single precision, as in the reference.
    ///
    /// TFLite Micro `PopulateLookupTable`. TFLite Micro has no SQRT for integers; LiteRT's, of which this gives the
    /// results, rounds towards zero. Negative numbers, which have no root, count as zero.
    pub(super) fn curve(&self, x: i32) -> i32 {
        let mut x = self.from.scale * x as f32;
        let unit = 1.0 / self.to.scale;
        if self.opcode == Opcode::SQRT {
            return (math::sqrt(x.max(0.0)) * unit) as i32;
        }
        if x < 0.0 {
            x = math::exp(x) - 1.0;
        }
        round(x * unit)
    }

    #[inline(never)]
    pub(super) fn read_inverse_root(&mut self, cx: &Context<'_>) -> Result<()> {
        let factor = self.root_factor();
        self.positive = factor.ok_or(cx.error(OperatorProblem::Multiplier, 0))?;
        Ok(())
    }

    /// TFLite `SetRsqrtOutputMultiplier`; `None` if the factor is too large.
    pub(super) fn root_factor(&self) -> Option<Rescale> {
        let root = Real::from(self.from.scale).sqrt();
        let rescale = Rescale::new(Real::from(1.0) / (root * self.to.scale))?;
        let shift = rescale.shift - ROOT_BITS;
        Some(if shift < -31 {
            Rescale::ZERO
        } else {
            Rescale { shift, ..rescale }
        })
    }

    /// TFLite `RsqrtEvalQuantized`, which gives the greatest output for zero. Below zero there is no result; the
    /// reference stops there, and the greatest output is given here, too.
    pub(super) fn inverse_root(&self, x: i32) -> i32 {
        if x <= 0 {
            return i32::MAX;
        }
        let (multiplier, shift) = inverse_sqrt(x);
        let root = Rescale {
            multiplier,
            shift: shift + ROOT_BITS,
        };
        self.positive.apply_apart(root.apply_apart(1))
    }
}
