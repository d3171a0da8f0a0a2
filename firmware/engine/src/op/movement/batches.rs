//! SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: pixels that lie a block apart become an image of their own, and back.
//!
//! Dilated convolutions are exported as convolutions between the two. The images' borders are zeros, as TensorFlow Lite
//! has them; TensorFlow Lite Micro leaves what it pads int8 images with to chance.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::Context;
use crate::op::movement::{Copy, element, pad};
use crate::opcode::Opcode;
use crate::tensor::TensorInfo;

pub(crate) struct Batches {
    pub(super) to_batch: bool,
    pub(super) batches: usize,
    pub(super) y: Along,
    pub(super) x: Along,
    /// Bytes of a pixel.
    pub(super) pixel: usize,
    pub(super) zero: i8,
}

/// How images lie along one dimension.
#[derive(Clone, Copy)]
pub(super) struct Along {
    /// Small images along a large one.
    pub(super) block: usize,
    /// Pixels of the large image, and those that the small ones have before and after it.
    pub(super) large: usize,
    pub(super) before: usize,
    pub(super) after: usize,
    pub(super) small: usize,
}

impl<'m> Kernel<'m> for Batches {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let to_batch = cx.opcode == Opcode::SPACE_TO_BATCH_ND;
        cx.form(3, if to_batch { 25 } else { 24 })?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let element = element(cx, input, output)?;
        let (whole, parts) = if to_batch {
            (input, output)
        } else {
            (output, input)
        };
        let rank = whole.shape.dims().len();
        let images = |tensor: &TensorInfo<'_>| match *tensor.shape.dims() {
            [batches, y, x, channels] => Some([batches, y, x, channels]),
            [batches, y, channels] => Some([batches, y, 1, channels]),
            _ => None,
        };
        let wrong = cx.error(OperatorProblem::Rank, rank);
        let [batches, large_y, large_x, channels] = images(whole).ok_or(wrong)?;
        let [all, small_y, small_x, _] = images(parts).ok_or(wrong)?;
        let (blocks, cuts) = (cx.integers(1)?, cx.integers(2)?);
        let cuts_fit = cx.input(2)?.shape.dims() == [rank - 2, 2];
        let fits = blocks.len() == rank - 2 && cuts_fit && parts.shape.dims().len() == rank;
        let fits = fits && parts.shape.dims().last() == Some(&channels);
        cx.ensure(fits, OperatorProblem::Shape, 1)?;

        let along = |i: usize, large: usize, small: usize| {
            if i + 2 >= rank {
                return Ok(Along {
                    block: 1,
                    large,
                    before: 0,
                    after: 0,
                    small,
                });
            }
            let block = blocks.size(i).unwrap_or(0);
            let wrong = cx.error(OperatorProblem::BlockSize, block);
            let (before, after) = cuts.size(2 * i).zip(cuts.size(2 * i + 1)).ok_or(wrong)?;
            let sum = before
                .checked_add(after)
                .and_then(|cut| cut.checked_add(large));
            let fits = block > 0 && sum.is_some() && small.checked_mul(block) == sum;
            cx.ensure(fits, OperatorProblem::BlockSize, block)?;
            Ok(Along {
                block,
                large,
                before,
                after,
                small,
            })
        };
        let (y, x) = (along(0, large_y, small_y)?, along(1, large_x, small_x)?);
        let expected = y.block.checked_mul(x.block);
        let expected = expected.and_then(|images| images.checked_mul(batches));
        cx.ensure(expected == Some(all), OperatorProblem::BlockSize, all)?;
        Ok(Self {
            to_batch,
            batches,
            y,
            x,
            pixel: channels * element,
            zero: pad::zero(cx, output)?,
        })
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        let (y, x) = (self.y, self.x);
        if self.to_batch && y.before + y.after + x.before + x.after > 0 {
            output.fill(self.zero);
        }
        let (line, small_line) = (x.large * self.pixel, x.small * self.pixel);
        let image = y.small * small_line;
        for block in 0..y.block * x.block {
            let (rows, row, small_row) = y.lines(block / x.block);
            let (columns, column, small_column) = x.lines(block % x.block);
            let mut copy = Copy::run(self.pixel);
            for (count, from, to) in [
                (columns, x.block * self.pixel, self.pixel),
                (rows, y.block * line, small_line),
                (self.batches, y.large * line, image),
            ] {
                copy.repeat(count, from as isize, to as isize);
            }
            copy.start(
                row * line + column * self.pixel,
                block * self.batches * image + small_row * small_line + small_column * self.pixel,
            );
            if !self.to_batch {
                copy.reverse();
            }
            copy.copy(input, output);
        }
    }
}

impl Along {
    /// How many pixels of small image number `block` lie in the large one, and which is the first one in either.
    fn lines(&self, block: usize) -> (usize, usize, usize) {
        let first = self.before.saturating_sub(block).div_ceil(self.block);
        let end = (self.before + self.large).saturating_sub(block);
        let count = end.div_ceil(self.block).saturating_sub(first);
        let row = (first * self.block + block).saturating_sub(self.before);
        (count, row, first)
    }
}
