//! Where a part of a tensor lies that is cut into parts along a dimension.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::movement::Copy;
use crate::opcode::Opcode;
use crate::tensor::TensorInfo;

/// Makes `copy` the one from part number `cx.step` to its place in the whole.
///
/// The parts have the whole's dimensions, but for their own length along `axis`. Those of PACK and UNPACK lack that
/// dimension, and each is as long as one element along it.
#[inline(never)]
pub(super) fn copy<'m>(
    cx: &Context<'m>,
    whole: &TensorInfo<'m>,
    axis: usize,
    copy: &mut Copy,
) -> Result<()> {
    let dims = whole.shape.dims();
    let inputs = matches!(cx.opcode, Opcode::CONCATENATION | Opcode::PACK);
    let sized = !matches!(cx.opcode, Opcode::PACK | Opcode::UNPACK);
    let count = if inputs {
        cx.inputs.len()
    } else {
        cx.outputs.len()
    };
    let wrong = cx.error(OperatorProblem::Parts, cx.step);
    let (&length, inner) = dims
        .get(axis..)
        .and_then(<[usize]>::split_first)
        .ok_or(wrong)?;
    let (mut element, mut own, mut end) = (0, 0, 0_usize);
    for i in if sized { 0 } else { cx.step }..=cx.step {
        let part = &if inputs {
            cx.any_input(i)?
        } else {
            cx.nth_output(i)?
        };
        element = super::element(cx, part, whole)?;
        let to = part.shape.dims();
        own = if sized {
            to.get(axis).copied().unwrap_or(0)
        } else {
            1
        };
        let fits = to.len() + usize::from(!sized) == dims.len()
            && to.get(..axis) == dims.get(..axis)
            && to.get(axis + usize::from(sized)..) == Some(inner);
        cx.ensure(fits, OperatorProblem::Parts, cx.step)?;
        end = end.saturating_add(own);
    }
    if !sized {
        end = cx.step + 1;
    }
    let last = cx.step + 1 == count;
    let fits = end <= length && last == (end == length);
    cx.ensure(fits, OperatorProblem::Parts, cx.step)?;

    let each = inner.iter().product::<usize>() * element;
    let run = each * own;
    *copy = Copy::run(run);
    let outer = dims.iter().take(axis).product();
    copy.repeat(outer, run as isize, (each * length) as isize);
    copy.start(0, (end - own) * each);
    Ok(())
}
