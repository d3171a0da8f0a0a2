//! Convolutions and dense layers of 4-bit weights: a block of output pixels after the other, whose columns are multiplied
//! with four filters at a time.

use crate::arena::Views;
use crate::flatbuffer::Vector;
use crate::kernel::{self, Filters, cast};
use crate::op::general::int4::Int4;

/// Output pixels that share the work of unpacking: up to eight where their columns take no more than this many bytes, and
/// up to 32 where memory is free.
const COLUMN_BYTES: usize = 2048;
const LEAST_COLUMNS: usize = 8;
const MOST_COLUMNS: usize = 32;

/// Filters that are unpacked together.
const ROWS: usize = 4;

impl Int4<'_> {
    /// The least working memory, and what it can make use of.
    pub(super) fn columns_bytes(&self) -> (usize, usize) {
        let [out_height, out_width] = self.layer.geometry.output();
        let pixels = self.layer.geometry.batches * out_height * out_width;
        let most = pixels.min(MOST_COLUMNS);
        let least = (COLUMN_BYTES / self.column_bytes())
            .clamp(1, LEAST_COLUMNS)
            .min(most);
        let bytes = |columns: usize| self.rows_bytes() + columns * (self.column_bytes() + ROWS);
        (bytes(least), bytes(most))
    }

    /// Weights of a filter, and elements of a column.
    fn row(&self) -> usize {
        self.layer.geometry.filter_step
    }

    /// Bytes of a column.
    fn column_bytes(&self) -> usize {
        2 * self.row()
    }

    /// Room for unpacked filters, or before that for a column as bytes.
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
        let block = rest.len() / (self.column_bytes() + ROWS);
        let (columns, outputs) = rest.split_at_mut(block * self.column_bytes());
        let (columns, outputs) = (cast::as_i16_mut(columns), cast::as_i8_mut(outputs));
        let pixels = output.len() / count;
        for start in (0..pixels).step_by(block) {
            let end = (start + block).min(pixels);
            for first_of_group in (0..count).step_by(group) {
                for (pixel, column) in (start..end).zip(columns.chunks_exact_mut(row)) {
                    self.fill(column, &mut rows[..row], input, first_of_group, pixel);
                }
                let together = group.min(ROWS);
                for first in (0..group).step_by(together) {
                    // The last filters are computed together with some before them once more.
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
                    let columns = columns.chunks_exact(row);
                    for (column, out) in columns.zip(outputs.chunks_exact_mut(together)) {
                        kernel::multiply_column(column, &filters, out);
                    }
                    let pixels = output.chunks_exact_mut(count).skip(start);
                    for (out, from) in pixels.zip(outputs.chunks_exact(together)) {
                        out[first..][..together].copy_from_slice(from);
                    }
                }
            }
        }
    }

    /// Fills a column with what filter `filter` meets at an output pixel.
    fn fill(
        &self,
        column: &mut [i16],
        staging: &mut [i8],
        input: &[i8],
        filter: usize,
        pixel: usize,
    ) {
        let geometry = &self.layer.geometry;
        let ([height, width], [out_height, out_width]) = (geometry.input(), geometry.output());
        let (depth, zero) = (geometry.depth, self.layer.quantized.input_zero);
        let channel = filter / geometry.group * depth;
        staging.fill(zero as i8);
        let (line, out_x) = (pixel / out_width, pixel % out_width);
        let image = line / out_height * height;
        let rows = geometry.steps(&geometry.y, line % out_height);
        let columns = geometry.steps(&geometry.x, out_x);
        for (y, tap_y) in rows.iter() {
            for (x, tap_x) in columns.iter() {
                let from = ((image + y) * width + x) * geometry.channels + channel;
                let to = (tap_y * geometry.x.filter + tap_x) * depth;
                staging[to..][..depth].copy_from_slice(&input[from..][..depth]);
            }
        }
        kernel::unpack_column(column, staging, zero);
    }
}
