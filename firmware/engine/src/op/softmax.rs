//! SOFTMAX, int8 to int8 or int16, over the innermost dimension; other inputs have modules of their own.

mod float;
mod int16;
mod table;
#[cfg(test)]
mod tests;

pub(super) use float::{Float, is_float};
pub(super) use int16::{Int16, is_int16};

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::fixed_point::{exp_on_negative, one_over_one_plus, saturating_doubling_high_mul};
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::{Context, is_scale};
use crate::op::element::Element;
use crate::quantize::{Rescale, doubling_high_mul, rounding_shift_right};
use crate::tensor::DataType;

/// Integer bits of the differences, in gemmlowp's notation Q5.26.
const DIFFERENCE_BITS: u32 = 5;
/// Integer bits of the sum of exponentials: Q12.19.
const SUM_BITS: u32 = 12;

pub(crate) struct Softmax {
    depth: usize,
    rescale: Rescale,
    /// The output has 16 bits, not 8.
    wide: bool,
    /// Inputs that lie lower than this below the greatest count as nothing.
    least_difference: i32,
}

impl<'m> Kernel<'m> for Softmax {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(1, 1)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let options = cx.options(9)?;
        let from = cx.int8(0, input)?;
        let wide = output.dtype == DataType::Int16;
        cx.ensure(
            wide || output.dtype == DataType::Int8,
            OperatorProblem::DataType,
            output.dtype.code() as usize,
        )?;
        let quantization = output.quantization;
        let (scale, zero) = (quantization.scales.get(0), quantization.zero_points.get(0));
        let fits = if wide {
            // TFLite accepts scales that differ by a thousandth, and ignores the difference.
            let scale = scale.unwrap_or(0.0) * 65536.0;
            zero == Some(-32768) && (scale - 1.0).abs() <= 0.001
        } else {
            (scale, zero) == (Some(1.0 / 256.0), Some(-128))
        };
        cx.ensure(fits, OperatorProblem::SoftmaxOutput, 0)?;
        cx.ensure(
            input.shape.dims() == output.shape.dims(),
            OperatorProblem::Shape,
            1,
        )?;
        let rank = input.shape.dims().len();
        let depth = *input
            .shape
            .dims()
            .last()
            .ok_or(cx.error(OperatorProblem::Rank, rank))?;
        // Exponentials of up to 4095 elements fit the sum's integer bits.
        cx.ensure(depth < 1 << SUM_BITS, OperatorProblem::Shape, 0)?;

        // TFLite `PreprocessSoftmaxScaling`: min(beta * scale * 2^26, 2^31 - 1), which must be greater than 1.
        let beta = options.get(0, 0.0_f32)?;
        let scale =
            f64::from(beta) * f64::from(from.scale) * f64::from(1 << (31 - DIFFERENCE_BITS));
        let scale = scale.min(f64::from(i32::MAX));
        cx.ensure(is_scale(beta) && scale > 1.0, OperatorProblem::Beta, 0)?;
        let mut rescale = Rescale::new(scale);
        if rescale.is_none() {
            // 2^30 and more, the one factor with a shift of 31.
            rescale = Rescale::new(scale / 2.0).map(|half| Rescale {
                shift: half.shift + 1,
                ..half
            });
        }
        let rescale = rescale.ok_or(cx.error(OperatorProblem::Beta, 0))?;
        // TFLite `CalculateInputRadius`: the greatest difference whose scaled value still fits Q5.26.
        let radius = ((1_i64 << DIFFERENCE_BITS) - 1) << (31 - DIFFERENCE_BITS) >> rescale.shift;
        Ok(Self {
            depth,
            rescale,
            wide,
            least_difference: -(radius as i32),
        })
    }

    /// TFLite `reference_ops::Softmax` for int8, to int8 and to int16.
    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        for (row, out) in input
            .chunks_exact(self.depth)
            .zip(output.chunks_exact_mut(self.depth << u32::from(self.wide)))
        {
            let greatest = row.iter().copied().max().map_or(0, i32::from);
            let exponential = |x: i8| {
                let difference = i32::from(x) - greatest;
                (difference >= self.least_difference).then(|| {
                    let scaled = doubling_high_mul(
                        difference.wrapping_shl(self.rescale.shift as u32),
                        self.rescale.multiplier,
                    );
                    exp_on_negative(scaled, DIFFERENCE_BITS)
                })
            };
            let sum = row
                .iter()
                .filter_map(|&x| exponential(x))
                .map(|x| rounding_shift_right(x, SUM_BITS));
            let (reciprocal, bits_over_unit) = reciprocal(sum.sum());
            let bits = if self.wide { 16 } else { 8 };
            let exponent = (bits_over_unit + 31 - bits).clamp(0, 31) as u32;
            for (i, &x) in row.iter().enumerate() {
                let unsigned = exponential(x).map_or(0, |x| {
                    rounding_shift_right(saturating_doubling_high_mul(reciprocal, x), exponent)
                });
                let signed = unsigned.max(0).min((1 << bits) - 1) - (1 << (bits - 1));
                if self.wide {
                    (signed as i16).store(out, i);
                } else {
                    (signed as i8).store(out, i);
                }
            }
        }
    }
}

/// `1 / sum` for a sum in Q12.19, as a Q0.31 in [0.5, 1] and the number of bits by which it is too great.
///
/// TFLite `GetReciprocal` and gemmlowp `one_over_one_plus_x_for_x_in_0_1`.
fn reciprocal(sum: i32) -> (i32, i32) {
    let headroom = sum.leading_zeros();
    let shifted = (sum as u32).wrapping_shl(headroom).wrapping_sub(1 << 31) as i32;
    (
        one_over_one_plus(shifted),
        SUM_BITS as i32 - headroom as i32,
    )
}
