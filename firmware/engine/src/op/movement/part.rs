//! Where a part of a tensor lies that is cut into parts along a dimension.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::movement::{Copy, element};
use crate::tensor::TensorInfo;

/// The copy from part number `cx.step`, of `count`, to its place in the whole.
///
/// `sized`: the parts have the whole's dimensions, but for their own length along `axis`. If not, they lack that
/// dimension, and each is as long as one element along it.
pub(super) fn part<'m>(
    cx: &Context<'m>,
    whole: &TensorInfo<'m>,
    axis: usize,
    sized: bool,
    count: usize,
    part: &dyn Fn(usize) -> Result<TensorInfo<'m>>,
) -> Result<Copy> {
    let this = part(cx.step)?;
    let wrong = cx.error(OperatorProblem::Parts, cx.step);
    let element = element(cx, &this, whole)?;
    let (outer, from_axis) = whole.shape.dims().split_at(axis);
    let (&length, inner) = from_axis.split_first().ok_or(wrong)?;
    let along = |part: &TensorInfo<'_>| {
        let from_axis = part.shape.dims().strip_prefix(outer)?;
        let (&length, rest) = if sized {
            from_axis.split_first()?
        } else {
            (&1, from_axis)
        };
        (rest == inner).then_some(length)
    };
    let own = along(&this).ok_or(wrong)?;
    let before = if sized {
        (0..cx.step).try_fold(0, |sum: usize, i| {
            Ok(sum.saturating_add(along(&part(i)?).ok_or(wrong)?))
        })?
    } else {
        cx.step
    };
    let end = before.saturating_add(own);
    let last = cx.step + 1 == count;
    let fits = end <= length && last == (end == length);
    cx.ensure(fits, OperatorProblem::Parts, cx.step)?;

    let each = inner.iter().product::<usize>() * element;
    let mut copy = Copy::run(each * own);
    copy.repeat(
        outer.iter().product(),
        (each * own) as isize,
        (each * length) as isize,
    );
    copy.start(0, before * each);
    Ok(copy)
}
