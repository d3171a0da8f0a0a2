//! Depthwise 3x3 convolutions seen as strips.
//!
//! An image is cut into *strips*: three neighbouring lines, of which one line of outputs is computed. Lines run along
//! the image's longer side. For a dual multiplication to take two neighbours on a line at once, a line's elements
//! are widened, centred on the zero point, padded with zeros and stored in pairs, channel by channel:
//! word `12 * j + 4 * slot + c` holds elements `2j` and `2j + 1` of channel `c`; line `i` is kept in slot `i % 3`.

use crate::kernel::Filters;
use crate::op::Window;

/// Channels that are done at a time.
pub(crate) const CHANNELS: usize = 4;

/// Elements `2j` and `2j + 1` of the three lines.
pub(crate) type Pair = [[[i16; 2]; CHANNELS]; 3];

/// A depthwise 3x3 convolution without dilation, of an image.
pub(crate) struct Strips<'a> {
    /// Geometry along the lines and across them.
    pub(crate) along: Window,
    pub(crate) across: Window,
    /// Elements between neighbours on a line, and between lines, in the input and in the output.
    pub(crate) input_steps: [usize; 2],
    pub(crate) output_steps: [usize; 2],
    /// Taps between neighbours on a line, and between lines.
    pub(crate) tap_steps: [usize; 2],
    pub(crate) channels: usize,
    pub(crate) input_zero: i32,
    pub(crate) filters: &'a Filters<'a>,
}

impl Strips<'_> {
    /// Pairs of elements on a line that the computation of all its outputs, two at a time, reads.
    #[inline]
    pub(crate) fn pairs(along: &Window) -> usize {
        along.output.div_ceil(2) * along.stride + 1
    }

    /// Bytes of working memory for lines of this geometry.
    #[inline]
    pub(crate) fn scratch_bytes(along: &Window) -> usize {
        Self::pairs(along) * size_of::<Pair>()
    }
}
