//! CONCATENATION and PACK: several tensors one after the other along a dimension, one in each step.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::movement::{Move, part};
use crate::opcode::Opcode;

#[inline(never)]
pub(super) fn read(cx: &Context<'_>, movement: &mut Move) -> Result<()> {
    let count = cx.inputs.len();
    cx.arity(1, usize::MAX)?;
    let concatenation = cx.opcode == Opcode::CONCATENATION;
    let options = cx.options(if concatenation { 10 } else { 59 })?;
    let axis = if concatenation {
        let activation = options.byte(1)?;
        cx.ensure(activation == 0, OperatorProblem::Activation, activation)?;
        options.get(0, 0)?
    } else {
        let values = usize::try_from(options.get(0, 0_i32)?);
        cx.ensure(values == Ok(count), OperatorProblem::Parts, count)?;
        options.get(1, 0)?
    };
    let output = cx.output()?;
    let axis = cx.axis(axis, output.shape.dims().len())?;
    movement.input = cx.step;
    part::copy(cx, output, axis, &mut movement.copy)
}
