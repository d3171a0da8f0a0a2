//! PAD and PADV2: borders of zeros, or of another number.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::movement::{Copy, element, strides};
use crate::op::{Kernel, Wiring};
use crate::opcode::Opcode;
use crate::tensor::{DataType, MAX_RANK, TensorInfo};

pub(crate) struct Pad {
    copy: Copy,
    element: usize,
    /// What stands for zero, in every byte; PADV2 has the whole element as an operand.
    zero: i8,
    /// Whether the number comes from an operand.
    given: bool,
}

/// Elements before and after along each dimension of the input, which add up to the output's shape.
pub(super) fn amounts(
    cx: &Context<'_>,
    input: &TensorInfo<'_>,
    output: &TensorInfo<'_>,
) -> Result<[(usize, usize); MAX_RANK]> {
    let (dims, to) = (input.shape.dims(), output.shape.dims());
    let rank = dims.len();
    cx.ensure(to.len() == rank, OperatorProblem::Shape, cx.inputs.len())?;
    let paddings = cx.input(1)?;
    let numbers = cx.integers(1)?;
    cx.ensure(
        paddings.shape.dims() == [rank, 2],
        OperatorProblem::Shape,
        1,
    )?;
    let mut amounts = [(0, 0); MAX_RANK];
    for (i, (&from, &to)) in dims.iter().zip(to).enumerate() {
        let wrong = cx.error(OperatorProblem::Paddings, i);
        let amount = |side| numbers.size(2 * i + side).ok_or(wrong);
        let (before, after) = (amount(0)?, amount(1)?);
        let sum = before.saturating_add(after).saturating_add(from);
        cx.ensure(sum == to, OperatorProblem::Paddings, i)?;
        amounts[i] = (before, after);
    }
    Ok(amounts)
}

impl<'m> Kernel<'m> for Pad {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let given = cx.opcode == Opcode::PADV2;
        let inputs = 2 + usize::from(given);
        cx.arity(inputs, inputs)?;
        cx.options(if given { 43 } else { 22 })?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let element = element(cx, input, output)?;
        if given {
            let number = cx.input(2)?;
            super::element(cx, number, output)?;
            cx.ensure(number.shape.elements() == 1, OperatorProblem::Shape, 2)?;
        }
        let amounts = amounts(cx, input, output)?;

        let (dims, to) = (input.shape.dims(), output.shape.dims());
        let mut copy = Copy::run(element);
        let (from_strides, to_strides) = (strides(dims, element), strides(to, element));
        for (i, &dim) in dims.iter().enumerate().rev() {
            copy.repeat(dim, from_strides[i], to_strides[i]);
            copy.start(0, amounts[i].0 * to_strides[i] as usize);
        }
        Ok(Self {
            copy,
            element,
            zero: zero(cx, output)?,
            given,
        })
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring {
            inputs: [Some(0), self.given.then_some(2)],
            ..Wiring::input(0)
        }
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, number],
            output,
            ..
        } = views;
        if self.given && self.element > 1 {
            for out in output.chunks_exact_mut(self.element) {
                out.iter_mut()
                    .zip(number)
                    .for_each(|(out, byte)| *out = *byte);
            }
        } else {
            output.fill(match number.first() {
                Some(&number) if self.given => number,
                _ => self.zero,
            });
        }
        self.copy.copy(input, output);
    }
}

/// Each byte of what stands for zero in a tensor.
///
/// TFLite `pad.cc`: the output's zero point for 8-bit integers, and 0 for all else.
pub(super) fn zero<'m>(cx: &Context<'m>, output: &TensorInfo<'m>) -> Result<i8> {
    let eight_bits = matches!(output.dtype, DataType::Int8 | DataType::Uint8);
    Ok(if eight_bits && !output.quantization.scales.is_empty() {
        cx.affine(cx.inputs.len(), output)?.zero_point as i8
    } else {
        0
    })
}
