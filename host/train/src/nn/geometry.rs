//! Where a window looks.

use std::ops::Range;

use onchip_tflite::ir::{Padding, Window};
use onchip_tflite::topology::Dims;

/// A window over images of a shape, by TFLite's rules: of an odd number of padded pixels, the one
/// more is at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) from: Dims,
    pub(super) to: Dims,
    pub(super) size: [usize; 2],
    pub(super) stride: [usize; 2],
    /// Padded pixels above and to the left.
    pub(super) before: [usize; 2],
}

impl Geometry {
    pub(super) fn new(window: Window, from: Dims, to: Dims) -> Self {
        let before = |axis: usize| match window.padding {
            Padding::Valid => 0,
            Padding::Same => {
                let reach = (to[axis] - 1) * window.stride[axis] + window.size[axis];
                reach.saturating_sub(from[axis]) / 2
            }
        };
        let geometry = Self {
            from,
            to,
            size: window.size,
            stride: window.stride,
            before: [before(0), before(1)],
        };
        // A series lies in memory as an image one pixel high does, in which a window sees pixels
        // that lie together.
        if geometry.from[1] == 1 && geometry.size[1] == 1 && geometry.before[1] == 0 {
            geometry.turned()
        } else {
            geometry
        }
    }

    fn turned(self) -> Self {
        let dims = |[height, width, channels]: Dims| [width, height, channels];
        let pair = |[down, across]: [usize; 2]| [across, down];
        Self {
            from: dims(self.from),
            to: dims(self.to),
            size: pair(self.size),
            stride: pair(self.stride),
            before: pair(self.before),
        }
    }

    /// A window of one pixel at every place: what a dense layer sees, too.
    pub(super) fn is_pointwise(&self) -> bool {
        self.size == [1, 1] && self.stride == [1, 1]
    }

    /// Places of the window.
    pub(super) fn places(&self) -> usize {
        self.to[0] * self.to[1]
    }

    /// Along an axis, the taps of the window at a place that are inside the image.
    pub(super) fn inside(&self, axis: usize, place: usize) -> Range<usize> {
        let start = place * self.stride[axis];
        let first = self.before[axis].saturating_sub(start);
        let end = (self.from[axis] + self.before[axis]).saturating_sub(start);
        let last = end.min(self.size[axis]);
        first.min(last)..last
    }

    /// Along an axis, the pixel under a tap that is inside.
    pub(super) fn pixel(&self, axis: usize, place: usize, tap: usize) -> usize {
        place * self.stride[axis] + tap - self.before[axis]
    }

    /// Height and width of the image with the padding that the window reaches.
    pub(super) fn padded(&self) -> [usize; 2] {
        [0, 1].map(|axis| {
            let reach = (self.to[axis] - 1) * self.stride[axis] + self.size[axis];
            reach.max(self.from[axis] + self.before[axis])
        })
    }
}

/// Elements of a value.
pub(super) fn elements(dims: Dims) -> usize {
    dims.iter().product()
}
