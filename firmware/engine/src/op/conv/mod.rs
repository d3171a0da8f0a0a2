//! CONV_2D, int8.

mod columns;
mod groups;
mod walk;

use core::array;

use crate::arena::Views;
use crate::flatbuffer::Result;
use crate::kernel::{self, COLUMNS, Source, cast};
use crate::linked::LINKED;
use crate::op::context::Context;
use crate::op::conv::walk::Walk;
use crate::op::layer::{Geometry, Int8};
use crate::op::scales::ChannelScales;
use crate::op::window::{self, Window};
use crate::op::{Hot, Kernel, Reuse, Wiring};
use crate::tensor::DataType;

/// Triples of output pixels that are computed together, so that weights are fetched once for all: up to eleven where
/// they take no more than this many bytes, and up to sixteen where memory is free.
const COLUMN_BYTES: usize = 8192;
const LEAST_TRIPLES: usize = 11;
const MOST_TRIPLES: usize = 16;

const GROUPS: bool = LINKED.kernel("ConvGroups");
const SMALL: bool = LINKED.kernel("ConvColumns");

pub(crate) struct Conv<'m>(pub(super) Int8<'m>);

impl<'m> Kernel<'m> for Conv<'m> {
    fn read(cx: &Context<'m>) -> Result<Self> {
        Int8::read(cx, DataType::Int8).map(Self)
    }

    fn is_linked(&self) -> bool {
        (GROUPS || !self.is_grouped()) && (SMALL || !self.is_small())
    }

    fn part(&self) -> Option<&'static str> {
        if self.is_grouped() {
            Some("ConvGroups")
        } else {
            self.is_small().then_some("ConvColumns")
        }
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::input(0).reusing(Reuse::trail_if(
            self.0.geometry.batches == 1 && !self.is_grouped(),
        ))
    }

    fn lead(&self) -> Option<usize> {
        // Outputs are written when all windows up to theirs have been read.
        let Geometry {
            y,
            x,
            channels,
            filters,
            ..
        } = &self.0.geometry;
        window::lead([y, x], [*channels, *filters], true)
    }

    fn macs(&self) -> u64 {
        self.0.geometry.macs()
    }

    /// The least, and what it can make use of.
    fn scratch_bytes(&self) -> (usize, usize) {
        if self.is_small() {
            return (self.column_bytes(), self.column_bytes());
        }
        let most = self.pixels().div_ceil(COLUMNS).min(MOST_TRIPLES);
        let least = (COLUMN_BYTES / self.triple_bytes())
            .clamp(1, LEAST_TRIPLES)
            .min(most);
        let triple = self.triple_bytes() + self.triple_output_bytes();
        let bytes = |triples: usize| self.rows_bytes() + triple * triples;
        (bytes(least), bytes(most))
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        self.0.quantized.scales()
    }

    fn hot<'k>(&'k self, views: Views<'k>) -> Option<(Hot<'k>, Views<'k>)> {
        Some((Hot::Conv(self), views))
    }
}

