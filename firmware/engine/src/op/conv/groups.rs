//! Convolutions in groups: each group of filters sees its own part of the channels.
//!
//! A group is a convolution of its own, but for its input and output, which lie between those of the others. So its
//! columns are gathered pixel by pixel, and its outputs pass through working memory.

use crate::arena::Views;
use crate::flatbuffer::Vector;
use crate::kernel::{self, COLUMNS, Filters, Source, cast};
use crate::op::conv::{Conv, Cursor};
use crate::op::layer::Int8;

impl Conv<'_> {
    /// Bytes in which the outputs of three pixels wait to be put between those of the other groups.
    pub(super) fn triple_output_bytes(&self) -> usize {
        if self.is_grouped() {
            COLUMNS * self.0.geometry.group
        } else {
            0
        }
    }

    /// Group by group, each a block of pixels at a time.
    #[inline(never)]
    pub(super) fn run_groups(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            scratch,
            table,
            ..
        } = views;
        let Int8 {
            geometry,
            weights,
            bias,
            quantized,
        } = &self.0;
        let (depth, count) = (self.0.depth(), geometry.group);
        let factors = quantized.factors(table);
        let (rows, rest) = scratch.split_at_mut(self.rows_bytes());
        let count_of_triples = rest.len() / (self.triple_bytes() + self.triple_output_bytes());
        let (triples, outputs) = rest.split_at_mut(count_of_triples * self.triple_bytes());
        let triples = cast::as_i16_mut(triples);
        let block = COLUMNS * count_of_triples;
        let outputs = cast::as_i8_mut(outputs);
        let pixels = output.len() / geometry.filters;
        for group in 0..geometry.filters / count {
            let first = group * count;
            let bias = bias.map(|bias| Vector::new(&bias.bytes()[4 * first..][..4 * count]));
            let filters = Filters::new(
                &weights[first * depth..][..count * depth],
                depth,
                bias,
                factors.from(first),
                quantized.output_zero,
                quantized.clamp,
            )
            .of_inputs(quantized.input_zero);
            for start in (0..pixels).step_by(block) {
                let end = (start + block).min(pixels);
                let starts = (start..end).step_by(COLUMNS);
                for (first, triple) in starts.zip(triples.chunks_exact_mut(self.triple_bytes() / 2))
                {
                    let pixels = core::array::from_fn(|i| (first + i).min(end - 1));
                    self.fill_group(triple, cast::as_i8_mut(rows), input, group, pixels);
                }
                let outputs = &mut outputs[..(end - start) * count];
                kernel::multiply(triples, &filters, cast::as_i16_mut(rows), outputs);
                let wanted = output.chunks_exact_mut(geometry.filters).skip(start);
                for (out, from) in wanted.zip(outputs.chunks_exact(count)) {
                    out[first..][..count].copy_from_slice(from);
                }
            }
        }
    }

    /// Fills a triple of columns with what three output pixels of a group are computed from.
    fn fill_group(
        &self,
        triple: &mut [i16],
        staging: &mut [i8],
        input: &[i8],
        group: usize,
        pixels: [usize; COLUMNS],
    ) {
        let padded = self.padded_depth();
        for (column, pixel) in staging.chunks_exact_mut(padded).zip(pixels) {
            self.stage(column, input, &Cursor::at(&self.0.geometry, pixel), group);
        }
        let sources = core::array::from_fn(|i| Source {
            bytes: &staging[i * padded..],
            step: 0,
        });
        kernel::unpack(triple, sources, (1, padded), self.0.quantized.input_zero);
    }
}
