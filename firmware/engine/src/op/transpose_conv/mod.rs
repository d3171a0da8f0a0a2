//! TRANSPOSE_CONV, int8.
//!
//! TFLite scatters: each input pixel is multiplied with the whole filter and added to the outputs that it reaches, in
//! 32-bit sums for all of them. Here each output gathers the input pixels that reach it, which gives the same sums
//! without memory for them.

#[cfg(test)]
mod tests;

use core::ops::Range;

use crate::arena::Views;
use crate::flatbuffer::Result;
use crate::kernel;
use crate::op::context::Context;
use crate::op::layer::{Geometry, Int8};
use crate::op::scales::ChannelScales;
use crate::op::window::Window;
use crate::op::{Kernel, Wiring};
use crate::tensor::DataType;

/// Its windows are those of the convolution from this operator's output to its input.
pub(crate) struct TransposeConv<'m>(Int8<'m>);

impl<'m> Kernel<'m> for TransposeConv<'m> {
    fn read(cx: &Context<'m>) -> Result<Self> {
        Int8::read(cx, DataType::Int8).map(Self)
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::input(2)
    }

    /// Those of the convolution backwards, cut off parts counted as if they were kept.
    fn macs(&self) -> u64 {
        self.0.geometry.macs()
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        self.0.quantized.scales()
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            table,
            ..
        } = views;
        let filters = self.0.filters(table);
        let [image_bytes, _] = self.0.image_bytes();
        let Geometry { y, x, .. } = &self.0.geometry;
        for (pixel, out) in output.chunks_exact_mut(filters.count()).enumerate() {
            let (line, out_x) = (pixel / x.input, pixel % x.input);
            let image = &input[line / y.input * image_bytes..][..image_bytes];
            let reach = [Reach::new(y, line % y.input), Reach::new(x, out_x)];
            for (filter, out) in out.iter_mut().enumerate() {
                *out = filters.finish(filter, self.sum(image, filters.row(filter), &reach));
            }
        }
    }
}

impl TransposeConv<'_> {
    /// The products of all input pixels that reach an output with the taps they reach it by.
    fn sum(&self, image: &[i8], row: &[i8], [along_y, along_x]: &[Reach; 2]) -> i32 {
        let Geometry { x, channels, .. } = self.0.geometry;
        let mut sum = 0_i32;
        for (in_y, tap_y) in along_y.taps() {
            for (in_x, tap_x) in along_x.taps() {
                let pixel = &image[(in_y * x.output + in_x) * channels..][..channels];
                let weights = &row[(tap_y * x.filter + tap_x) * channels..][..channels];
                sum = sum.wrapping_add(kernel::dot(pixel, weights, self.0.quantized.input_zero));
            }
        }
        sum
    }
}

/// The input positions that reach an output position along one dimension, and by which taps.
///
/// Position `i` reaches `i * stride - padding + tap`. So those that reach `o` follow each other downwards, while the
/// taps go up by the stride.
struct Reach {
    /// Numbers of steps down from `position`.
    steps: Range<usize>,
    position: usize,
    tap: usize,
    stride: usize,
}

impl Reach {
    fn new(window: &Window, o: usize) -> Self {
        let (position, tap) = (
            (o + window.padding) / window.stride,
            (o + window.padding) % window.stride,
        );
        let taps = window.filter.saturating_sub(tap).div_ceil(window.stride);
        let first = (position + 1).saturating_sub(window.output);
        Self {
            steps: first..taps.min(position + 1),
            position,
            tap,
            stride: window.stride,
        }
    }

    /// Pairs of an input position and a tap.
    fn taps(&self) -> impl Iterator<Item = (usize, usize)> {
        let steps = self.steps.clone();
        steps.map(|step| (self.position - step, self.tap + step * self.stride))
    }
}
