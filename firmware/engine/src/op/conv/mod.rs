//! CONV_2D, int8.

mod columns;
mod groups;
mod walk;

use core::{array, mem};

use crate::arena::Views;
use crate::flatbuffer::{Result, Vector};
use crate::kernel::{self, COLUMNS, Filters, Source, cast};
use crate::linked::LINKED;
use crate::op::context::{Clamp, Context};
use crate::op::conv::walk::Walk;
use crate::op::layer::Int8;
use crate::op::scales::{ChannelScales, Factors};
use crate::op::window::{self, Window};
use crate::op::{Hot, Kernel, Reuse, Wiring};

/// Triples of output pixels that are computed together, so that weights are fetched once for all: up to eleven where
/// they take no more than this many bytes, and up to sixteen where memory is free.
const COLUMN_BYTES: usize = 8192;
const LEAST_TRIPLES: usize = 11;
const MOST_TRIPLES: usize = 16;

const GROUPS: bool = LINKED.kernel("ConvGroups");
const SMALL: bool = LINKED.kernel("ConvColumns");

pub(crate) struct Conv<'m> {
    pub(super) batches: usize,
    pub(super) channels: usize,
    /// Parts that the channels are cut into, of which each filter sees one.
    pub(super) groups: usize,
    pub(super) filters: usize,
    pub(super) y: Window,
    pub(super) x: Window,
    pub(super) weights: &'m [i8],
    pub(super) bias: Option<Vector<'m, i32>>,
    pub(super) scales: ChannelScales<'m>,
    pub(super) input_zero: i32,
    pub(super) output_zero: i32,
    pub(super) clamp: Clamp,
}

impl<'m> Kernel<'m> for Conv<'m> {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let Int8 {
            geometry,
            weights,
            bias,
            quantized,
        } = Int8::read(cx)?;
        Ok(Self {
            batches: geometry.batches,
            channels: geometry.channels,
            groups: geometry.filters / geometry.group,
            filters: geometry.filters,
            y: geometry.y,
            x: geometry.x,
            weights,
            bias,
            scales: quantized.scales,
            input_zero: quantized.input_zero,
            output_zero: quantized.output_zero,
            clamp: quantized.clamp,
        })
    }

    fn is_linked(&self) -> bool {
        (GROUPS || self.groups == 1) && (SMALL || !self.is_small())
    }

    fn part(&self) -> Option<&'static str> {
        if self.groups > 1 {
            Some("ConvGroups")
        } else {
            self.is_small().then_some("ConvColumns")
        }
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::input(0).reusing(Reuse::trail_if(self.batches == 1 && self.groups == 1))
    }

    fn lead(&self) -> Option<usize> {
        // Outputs are written when all windows up to theirs have been read.
        window::lead([&self.y, &self.x], [self.channels, self.filters], true)
    }

    fn macs(&self) -> u64 {
        self.pixels() as u64 * self.weights.len() as u64
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
        Some(&self.scales)
    }

    fn hot(&self) -> Option<Hot<'_, 'm>> {
        Some(Hot::Conv(self))
    }
}

