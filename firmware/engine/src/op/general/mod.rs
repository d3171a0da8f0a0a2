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
pub(crate) trait Numbers<'m> {
    fn read(cx: &Context<'m>, tensors: &Tensors<'_, 'm>, geometry: &Geometry) -> Result<Self>
    where
        Self: Sized;

    /// Bytes of an activation.
    fn bytes(&self) -> usize;

    /// The output channels that have a factor each.
    fn scales(&self) -> Option<&ChannelScales<'m>>;

    /// The factors of sums, of which `table` holds those of [`Numbers::scales`].
    fn factors<'a>(&'a self, table: &'a [u8]) -> Factors<'a>;

    /// Writes the output of a filter.
    fn output(&self, products: &Products<'_>, factors: &Factors<'_>, out: &mut [u8]);
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
        run(&self.geometry, &self.numbers, views);
    }
}

fn run(geometry: &Geometry, numbers: &dyn Numbers<'_>, views: Views<'_>) {
    let Views {
        inputs: [input, _],
        output,
        table,
        ..
    } = views;
    let ([height, width], [out_height, out_width]) = (geometry.input(), geometry.output());
    let element = numbers.bytes();
    let image_bytes = height * width * geometry.channels * element;
    let factors = numbers.factors(table);
    let pixels = cast::as_u8_mut(output).chunks_exact_mut(geometry.filters * element);
    for (pixel, out) in pixels.enumerate() {
        let (line, out_x) = (pixel / out_width, pixel % out_width);
        let (batch, out_y) = (line / out_height, line % out_height);
        let columns = geometry.steps(&geometry.x, out_x);
        // Taps that follow each other without gaps are taken together.
        let (columns, taps) = if geometry.rows_are_contiguous() {
            (columns.joined(), columns.count)
        } else {
            (columns, 1)
        };
        let mut products = Products {
            geometry,
            image: &cast::as_u8(input)[batch * image_bytes..][..image_bytes],
            element,
            rows: geometry.steps(&geometry.y, out_y),
            columns,
            taps,
            filter: 0,
        };
        for out in out.chunks_exact_mut(element) {
            numbers.output(&products, &factors, out);
            products.filter += 1;
        }
    }
}

/// The products that make up an output.
pub(crate) struct Products<'a> {
    geometry: &'a Geometry,
    image: &'a [u8],
    /// Bytes of an activation.
    element: usize,
    rows: Steps,
    /// Each step stands for so many taps.
    columns: Steps,
    taps: usize,
    pub(crate) filter: usize,
}

impl Products<'_> {
    /// Calls `add` with data and the number of the first of as many weights that they are to be multiplied with, in the
    /// order of TFLite's reference kernels.
    fn each(&self, add: &mut dyn FnMut(&[u8], usize)) {
        let geometry = self.geometry;
        let [_, width] = geometry.input();
        let channel = self.filter / geometry.group * geometry.depth;
        let bytes = self.taps * geometry.depth * self.element;
        for (y, tap_y) in self.rows.iter() {
            for (x, tap_x) in self.columns.iter() {
                let start = (y * width + x) * geometry.channels + channel;
                let tap = tap_y * geometry.x.filter + tap_x;
                let data = &self.image[start * self.element..][..bytes];
                add(
                    data,
                    self.filter * geometry.filter_step + tap * geometry.tap_step,
                );
            }
        }
    }
}
