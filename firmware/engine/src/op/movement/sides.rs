//! The two tensors that elements are moved between.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::movement::Copy;
use crate::tensor::{DataType, MAX_RANK, TensorInfo};

/// The first input and the output of a movement, which move the same kind of elements.
pub(super) struct Sides<'c> {
    /// Bytes of an element.
    pub(super) element: usize,
    pub(super) input: Side<'c>,
    pub(super) output: Side<'c>,
}

/// How a tensor's elements lie.
pub(super) struct Side<'c> {
    pub(super) dims: &'c [usize],
    /// How many bytes apart the neighbours along each dimension lie.
    strides: [isize; MAX_RANK],
}

impl<'c> Sides<'c> {
    #[inline(never)]
    pub(super) fn read(cx: &'c Context<'_>) -> Result<Self> {
        let (input, output) = (cx.input(0)?, cx.output()?);
        let element = element(cx, input, output)?;
        Ok(Self {
            element,
            input: Side::new(input.shape.dims(), element),
            output: Side::new(output.shape.dims(), element),
        })
    }

    /// Repeats `copy` for `count` elements along a dimension of the input, every `step`-th from number `start` on, which
    /// go to a dimension of the output from number `first` on. `copy` has been repeated for the dimensions within.
    #[inline(never)]
    pub(super) fn repeat(
        &self,
        copy: &mut Copy,
        count: usize,
        (from, start, step): (usize, usize, i32),
        (to, first): (usize, usize),
    ) {
        let (from, to) = (self.input.stride(from), self.output.stride(to));
        copy.start(start * from as usize, first * to as usize);
        copy.repeat(count, from * step as isize, to);
    }
}

impl<'c> Side<'c> {
    #[inline(never)]
    pub(super) fn new(dims: &'c [usize], element: usize) -> Self {
        let mut strides = [0; MAX_RANK];
        let mut stride = element as isize;
        for (slot, &dim) in strides.iter_mut().zip(dims).rev() {
            *slot = stride;
            stride *= dim as isize;
        }
        Self { dims, strides }
    }

    /// Bytes from one element to the next along dimension `i`.
    #[inline(never)]
    pub(super) fn stride(&self, i: usize) -> isize {
        self.strides.get(i).copied().unwrap_or(0)
    }

    /// Elements along dimension `i`.
    pub(super) fn dim(&self, i: usize) -> usize {
        self.dims.get(i).copied().unwrap_or(0)
    }
}

/// Bytes of an element that can be moved from one tensor to the other.
#[inline(never)]
pub(in crate::op) fn element(
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
    let (a, b) = (&from.quantization, &to.quantization);
    let same = a.scales.bytes() == b.scales.bytes()
        && a.zero_points.bytes() == b.zero_points.bytes()
        && a.scales.len() <= 1;
    cx.ensure(!quantized || same, OperatorProblem::SameQuantization, 0)?;
    Ok(dtype.bits() / 8)
}
