//! Convolutions of few pixels, which are not worth widening all weights for: two columns are multiplied with the weights
//! as they lie in the file.

use core::array;

use crate::arena::Views;
use crate::kernel::{self, cast};
use crate::op::conv::{Conv, Cursor};

/// Pixels from which on widened weights pay: a pair takes 19 cycles for 16 multiply-accumulates and a triple 12 for
/// 12, but widening takes about two for each weight.
const ENOUGH: usize = 9;

impl Conv<'_> {
    #[inline]
    pub(super) fn is_small(&self) -> bool {
        !self.is_grouped() && self.pixels() < ENOUGH
    }

    /// Working memory for one pair of columns, and for all.
    pub(super) fn pairs_bytes(&self) -> (usize, usize) {
        let bytes = |pairs: usize| self.pair_staging_bytes() + pairs * 4 * self.0.depth();
        (bytes(1), bytes(self.pixels().div_ceil(2)))
    }

    /// Room for a pair of columns as bytes.
    #[inline]
    fn pair_staging_bytes(&self) -> usize {
        (2 * self.0.depth()).next_multiple_of(4)
    }

    #[inline(never)]
    pub(super) fn run_pairs(&self, views: Views<'_>) {
        let (mut io, scratch, table) = views.io();
        let filters = self.0.filters(table);
        let (staging, pairs) = scratch.split_at_mut(self.pair_staging_bytes());
        let (staging, pairs) = (cast::as_i8_mut(staging), cast::as_i16_mut(pairs));
        let (depth, pixels) = (self.0.depth(), self.pixels());
        let block = pairs.len() / (2 * depth) * 2;
        let mut cursor = Cursor::at(&self.0.geometry, 0);
        for first in (0..pixels).step_by(block) {
            let end = (first + block).min(pixels);
            let starts = (first..end).step_by(2);
            for (pair, start) in pairs.chunks_exact_mut(2 * depth).zip(starts) {
                for (i, column) in staging.chunks_exact_mut(depth).take(2).enumerate() {
                    self.stage(column, io.input(), &cursor, 0);
                    // A column too many repeats the other.
                    if start + i + 1 < pixels {
                        cursor.advance();
                    }
                }
                let sources = array::from_fn(|i| &staging[i * depth..][..depth]);
                kernel::unpack_pair(pair, 0, sources, filters.input_zero);
            }
            let out = first * filters.count()..end * filters.count();
            kernel::multiply_pairs(pairs, &filters, &mut io.output()[out]);
        }
    }
}
