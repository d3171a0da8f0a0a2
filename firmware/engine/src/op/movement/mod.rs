//! Operators that move elements without looking at them, of any type that takes whole bytes.
//!
//! Most are one [`Copy`] that reading them finds out. All of them insist on output and input having the same type and
//! the same quantization: the elements would mean something else otherwise.

mod batches;
mod blocks;
mod copy;
mod gather;
mod join;
mod mirror_pad;
mod pad;
mod part;
mod slice;
mod split;
mod strided_slice;
#[cfg(test)]
mod tests;
mod transpose;

pub(super) use batches::Batches;
pub(super) use blocks::Blocks;
pub(super) use gather::Gather;
pub(super) use join::Join;
pub(super) use mirror_pad::MirrorPad;
pub(super) use pad::Pad;
pub(super) use slice::Slice;
pub(super) use split::Split;
pub(super) use strided_slice::StridedSlice;
pub(super) use transpose::Transpose;

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::tensor::{DataType, MAX_RANK, TensorInfo};
use copy::Copy;

impl Copy {
    /// From the first input to the output.
    fn between(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        self.copy(input, output);
    }
}

/// Bytes of an element that can be moved from one tensor to the other.
#[inline(never)]
pub(super) fn element(
    cx: &Context<'_>,
    from: &TensorInfo<'_>,
    to: &TensorInfo<'_>,
) -> Result<usize> {
    let dtype = from.dtype;
    cx.ensure(
        to.dtype == dtype && dtype.bits() >= 8,
        OperatorProblem::ElementType,
        to.dtype.code() as usize,
    )?;
    let quantized = matches!(dtype, DataType::Int8 | DataType::Uint8 | DataType::Int16);
    let (a, b) = (from.quantization, to.quantization);
    let same = a.scales.bytes() == b.scales.bytes()
        && a.zero_points.bytes() == b.zero_points.bytes()
        && a.scales.len() <= 1;
    cx.ensure(!quantized || same, OperatorProblem::SameQuantization, 0)?;
    Ok(dtype.bits() / 8)
}

/// How many bytes apart the neighbours along each dimension lie.
#[inline(never)]
fn strides(dims: &[usize], element: usize) -> [isize; MAX_RANK] {
    let mut strides = [0; MAX_RANK];
    let mut stride = element as isize;
    for (slot, &dim) in strides.iter_mut().zip(dims).rev() {
        *slot = stride;
        stride *= dim as isize;
    }
    strides
}
