//! Convolutions and dense layers of 4-bit weights: a block of output pixels after the other, whose columns are multiplied
//! with two filters at a time.

use crate::arena::Views;
use crate::flatbuffer::Vector;
use crate::kernel::{self, Filters, cast};
use crate::op::general::int4::Int4;

/// Pairs of output pixels that share the work of unpacking: up to four where their columns take no more than this many
/// bytes, and up to sixteen where memory is free.
const COLUMN_BYTES: usize = 2048;
const MOST_PAIRS: usize = 16;

/// Filters that are unpacked together.
const ROWS: usize = 2;

impl Int4<'_> {
    /// The least working memory, and what it can make use of.
    pub(super) fn columns_bytes(&self) -> (usize, usize) {
        let [out_height, out_width] = self.layer.geometry.output();
        let pixels = self.layer.geometry.batches * out_height * out_width;
        let most = pixels.div_ceil(2).min(MOST_PAIRS);
        let least = (COLUMN_BYTES / self.pair_bytes()).clamp(1, 4).min(most);
        let bytes = |pairs: usize| self.rows_bytes() + pairs * (self.pair_bytes() + 2 * ROWS);
        (bytes(least), bytes(most))
    }

    /// Weights of a filter, and elements of a column.
    fn row(&self) -> usize {
        self.layer.geometry.filter_step
    }

    /// Bytes of a pair of columns.
    fn pair_bytes(&self) -> usize {
        4 * self.row()
    }

    /// Room for unpacked filters, or before that for a pair of columns as bytes.
    fn rows_bytes(&self) -> usize {
        (ROWS * self.row()).next_multiple_of(4)
    }

    pub(super) fn run_columns(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            scratch,
            table,
            ..
        } = views;
        let (row, count, group) = (
            self.row(),
            self.layer.geometry.filters,
            self.layer.geometry.group,
        );
        let factors = self.layer.quantized.factors(table);
        let (rows, rest) = scratch.split_at_mut(self.rows_bytes());
        let rows = &mut cast::as_i8_mut(rows)[..ROWS * row];
        let pairs = rest.len() / (self.pair_bytes() + 2 * ROWS);
        let (columns, outputs) = rest.split_at_mut(pairs * self.pair_bytes());
        let (columns, outputs) = (cast::as_i16_mut(columns), cast::as_i8_mut(outputs));
        let pixels = output.len() / count;
        for start in (0..pixels).step_by(2 * pairs) {
            let end = (start + 2 * pairs).min(pixels);
            for first_of_group in (0..count).step_by(group) {
                let starts = (start..end).step_by(2);
                for (pixel, pair) in starts.zip(columns.chunks_exact_mut(2 * row)) {
                    let pixels = [pixel, (pixel + 1).min(end - 1)];
                    self.fill(pair, rows, input, first_of_group, pixels);
                }
                let together = group.min(ROWS);
                for first in (0..group).step_by(together) {
                    // An odd last filter is computed together with the one before it once more.
                    let first = first_of_group + first.min(group - together);
                    let rows = &mut rows[..together * row];
                    self.unpack(first * row, rows);
                    let filters = Filters::new(
                        rows,
                        row,
                        self.layer
                            .bias
                            .map(|bias| Vector::new(&bias.bytes()[4 * first..])),
                        factors.from(first),
                        self.layer.quantized.output_zero,
                        self.layer.quantized.clamp,
                    );
                    let outputs = &mut outputs[..(end - start) * together];
                    kernel::multiply_pairs(columns, &filters, outputs);
                    let pixels = output.chunks_exact_mut(count).skip(start);
                    for (out, from) in pixels.zip(outputs.chunks_exact(together)) {
                        out[first..][..together].copy_from_slice(from);
                    }
                }
            }
        }
    }

    /// Fills a pair of columns with what filter `filter` meets at two output pixels.
    fn fill(
        &self,
        pair: &mut [i16],
        staging: &mut [i8],
        input: &[i8],
        filter: usize,
        pixels: [usize; 2],
    ) {
        let geometry = &self.layer.geometry;
        let ([height, width], [out_height, out_width]) = (geometry.input(), geometry.output());
        let (depth, zero) = (geometry.depth, self.layer.quantized.input_zero);
        let channel = filter / geometry.group * depth;
        staging.fill(zero as i8);
        for (column, pixel) in staging.chunks_exact_mut(self.row()).zip(pixels) {
            let (line, out_x) = (pixel / out_width, pixel % out_width);
            let image = line / out_height * height;
            let rows = geometry.steps(&geometry.y, line % out_height);
            let columns = geometry.steps(&geometry.x, out_x);
            for (y, tap_y) in rows.iter() {
                for (x, tap_x) in columns.iter() {
                    let from = ((image + y) * width + x) * geometry.channels + channel;
                    let to = (tap_y * geometry.x.filter + tap_x) * depth;
                    column[to..][..depth].copy_from_slice(&input[from..][..depth]);
                }
            }
        }
        let (first, second) = staging.split_at(self.row());
        kernel::unpack_pair(pair, 0, [first, second], zero);
    }
}
