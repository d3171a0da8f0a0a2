//! ADD and SUB of integers.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::kernel::LEFT_SHIFT;
use crate::op::binary::Binary;
use crate::op::context::Context;
use crate::opcode::Opcode;
use crate::quantize::Rescale;
use crate::tensor::DataType;

/// Bits by which TFLite shifts inputs up before it scales them.
fn left_shift(dtype: DataType) -> u32 {
    if dtype == DataType::Int8 {
        LEFT_SHIFT
    } else {
        15
    }
}

/// The factors of both inputs and of their sum.
///
/// TFLite `CalculateOpDataAdd` and `CalculateOpDataSub`: both inputs are brought to twice the greater input scale, and
/// the sum from there, shifted up, to the output's. ADD computes this in double precision, SUB in single; both stop
/// at a factor of zero, or one that is 1 or more.
pub(super) fn factors(cx: &Context<'_>, scales: [f32; 3], dtype: DataType) -> Result<[Rescale; 3]> {
    let [a, b, to] = scales;
    let units = (1 << left_shift(dtype)) as f32;
    let max = a.max(b);
    let mut factors = [[a, 0.5, max], [b, 0.5, max], [max, 2.0 / units, to]];
    if cx.opcode == Opcode::SUB {
        let twice_max = 2.0 * max;
        factors = [a / twice_max, b / twice_max, twice_max / (units * to)].map(|x| [x, 1.0, 1.0]);
    }
    let mut rescales = [Rescale::ZERO; 3];
    for (i, (rescale, [factor, by, to])) in rescales.iter_mut().zip(factors).enumerate() {
        *rescale = Rescale::product(factor, by, to)
            .filter(|rescale| factor > 0.0 && rescale.shift <= 0)
            .ok_or(cx.error(OperatorProblem::Multiplier, i))?;
    }
    Ok(rescales)
}

impl Binary {
    /// TFLite `AddElementwise` and `SubElementwise`.
    pub(super) fn sum(&self, x: i32, y: i32) -> i32 {
        let [first, second, output] = &self.scaling.factors;
        let shift = left_shift(self.dtype);
        let (x, y) = (
            first.apply_apart(x << shift),
            second.apply_apart(y << shift),
        );
        output.apply_apart(if self.opcode == Opcode::SUB {
            x - y
        } else {
            x + y
        })
    }
}
