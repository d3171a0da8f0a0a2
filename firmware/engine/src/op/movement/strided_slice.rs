//! STRIDED_SLICE: every n-th element along each dimension, forwards or backwards.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::axis::Integers;
use crate::op::context::Context;
use crate::op::movement::{Copy, element, strides};

pub(crate) struct StridedSlice(Copy);

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

impl<'m> Kernel<'m> for StridedSlice {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(4, 4)?;
        let options = cx.options(32)?;
        let mask = |id| options.get(id, 0_i32);
        let unusual = mask(2)? | mask(3)?;
        cx.ensure(
            unusual == 0,
            OperatorProblem::SliceMask,
            unusual.unsigned_abs() as usize,
        )?;
        let (begin_mask, end_mask, shrink_mask) = (mask(0)?, mask(1)?, mask(4)?);
        let offset = options.get(5, 0_u8)? != 0;

        let (input, output) = (cx.input(0)?, cx.output()?);
        let element = element(cx, input, output)?;
        let (dims, to) = (input.shape.dims(), output.shape.dims());
        let (begin, end, stride) = (cx.integers(1)?, cx.integers(2)?, cx.integers(3)?);
        let given = begin.len();
        let fits = end.len() == given && stride.len() == given && given <= dims.len();
        cx.ensure(fits, OperatorProblem::Shape, 1)?;

        let mut copy = Copy::run(element);
        let (from_strides, to_strides) = (strides(dims, element), strides(to, element));
        let mut left = to.len();
        for (i, &dim) in dims.iter().enumerate().rev() {
            let wrong = cx.error(OperatorProblem::Slice, i);
            let number = |numbers: &Integers<'_>| numbers.get(i);
            let bit = |mask: i32| i < given && mask >> i & 1 != 0;
            // Dimensions that nothing is said about are taken whole.
            let along = Along {
                begin: number(&begin).unwrap_or(0),
                end: number(&end).unwrap_or(i32::MAX),
                stride: number(&stride).unwrap_or(1),
                begin_mask: bit(begin_mask),
                end_mask: bit(end_mask),
                shrink: bit(shrink_mask),
                offset: offset && i < given,
            };
            let (start, count) = along.range(dim).ok_or(wrong)?;
            copy.start(start * from_strides[i] as usize, 0);
            if along.shrink {
                continue;
            }
            left = left.checked_sub(1).ok_or(wrong)?;
            cx.ensure(to.get(left) == Some(&count), OperatorProblem::Slice, i)?;
            // A stride beyond the input is that of a single element.
            let stride = if count > 1 { along.stride as isize } else { 1 };
            copy.repeat(count, from_strides[i] * stride, to_strides[left]);
        }
        cx.ensure(left == 0, OperatorProblem::Shape, 4)?;
        Ok(Self(copy))
    }

    fn run(&self, views: Views<'_>) {
        self.0.between(views);
    }
}

impl Along {
    /// The first element and how many there are, along a dimension of so many; `None` if there are none.
    ///
    /// TFLite `StridedSliceStartForAxis` and `StridedSliceEndForAxis`.
    pub(super) fn range(&self, dim: usize) -> Option<(usize, usize)> {
        let dim = dim as i64;
        let stride = i64::from(self.stride);
        // Where a slice can begin and end: one before the first element, too, if it goes backwards.
        let (low, high) = if stride > 0 { (0, dim) } else { (-1, dim - 1) };
        let place = |index: i64| if index < 0 { index + dim } else { index };
        let start = match (self.begin_mask, stride > 0) {
            (true, true) => 0,
            (true, false) => dim - 1,
            _ => place(i64::from(self.begin)).max(low).min(high),
        };
        if self.shrink {
            let inside = stride > 0 && (0..dim).contains(&place(i64::from(self.begin)));
            return (inside || self.begin_mask && stride > 0).then_some((start as usize, 1));
        }
        let end = match (self.end_mask, stride > 0) {
            (true, true) => dim,
            (true, false) => -1,
            _ => {
                let end = i64::from(self.end) + if self.offset { start } else { 0 };
                place(end).max(low).min(high)
            }
        };
        let length = if stride > 0 { end - start } else { start - end };
        let count = length
            .checked_add(stride.abs() - 1)?
            .checked_div(stride.abs())?;
        (length > 0).then_some((start as usize, count as usize))
    }
}
