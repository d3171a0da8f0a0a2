//! Convolutions, depthwise and transposed ones, and dense layers of any element types: one loop for them all, output
//! by output. What sets the types apart is behind [`Numbers`].

mod float;
mod geometry;
mod int16;
mod int4;
mod quantized;
mod steps;
#[cfg(test)]
mod tests;

pub(crate) use float::{Float, is_float};
pub(crate) use int4::{Int4, has_int4_weights};
pub(crate) use int16::{Int16, is_int16};

use crate::arena::Views;
use crate::flatbuffer::Result;
use crate::kernel::cast;
use crate::op::context::Context;
use crate::op::scales::{ChannelScales, Factors};
use crate::op::{Kernel, Wiring};
use geometry::{Geometry, Tensors};
use steps::Steps;

/// The weights and biases of a layer, and how they are computed with.
pub(crate) trait Numbers<'m>: Sized {
    /// Bytes of an activation.
    const BYTES: usize;
    /// A sum of products, from zero on.
    type Sum: Copy + Default;

    fn read(cx: &Context<'m>, tensors: &Tensors<'m>, geometry: &Geometry) -> Result<Self>;

    /// The output channels that have a factor each.
    fn scales(&self) -> Option<&ChannelScales<'m>>;

    /// The factors of sums, of which `table` holds those of [`Numbers::scales`].
    fn factors<'a>(&'a self, table: &'a [u8]) -> Factors<'a>;

    /// Adds the products of `data` and as many weights, from number `first` on.
    fn dot(&self, sum: Self::Sum, data: &[u8], first: usize) -> Self::Sum;

    /// Writes the output of a filter, from the sum of its products.
    fn finish(&self, factors: &Factors<'_>, filter: usize, sum: Self::Sum, out: &mut [u8]);
}

pub(crate) struct Layer<N> {
    geometry: Geometry,
    numbers: N,
    input: usize,
}

impl<'m, N: Numbers<'m>> Kernel<'m> for Layer<N> {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let tensors = Tensors::read(cx)?;
        let geometry = Geometry::read(cx, &tensors)?;
        Ok(Self {
            geometry,
            numbers: N::read(cx, &tensors, &geometry)?,
            input: tensors.input_operand,
        })
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::input(self.input)
    }

    fn macs(&self) -> u64 {
        let Geometry { filters, depth, .. } = self.geometry;
        let (y, x) = (&self.geometry.y, &self.geometry.x);
        let windows = self.geometry.batches * y.output * x.output;
        windows as u64 * (filters * depth * y.filter * x.filter) as u64
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        self.numbers.scales()
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            table,
            ..
        } = views;
        let geometry = &self.geometry;
        let ([height, width], [out_height, out_width]) = (geometry.input(), geometry.output());
        let image_bytes = height * width * geometry.channels * N::BYTES;
        let factors = self.numbers.factors(table);
        let pixels = cast::as_u8_mut(output).chunks_exact_mut(geometry.filters * N::BYTES);
        for (pixel, out) in pixels.enumerate() {
            let (line, out_x) = (pixel / out_width, pixel % out_width);
            let (batch, out_y) = (line / out_height, line % out_height);
            let image = &cast::as_u8(input)[batch * image_bytes..][..image_bytes];
            let rows = geometry.steps(&geometry.y, out_y);
            let columns = geometry.steps(&geometry.x, out_x);
            for (filter, out) in out.chunks_exact_mut(N::BYTES).enumerate() {
                let sum = self.sum(image, rows, columns, filter);
                self.numbers.finish(&factors, filter, sum, out);
            }
        }
    }
}

impl<'m, N: Numbers<'m>> Layer<N> {
    /// The sum of the products that make up an output, in the order of TFLite's reference kernels.
    fn sum(&self, image: &[u8], rows: Steps, columns: Steps, filter: usize) -> N::Sum {
        let geometry = &self.geometry;
        let [_, width] = geometry.input();
        let channel = filter / geometry.group * geometry.depth;
        let rows_are_contiguous = geometry.rows_are_contiguous();
        let mut sum = N::Sum::default();
        for (y, tap_y) in rows.iter() {
            let mut dot = |x: usize, tap_x: usize, taps: usize| {
                let start = (y * width + x) * geometry.channels + channel;
                let tap = tap_y * geometry.x.filter + tap_x;
                let data = &image[start * N::BYTES..][..taps * geometry.depth * N::BYTES];
                let first = filter * geometry.filter_step + tap * geometry.tap_step;
                sum = self.numbers.dot(sum, data, first);
            };
            if rows_are_contiguous {
                if columns.count > 0 {
                    dot(columns.position, columns.tap, columns.count);
                }
            } else {
                columns.iter().for_each(|(x, tap_x)| dot(x, tap_x, 1));
            }
        }
        sum
    }
}
