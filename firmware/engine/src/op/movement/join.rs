//! CONCATENATION and PACK: several tensors one after the other along a dimension, one in each step.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::movement::{Copy, part};
use crate::op::{Kernel, Wiring};
use crate::opcode::Opcode;

pub(crate) struct Join(Copy);

impl<'m> Kernel<'m> for Join {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let count = cx.inputs.len();
        cx.arity(1, usize::MAX)?;
        let output = cx.output()?;
        let concatenation = cx.opcode == Opcode::CONCATENATION;
        let axis = if concatenation {
            let options = cx.options(10)?;
            let activation: i8 = options.get(1, 0)?;
            cx.ensure(
                activation == 0,
                OperatorProblem::Activation,
                usize::from(activation.unsigned_abs()),
            )?;
            options.get(0, 0)?
        } else {
            let options = cx.options(59)?;
            let values: i32 = options.get(0, 0)?;
            let fits = usize::try_from(values) == Ok(count);
            cx.ensure(fits, OperatorProblem::Parts, count)?;
            options.get(1, 0)?
        };
        let axis = cx.axis(axis, output.shape.dims().len())?;
        part::part(cx, output, axis, concatenation, count, &|i| cx.any_input(i)).map(Self)
    }

    fn wiring(&self, cx: &Context<'m>) -> Wiring {
        Wiring::input(cx.step)
    }

    fn run(&self, views: Views<'_>) {
        self.0.between(views);
    }
}