impl Conv<'_> {
    /// Runs it.
    #[inline]
    pub(in crate::op) fn compute(&self, views: Views<'_>) {
        if GROUPS && self.groups > 1 {
            return kernel::apart(|| self.run_groups(views));
        }
        if SMALL && self.is_small() {
            return kernel::apart(|| self.run_columns(views));
        }
        let (mut io, scratch, table) = views.io();
        let filters = self.all_filters(table);
        let (rows, triples) = scratch.split_at_mut(self.rows_bytes());
        let triples = cast::as_i16_mut(triples);
        let pixels = self.pixels();
        let triple_length = self.triple_bytes() / 2;
        let block = triples.len() / triple_length * COLUMNS;
        let (shape, line_step, padded) = (self.shape(), self.line_step(), self.padded_depth());
        let mut walk = Walk::new(self);
        for first in (0..pixels).step_by(block) {
            let end = (first + block).min(pixels);
            let input = io.input();
            let count = (end - first).div_ceil(COLUMNS);
            for triple in triples.chunks_exact_mut(triple_length).take(count) {
                let mut staging = cast::as_i8_mut(rows);
                // Columns too many repeat the last one.
                let sources = array::from_fn(|_| {
                    let source = match walk.start() {
                        Some(start) => Source {
                            bytes: &input[start..],
                            step: line_step,
                        },
                        None => kernel::apart(|| {
                            let column;
                            (column, staging) = mem::take(&mut staging).split_at_mut(padded);
                            self.gather(&walk.cursor, column, input)
                        }),
                    };
                    walk.advance();
                    source
                });
                kernel::unpack(triple, sources, shape, self.input_zero);
            }
            let out = first * self.filters..end * self.filters;
            let rows = cast::as_i16_mut(rows);
            kernel::multiply(triples, &filters, rows, &mut io.output()[out]);
        }
    }

    #[inline]
    fn all_filters<'a>(&'a self, table: &'a [u8]) -> Filters<'a> {
        Filters::new(
            self.weights,
            self.depth(),
            self.bias,
            Factors::new(table, self.filters),
            self.output_zero,
            self.clamp,
        )
        .of_inputs(self.input_zero)
    }

    /// Output pixels.
    #[inline]
    fn pixels(&self) -> usize {
        self.batches * self.y.output * self.x.output
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
        self.depth().next_multiple_of(4)
    }

    #[inline]
    fn depth(&self) -> usize {
        self.y.filter * self.x.filter * self.channels / self.groups
    }

    /// Whether windows inside the image are unpacked as they lie there: their rows have no gaps and are whole groups of
    /// four elements.
    #[inline]
    fn rows_suit(&self) -> bool {
        self.rows_are_contiguous() && (self.x.filter * self.channels).is_multiple_of(4)
    }

    /// Rows of a column and elements of each, as they are unpacked.
    #[inline]
    fn shape(&self) -> (usize, usize) {
        if self.rows_suit() {
            (self.y.filter, self.x.filter * self.channels)
        } else {
            (1, self.padded_depth())
        }
    }

    #[inline]
    fn rows_are_contiguous(&self) -> bool {
        self.x.dilation == 1 || self.x.filter == 1
    }

    /// Puts together in `staging` what the cursor's output pixel is computed from.
    #[inline]
    fn gather<'a>(&self, cursor: &Cursor<'_>, staging: &'a mut [i8], input: &[i8]) -> Source<'a> {
        let row = self.x.filter * self.channels;
        if self.rows_are_contiguous()
            && let Some(start) = cursor.whole()
        {
            let source = Source {
                bytes: &input[start..],
                step: self.line_step(),
            };
            kernel::copy_rows(staging, row, source, (self.y.filter, row));
            for byte in &mut staging[self.y.filter * row..] {
                *byte = self.input_zero as i8;
            }
        } else {
            self.stage(staging, input, cursor, 0);
        }
        Source {
            bytes: staging,
            step: row,
        }
    }

    /// Bytes from a row of a window to the next.
    #[inline]
    fn line_step(&self) -> usize {
        self.y.dilation * self.x.input * self.channels
    }

    /// Puts together what a group's filters see at the cursor's output pixel: a whole column, as bytes, and padding
    /// behind it.
    #[inline]
    fn stage(&self, column: &mut [i8], input: &[i8], cursor: &Cursor<'_>, group: usize) {
        let (x, each) = (&self.x, self.channels / self.groups);
        let (taps_y, top) = self.y.taps(cursor.y);
        let (taps_x, left) = x.taps(cursor.x);
        column.fill(self.input_zero as i8);
        if taps_y.is_empty() || taps_x.is_empty() {
            return;
        }
        let start = cursor.image + (top * x.input + left) * self.channels + group * each;
        // Taps that lie next to each other, in the input as in the column.
        let together = if self.groups == 1 && self.rows_are_contiguous() {
            taps_x.len()
        } else {
            1
        };
        for (i, tap) in taps_x.enumerate().step_by(together) {
            let source = Source {
                bytes: &input[start + i * x.dilation * self.channels..],
                step: self.line_step(),
            };
            let to = &mut column[(taps_y.start * x.filter + tap) * each..];
            kernel::copy_rows(to, x.filter * each, source, (taps_y.len(), together * each));
        }
    }
}

/// Goes from output pixel to output pixel.
struct Cursor<'a> {
    conv: &'a Conv<'a>,
    /// Where the image starts in the input.
    image: usize,
    y: usize,
    x: usize,
}

impl<'a> Cursor<'a> {
    /// At an output pixel.
    #[inline]
    fn at(conv: &'a Conv<'a>, pixel: usize) -> Self {
        let line = pixel / conv.x.output;
        Self {
            conv,
            image: line / conv.y.output * (conv.y.input * conv.x.input * conv.channels),
            y: line % conv.y.output,
            x: pixel % conv.x.output,
        }
    }

    /// Where in the input the window starts, if it lies inside.
    #[inline]
    fn whole(&self) -> Option<usize> {
        let (y, x) = (&self.conv.y, &self.conv.x);
        let top = (self.y * y.stride).wrapping_sub(y.padding);
        let left = (self.x * x.stride).wrapping_sub(x.padding);
        let is_inside = |window: &Window, first: usize| {
            let size = (window.filter - 1) * window.dilation + 1;
            first < window.input && window.input - first >= size
        };
        (is_inside(y, top) && is_inside(x, left))
            .then(|| self.image + (top * x.input + left) * self.conv.channels)
    }

    #[inline]
    fn advance(&mut self) {
        let (y, x) = (&self.conv.y, &self.conv.x);
        self.x += 1;
        if self.x == x.output {
            (self.x, self.y) = (0, self.y + 1);
        }
        if self.y == y.output {
            self.y = 0;
            self.image += y.input * x.input * self.conv.channels;
        }
    }
}
