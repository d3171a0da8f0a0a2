//! The filters of a convolution or dense layer, with all that turns a sum into an output.

use crate::flatbuffer::Vector;
use crate::op::{Clamp, Factors};
#[cfg(armv7em)]
use crate::quantize::Rescale;

/// Filters that columns are multiplied with.
pub(crate) struct Filters<'a> {
    /// Row by row, each of `depth` weights.
    pub(crate) weights: &'a [i8],
    /// Weights in a filter, elements in a column.
    pub(crate) depth: usize,
    pub(crate) bias: Option<Vector<'a, i32>>,
    pub(crate) factors: Factors<'a>,
    pub(crate) output_zero: i32,
    pub(crate) clamp: Clamp,
}

impl Filters<'_> {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.weights.len() / self.depth
    }

    pub(crate) fn row(&self, filter: usize) -> &[i8] {
        &self.weights[filter * self.depth..][..self.depth]
    }

    pub(crate) fn bias(&self, filter: usize) -> i32 {
        self.bias.and_then(|bias| bias.get(filter)).unwrap_or(0)
    }

    /// The factor of a filter, if its sums can be doubled and its output zero point shifted without overflow, so
    /// that fewer instructions than [`Rescale::apply`] has give the same. For depths up to 2^14.
    #[cfg(armv7em)]
    #[inline(always)]
    pub(crate) fn short_factor(&self, filter: usize) -> Option<Rescale> {
        let factor = self.factors.get(filter);
        // Products sum up to less than 2^29: 2^14 times 255 times 128.
        let exact = self.bias(filter).unsigned_abs() < 1 << 29 && (-20..0).contains(&factor.shift);
        exact.then_some(factor)
    }

    /// The output of a filter, from the sum of its products.
    #[inline(always)]
    pub(crate) fn finish(&self, filter: usize, sum: i32) -> i8 {
        let scaled = self
            .factors
            .get(filter)
            .apply(sum.wrapping_add(self.bias(filter)));
        self.clamp.apply(scaled.saturating_add(self.output_zero))
    }
}
