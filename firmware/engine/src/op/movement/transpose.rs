//! TRANSPOSE: the dimensions in another order.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::Context;
use crate::op::movement::{Copy, element, strides};

pub(crate) struct Transpose(Copy);

impl<'m> Kernel<'m> for Transpose {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(2, 2)?;
        cx.options(26)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let element = element(cx, input, output)?;
        let (dims, to) = (input.shape.dims(), output.shape.dims());
        let permutation = cx.integers(1)?;
        let fits = permutation.len() == dims.len() && to.len() == dims.len();
        cx.ensure(fits, OperatorProblem::Shape, 1)?;

        let mut copy = Copy::run(element);
        let (from_strides, to_strides) = (strides(dims, element), strides(to, element));
        let mut named = 0_u32;
        for (i, &count) in to.iter().enumerate().rev() {
            let from = cx.axis(permutation.get(i).unwrap_or(0), dims.len())?;
            let again = named >> from & 1 != 0;
            cx.ensure(!again, OperatorProblem::Permutation, from)?;
            named |= 1 << from;
            cx.ensure(dims.get(from) == Some(&count), OperatorProblem::Shape, 2)?;
            copy.repeat(count, from_strides[from], to_strides[i]);
        }
        Ok(Self(copy))
    }

    fn run(&self, views: Views<'_>) {
        self.0.between(views);
    }
}
