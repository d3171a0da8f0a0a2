//! ADD and SUB, int8.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::kernel::{Sum, Term};
use crate::op::context::{Affine, Context};
use crate::opcode::Opcode;
use crate::quantize::{Rescale, ShortRescale};
use crate::tensor::DataType;

/// Bits by which TFLite shifts int8 inputs up before it scales them.
const LEFT_SHIFT: u32 = 20;

/// The factors of both inputs and of their sum.
///
/// TFLite `CalculateOpDataAdd` and `CalculateOpDataSub`: both inputs are brought to twice the greater input scale, and
/// the sum from there, shifted up, to the output's. ADD computes this in double precision, SUB in single; both stop
/// at a factor of zero, or one that is 1 or more.
pub(super) fn factors(
    cx: &Context<'_>,
    [a, b, to]: [Affine; 3],
    left_shift: u32,
) -> Result<[Rescale; 3]> {
    let greatest = a.scale.max(b.scale);
    let units = (1 << left_shift) as f32;
    let factors = if cx.opcode == Opcode::ADD {
        let [first, second, output] = [a, b, to].map(|affine| f64::from(affine.scale));
        let twice_max = 2.0 * f64::from(greatest);
        let output = twice_max / (f64::from(units) * output);
        [first / twice_max, second / twice_max, output]
    } else {
        let twice_max = 2.0 * greatest;
        let output = twice_max / (units * to.scale);
        [a.scale / twice_max, b.scale / twice_max, output].map(f64::from)
    };
    let mut rescales = [Rescale::ZERO; 3];
    for (i, (rescale, factor)) in rescales.iter_mut().zip(factors).enumerate() {
        cx.ensure(factor > 0.0 && factor < 1.0, OperatorProblem::Multiplier, i)?;
        *rescale = cx.rescale(factor)?;
        cx.ensure(rescale.shift <= 0, OperatorProblem::Multiplier, i)?;
    }
    Ok(rescales)
}

pub(super) fn read(cx: &Context<'_>, scales: [Affine; 3]) -> Result<Sum> {
    let [a, b, to] = scales;
    let short =
        |rescale| ShortRescale::new(rescale).ok_or(cx.error(OperatorProblem::Multiplier, 0));
    let [first, second, output] = factors(cx, scales, LEFT_SHIFT)?;
    let term = |affine: Affine, rescale| {
        Ok(Term {
            zero_point: affine.zero_point,
            rescale: short(rescale)?,
        })
    };
    Ok(Sum {
        terms: [term(a, first)?, term(b, second)?],
        subtract: cx.opcode == Opcode::SUB,
        output: short(output)?,
        output_zero: to.zero_point,
        clamp: cx.clamp_to(DataType::Int8, activation(cx)?, to)?,
    })
}

/// The fused activation of ADD or SUB.
pub(super) fn activation(cx: &Context<'_>) -> Result<i8> {
    cx.options(if cx.opcode == Opcode::ADD { 11 } else { 28 })?
        .get(0, 0)
}
