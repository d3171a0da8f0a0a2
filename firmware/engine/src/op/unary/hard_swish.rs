//! HARD_SWISH, int8: `x * min(max(x + 3, 0), 6) / 6`, in 16-bit fixed point.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::{Affine, Context};

pub(crate) struct HardSwish {
    pub(crate) from_zero: i32,
    pub(crate) to_zero: i32,
    /// From 128 times the input's scale to the output's.
    pub(crate) output: Short,
    /// From 128 times the input's scale to one in which 3 is 2^15.
    pub(crate) gate: Short,
}

/// A factor as `multiplier / 2^15 * 2^exponent`.
#[derive(Clone, Copy)]
pub(crate) struct Short {
    multiplier: i16,
    exponent: i32,
}

impl Short {
    /// TFLite `QuantizeMultiplier` and `DownScaleInt32ToInt16Multiplier`.
    fn new(cx: &Context<'_>, factor: f32) -> Result<Self> {
        let rescale = cx.rescale(f64::from(factor))?;
        let rounded = rescale.multiplier.saturating_add(1 << 15) >> 16;
        Ok(Self {
            multiplier: rounded as i16,
            exponent: rescale.shift,
        })
    }
}

impl HardSwish {
    /// TFLite `HardSwishPrepare`.
    pub(crate) fn read(cx: &Context<'_>, from: Affine, to: Affine) -> Result<Self> {
        let fine = from.scale * (1.0 / 128.0);
        let output = Short::new(cx, fine / to.scale)?;
        cx.ensure(output.exponent <= 0, OperatorProblem::Multiplier, 0)?;
        Ok(Self {
            from_zero: from.zero_point,
            to_zero: to.zero_point,
            output,
            gate: Short::new(cx, fine / (3.0 / 32768.0))?,
        })
    }

    /// TFLite `reference_ops::HardSwish`.
    pub(crate) fn apply(&self, x: i32) -> i32 {
        let fine = ((x - self.from_zero) << 7) as i16;
        let scaled = doubling_high_mul(fine, self.output.multiplier);
        let left = self.gate.exponent;
        let mut gate = fine;
        if left > 0 {
            gate = shift_left(gate, left - 1);
        }
        gate = doubling_high_mul(gate, self.gate.multiplier);
        if left > 0 {
            gate = shift_left(gate, 1);
        } else {
            gate = shift_right(gate, -left);
        }
        // From [-1, 1] to [0, 1].
        let gate = (i32::from(gate) + (1 << 15)) >> 1;
        // Truncated, to cancel the biases of the roundings above.
        let product = (gate * i32::from(scaled) / (1 << 15)) as i16;
        let y = shift_right(product, -self.output.exponent).wrapping_add(self.to_zero as i16);
        i32::from(y.clamp(-128, 127))
    }
}

/// gemmlowp `SaturatingRoundingDoublingHighMul` for 16 bits and a non-negative `b`, which cannot saturate.
fn doubling_high_mul(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b) + (1 << 14)) >> 15) as i16
}

/// TFLite `SaturatingLeftShift`.
fn shift_left(x: i16, exponent: i32) -> i16 {
    (i64::from(x) << exponent).clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16
}

/// gemmlowp `RoundingDivideByPOT` for 16 bits. From an exponent of 16 on its mask is all ones, which makes 1 of what
/// is not negative.
fn shift_right(x: i16, exponent: i32) -> i16 {
    let mask = ((1_u32 << exponent) - 1) as i16;
    let threshold = (mask >> 1) + i16::from(x < 0);
    (i32::from(x) >> exponent) as i16 + i16::from(x & mask > threshold)
}
