//! RESHAPE, SQUEEZE and EXPAND_DIMS: the same bytes under another shape, usually in the same memory.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::{Kernel, Reuse, Wiring};

pub(crate) struct Reshape;

impl<'m> Kernel<'m> for Reshape {
    fn read(cx: &Context<'m>) -> Result<Self> {
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
        )?;
        Ok(Self)
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::input(0).reusing(Reuse::Alias)
    }

    /// Copies; only needed where input and output do not share their memory.
    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        for (to, from) in output.iter_mut().zip(input) {
            *to = *from;
        }
    }
}
