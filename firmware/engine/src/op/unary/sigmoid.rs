//! LOGISTIC and TANH, int8.

use crate::error::OperatorProblem;
use crate::fixed_point::{logistic, tanh};
use crate::flatbuffer::Result;
use crate::op::context::{Affine, Context};
use crate::opcode::Opcode;
use crate::quantize::{Rescale, rounding_shift_right};

/// Integer bits of the scaled inputs: Q4.27.
const INPUT_BITS: u32 = 4;

pub(crate) struct Sigmoid {
    pub(crate) is_tanh: bool,
    pub(crate) from_zero: i32,
    pub(crate) rescale: Rescale,
    /// Inputs this far from the zero point, or farther, give the least or greatest output.
    pub(crate) radius: i32,
}

impl Sigmoid {
    pub(crate) fn read(cx: &Context<'_>, from: Affine, to: Affine) -> Result<Self> {
        let is_tanh = cx.opcode == Opcode::TANH;
        let (scale, zero_point) = if is_tanh {
            (1.0 / 128.0, 0)
        } else {
            (1.0 / 256.0, -128)
        };
        cx.ensure(
            to == Affine { scale, zero_point },
            OperatorProblem::CurveOutput,
            0,
        )?;
        Ok(Self::new(is_tanh, from))
    }

    /// TFLite `CalculateArithmeticOpDataLogistic` and `CalculateInputRadius`.
    pub(crate) fn new(is_tanh: bool, from: Affine) -> Self {
        let factor = f64::from(from.scale) * f64::from(1 << (31 - INPUT_BITS));
        // Factors without a fixed-point form are so large that only the sign of an input matters.
        let (rescale, radius) = Rescale::new(factor).map_or((Rescale::ZERO, 0), |rescale| {
            let greatest = ((1 << INPUT_BITS) - 1) << (31 - INPUT_BITS);
            (rescale, greatest >> rescale.shift.max(0))
        });
        Self {
            is_tanh,
            from_zero: from.zero_point,
            rescale,
            radius,
        }
    }

    /// TFLite `reference_integer_ops::Logistic` and `Tanh`.
    pub(crate) fn apply(&self, x: i32) -> i32 {
        let x = x - self.from_zero;
        if x <= -self.radius {
            return -128;
        }
        if x >= self.radius {
            return 127;
        }
        let x = self.rescale.apply_apart(x);
        let y = if self.is_tanh {
            rounding_shift_right(tanh(x), 31 - 7)
        } else {
            rounding_shift_right(logistic(x), 31 - 8) - 128
        };
        y.clamp(-128, 127)
    }
}
