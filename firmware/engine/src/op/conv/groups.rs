//! Convolutions in groups: each group of filters sees its own part of the channels.
//!
//! A group is a convolution of its own, but for its input and output, which lie between those of the others. So its
//! columns are gathered pixel by pixel, and its outputs pass through working memory.

use crate::arena::Views;
use crate::flatbuffer::Vector;
use crate::kernel::{self, Filters, cast};
use crate::op::conv::Conv;
use crate::op::scales::Factors;

impl Conv<'_> {
    pub(super) fn is_grouped(&self) -> bool {
        self.each < self.channels
    }

    /// Bytes in which a pair of pixels' outputs wait to be put between those of the other groups.
    pub(super) fn pair_output_bytes(&self) -> usize {
        if self.is_grouped() {
            2 * self.filters / (self.channels / self.each)
        } else {
            0
        }
    }

    /// Group by group, each a block of pixels at a time.
    pub(super) fn run_groups(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            scratch,
            table,
            ..
        } = views;
        let groups = self.channels / self.each;
        let (depth, count) = (self.depth(), self.filters / groups);
        let factors = Factors::new(table, self.filters);
        let (staging, rest) = scratch.split_at_mut(self.staging_bytes());
        let pairs = rest.len() / (self.pair_bytes() + self.pair_output_bytes());
        let (columns, outputs) = rest.split_at_mut(pairs * self.pair_bytes());
        let columns = cast::as_i16_mut(columns);
        let (staging, outputs) = (cast::as_i8_mut(staging), cast::as_i8_mut(outputs));
        let pixels = output.len() / self.filters;
        for group in 0..groups {
            let first = group * count;
            let bias = self
                .bias
                .map(|bias| Vector::new(&bias.bytes()[4 * first..][..4 * count]));
            let filters = Filters::new(
                &self.weights[first * depth..][..count * depth],
                depth,
                bias,
                factors.from(first),
                self.output_zero,
                self.clamp,
            );
            for start in (0..pixels).step_by(2 * pairs) {
                let end = (start + 2 * pairs).min(pixels);
                let pair_starts = (start..end).step_by(2);
                for (pixel, pair) in pair_starts.zip(columns.chunks_exact_mut(2 * depth)) {
                    self.fill_group(
                        pair,
                        staging,
                        input,
                        group,
                        [pixel, (pixel + 1).min(end - 1)],
                    );
                }
                let outputs = &mut outputs[..(end - start) * count];
                kernel::multiply(columns, &filters, staging, outputs);
                let wanted = output.chunks_exact_mut(self.filters).skip(start);
                for (out, from) in wanted.zip(outputs.chunks_exact(count)) {
                    out[first..][..count].copy_from_slice(from);
                }
            }
        }
    }

    /// Fills a pair of columns with what two output pixels of a group are computed from.
    fn fill_group(
        &self,
        pair: &mut [i16],
        staging: &mut [i8],
        input: &[i8],
        group: usize,
        pixels: [usize; 2],
    ) {
        let (y, x, each) = (self.y, self.x, self.each);
        let (first, second) = staging[..2 * self.depth()].split_at_mut(self.depth());
        for (column, pixel) in [&mut *first, &mut *second].into_iter().zip(pixels) {
            let (line, out_x) = (pixel / x.output, pixel % x.output);
            let image = &input[line / y.output * (y.input * x.input * self.channels)..];
            let ((taps_y, top), (taps_x, left)) = (y.taps(line % y.output), x.taps(out_x));
            column.fill(self.input_zero as i8);
            for (i, tap_y) in taps_y.enumerate() {
                let line = (top + i * y.dilation) * x.input + left;
                for (j, tap_x) in taps_x.clone().enumerate() {
                    let from = (line + j * x.dilation) * self.channels + group * each;
                    column[(tap_y * x.filter + tap_x) * each..][..each]
                        .copy_from_slice(&image[from..][..each]);
                }
            }
        }
        kernel::unpack(pair, 0, [first, second], self.input_zero);
    }
}
