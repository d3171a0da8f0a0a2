//! SOFTMAX, int8 to int8, over the innermost dimension.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::fixed_point::{exp_on_negative, one_over_one_plus, saturating_doubling_high_mul};
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::{Context, is_scale};
use crate::quantize::{Rescale, doubling_high_mul, rounding_shift_right};

/// Integer bits of the differences, in gemmlowp's notation Q5.26.
const DIFFERENCE_BITS: u32 = 5;
/// Integer bits of the sum of exponentials: Q12.19.
const SUM_BITS: u32 = 12;

pub(crate) struct Softmax {
    depth: usize,
    rescale: Rescale,
    /// Inputs that lie lower than this below the greatest count as nothing.
    least_difference: i32,
}

impl<'m> Kernel<'m> for Softmax {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(1, 1)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let options = cx.options(9)?;
        let (from, to) = (cx.int8(0, &input)?, cx.int8(1, &output)?);
        cx.ensure(
            to.zero_point == -128 && to.scale == 1.0 / 256.0,
            OperatorProblem::SoftmaxOutput,
            0,
        )?;
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
            least_difference: -(radius as i32),
        })
    }

    /// TFLite `reference_ops::Softmax` for int8.
    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        for (row, out) in input
            .chunks_exact(self.depth)
            .zip(output.chunks_exact_mut(self.depth))
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
            for (&x, out) in row.iter().zip(out) {
                let unsigned = exponential(x).map_or(0, |x| {
                    let exponent = (bits_over_unit + 31 - 8).clamp(0, 31) as u32;
                    rounding_shift_right(saturating_doubling_high_mul(reciprocal, x), exponent)
                });
                *out = (unsigned - 128).clamp(-128, 127) as i8;
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
