//! FULLY_CONNECTED, int8.

use crate::arena::Views;
use crate::flatbuffer::{Result, Vector};
use crate::kernel::{self, Filters, cast};
use crate::op::context::{Clamp, Context};
use crate::op::layer::Int8;
use crate::op::scales::{ChannelScales, Factors};
use crate::op::{Hot, Kernel};
use crate::quantize::Rescale;
use crate::tensor::DataType;

pub(crate) struct FullyConnected<'m> {
    pub(super) batches: usize,
    pub(super) depth: usize,
    pub(super) units: usize,
    pub(super) weights: &'m [i8],
    pub(super) bias: Option<Vector<'m, i32>>,
    pub(super) factor: Factor<'m>,
    pub(super) input_zero: i32,
    pub(super) output_zero: i32,
    pub(super) clamp: Clamp,
}

/// One factor for all units, or one for each.
pub(super) enum Factor<'m> {
    Same(Rescale),
    PerUnit(ChannelScales<'m>),
}

impl<'m> Kernel<'m> for FullyConnected<'m> {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let Int8 {
            geometry,
            weights,
            bias,
            quantized,
        } = Int8::read(cx, DataType::Int8)?;
        Ok(Self {
            batches: geometry.batches,
            depth: geometry.depth,
            units: geometry.filters,
            weights,
            bias,
            factor: match quantized.same {
                Some(factor) => Factor::Same(factor),
                None => Factor::PerUnit(quantized.scales),
            },
            input_zero: quantized.input_zero,
            output_zero: quantized.output_zero,
            clamp: quantized.clamp,
        })
    }

    fn macs(&self) -> u64 {
        self.batches as u64 * self.weights.len() as u64
    }

    fn scratch_bytes(&self) -> (usize, usize) {
        (4 * self.depth, 0)
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        match &self.factor {
            Factor::Same(_) => None,
            Factor::PerUnit(scales) => Some(scales),
        }
    }

    fn hot<'k>(&'k self, views: Views<'k>) -> Option<(Hot<'k>, Views<'k>)> {
        Some((Hot::FullyConnected(self), views))
    }
}

impl FullyConnected<'_> {
    /// Runs it.
    #[inline]
    pub(in crate::op) fn compute(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            scratch,
            table,
            ..
        } = views;
        let filters = Filters::new(
            self.weights,
            self.depth,
            self.bias,
            match self.factor {
                Factor::Same(factor) => Factors::Same(factor),
                Factor::PerUnit(_) => Factors::new(table, self.units),
            },
            self.output_zero,
            self.clamp,
        );
        let column = cast::as_i16_mut(scratch);
        for (data, out) in input
            .chunks_exact(self.depth)
            .zip(output.chunks_exact_mut(self.units))
        {
            kernel::unpack_column(column, data, self.input_zero);
            kernel::multiply_column(column, &filters, out);
        }
    }
}
