//! Along all output pixels, knowing which windows are unpacked as they lie in the input.
//!
//! What is done for every line is kept out of the loop over pixels, which is repeated for each column of a triple.

use core::ops::Range;

use crate::op::conv::{Conv, Cursor};

/// A cursor that knows without calculating where its window starts. Few instructions a pixel count here: they share a
/// small instruction cache with the loops that they feed.
pub(super) struct Walk<'a> {
    pub(super) cursor: Cursor<'a>,
    /// Where in the input the window starts, if that is of use.
    start: usize,
    /// From a window's start to the next one's.
    step: usize,
    /// The line's first output pixel, and the number of those, whose windows lie inside of the image.
    first: usize,
    count: usize,
    /// That number where lines of windows lie inside, and the output's lines where they do.
    most: usize,
    inner_lines: Range<usize>,
    lines_left: usize,
}

impl<'a> Walk<'a> {
    /// From the first output pixel on.
    #[inline(never)]
    pub(super) fn new(conv: &'a Conv<'_>) -> Self {
        let geometry = &conv.0.geometry;
        let inner = geometry.x.inner();
        let mut walk = Self {
            cursor: Cursor::at(geometry, 0),
            start: 0,
            step: geometry.x.stride * geometry.channels,
            first: inner.start,
            count: 0,
            most: if conv.rows_suit() { inner.len() } else { 0 },
            inner_lines: geometry.y.inner(),
            lines_left: geometry.batches * geometry.y.output,
        };
        walk.enter_line();
        walk
    }

    /// Where in the input the window starts, if it is unpacked as it lies there.
    #[inline]
    pub(super) fn start(&self) -> Option<usize> {
        (self.cursor.x.wrapping_sub(self.first) < self.count).then_some(self.start)
    }

    /// Goes to the next output pixel. There is none after the last one.
    #[inline]
    pub(super) fn advance(&mut self) {
        if self.cursor.x + 1 < self.cursor.geometry.x.output {
            self.cursor.x += 1;
            self.start = self.start.wrapping_add(self.step);
        } else {
            self.leave_line();
        }
    }

    #[inline(never)]
    fn leave_line(&mut self) {
        if self.lines_left > 1 {
            self.lines_left -= 1;
            self.cursor.advance();
            self.enter_line();
        }
    }

    fn enter_line(&mut self) {
        let Cursor {
            geometry, image, y, ..
        } = self.cursor;
        let (lines, x) = (&geometry.y, &geometry.x);
        self.count = if self.inner_lines.contains(&y) {
            self.most
        } else {
            0
        };
        // Before the image, this wraps around, and comes back until a window lies inside.
        let top = (y * lines.stride).wrapping_sub(lines.padding);
        let pixel = top.wrapping_mul(x.input).wrapping_sub(x.padding);
        self.start = image.wrapping_add(pixel.wrapping_mul(geometry.channels));
    }
}
