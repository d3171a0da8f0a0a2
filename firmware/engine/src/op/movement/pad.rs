//! PAD and PADV2: borders of zeros, or of another number.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::movement::{Copy, Move, Sides, element};
use crate::opcode::Opcode;
use crate::tensor::{DataType, TensorInfo};

/// What is around the elements.
#[derive(Clone, Copy)]
pub(super) enum Border {
    /// This in every byte, which stands for zero.
    Zero(i8),
    /// The operand of PADV2, whose elements have so many bytes.
    Given(usize),
}

impl Border {
    /// The operand that it is in.
    pub(super) fn operand(self) -> Option<usize> {
        matches!(self, Self::Given(_)).then_some(2)
    }

    #[inline(never)]
    pub(super) fn fill(self, number: &[i8], output: &mut [i8]) {
        let (bytes, number) = match &self {
            Self::Zero(zero) => (1, core::slice::from_ref(zero)),
            Self::Given(bytes) => (*bytes, number),
        };
        for element in output.chunks_exact_mut(bytes) {
            element
                .iter_mut()
                .zip(number)
                .for_each(|(out, byte)| *out = *byte);
        }
    }
}

/// Calls `each` with every dimension of the input, from the last on, and the elements before and after along it; they add
/// up to the output's shape.
#[inline(never)]
pub(super) fn amounts(
    cx: &Context<'_>,
    sides: &Sides<'_>,
    each: &mut dyn FnMut(usize, usize, usize) -> Result<()>,
) -> Result<()> {
    let rank = sides.input.dims.len();
    let fits = sides.output.dims.len() == rank;
    cx.ensure(fits, OperatorProblem::Shape, cx.inputs.len())?;
    let numbers = &cx.integers(1)?;
    let fits = cx.input(1)?.shape.dims() == [rank, 2];
    cx.ensure(fits, OperatorProblem::Shape, 1)?;
    for i in (0..rank).rev() {
        let amount = |side| numbers.size(2 * i + side).unwrap_or(usize::MAX);
        let (before, after) = (amount(0), amount(1));
        let sum = before
            .saturating_add(after)
            .saturating_add(sides.input.dim(i));
        let fits = sum == sides.output.dim(i);
        cx.ensure(fits, OperatorProblem::Paddings, i)?;
        each(i, before, after)?;
    }
    Ok(())
}

#[inline(never)]
pub(super) fn read(cx: &Context<'_>, movement: &mut Move) -> Result<()> {
    let given = cx.opcode == Opcode::PADV2;
    cx.form(2 + usize::from(given), if given { 43 } else { 22 })?;
    let sides = &Sides::read(cx)?;
    let output = cx.output()?;
    movement.border = Some(if given {
        let number = cx.input(2)?;
        element(cx, number, output)?;
        cx.ensure(number.shape.elements() == 1, OperatorProblem::Shape, 2)?;
        Border::Given(sides.element)
    } else {
        Border::Zero(zero(cx, output)?)
    });
    let copy = &mut movement.copy;
    *copy = Copy::run(sides.element);
    amounts(cx, sides, &mut |i, before, _| {
        sides.repeat(copy, sides.input.dim(i), (i, 0, 1), (i, before));
        Ok(())
    })
}

/// Each byte of what stands for zero in a tensor.
///
/// TFLite `pad.cc`: the output's zero point for 8-bit integers, and 0 for all else.
#[inline(never)]
pub(super) fn zero<'m>(cx: &Context<'m>, output: &TensorInfo<'m>) -> Result<i8> {
    let eight_bits = matches!(output.dtype, DataType::Int8 | DataType::Uint8);
    Ok(if eight_bits && !output.quantization.scales.is_empty() {
        cx.affine(cx.inputs.len(), output)?.zero_point as i8
    } else {
        0
    })
}
