//! TRANSPOSE: the dimensions in another order.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::movement::{Copy, Move, Sides};

#[inline(never)]
pub(super) fn read(cx: &Context<'_>, movement: &mut Move) -> Result<()> {
    cx.form(2, 26)?;
    let sides = &Sides::read(cx)?;
    let rank = sides.input.dims.len();
    let permutation = &cx.integers(1)?;
    let fits = permutation.len() == rank && sides.output.dims.len() == rank;
    cx.ensure(fits, OperatorProblem::Shape, 1)?;

    movement.copy = Copy::run(sides.element);
    let mut named = 0_u32;
    for i in (0..rank).rev() {
        let from = cx.axis(permutation.get(i).unwrap_or(0), rank)?;
        let again = named >> from & 1 != 0;
        cx.ensure(!again, OperatorProblem::Permutation, from)?;
        named |= 1 << from;
        let count = sides.output.dim(i);
        let fits = sides.input.dim(from) == count;
        cx.ensure(fits, OperatorProblem::Shape, 2)?;
        sides.repeat(&mut movement.copy, count, (from, 0, 1), (i, 0));
    }
    Ok(())
}
