//! Sums and means of integers in the output's scale.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::quantize::Rescale;
use crate::tensor::DataType;

/// How a sum becomes an output.
///
/// TFLite `QuantizedMeanOrSum`.
pub(super) struct Quantized {
    /// As many input zero points as there are elements in the sum.
    pub(super) zeros: i32,
    pub(super) output_zero: i32,
    pub(super) rescale: Rescale,
}

impl Quantized {
    /// The sum, or the mean, of `count` elements.
    pub(super) fn new(cx: &Context<'_>, count: usize, mean: bool) -> Result<Self> {
        let (input, output) = (cx.input(0)?, cx.output()?);
        cx.ensure(
            input.dtype == output.dtype,
            OperatorProblem::ElementType,
            output.dtype.code() as usize,
        )?;
        let (from, to) = (cx.affine(0, input)?, cx.affine(2, output)?);
        // Sums of this many elements fit 32 bits.
        let most = if input.dtype == DataType::Int8 {
            1 << 23
        } else {
            1 << 15
        };
        cx.ensure(count < most, OperatorProblem::TooLarge, count)?;
        let rescale = cx.rescale(from.scale, 1.0, to.scale)?;
        Ok(Self {
            zeros: from.zero_point * count as i32,
            output_zero: to.zero_point,
            rescale: if mean {
                divided(rescale, count)
            } else {
                rescale
            },
        })
    }

    #[inline(always)]
    pub(super) fn output(&self, sum: i32, least: i32, greatest: i32) -> i32 {
        self.rescale
            .apply(sum - self.zeros)
            .saturating_add(self.output_zero)
            .max(least)
            .min(greatest)
    }
}

/// A factor divided by a count.
///
/// TFLite `QuantizedMeanOrSum`: the multiplier is shifted up by the count's whole binary logarithm, at most 32 and
/// by no more than leaves the shift at -31, then divided, truncating.
pub(super) fn divided(factor: Rescale, count: usize) -> Rescale {
    let shift = (count.max(1).ilog2() as i32).min(32).min(31 + factor.shift);
    // Digit by digit, where 64 bits would be divided by 32. Counts have 23 bits.
    let (dividend, count) = (factor.multiplier as u32, count.max(1) as u32);
    let (mut quotient, mut rest) = (dividend / count, dividend % count);
    for _ in 0..shift {
        let digit = 2 * rest >= count;
        rest = 2 * rest - if digit { count } else { 0 };
        quotient = 2 * quotient + u32::from(digit);
    }
    Rescale {
        multiplier: quotient as i32,
        shift: factor.shift - shift,
    }
}
