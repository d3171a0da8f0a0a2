//! Sliding windows: the geometry that convolutions and pools share.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;

/// How windows lie along one dimension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) input: usize,
    pub(crate) output: usize,
    pub(crate) filter: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    /// Elements of padding before the first input element.
    pub(crate) padding: usize,
}

/// The largest filter, stride or dilation: far beyond any use, and small enough that no product overflows.
const LIMIT: usize = 1 << 12;

impl Window {
    /// Checks the geometry and finds the padding.
    ///
    /// TFLite `ComputeOutSize` and `ComputePadding`, with `size = (filter - 1) * dilation + 1`:
    /// SAME gives `ceil(input / stride)` outputs, VALID `ceil((input - size + 1) / stride)`; the padding before is
    /// half of what the outputs reach beyond the input, rounded down.
    pub(crate) fn new(
        cx: &Context<'_>,
        scheme: i8,
        input: usize,
        output: usize,
        (filter, stride, dilation): (usize, usize, usize),
    ) -> Result<Self> {
        for value in [filter, stride, dilation] {
            cx.ensure(value <= LIMIT, OperatorProblem::Stride, value)?;
        }
        let size = (filter - 1) * dilation + 1;
        let outputs = match scheme {
            0 => input.div_ceil(stride),
            1 if input < size => return cx.fail(OperatorProblem::Stride, size),
            1 => (input - size) / stride + 1,
            other => return cx.fail(OperatorProblem::Padding, usize::from(other.unsigned_abs())),
        };
        cx.ensure(output == outputs, OperatorProblem::Shape, cx.inputs.len())?;
        let padding = ((outputs - 1) * stride + size).saturating_sub(input) / 2;
        Ok(Self {
            input,
            output,
            filter,
            stride,
            dilation,
            padding,
        })
    }

    /// The taps of output `o`'s window that lie inside the input, and the input position of the first of them.
    #[inline(always)]
    pub(crate) fn taps(&self, o: usize) -> (core::ops::Range<usize>, usize) {
        let start = o * self.stride;
        let first = self.padding.saturating_sub(start).div_ceil(self.dilation);
        let first = first.min(self.filter);
        let position = (start + first * self.dilation).saturating_sub(self.padding);
        let room = self.input.saturating_sub(position).div_ceil(self.dilation);
        (first..(first + room).min(self.filter), position)
    }

    /// How many outputs from `o` on have windows inside the input.
    pub(crate) fn whole_from(&self, o: usize) -> usize {
        let size = (self.filter - 1) * self.dilation + 1;
        let Some(room) = (self.input + self.padding).checked_sub(size) else {
            return 0;
        };
        let end = (room / self.stride + 1).min(self.output);
        if o * self.stride < self.padding {
            0
        } else {
            end.saturating_sub(o)
        }
    }
}

/// The bytes by which the output must start before the input for each pixel, in their order, to be written where
/// nothing is read any more; `None` if these are as many as the output has. Pixels have so many bytes in the input and in
/// the output. `ahead`: a pixel is written when its whole window has been read; else while that is read.
pub(crate) fn lead([y, x]: [&Window; 2], [from, to]: [usize; 2], ahead: bool) -> Option<usize> {
    let first = |window: &Window, o: usize| (o * window.stride).saturating_sub(window.padding);
    let start = |line: usize, o: usize| (first(y, line) * x.input + first(x, o)) * from;
    let pixels = y.output * x.output;
    // The first byte that this window or a later one reads.
    let needed = |pixel: usize| {
        let (line, o) = (pixel / x.output, pixel % x.output);
        let next = if line + 1 < y.output {
            start(line + 1, 0)
        } else {
            usize::MAX
        };
        if pixel < pixels {
            start(line, o).min(next)
        } else {
            usize::MAX
        }
    };
    let lead = (0..pixels)
        .map(|pixel| ((pixel + 1) * to).saturating_sub(needed(pixel + usize::from(ahead))));
    lead.max().filter(|&lead| lead < pixels * to)
}
