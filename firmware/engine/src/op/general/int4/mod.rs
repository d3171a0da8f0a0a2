//! 8-bit activations with 4-bit weights, two in a byte: unpacked as they are needed, for the kernels of int8.
//!
//! Dense layers with a scale for each unit, which TFLite Micro refuses at 4 bits, are computed as it computes them at 8.

mod columns;

use crate::arena::{Views, align};
use crate::flatbuffer::Result;
use crate::kernel::cast;
use crate::op::context::Context;
use crate::op::depthwise::{self, Depthwise};
use crate::op::layer::{Int8, takes};
use crate::op::scales::ChannelScales;
use crate::op::{Hot, Kernel};
use crate::opcode::Opcode;
use crate::tensor::DataType;

pub(crate) struct Int4<'m> {
    pub(super) depthwise: bool,
    pub(super) layer: Int8<'m>,
}

pub(crate) fn has_int4_weights(cx: &Context<'_>) -> bool {
    let weights = cx.input(1);
    takes(cx, DataType::Int8) && weights.is_ok_and(|weights| weights.dtype == DataType::Int4)
}

impl<'m> Kernel<'m> for Int4<'m> {
    fn read(cx: &Context<'m>) -> Result<Self> {
        Ok(Self {
            depthwise: cx.opcode == Opcode::DEPTHWISE_CONV_2D,
            layer: Int8::read(cx, DataType::Int4)?,
        })
    }

    fn is_linked(&self) -> bool {
        depthwise::ANY || !self.depthwise
    }

    fn part(&self) -> Option<&'static str> {
        self.depthwise.then_some("DepthwiseAny")
    }

    fn macs(&self) -> u64 {
        self.layer.geometry.macs()
    }

    fn scratch_bytes(&self) -> (usize, usize) {
        if self.depthwise {
            let (least, _) = self.unpacked(&[]).scratch_bytes();
            (align(self.depthwise_weights()) + least, 0)
        } else {
            self.columns_bytes()
        }
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        self.layer.quantized.scales()
    }

    fn hot<'k>(&'k self, mut views: Views<'k>) -> Option<(Hot<'k>, Views<'k>)> {
        if !self.depthwise {
            self.run_columns(views);
            return None;
        }
        let (weights, scratch) = views.scratch.split_at_mut(align(self.depthwise_weights()));
        let weights = &mut cast::as_i8_mut(weights)[..self.depthwise_weights()];
        self.unpack(0, weights);
        views.scratch = scratch;
        Some((Hot::Depthwise(self.unpacked(weights)), views))
    }
}

impl Int4<'_> {
    /// Weights of a depthwise convolution, which are few enough to be unpacked all at once.
    fn depthwise_weights(&self) -> usize {
        self.layer.depth() * self.layer.geometry.filters
    }

    /// The layer with weights of int8, if it is depthwise.
    fn unpacked<'a>(&'a self, weights: &'a [i8]) -> Depthwise<'a> {
        Depthwise(Int8 {
            weights,
            ..self.layer
        })
    }

    /// Unpacks weights from number `first` on. TFLite `UnpackDenseInt4IntoInt8`: even ones are in the low half of a byte.
    fn unpack(&self, first: usize, to: &mut [i8]) {
        let odd = first % 2;
        let (single, pairs) = to.split_at_mut(odd);
        single.fill(self.layer.weights[first / 2] >> 4);
        let bytes = &self.layer.weights[first.div_ceil(2)..];
        for (pair, &byte) in pairs.chunks_mut(2).zip(bytes) {
            let halves = [byte << 4 >> 4, byte >> 4];
            pair.copy_from_slice(&halves[..pair.len()]);
        }
    }
}
