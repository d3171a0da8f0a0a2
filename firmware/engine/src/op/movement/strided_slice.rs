//! STRIDED_SLICE: every n-th element along each dimension, forwards or backwards.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::movement::{Copy, Move, Sides};

/// What the file says about one dimension.
pub(super) struct Along {
    pub(super) begin: i32,
    pub(super) end: i32,
    pub(super) stride: i32,
    /// From the first element, whatever `begin` says, and to the last one.
    pub(super) begin_mask: bool,
    pub(super) end_mask: bool,
    /// One element, and the output lacks the dimension.
    pub(super) shrink: bool,
    /// The end counts from where the slice begins.
    pub(super) offset: bool,
}

#[inline(never)]
pub(super) fn read(cx: &Context<'_>, movement: &mut Move) -> Result<()> {
    let options = cx.form(4, 32)?;
    // Of begin, end, ellipsis, new axis and shrinking.
    let mut masks = [0_i32; 5];
    for (id, mask) in masks.iter_mut().enumerate() {
        *mask = options.get(id, 0)?;
    }
    let [begin_mask, end_mask, ellipsis, new_axis, shrink_mask] = masks;
    let unusual = (ellipsis | new_axis).unsigned_abs() as usize;
    cx.ensure(unusual == 0, OperatorProblem::SliceMask, unusual)?;
    let offset = options.byte(5)? != 0;

    let sides = &Sides::read(cx)?;
    let (begin, end, stride) = (&cx.integers(1)?, &cx.integers(2)?, &cx.integers(3)?);
    let (given, rank) = (begin.len(), sides.input.dims.len());
    let fits = end.len() == given && stride.len() == given && given <= rank;
    cx.ensure(fits, OperatorProblem::Shape, 1)?;

    movement.copy = Copy::run(sides.element);
    let mut left = sides.output.dims.len();
    for i in (0..rank).rev() {
        let bit = |mask: i32| i < given && mask >> i & 1 != 0;
        // Dimensions that nothing is said about are taken whole.
        let along = Along {
            begin: begin.get(i).unwrap_or(0),
            end: end.get(i).unwrap_or(i32::MAX),
            stride: stride.get(i).unwrap_or(1),
            begin_mask: bit(begin_mask),
            end_mask: bit(end_mask),
            shrink: bit(shrink_mask),
            offset: offset && i < given,
        };
        let (start, count) = along.range(sides.input.dim(i)).unwrap_or((0, 0));
        left = left.wrapping_sub(usize::from(!along.shrink));
        let fits = if along.shrink {
            1
        } else {
            sides.output.dim(left)
        };
        cx.ensure(count == fits, OperatorProblem::Slice, i)?;
        // A stride beyond the input is that of a single element.
        let step = if count > 1 { along.stride } else { 1 };
        sides.repeat(&mut movement.copy, count, (i, start, step), (left, 0));
    }
    cx.ensure(left == 0, OperatorProblem::Shape, 4)
}

impl Along {
    /// The first element and how many there are, along a dimension of so many; `None` if there are none.
    ///
    /// TFLite `StridedSliceStartForAxis` and `StridedSliceEndForAxis`.
    #[inline(never)]
    pub(super) fn range(&self, dim: usize) -> Option<(usize, usize)> {
        let (dim, stride) = (dim as i32, self.stride);
        let forwards = stride > 0;
        // Where a slice can begin and end: one before the first element, too, if it goes backwards.
        let (low, high) = if forwards { (0, dim) } else { (-1, dim - 1) };
        let wrap = |index: i32| if index < 0 { index + dim } else { index };
        let place = |index: i32| wrap(index).max(low).min(high);
        let start = match (self.begin_mask, forwards) {
            (true, true) => 0,
            (true, false) => dim - 1,
            _ => place(self.begin),
        };
        if self.shrink {
            let inside = self.begin_mask || (0..dim).contains(&wrap(self.begin));
            return (forwards && inside).then_some((start as usize, 1));
        }
        let end = match (self.end_mask, self.offset) {
            (true, _) => {
                if forwards {
                    dim
                } else {
                    -1
                }
            }
            (_, true) => place(self.end.saturating_add(start)),
            _ => place(self.end),
        };
        let length = if forwards { end - start } else { start - end };
        let last = (length - 1)
            .cast_unsigned()
            .checked_div(stride.unsigned_abs())?;
        (length > 0).then_some((start as usize, last as usize + 1))
    }
}
