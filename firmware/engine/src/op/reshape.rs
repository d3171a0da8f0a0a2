//! RESHAPE: the same bytes under another shape, usually in the same memory.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;

pub(crate) fn check(cx: &Context<'_>) -> Result<()> {
    // The wanted shape is in the second input or in the options; the converter has applied it to the output.
    cx.arity(1, 2)?;
    let (input, output) = (cx.input(0)?, cx.output()?);
    cx.ensure(
        input.dtype == output.dtype,
        OperatorProblem::DataType,
        output.dtype.code() as usize,
    )?;
    cx.ensure(
        input.bytes == output.bytes,
        OperatorProblem::Shape,
        cx.inputs.len(),
    )
}

/// Copies; only needed where input and output do not share their memory.
pub(crate) fn run(views: Views<'_>) {
    let Views {
        inputs: [input, _],
        output,
        ..
    } = views;
    for (to, from) in output.iter_mut().zip(input) {
        *to = *from;
    }
}
