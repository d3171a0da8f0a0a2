//! CONV_2D, int8.

mod groups;
mod pairs;

use core::array;

use crate::arena::Views;
use crate::flatbuffer::{Result, Vector};
use crate::kernel::{self, COLUMNS, Filters, cast};
use crate::linked::LINKED;
use crate::op::context::{Clamp, Context};
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
const PAIRS: bool = LINKED.kernel("ConvPairs");

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
        (GROUPS || self.groups == 1) && (PAIRS || !self.is_small())
    }

    fn part(&self) -> Option<&'static str> {
        if self.groups > 1 {
            Some("ConvGroups")
        } else {
            self.is_small().then_some("ConvPairs")
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
            return self.pairs_bytes();
        }
        let most = self.pixels().div_ceil(COLUMNS).min(MOST_TRIPLES);
        let least = (COLUMN_BYTES / self.triple_bytes())
            .clamp(1, LEAST_TRIPLES)
            .min(most);
        let triple = self.triple_bytes() + self.triple_output_bytes();
        let bytes = |triples: usize| self.rows_bytes() + self.staging_bytes() + triple * triples;
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
    pub(super) fn compute(&self, views: Views<'_>) {
        if GROUPS && self.groups > 1 {
            return kernel::apart(|| self.run_groups(views));
        }
        if PAIRS && self.is_small() {
            return kernel::apart(|| self.run_pairs(views));
        }
        let (mut io, scratch, table) = views.io();
        let filters = self.all_filters(table);
        let (rows, scratch) = scratch.split_at_mut(self.rows_bytes());
        let (staging, triples) = scratch.split_at_mut(self.staging_bytes());
        let (rows, triples) = (cast::as_i16_mut(rows), cast::as_i16_mut(triples));
        let staging = cast::as_i8_mut(staging);
        let pixels = self.pixels();
        let triple_length = self.triple_bytes() / 2;
        let block = triples.len() / triple_length * COLUMNS;
        let mut cursor = Cursor::new(self);
        for first in (0..pixels).step_by(block) {
            let last = (first + block).min(pixels) - 1;
            let starts = (first..=last).step_by(COLUMNS);
            for (triple, start) in triples.chunks_exact_mut(triple_length).zip(starts) {
                let mut place = cursor.place();
                let places = array::from_fn(|i| {
                    // Columns too many repeat the last one.
                    if start + i <= last {
                        place = cursor.place();
                        cursor.advance();
                    }
                    place
                });
                self.fill(triple, staging, io.input(), places);
            }
            let out = first * self.filters..(last + 1) * self.filters;
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
        2 * COLUMNS * self.depth().next_multiple_of(4)
    }

    /// Room for two rows of weights, widened.
    #[inline]
    fn rows_bytes(&self) -> usize {
        4 * self.depth().next_multiple_of(4)
    }

    #[inline]
    fn depth(&self) -> usize {
        self.y.filter * self.x.filter * self.channels / self.groups
    }

    /// Whether columns are unpacked row by row: rows have no gaps, are whole groups of four elements, and long enough.
    #[inline]
    fn rows_suit(&self) -> bool {
        let row = self.x.filter * self.channels;
        self.groups == 1
            && self.rows_are_contiguous()
            && (self.y.filter == 1 || (row.is_multiple_of(4) && row >= 16))
    }

    #[inline]
    fn rows_are_contiguous(&self) -> bool {
        self.x.dilation == 1 || self.x.filter == 1
    }

    /// Room for what unpacking cannot take from the input as it lies there: a row of padding and one for each column
    /// of a triple, or whole columns where their rows must be put together.
    #[inline]
    fn staging_bytes(&self) -> usize {
        let row = self.x.filter * self.channels;
        if !self.rows_suit() {
            (COLUMNS * self.depth()).next_multiple_of(4)
        } else if self.y.is_padded() || self.x.is_padded() {
            ((1 + COLUMNS) * row).next_multiple_of(4)
        } else {
            0
        }
    }

    /// Fills a triple of columns with what three output pixels are computed from.
    #[inline]
    fn fill(&self, triple: &mut [i16], staging: &mut [i8], input: &[i8], places: [Place; COLUMNS]) {
        if !self.rows_suit() {
            self.stage(staging, input, &places);
            let sources = array::from_fn(|i| &staging[i * self.depth()..][..self.depth()]);
            kernel::unpack(triple, 0, sources, self.input_zero);
            return;
        }
        let (y, row) = (self.y, self.x.filter * self.channels);
        let step = y.dilation * self.x.input * self.channels;
        if places.iter().all(|place| place.is_whole) {
            let mut starts = places.map(|place| place.start);
            for tap in 0..y.filter {
                let sources = starts.map(|start| &input[start..][..row]);
                kernel::unpack(triple, tap * row, sources, self.input_zero);
                starts = starts.map(|start| start + step);
            }
            return;
        }
        let (nothing, rows) = staging.split_at_mut(row);
        nothing.fill(self.input_zero as i8);
        for tap in 0..y.filter {
            let mut rows = rows.chunks_exact_mut(row);
            let sources = places.map(|place| {
                let line = place.top.wrapping_add(tap * y.dilation);
                let start = place.start.wrapping_add(tap * step);
                match rows.next() {
                    _ if line >= y.input => &*nothing,
                    Some(to) if !place.is_inside_x => {
                        self.partial(to, input, start, place.left);
                        &*to
                    }
                    _ => &input[start..][..row],
                }
            });
            kernel::unpack(triple, tap * row, sources, self.input_zero);
        }
    }

    /// Puts together whole columns, as bytes.
    #[inline]
    fn stage<const N: usize>(&self, staging: &mut [i8], input: &[i8], places: &[Place; N]) {
        let (y, row) = (self.y, self.x.filter * self.channels);
        let step = y.dilation * self.x.input * self.channels;
        let columns = staging.chunks_exact_mut(self.depth());
        for (column, place) in columns.zip(places) {
            for (tap, to) in column.chunks_exact_mut(row).enumerate() {
                let line = place.top.wrapping_add(tap * y.dilation);
                let start = place.start.wrapping_add(tap * step);
                if line >= y.input {
                    fill(to, self.input_zero as i8);
                } else if place.is_inside_x && self.rows_are_contiguous() {
                    copy(to, &input[start..][..row]);
                } else {
                    self.partial(to, input, start, place.left);
                }
            }
        }
    }

    /// A row of a window that begins at element `start` of the input, and padding where it lies outside.
    #[inline]
    fn partial(&self, to: &mut [i8], input: &[i8], start: usize, left: usize) {
        let x = &self.x;
        let padding = self.input_zero as i8;
        if x.dilation == 1 {
            // Taps before the input, and in it.
            let before = if left < x.input {
                0
            } else {
                0_usize.wrapping_sub(left)
            }
            .min(x.filter);
            let first = left.wrapping_add(before);
            let inside = x.input.saturating_sub(first).min(x.filter - before);
            let (to_before, rest) = to.split_at_mut(before * self.channels);
            let (to_inside, to_after) = rest.split_at_mut(inside * self.channels);
            fill(to_before, padding);
            let start = start.wrapping_add(before * self.channels);
            if inside > 0 {
                copy(to_inside, &input[start..][..inside * self.channels]);
            }
            fill(to_after, padding);
            return;
        }
        for (tap, to) in to.chunks_exact_mut(self.channels).enumerate() {
            let along = tap * x.dilation;
            if left.wrapping_add(along) < x.input {
                let start = start.wrapping_add(along * self.channels);
                copy(to, &input[start..][..self.channels]);
            } else {
                fill(to, padding);
            }
        }
    }
}

