//! LOGISTIC and TANH, int8.

use crate::error::OperatorProblem;
use crate::fixed_point::{logistic, tanh};
use crate::flatbuffer::Result;
use crate::op::context::{Affine, Context};
use crate::op::unary::Unary;
use crate::opcode::Opcode;
use crate::quantize::{Rescale, rounding_shift_right};

/// Integer bits of the scaled inputs: Q4.27.
const INPUT_BITS: u32 = 4;

impl Unary {
    #[inline(never)]
    pub(super) fn read_sigmoid(&mut self, cx: &Context<'_>) -> Result<()> {
        let (scale, zero_point) = if self.opcode == Opcode::TANH {
            (1.0 / 128.0, 0)
        } else {
            (1.0 / 256.0, -128)
        };
        cx.ensure(
            self.to == Affine { scale, zero_point },
            OperatorProblem::CurveOutput,
            0,
        )?;
        self.scale_sigmoid();
        Ok(())
    }

    /// TFLite `CalculateArithmeticOpDataLogistic`.
    pub(super) fn scale_sigmoid(&mut self) {
        let units = (1 << (31 - INPUT_BITS)) as f32;
        // Factors without a fixed-point form are so large that only the sign of an input matters.
        self.positive = Rescale::product(self.from.scale, units, 1.0).unwrap_or(Rescale {
            multiplier: 0,
            shift: 31,
        });
    }

    /// TFLite `reference_integer_ops::Logistic` and `Tanh`.
    pub(super) fn sigmoid(&self, x: i32) -> i32 {
        // TFLite `CalculateInputRadius`: inputs this far from zero, or farther, give the least or greatest output.
        let greatest = ((1 << INPUT_BITS) - 1) << (31 - INPUT_BITS);
        let radius = greatest >> self.positive.shift.max(0);
        if x <= -radius {
            return i32::MIN;
        }
        if x >= radius {
            return i32::MAX;
        }
        let x = self.positive.apply_apart(x);
        if self.opcode == Opcode::TANH {
            rounding_shift_right(tanh(x), 31 - 7)
        } else {
            rounding_shift_right(logistic(x), 31 - 8)
        }
    }
}
