//! SOFTMAX over the innermost dimension: int8 to int8 or int16, int16 to int16, and float32.

mod float;
mod int16;
mod table;
#[cfg(test)]
mod tests;

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::fixed_point::{exp_on_negative, one_over_one_plus};
use crate::flatbuffer::Result;
use crate::linked::LINKED;
use crate::op::Kernel;
use crate::op::context::{Context, is_scale};
use crate::op::element::Element;
use crate::quantize::{Rescale, doubling_high_mul, rounding_shift_right};
use crate::real::Real;
use crate::tensor::DataType;

/// Integer bits of the differences, in gemmlowp's notation Q5.26.
const DIFFERENCE_BITS: u32 = 5;
/// Integer bits of the sum of exponentials: Q12.19.
const SUM_BITS: u32 = 12;

const BYTES: bool = LINKED.kernel("Softmax");
const WORDS: bool = LINKED.kernel("Int16Softmax");
const FLOATS: bool = LINKED.kernel("FloatSoftmax");

pub(crate) struct Softmax {
    depth: usize,
    from: DataType,
    to: DataType,
    /// Of int8 and int16.
    rescale: Rescale,
    /// Of int8: inputs that lie lower than this below the greatest count as nothing.
    least_difference: i32,
    /// Of float32.
    beta: f32,
}

/// Whether an operator's first input is float32.
pub(crate) fn is_float(cx: &Context<'_>) -> bool {
    cx.input(0)
        .is_ok_and(|input| input.dtype == DataType::Float32)
}

/// Whether an operator's first input is int16.
pub(crate) fn is_int16(cx: &Context<'_>) -> bool {
    cx.input(0)
        .is_ok_and(|input| input.dtype == DataType::Int16)
}

impl<'m> Kernel<'m> for Softmax {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(1, 1)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let (from, to) = (input.dtype, output.dtype);
        let beta = cx.option(9, 0, 0.0_f32)?;
        cx.ensure(is_scale(beta), OperatorProblem::Beta, 0)?;
        cx.ensure(
            input.shape.dims() == output.shape.dims(),
            OperatorProblem::Shape,
            1,
        )?;
        let rank = cx.error(OperatorProblem::Rank, 0);
        let depth = *input.shape.dims().last().ok_or(rank)?;
        // The reciprocal of the output's scale and how much the product may differ from 1, the zero point, and the most
        // elements whose sum fits. TFLite accepts scales of int16 that differ by a thousandth, and ignores the difference.
        let (units, noise, zero, most) = match (from, to) {
            (DataType::Int8, DataType::Int8) if BYTES => (256.0, 0.0, -128, 1 << SUM_BITS),
            (DataType::Int8, DataType::Int16) if BYTES => (65536.0, 0.001, -32768, 1 << SUM_BITS),
            (DataType::Int16, DataType::Int16) if WORDS => (32768.0, 0.001, 0, 1 << 16),
            (DataType::Float32, DataType::Float32) if FLOATS => (0.0, 1.0, 0, usize::MAX),
            (DataType::Int8 | DataType::Int16 | DataType::Float32, other) | (other, _) => {
                return cx.fail(OperatorProblem::DataType, other.code() as usize);
            }
        };
        cx.ensure(depth < most, OperatorProblem::Shape, 0)?;
        let mut softmax = Self {
            depth,
            from,
            to,
            rescale: Rescale::ZERO,
            least_difference: 0,
            beta,
        };
        if from != DataType::Float32 {
            let quantization = output.quantization;
            let scale = quantization.scales.get(0).unwrap_or(0.0);
            let fits = (scale * units - 1.0).abs() <= noise
                && quantization.zero_points.get(0) == Some(zero);
            cx.ensure(fits, OperatorProblem::SoftmaxOutput, 0)?;
            let scale = cx.affine(0, input)?.scale;
            if from == DataType::Int16 {
                softmax.rescale = int16::read(cx, scale, beta)?;
            } else {
                softmax.scale(cx, scale)?;
            }
        }
        Ok(softmax)
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        let [from, to] = [self.from, self.to].map(|dtype| self.depth * (dtype.bits() / 8));
        for (row, out) in input.chunks_exact(from).zip(output.chunks_exact_mut(to)) {
            match self.from {
                DataType::Float32 if FLOATS => float::row(self.beta, row, out),
                DataType::Int16 if WORDS => int16::row(self.rescale, row, out),
                _ if BYTES => self.row(row, out),
                _ => {}
            }
        }
    }
}

impl Softmax {
    /// Sets what int8 inputs are scaled by.
    ///
    /// TFLite `PreprocessSoftmaxScaling`: min(beta * scale * 2^26, 2^31 - 1), which must be greater than 1.
    #[inline(never)]
    fn scale(&mut self, cx: &Context<'_>, scale: f32) -> Result<()> {
        let scale = Real::from(self.beta) * scale * (1 << (31 - DIFFERENCE_BITS)) as f32;
        cx.ensure(scale > Real::from(1.0), OperatorProblem::Beta, 0)?;
        self.rescale = Rescale::of(scale);
        if self.rescale.shift > 31 {
            self.rescale = Rescale {
                multiplier: i32::MAX,
                shift: 31,
            };
        }
        self.least_difference = least_difference(self.rescale);
        Ok(())
    }

    /// TFLite `reference_ops::Softmax` for int8, to int8 and to int16.
    fn row(&self, row: &[i8], out: &mut [i8]) {
        let mut greatest = i8::MIN;
        for &x in row {
            greatest = greatest.max(x);
        }
        let mut sum = 0;
        for &x in row {
            sum += rounding_shift_right(self.exponential(x, greatest), SUM_BITS);
        }
        // 1 / sum, as a Q0.31 in [0.5, 1] and the number of bits by which it is too great.
        // TFLite `GetReciprocal` and gemmlowp `one_over_one_plus_x_for_x_in_0_1`.
        let headroom = sum.leading_zeros();
        let shifted = (sum as u32).wrapping_shl(headroom).wrapping_sub(1 << 31) as i32;
        let reciprocal = one_over_one_plus(shifted);
        let bits_over_unit = SUM_BITS as i32 - headroom as i32;
        let bits = self.to.bits() as i32;
        let exponent = (bits_over_unit + 31 - bits).clamp(0, 31) as u32;
        for (i, &x) in row.iter().enumerate() {
            let product = doubling_high_mul(reciprocal, self.exponential(x, greatest));
            let unsigned = rounding_shift_right(product, exponent);
            let signed = unsigned.max(0).min((1 << bits) - 1) - (1 << (bits - 1));
            if self.to == DataType::Int8 {
                (signed as i8).store(out, i);
            } else {
                (signed as i16).store(out, i);
            }
        }
    }

    /// The exponential of an element's distance from the greatest, as a Q0.31.
    #[inline(never)]
    fn exponential(&self, x: i8, greatest: i8) -> i32 {
        let difference = i32::from(x) - i32::from(greatest);
        if difference < self.least_difference {
            return 0;
        }
        let scaled = difference.wrapping_shl(self.rescale.shift as u32);
        exp_on_negative(
            doubling_high_mul(scaled, self.rescale.multiplier),
            DIFFERENCE_BITS,
        )
    }
}

/// TFLite `CalculateInputRadius`, negated: the greatest difference whose scaled value still fits Q5.26.
fn least_difference(rescale: Rescale) -> i32 {
    let greatest = ((1 << DIFFERENCE_BITS) - 1) << (31 - DIFFERENCE_BITS);
    -(greatest >> rescale.shift)
}
