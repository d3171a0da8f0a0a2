//! What convolutions, depthwise and transposed ones, and dense layers have in common: how they are read from the file.

mod geometry;
mod quantized;
mod steps;
mod tensors;

pub(crate) use geometry::Geometry;
pub(crate) use quantized::Quantized;
pub(crate) use steps::Steps;
pub(crate) use tensors::{Tensors, takes};

use crate::arena::Io;
use crate::flatbuffer::{Result, Vector};
use crate::kernel::{Filters, cast, is_short_shift, sums_are_short};
use crate::op::context::Context;
use crate::quantize::Rescale;
use crate::tensor::DataType;

/// A layer of int8 activations and weights, or of weights of 4 bits, two in a byte.
#[derive(Clone, Copy)]
pub(crate) struct Int8<'m> {
    pub(crate) geometry: Geometry,
    pub(crate) weights: &'m [i8],
    pub(crate) bias: Option<Vector<'m, i32>>,
    pub(crate) quantized: Quantized<'m>,
}

impl<'m> Int8<'m> {
    /// Weights are of type `dtype`.
    #[inline(never)]
    pub(crate) fn read(cx: &Context<'m>, dtype: DataType) -> Result<Self> {
        let tensors = Tensors::read(cx)?;
        let geometry = Geometry::read(cx, &tensors)?;
        Ok(Self {
            geometry,
            weights: cast::as_i8(cx.constant(1, tensors.weights, dtype)?),
            bias: cx.bias(tensors.bias_operand, geometry.filters)?,
            quantized: Quantized::read(cx, &tensors, &geometry, DataType::Int8)?,
        })
    }
    /// The filters, for columns of their depth.
    #[inline(never)]
    pub(crate) fn filters<'a>(&'a self, table: &'a [u8]) -> Filters<'a> {
        Filters::new(
            self.weights,
            self.depth(),
            self.bias,
            self.quantized.factors(table),
            self.quantized.output_zero,
            self.quantized.clamp,
        )
        .of_inputs(self.quantized.input_zero)
    }

    /// Whether the filters will be [short](Filters::are_short), found out from their scales.
    pub(crate) fn is_short(&self) -> bool {
        let scales = &self.quantized.scales;
        let suits =
            |factor: Option<Rescale>| factor.is_some_and(|factor| is_short_shift(factor.shift));
        sums_are_short(self.depth(), self.bias, self.geometry.filters)
            && suits(scales.least())
            && suits(scales.greatest())
    }

    /// Weights in a filter.
    #[inline]
    pub(crate) fn depth(&self) -> usize {
        self.geometry.y.filter * self.geometry.x.filter * self.geometry.depth
    }

    /// Calls a function with the input and the output of each batch.
    #[inline(never)]
    pub(crate) fn each_image(&self, mut io: Io<'_>, run: &mut dyn FnMut(&mut Io<'_>)) {
        let [input, output] = self.image_bytes();
        for i in 0..self.geometry.batches {
            run(&mut io.part(i, input, output));
        }
    }

    /// Bytes of the input and of the output of a batch.
    pub(crate) fn image_bytes(&self) -> [usize; 2] {
        let ([height, width], [out_height, out_width]) =
            (self.geometry.input(), self.geometry.output());
        [
            height * width * self.geometry.channels,
            out_height * out_width * self.geometry.filters,
        ]
    }
}