impl Conv<'_> {
    /// Runs it.
    #[inline]
    pub(in crate::op) fn compute(&self, views: Views<'_>) {
        if GROUPS && self.is_grouped() {
            return self.run_groups(views);
        }
        if SMALL && self.is_small() {
            return self.run_columns(views);
        }
        let (mut io, scratch, table) = views.io();
        let filters = self.0.filters(table);
        let count = filters.count();
        let (rows, triples) = scratch.split_at_mut(self.rows_bytes());
        let triples = cast::as_i16_mut(triples);
        let pixels = self.pixels();
        let triple_length = self.triple_bytes() / 2;
        let block = triples.len() / triple_length * COLUMNS;
        let (shape, step) = (self.shape(), self.line_step());
        let mut walk = Walk::new(self);
        for first in (0..pixels).step_by(block) {
            let end = (first + block).min(pixels);
            let input = io.input();
            let used = (end - first).div_ceil(COLUMNS);
            for triple in triples.chunks_exact_mut(triple_length).take(used) {
                let mut staging = cast::as_i8_mut(rows).chunks_exact_mut(self.padded_depth());
                // Columns too many repeat the last one.
                let sources = array::from_fn(|_| {
                    let source = match walk.start() {
                        Some(start) => Source {
                            bytes: &input[start..],
                            step,
                        },
                        None => {
                            let staging = staging.next().unwrap_or_default();
                            kernel::apart(|| self.gather(&walk.cursor, staging, input))
                        }
                    };
                    walk.advance();
                    source
                });
                kernel::unpack(triple, sources, shape, filters.input_zero);
            }
            let rows = cast::as_i16_mut(rows);
            let out = &mut io.output()[first * count..end * count];
            kernel::multiply(triples, &filters, rows, out);
        }
    }

    /// Whether each filter sees but a part of the channels.
    #[inline]
    fn is_grouped(&self) -> bool {
        self.0.geometry.depth < self.0.geometry.channels
    }

    /// Output pixels.
    #[inline]
    fn pixels(&self) -> usize {
        let Geometry { batches, y, x, .. } = &self.0.geometry;
        batches * y.output * x.output
    }

    /// Bytes of a triple of columns.
    #[inline]
    fn triple_bytes(&self) -> usize {
        2 * COLUMNS * self.padded_depth()
    }

    /// Room for two rows of weights, widened, or for a triple of columns as bytes.
    #[inline]
    fn rows_bytes(&self) -> usize {
        4 * self.padded_depth()
    }

    #[inline]
    fn padded_depth(&self) -> usize {
        self.0.depth().next_multiple_of(4)
    }

    /// Whether windows inside the image are unpacked as they lie there: their rows have no gaps and are whole groups of
    /// four elements.
    #[inline]
    fn rows_suit(&self) -> bool {
        self.rows_are_contiguous() && self.row().is_multiple_of(4)
    }

    /// Rows of a column and elements of each, as they are unpacked.
    #[inline]
    fn shape(&self) -> (usize, usize) {
        if self.rows_suit() {
            (self.0.geometry.y.filter, self.row())
        } else {
            (1, self.padded_depth())
        }
    }

    #[inline]
    fn rows_are_contiguous(&self) -> bool {
        let x = &self.0.geometry.x;
        x.dilation == 1 || x.filter == 1
    }

    /// Elements in a row of a window, if it has no gaps.
    #[inline]
    fn row(&self) -> usize {
        self.0.geometry.x.filter * self.0.geometry.channels
    }

    /// Puts together in `staging` what the cursor's output pixel is computed from.
    #[inline]
    fn gather<'a>(&self, cursor: &Cursor<'_>, staging: &'a mut [i8], input: &[i8]) -> Source<'a> {
        let row = self.row();
        match cursor.whole() {
            Some(start) if self.rows_are_contiguous() => {
                let source = Source {
                    bytes: &input[start..],
                    step: self.line_step(),
                };
                kernel::copy_rows(staging, row, source, (self.0.geometry.y.filter, row));
                for byte in &mut staging[self.0.depth()..] {
                    *byte = self.0.quantized.input_zero as i8;
                }
            }
            _ => self.stage(staging, input, cursor, 0),
        }
        Source {
            bytes: staging,
            step: row,
        }
    }

    /// Bytes from a row of a window to the next.
    #[inline]
    fn line_step(&self) -> usize {
        let Geometry { y, x, channels, .. } = &self.0.geometry;
        y.dilation * x.input * channels
    }

    /// Puts together what a group's filters see at the cursor's output pixel: a whole column, as bytes, and padding
    /// behind it.
    #[inline]
    fn stage(&self, column: &mut [i8], input: &[i8], cursor: &Cursor<'_>, group: usize) {
        let Geometry {
            y,
            x,
            channels,
            depth,
            ..
        } = &self.0.geometry;
        let (taps_y, top) = y.taps(cursor.y);
        let (taps_x, left) = x.taps(cursor.x);
        column.fill(self.0.quantized.input_zero as i8);
        if taps_y.is_empty() || taps_x.is_empty() {
            return;
        }
        let start = cursor.image + (top * x.input + left) * channels + group * depth;
        // Taps that lie next to each other, in the input as in the column.
        let together = if !self.is_grouped() && self.rows_are_contiguous() {
            taps_x.len()
        } else {
            1
        };
        let rows = taps_y.len();
        let (mut tap, mut from) = (taps_x.start, start);
        while tap < taps_x.end {
            let source = Source {
                bytes: &input[from..],
                step: self.line_step(),
            };
            let to = &mut column[(taps_y.start * x.filter + tap) * depth..];
            kernel::copy_rows(to, x.filter * depth, source, (rows, together * depth));
            tap += together;
            from += together * x.dilation * channels;
        }
    }
}

/// Goes from output pixel to output pixel.
struct Cursor<'a> {
    geometry: &'a Geometry,
    /// Where the image starts in the input.
    image: usize,
    y: usize,
    x: usize,
}

impl<'a> Cursor<'a> {
    /// At an output pixel.
    #[inline]
    fn at(geometry: &'a Geometry, pixel: usize) -> Self {
        let Geometry { y, x, channels, .. } = geometry;
        let line = pixel / x.output;
        Self {
            geometry,
            image: line / y.output * (y.input * x.input * channels),
            y: line % y.output,
            x: pixel % x.output,
        }
    }

    /// Where in the input the window starts, if it lies inside.
    #[inline]
    fn whole(&self) -> Option<usize> {
        let (y, x) = (&self.geometry.y, &self.geometry.x);
        let top = (self.y * y.stride).wrapping_sub(y.padding);
        let left = (self.x * x.stride).wrapping_sub(x.padding);
        let is_inside = |window: &Window, first: usize| {
            let size = (window.filter - 1) * window.dilation + 1;
            first < window.input && window.input - first >= size
        };
        (is_inside(y, top) && is_inside(x, left))
            .then(|| self.image + (top * x.input + left) * self.geometry.channels)
    }

    #[inline]
    fn advance(&mut self) {
        let (y, x) = (&self.geometry.y, &self.geometry.x);
        self.x += 1;
        if self.x == x.output {
            (self.x, self.y) = (0, self.y + 1);
        }
        if self.y == y.output {
            self.y = 0;
            self.image += y.input * x.input * self.geometry.channels;
        }
    }
}
