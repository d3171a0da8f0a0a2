//! SPLIT, SPLIT_V and UNPACK: a tensor cut up along a dimension, one part in each step.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::movement::{Move, part};
use crate::opcode::Opcode;

#[inline(never)]
pub(super) fn read(cx: &Context<'_>, movement: &mut Move) -> Result<()> {
    let (inputs, count) = (cx.inputs.len(), cx.outputs.len());
    // Where the options are, which input is cut up, and which one says where.
    let (wanted, kind, input, axis) = match cx.opcode {
        Opcode::SPLIT => (2, 35, 1, 0),
        Opcode::SPLIT_V => (3, 79, 0, 2),
        _ => (1, 64, 0, usize::MAX),
    };
    cx.ensure(inputs == wanted, OperatorProblem::Inputs, inputs)?;
    let options = cx.options(kind)?;
    let parts = usize::try_from(options.get(0, 0_i32)?);
    cx.ensure(parts == Ok(count), OperatorProblem::Parts, count)?;
    let whole = cx.input(input)?;
    let rank = whole.shape.dims().len();
    let sized = cx.opcode != Opcode::UNPACK;
    let axis = if sized {
        cx.constant_axis(axis, rank)?
    } else {
        cx.axis(options.get(1, 0)?, rank)?
    };
    let copy = &mut movement.copy;
    part::copy(cx, whole, axis, copy)?;
    copy.reverse();
    (movement.input, movement.output) = (input, cx.step);

    // The converter has given the outputs the sizes that the operands say.
    let output = cx.nth_output(cx.step)?;
    let length = |dims: &[usize]| dims.get(axis).copied().unwrap_or(0);
    let (own, all) = (length(output.shape.dims()), length(whole.shape.dims()));
    let agrees = match cx.opcode {
        Opcode::SPLIT => own.checked_mul(count) == Some(all),
        Opcode::SPLIT_V => {
            let sizes = &cx.integers(1)?;
            let size = sizes.get(cx.step);
            sizes.len() == count && (size == Some(-1) || sizes.size(cx.step) == Some(own))
        }
        _ => true,
    };
    cx.ensure(agrees, OperatorProblem::Parts, cx.step)
}
