//! SOFTMAX, int16 to int16, over the innermost dimension.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::{Context, is_scale};
use crate::op::element::Element;
use crate::op::softmax::table::{EXPONENTIAL, RECIPROCAL};
use crate::quantize::Rescale;
use crate::tensor::DataType;

/// Whether an operator's first input is int16.
pub(crate) fn is_int16(cx: &Context<'_>) -> bool {
    cx.input(0)
        .is_ok_and(|input| input.dtype == DataType::Int16)
}

pub(crate) struct Int16 {
    pub(super) depth: usize,
    /// From differences to 6553.5ths, ten of which are the table's range.
    pub(super) rescale: Rescale,
}

impl<'m> Kernel<'m> for Int16 {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(1, 1)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let beta = cx.options(9)?.get(0, 0.0_f32)?;
        let from = cx.affine(0, input)?;
        cx.ensure(
            output.dtype == DataType::Int16,
            OperatorProblem::DataType,
            output.dtype.code() as usize,
        )?;
        // TFLite accepts scales that differ by a thousandth, and ignores the difference.
        let fits = (cx.affine(1, output)?.scale * 32768.0 - 1.0).abs() <= 0.001;
        cx.ensure(fits, OperatorProblem::SoftmaxOutput, 0)?;
        cx.ensure(
            input.shape.dims() == output.shape.dims(),
            OperatorProblem::Shape,
            1,
        )?;
        let rank = cx.error(OperatorProblem::Rank, 0);
        let depth = *input.shape.dims().last().ok_or(rank)?;
        // Sums of this many elements fit 32 bits.
        cx.ensure(depth < 1 << 16, OperatorProblem::Shape, 0)?;
        cx.ensure(is_scale(beta), OperatorProblem::Beta, 0)?;

        let range = 10.0 / 65535.0;
        let rescale = cx.rescale(f64::from(from.scale) * f64::from(beta) / range)?;
        // Differences have 16 bits and a sign: more would be shifted out.
        cx.ensure(rescale.shift <= 15, OperatorProblem::Multiplier, 0)?;
        Ok(Self { depth, rescale })
    }

    /// TFLite `SoftmaxInt16`.
    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        let rows = input.chunks_exact(self.depth * 2);
        for (row, out) in rows.zip(output.chunks_exact_mut(self.depth * 2)) {
            let elements = || (0..self.depth).map(|i| (i, i32::from(i16::load(row, i))));
            let greatest = elements().map(|(_, x)| x).max().unwrap_or(0);
            let mut sum = 0;
            for (i, x) in elements() {
                let place = self.rescale.apply(x - greatest).saturating_add(32767);
                let exponential = look_up(&EXPONENTIAL, place);
                exponential.store(out, i);
                sum += i32::from(exponential);
            }
            // The sum's leading 17 bits, which are 1 and the place in the table of 1 / (1 + x).
            let zeros = sum.leading_zeros().clamp(1, 30);
            let shifted = ((i64::from(sum) << (zeros - 1)) + (1 << 13)) >> 14;
            let reciprocal = look_up(&RECIPROCAL, shifted as i32 - (1 << 15) - (1 << 16));
            let shift = 31 - zeros;
            for i in 0..self.depth {
                let product = i64::from(i16::load(out, i)) * i64::from(reciprocal);
                let rounded = (product + (1 << (shift - 1))) >> shift;
                (rounded.clamp(0, 32767) as i16).store(out, i);
            }
        }
    }
}

/// A function's value between two that its table has. A table's places are the 16-bit numbers; what lies beyond them
/// counts as the first or last one.
///
/// TFLite `LUTLookup`.
fn look_up(table: &[i16; 513], place: i32) -> i16 {
    let place = place.clamp(-32768, 32767);
    let (index, offset) = ((256 + (place >> 7)) as usize, place & 127);
    let [base, next] = [index, index + 1].map(|i| i32::from(table[i]));
    (base + (((next - base) * offset + 64) >> 7)) as i16
}
