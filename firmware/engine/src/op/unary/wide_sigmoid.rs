//! LOGISTIC and TANH, int16.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::kernel::sigmoid::{Steps, logistic, tanh};
use crate::op::context::Context;
use crate::op::unary::Unary;
use crate::opcode::Opcode;
use crate::real::Real;

impl Unary {
    #[inline(never)]
    pub(super) fn read_wide_sigmoid(&mut self, cx: &Context<'_>) -> Result<()> {
        let fits = self.to.scale == 1.0 / 32768.0;
        cx.ensure(fits, OperatorProblem::CurveOutput, 0)?;
        let steps = steps(self.opcode == Opcode::TANH, self.from.scale);
        self.steps = steps.ok_or(cx.error(OperatorProblem::Multiplier, 0))?;
        Ok(())
    }

    pub(super) fn wide_sigmoid(&self, x: i32) -> i32 {
        let steps = self.steps.of(x as i16);
        i32::from(if self.opcode == Opcode::TANH {
            tanh(steps)
        } else {
            logistic(steps)
        })
    }
}

/// How inputs of a scale become steps of the table.
///
/// TFLite `CalculateArithmeticOpDataLogistic` and TANH's `CalculateArithmeticOpData` for int16, with `CheckedLog2`:
/// a scale that is a power of two to within a thousandth counts as one. `None` if the multiplier does not fit.
fn steps(is_tanh: bool, scale: f32) -> Option<Steps> {
    /// The mantissas of 2^0.001 and 2^0.999.
    const CLOSE: [u32; 2] = [5816, 8_376_980];
    let bits = scale.to_bits();
    let mantissa = bits & 0x7f_ffff;
    let (below, above) = (mantissa <= CLOSE[0], mantissa >= CLOSE[1]);
    let power = (bits >> 23) as i32 - 127 + i32::from(above);
    let left = power + 12;
    if (below || above) && (left == 0 || is_tanh && left == 1) {
        return Some(Steps::new(power));
    }
    // One step is a 3 * 4096th.
    let factor = Real::from(scale) * (4096.0 * 3.0);
    // It has 26 bits. It is shifted up until one more would make it greater than 32767, but by 31 at most.
    let upper = (factor.mantissa >> 32) as u32;
    let shift = (15 - factor.exponent - i32::from(upper > 32767 << 17)).min(31);
    let cut_off = (32 - factor.exponent - shift) as u32;
    (shift >= 0).then_some(Steps {
        multiplier: upper.checked_shr(cut_off).unwrap_or(0) as i32,
        shift: shift as u32,
    })
}
