//! SLICE: a block of a tensor.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::Context;
use crate::op::movement::{Copy, element, strides};

pub(crate) struct Slice(Copy);

impl<'m> Kernel<'m> for Slice {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(3, 3)?;
        cx.options(48)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let element = element(cx, input, output)?;
        let (dims, to) = (input.shape.dims(), output.shape.dims());
        let (begin, size) = (cx.integers(1)?, cx.integers(2)?);
        let rank = dims.len();
        cx.ensure(to.len() == rank, OperatorProblem::Shape, 3)?;
        cx.ensure(begin.len() == rank, OperatorProblem::Shape, 1)?;
        cx.ensure(size.len() == rank, OperatorProblem::Shape, 2)?;

        let mut copy = Copy::run(element);
        let (from_strides, to_strides) = (strides(dims, element), strides(to, element));
        for (i, (&dim, &count)) in dims.iter().zip(to).enumerate().rev() {
            let wrong = cx.error(OperatorProblem::Slice, i);
            let start = begin.size(i).ok_or(wrong)?;
            let room = dim.checked_sub(start).ok_or(wrong)?;
            // A size of -1 stands for all the rest.
            let wanted = if size.get(i) == Some(-1) {
                Some(room)
            } else {
                size.size(i)
            };
            let fits = wanted == Some(count) && count <= room;
            cx.ensure(fits, OperatorProblem::Slice, i)?;
            copy.repeat(count, from_strides[i], to_strides[i]);
            copy.start(start * from_strides[i] as usize, 0);
        }
        Ok(Self(copy))
    }

    fn run(&self, views: Views<'_>) {
        self.0.between(views);
    }
}
