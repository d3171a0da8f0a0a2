//! SLICE: a block of a tensor.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::movement::{Copy, Move, Sides};

#[inline(never)]
pub(super) fn read(cx: &Context<'_>, movement: &mut Move) -> Result<()> {
    cx.form(3, 48)?;
    let sides = &Sides::read(cx)?;
    let (begin, size) = (&cx.integers(1)?, &cx.integers(2)?);
    let rank = sides.input.dims.len();
    for (i, len) in [
        (1, begin.len()),
        (2, size.len()),
        (3, sides.output.dims.len()),
    ] {
        cx.ensure(len == rank, OperatorProblem::Shape, i)?;
    }
    movement.copy = Copy::run(sides.element);
    for i in (0..rank).rev() {
        let count = sides.output.dim(i);
        let start = begin.size(i).unwrap_or(usize::MAX);
        let room = sides.input.dim(i).saturating_sub(start);
        // A size of -1 stands for all the rest.
        let wanted = if size.get(i) == Some(-1) {
            Some(room)
        } else {
            size.size(i)
        };
        let fits = wanted == Some(count) && count <= room;
        cx.ensure(fits, OperatorProblem::Slice, i)?;
        sides.repeat(&mut movement.copy, count, (i, start, 1), (i, 0));
    }
    Ok(())
}
