//! Convolutions of few pixels, which are not worth widening all weights for: one column after the other is multiplied with
//! the weights as they lie in the file.

use crate::arena::Views;
use crate::kernel::{self, cast};
use crate::op::conv::{Conv, Cursor};

/// Pixels from which on widened weights pay: on Armv7E-M a column takes 27 cycles for 16 multiply-accumulates and a triple
/// 12 for 12, but widening takes about two for each weight.
const ENOUGH: usize = 3;

impl Conv<'_> {
    #[inline]
    pub(super) fn is_small(&self) -> bool {
        !self.is_grouped() && self.pixels() < ENOUGH
    }

    /// Working memory for a column as bytes, and for the same as halfwords.
    pub(super) fn column_bytes(&self) -> usize {
        self.padded_depth() + 2 * self.0.depth()
    }

    #[inline(never)]
    pub(super) fn run_columns(&self, views: Views<'_>) {
        let (mut io, scratch, table) = views.io();
        let filters = self.0.filters(table);
        let (staging, column) = scratch.split_at_mut(self.padded_depth());
        let staging = &mut cast::as_i8_mut(staging)[..self.0.depth()];
        let column = cast::as_i16_mut(column);
        let mut cursor = Cursor::at(&self.0.geometry, 0);
        for pixel in 0..self.pixels() {
            self.stage(staging, io.input(), &cursor, 0);
            kernel::unpack_column(column, staging, filters.input_zero);
            let out = &mut io.output()[pixel * filters.count()..][..filters.count()];
            kernel::multiply_column(column, &filters, out);
            cursor.advance();
        }
    }
}