/// Where an output pixel's window lies.
#[derive(Clone, Copy)]
struct Place {
    /// Its first line and the first element on it; negative numbers wrap around.
    top: usize,
    left: usize,
    /// Where in the input that is.
    start: usize,
    is_inside_x: bool,
    is_whole: bool,
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
    /// At the first one.
    #[inline]
    fn new(conv: &'a Conv<'a>) -> Self {
        Self {
            conv,
            image: 0,
            y: 0,
            x: 0,
        }
    }

    #[inline]
    fn place(&self) -> Place {
        let (y, x) = (&self.conv.y, &self.conv.x);
        let top = (self.y * y.stride).wrapping_sub(y.padding);
        let left = (self.x * x.stride).wrapping_sub(x.padding);
        let is_inside = |window: &Window, first: usize| {
            let size = (window.filter - 1) * window.dilation + 1;
            first < window.input && window.input - first >= size
        };
        let is_inside_x = is_inside(x, left);
        let pixel = top.wrapping_mul(x.input).wrapping_add(left);
        Place {
            top,
            left,
            start: self
                .image
                .wrapping_add(pixel.wrapping_mul(self.conv.channels)),
            is_inside_x,
            is_whole: is_inside_x && is_inside(y, top),
        }
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

/// Fills a few bytes, as [`copy`] copies them.
#[inline(always)]
fn fill(to: &mut [i8], byte: i8) {
    let (words, rest) = to.as_chunks_mut::<4>();
    words.iter_mut().for_each(|to| *to = [byte; 4]);
    rest.iter_mut().for_each(|to| *to = byte);
}

/// Copies a few bytes, in less than it takes to call a function for it.
#[inline(always)]
fn copy(to: &mut [i8], from: &[i8]) {
    let (words, rest) = to.as_chunks_mut::<4>();
    let (from_words, from_rest) = from.as_chunks::<4>();
    for (to, from) in words.iter_mut().zip(from_words) {
        *to = *from;
    }
    for (to, from) in rest.iter_mut().zip(from_rest) {
        *to = *from;
    }
}
