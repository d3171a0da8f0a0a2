//! HARD_SWISH, int8: `x * min(max(x + 3, 0), 6) / 6`, in 16-bit fixed point.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::unary::Unary;
use crate::quantize::Rescale;

/// A factor as `multiplier / 2^15 * 2^shift`.
///
/// TFLite `QuantizeMultiplier` and `DownScaleInt32ToInt16Multiplier`.
fn short(cx: &Context<'_>, factor: f32) -> Result<Rescale> {
    let rescale = cx.rescale(factor, 1.0, 1.0)?;
    Ok(Rescale {
        multiplier: rescale.multiplier.saturating_add(1 << 15) >> 16,
        ..rescale
    })
}

impl Unary {
    /// TFLite `HardSwishPrepare`: from 128 times the input's scale to the output's, and to one in which 3 is 2^15.
    #[inline(never)]
    pub(super) fn read_hard_swish(&mut self, cx: &Context<'_>) -> Result<()> {
        let fine = self.from.scale * (1.0 / 128.0);
        self.positive = short(cx, fine / self.to.scale)?;
        cx.ensure(self.positive.shift <= 0, OperatorProblem::Multiplier, 0)?;
        self.negative = short(cx, fine / (3.0 / 32768.0))?;
        Ok(())
    }

    /// TFLite `reference_ops::HardSwish`.
    pub(super) fn hard_swish(&self, x: i32) -> i32 {
        let (output, gate_factor) = (self.positive, self.negative);
        let fine = (x << 7) as i16;
        let scaled = doubling_high_mul(fine, output.multiplier);
        let left = gate_factor.shift;
        let mut gate = fine;
        if left > 0 {
            gate = shift_left(gate, left - 1);
        }
        gate = doubling_high_mul(gate, gate_factor.multiplier);
        if left > 0 {
            gate = shift_left(gate, 1);
        } else {
            gate = shift_right(gate, -left);
        }
        // From [-1, 1] to [0, 1].
        let gate = (i32::from(gate) + (1 << 15)) >> 1;
        // Truncated, to cancel the biases of the roundings above. The output is added in 16 bits in the reference, too; it is
        // at most 255 * 128, so that nothing is lost.
        let product = (gate * i32::from(scaled) / (1 << 15)) as i16;
        i32::from(shift_right(product, -output.shift))
    }
}

/// gemmlowp `SaturatingRoundingDoublingHighMul` for 16 bits and a non-negative `b`, which cannot saturate.
fn doubling_high_mul(a: i16, b: i32) -> i16 {
    ((i32::from(a) * b + (1 << 14)) >> 15) as i16
}

/// TFLite `SaturatingLeftShift`.
fn shift_left(x: i16, exponent: i32) -> i16 {
    // From 16 on nothing but 0 fits.
    (i32::from(x) << exponent.min(16)).clamp(-32768, 32767) as i16
}

/// gemmlowp `RoundingDivideByPOT` for 16 bits. From an exponent of 16 on its mask is all ones, which makes 1 of what
/// is not negative.
fn shift_right(x: i16, exponent: i32) -> i16 {
    let mask = ((1_u32 << exponent) - 1) as i16;
    let threshold = (mask >> 1) + i16::from(x < 0);
    (i32::from(x) >> exponent) as i16 + i16::from(x & mask > threshold)
}
