//! Operators that bring images to another size.

mod bilinear;
mod nearest;
#[cfg(test)]
mod tests;

pub(super) use bilinear::Bilinear;
pub(super) use nearest::Nearest;

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;

/// The shapes and options that all of them share.
#[derive(Clone, Copy, Debug)]
struct Resize {
    /// Height and width.
    input: [usize; 2],
    output: [usize; 2],
    channels: usize,
    /// The centers of the corner pixels stay where they are.
    align_corners: bool,
    /// Pixels have their centers in their middle.
    half_pixel_centers: bool,
}

/// The greatest height and width: a 1024-th of what 32 bits can hold, with a margin for roundings.
const LIMIT: usize = 1 << 19;

impl Resize {
    /// Reads the options, which are of this type and have the two of interest from this field on.
    fn read(cx: &Context<'_>, kind: u8, first: usize) -> Result<Self> {
        let options = cx.form(2, kind)?;
        let (input, output, size) = (cx.input(0)?, cx.output()?, &cx.integers(1)?);
        let [batches, height, width, channels] = cx.dims(input)?;
        let [out_batches, out_height, out_width, out_channels] = cx.dims(output)?;
        let same = (batches, channels) == (out_batches, out_channels);
        cx.ensure(same, OperatorProblem::Shape, 2)?;
        let wanted =
            size.len() == 2 && (size.size(0), size.size(1)) == (Some(out_height), Some(out_width));
        cx.ensure(wanted, OperatorProblem::Shape, 1)?;
        let greatest = height.max(width).max(out_height).max(out_width);
        cx.ensure(greatest <= LIMIT, OperatorProblem::TooLarge, greatest)?;
        Ok(Self {
            input: [height, width],
            output: [out_height, out_width],
            channels,
            align_corners: options.byte(first)? != 0,
            half_pixel_centers: options.byte(first + 1)? != 0,
        })
    }
}
