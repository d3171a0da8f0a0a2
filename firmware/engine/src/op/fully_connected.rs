//! FULLY_CONNECTED, int8.

use crate::arena::Views;
use crate::flatbuffer::Result;
use crate::kernel::{self, cast};
use crate::op::context::Context;
use crate::op::layer::Int8;
use crate::op::scales::ChannelScales;
use crate::op::{Hot, Kernel};
use crate::tensor::DataType;

pub(crate) struct FullyConnected<'m>(pub(super) Int8<'m>);

impl<'m> Kernel<'m> for FullyConnected<'m> {
    fn read(cx: &Context<'m>) -> Result<Self> {
        Int8::read(cx, DataType::Int8).map(Self)
    }

    fn macs(&self) -> u64 {
        self.0.geometry.macs()
    }

    fn scratch_bytes(&self) -> (usize, usize) {
        (2 * self.0.geometry.depth, 0)
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        self.0.quantized.scales()
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
        let filters = self.0.filters(table);
        let column = cast::as_i16_mut(scratch);
        let outs = output.chunks_exact_mut(filters.count());
        for (data, out) in input.chunks_exact(filters.depth).zip(outs) {
            kernel::unpack_column(column, data, filters.input_zero);
            kernel::multiply_column(column, &filters, out);
        }
    }
}
