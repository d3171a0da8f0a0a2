//! CONV_2D, int8.

mod groups;

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Vector};
use crate::kernel::{self, Filters, cast};
use crate::op::Kernel;
use crate::op::context::{Clamp, Context};
use crate::op::scales::{ChannelScales, Factors};
use crate::op::window::Window;
use crate::tensor::DataType;

/// Pairs of output pixels that are computed together, so that weights are fetched once for all: up to four where
/// they take no more than this many bytes, and up to sixteen where memory is free.
const COLUMN_BYTES: usize = 2048;
const MOST_PAIRS: usize = 16;

pub(crate) struct Conv<'m> {
    pub(super) batches: usize,
    pub(super) channels: usize,
    /// Channels that a filter sees: all, or those of its group.
    pub(super) each: usize,
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
        cx.arity(2, 3)?;
        let (input, filter, output) = (cx.input(0)?, cx.input(1)?, cx.output()?);
        let options = cx.options(1)?;
        let (from, to) = (cx.int8(0, &input)?, cx.int8(cx.inputs.len(), &output)?);
        let weights = cast::as_i8(cx.constant(1, &filter, DataType::Int8)?);

        let rank = |tensor: &crate::TensorInfo<'_>| {
            cx.error(OperatorProblem::Rank, tensor.shape.dims().len())
        };
        let [batches, height, width, channels] = input.shape.exactly().ok_or(rank(&input))?;
        let [filters, filter_height, filter_width, depth] =
            filter.shape.exactly().ok_or(rank(&filter))?;
        let [out_batches, out_height, out_width, out_channels] =
            output.shape.exactly().ok_or(rank(&output))?;
        let groups = channels / depth;
        cx.ensure(groups * depth == channels, OperatorProblem::Shape, 1)?;
        cx.ensure(
            filters.is_multiple_of(groups),
            OperatorProblem::Groups,
            groups,
        )?;
        cx.ensure(
            (batches, filters) == (out_batches, out_channels),
            OperatorProblem::Shape,
            cx.inputs.len(),
        )?;
        let scheme = options.get(0, 0)?;
        let along_y = (
            filter_height,
            options.positive(cx, 2, 0)?,
            options.positive(cx, 5, 1)?,
        );
        let along_x = (
            filter_width,
            options.positive(cx, 1, 0)?,
            options.positive(cx, 4, 1)?,
        );
        Ok(Self {
            batches,
            channels,
            each: depth,
            filters,
            y: Window::new(cx, scheme, height, out_height, along_y)?,
            x: Window::new(cx, scheme, width, out_width, along_x)?,
            weights,
            bias: cx.bias(2, filters)?,
            scales: ChannelScales::new(
                cx,
                from.scale,
                cx.weight_scales(&filter, 0)?,
                to.scale,
                filters,
            )?,
            input_zero: from.zero_point,
            output_zero: to.zero_point,
            clamp: cx.clamp(options.get(3, 0)?, to)?,
        })
    }

    fn macs(&self) -> u64 {
        let outputs = self.batches * self.y.output * self.x.output;
        outputs as u64 * self.weights.len() as u64
    }

    /// The least, and what it can make use of.
    fn scratch_bytes(&self) -> (usize, usize) {
        let pixels = self.batches * self.y.output * self.x.output;
        let most = pixels.div_ceil(2).min(MOST_PAIRS);
        let least = (COLUMN_BYTES / self.pair_bytes()).clamp(1, 4).min(most);
        let pair = self.pair_bytes() + self.pair_output_bytes();
        let bytes = |pairs: usize| self.staging_bytes() + pair * pairs;
        (bytes(least), bytes(most))
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        Some(&self.scales)
    }

    fn run(&self, views: Views<'_>) {
        if self.is_grouped() {
            return self.run_groups(views);
        }
        let Views {
            inputs: [input, _],
            output,
            scratch,
            table,
            ..
        } = views;
        let filters = Filters::new(
            self.weights,
            self.depth(),
            self.bias,
            Factors::new(table, self.filters),
            self.output_zero,
            self.clamp,
        );
        let (staging, columns) = scratch.split_at_mut(self.staging_bytes());
        let columns = cast::as_i16_mut(columns);
        let staging = cast::as_i8_mut(staging);
        let pixels = output.len() / self.filters;
        let block = columns.len() / (2 * self.depth()) * 2;
        for (index, out) in output.chunks_mut(block * self.filters).enumerate() {
            let first = index * block;
            let last = (first + block).min(pixels) - 1;
            for (i, pair) in columns
                .chunks_exact_mut(2 * self.depth())
                .enumerate()
                .take((last - first) / 2 + 1)
            {
                let pixel = first + 2 * i;
                self.fill(pair, staging, input, [pixel, (pixel + 1).min(last)]);
            }
            kernel::multiply(columns, &filters, staging, out);
        }
    }
}

