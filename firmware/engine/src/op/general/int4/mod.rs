//! 8-bit activations with 4-bit weights, two in a byte: unpacked as they are needed, for the kernels of int8.
//!
//! Dense layers with a scale for each unit, which TFLite Micro refuses at 4 bits, are computed as it computes them at 8.

mod columns;

use crate::arena::{Views, align};
use crate::flatbuffer::{Result, Vector};
use crate::kernel::cast;
use crate::op::Kernel;
use crate::op::context::Context;
use crate::op::depthwise::Depthwise;
use crate::op::layer::{Geometry, Quantized, Tensors, takes};
use crate::op::scales::ChannelScales;
use crate::opcode::Opcode;
use crate::tensor::DataType;

pub(crate) struct Int4<'m> {
    pub(super) depthwise: bool,
    pub(super) geometry: Geometry,
    pub(super) weights: &'m [u8],
    pub(super) bias: Option<Vector<'m, i32>>,
    pub(super) quantized: Quantized<'m>,
}

pub(crate) fn has_int4_weights(cx: &Context<'_>) -> bool {
    let weights = cx.input(1);
    takes(cx, DataType::Int8) && weights.is_ok_and(|weights| weights.dtype == DataType::Int4)
}

impl<'m> Kernel<'m> for Int4<'m> {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let tensors = Tensors::read(cx)?;
        let geometry = Geometry::read(cx, &tensors)?;
        Ok(Self {
            depthwise: cx.opcode == Opcode::DEPTHWISE_CONV_2D,
            geometry,
            weights: cx.constant(1, tensors.weights, DataType::Int4)?,
            bias: cx.bias(tensors.bias_operand, geometry.filters)?,
            quantized: Quantized::read(cx, &tensors, &geometry, DataType::Int8)?,
        })
    }

    fn macs(&self) -> u64 {
        self.geometry.macs()
    }

    fn scratch_bytes(&self) -> (usize, usize) {
        if self.depthwise {
            let (least, _) = self.unpacked_depthwise(&[]).scratch_bytes();
            (align(self.depthwise_weights()) + least, 0)
        } else {
            self.columns_bytes()
        }
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        self.quantized.scales()
    }

    fn run(&self, views: Views<'_>) {
        if !self.depthwise {
            return self.run_columns(views);
        }
        let (weights, scratch) = views.scratch.split_at_mut(align(self.depthwise_weights()));
        let weights = &mut cast::as_i8_mut(weights)[..self.depthwise_weights()];
        self.unpack(0, weights);
        self.unpacked_depthwise(weights)
            .compute(Views { scratch, ..views });
    }
}

impl Int4<'_> {
    /// Weights of a depthwise convolution, which are few enough to be unpacked all at once.
    fn depthwise_weights(&self) -> usize {
        self.geometry.y.filter * self.geometry.x.filter * self.geometry.filters
    }

    /// The layer with weights of int8, if it is depthwise.
    fn unpacked_depthwise<'a>(&'a self, weights: &'a [i8]) -> Depthwise<'a> {
        Depthwise {
            batches: self.geometry.batches,
            channels: self.geometry.channels,
            multiplier: self.geometry.group,
            y: self.geometry.y,
            x: self.geometry.x,
            weights,
            bias: self.bias,
            scales: self.quantized.scales,
            input_zero: self.quantized.input_zero,
            output_zero: self.quantized.output_zero,
            clamp: self.quantized.clamp,
        }
    }

    /// Unpacks weights from number `first` on. TFLite `UnpackDenseInt4IntoInt8`: even ones are in the low half of a byte.
    fn unpack(&self, first: usize, to: &mut [i8]) {
        let odd = first % 2;
        let (single, pairs) = to.split_at_mut(odd);
        single.fill(self.weights[first / 2] as i8 >> 4);
        let bytes = &self.weights[first.div_ceil(2)..];
        for (pair, &byte) in pairs.chunks_mut(2).zip(bytes) {
            let halves = [(byte << 4) as i8 >> 4, byte as i8 >> 4];
            pair.copy_from_slice(&halves[..pair.len()]);
        }
    }
}
