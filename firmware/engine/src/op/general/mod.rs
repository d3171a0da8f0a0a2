//! Convolutions, depthwise and transposed ones, and dense layers of other element types than int8.
//!
//! One loop for them all, output by output; what sets the types apart is behind [`Numbers`]. But weights of 4 bits are
//! unpacked, for the kernels of int8.

mod float;
mod int16;
mod int4;
#[cfg(test)]
mod tests;

pub(crate) use float::{Float, is_float};
pub(crate) use int4::{Int4, has_int4_weights};
pub(crate) use int16::{Int16, is_int16};

use crate::arena::Views;
use crate::flatbuffer::Result;
use crate::kernel::cast;
use crate::op::context::Context;
use crate::op::layer::{Geometry, Steps, Tensors};
use crate::op::scales::{ChannelScales, Factors};
use crate::op::{Kernel, Wiring};

/// The weights and biases of a layer, and how they are computed with.
pub(crate) trait Numbers<'m>: Sized {
    /// Bytes of an activation.
    const BYTES: usize;
    /// A sum of products, from zero on.
    type Sum: Copy + Default;

    fn read(cx: &Context<'m>, tensors: &Tensors<'_, 'm>, geometry: &Geometry) -> Result<Self>;

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
        self.geometry.macs()
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
            // Taps that follow each other without gaps are taken together.
            let (columns, taps) = if geometry.rows_are_contiguous() {
                (columns.joined(), columns.count)
            } else {
                (columns, 1)
            };
            for (filter, out) in out.chunks_exact_mut(N::BYTES).enumerate() {
                let sum = self.sum(image, rows, columns, taps, filter);
                self.numbers.finish(&factors, filter, sum, out);
            }
        }
    }
}

impl<'m, N: Numbers<'m>> Layer<N> {
    /// The sum of the products that make up an output, in the order of TFLite's reference kernels. Each step of `columns`
    /// stands for this many taps.
    fn sum(&self, image: &[u8], rows: Steps, columns: Steps, taps: usize, filter: usize) -> N::Sum {
        let geometry = &self.geometry;
        let [_, width] = geometry.input();
        let channel = filter / geometry.group * geometry.depth;
        let bytes = taps * geometry.depth * N::BYTES;
        let mut sum = N::Sum::default();
        for (y, tap_y) in rows.iter() {
            for (x, tap_x) in columns.iter() {
                let start = (y * width + x) * geometry.channels + channel;
                let tap = tap_y * geometry.x.filter + tap_x;
                let data = &image[start * N::BYTES..][..bytes];
                let first = filter * geometry.filter_step + tap * geometry.tap_step;
                sum = self.numbers.dot(sum, data, first);
            }
        }
        sum
    }
}