impl Conv<'_> {
    /// Bytes of a pair of columns.
    fn pair_bytes(&self) -> usize {
        4 * self.depth()
    }

    fn depth(&self) -> usize {
        self.y.filter * self.x.filter * self.each
    }

    /// Whether columns cannot always be unpacked from the input row by row: some pixels lack a part of their
    /// window, or rows do not follow each other without gaps or on whole groups of elements.
    fn needs_staging(&self) -> bool {
        let row = self.x.filter * self.channels;
        self.is_grouped()
            || self.y.is_padded()
            || self.x.is_padded()
            || !self.rows_are_contiguous()
            || (self.y.filter > 1 && !row.is_multiple_of(4))
    }

    fn rows_are_contiguous(&self) -> bool {
        self.x.dilation == 1 || self.x.filter == 1
    }

    /// Room for a pair of columns as bytes, or for two rows of weights.
    fn staging_bytes(&self) -> usize {
        let bytes = 2 * self.depth();
        if self.needs_staging() || bytes > kernel::CACHED_WEIGHTS {
            bytes.next_multiple_of(4)
        } else {
            0
        }
    }

    /// Fills a pair of columns with what two output pixels are computed from.
    fn fill(&self, pair: &mut [i16], staging: &mut [i8], input: &[i8], pixels: [usize; 2]) {
        let (y, x) = (self.y, self.x);
        let row = x.filter * self.channels;
        let windows = pixels.map(|pixel| {
            let (line, out_x) = (pixel / x.output, pixel % x.output);
            let image = &input[line / y.output * (y.input * x.input * self.channels)..];
            (image, y.taps(line % y.output), x.taps(out_x))
        });
        let whole = windows.iter().all(|(_, (taps_y, _), (taps_x, _))| {
            taps_y.len() == y.filter && taps_x.len() == x.filter
        });
        if whole && self.rows_are_contiguous() && (y.filter == 1 || row.is_multiple_of(4)) {
            for tap_y in 0..y.filter {
                let sources = windows.each_ref().map(|(image, (_, top), (_, left))| {
                    &image[((top + tap_y * y.dilation) * x.input + left) * self.channels..][..row]
                });
                kernel::unpack(pair, tap_y * row, sources, self.input_zero);
            }
            return;
        }
        let (first, second) = staging[..2 * self.depth()].split_at_mut(self.depth());
        for (column, (image, (taps_y, top), (taps_x, left))) in
            [&mut *first, &mut *second].into_iter().zip(windows)
        {
            column.fill(self.input_zero as i8);
            for tap_y in taps_y.clone() {
                let in_y = top + (tap_y - taps_y.start) * y.dilation;
                let line = &image[in_y * x.input * self.channels..];
                let column = &mut column[tap_y * row..][..row];
                if x.dilation == 1 {
                    let (start, count) =
                        (taps_x.start * self.channels, taps_x.len() * self.channels);
                    column[start..][..count]
                        .copy_from_slice(&line[left * self.channels..][..count]);
                } else {
                    for (i, tap_x) in taps_x.clone().enumerate() {
                        let in_x = left + i * x.dilation;
                        column[tap_x * self.channels..][..self.channels]
                            .copy_from_slice(&line[in_x * self.channels..][..self.channels]);
                    }
                }
            }
        }
        kernel::unpack(pair, 0, [first, second], self.input_zero);
    }
}
