//! MIRROR_PAD: borders that mirror what lies beside them.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::Context;
use crate::op::movement::{Copy, Sides, pad};
use crate::tensor::MAX_RANK;

pub(crate) struct MirrorPad {
    /// The input to its place in the output.
    pub(super) copy: Copy,
    /// For each dimension, innermost first.
    pub(super) borders: [Border; MAX_RANK],
    /// 1 if the outermost element is the mirror, 0 if it is mirrored, too.
    pub(super) mirror: usize,
}

/// The borders along one dimension.
#[derive(Clone, Copy, Default)]
pub(super) struct Border {
    pub(super) before: usize,
    pub(super) after: usize,
    /// Elements of the input.
    pub(super) length: usize,
    /// Bytes from one element to the next in the output.
    pub(super) stride: usize,
}

impl<'m> Kernel<'m> for MirrorPad {
    fn read(cx: &Context<'m>) -> Result<Self> {
        // 0: the outermost element is the mirror; 1: it is mirrored, too.
        let mode = cx.form(2, 77)?.byte(0)?;
        cx.ensure(mode < 2, OperatorProblem::Padding, mode)?;
        let mirror = 1 - mode;
        let sides = &Sides::read(cx)?;
        let mut copy = Copy::run(sides.element);
        let mut borders = [Border::default(); MAX_RANK];
        let mut inner = borders.iter_mut();
        pad::amounts(cx, sides, &mut |i, before, after| {
            let length = sides.input.dim(i);
            let room = length - mirror;
            let fits = before <= room && after <= room;
            cx.ensure(fits, OperatorProblem::Paddings, i)?;
            sides.repeat(&mut copy, length, (i, 0, 1), (i, before));
            if let Some(border) = inner.next() {
                *border = Border {
                    before,
                    after,
                    length,
                    stride: sides.output.stride(i) as usize,
                };
            }
            Ok(())
        })?;
        Ok(Self {
            copy,
            borders,
            mirror,
        })
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        self.copy.copy(input, output);
        // Along the innermost dimension first: the borders of outer ones mirror what has inner borders already. Lines
        // that lie in outer borders are mirrored in vain, before they are written.
        for border in &self.borders {
            let Border {
                before,
                after,
                length,
                stride,
            } = *border;
            if before + after == 0 {
                continue;
            }
            let last = before + length - 1;
            for line in output.chunks_exact_mut((before + length + after) * stride) {
                let mut mirrored = |from: usize, to: usize| {
                    line.copy_within(from * stride..(from + 1) * stride, to * stride);
                };
                for i in 0..before {
                    mirrored(before + self.mirror + i, before - 1 - i);
                }
                for i in 0..after {
                    mirrored(last - self.mirror - i, last + 1 + i);
                }
            }
        }
    }
}
