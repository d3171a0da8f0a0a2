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
    let factors = if cx.opcode == Opcode::ADD {
        let [first, second, output] = scales.map(f64::from);
        let twice_max = 2.0 * first.max(second);
        let output = twice_max / (f64::from(units) * output);
        [first / twice_max, second / twice_max, output]
    } else {
        let twice_max = 2.0 * a.max(b);
        let output = twice_max / (units * to);
        [a / twice_max, b / twice_max, output].map(f64::from)
    };
    let mut rescales = [Rescale::ZERO; 3];
    for (i, (rescale, factor)) in rescales.iter_mut().zip(factors).enumerate() {
        cx.ensure(factor > 0.0 && factor < 1.0, OperatorProblem::Multiplier, i)?;
        *rescale = cx.rescale(factor)?;
        cx.ensure(rescale.shift <= 0, OperatorProblem::Multiplier, i)?;
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
