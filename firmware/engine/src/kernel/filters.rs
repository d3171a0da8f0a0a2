//! The filters of a convolution or dense layer, with all that turns a sum into an output.

#[cfg(armv6m)]
use core::cell::OnceCell;

use crate::flatbuffer::Vector;
#[cfg(armv6m)]
use crate::kernel::armv6m;
use crate::op::{Clamp, Factors};

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
    /// What columns are centred on, or must make up for.
    pub(crate) input_zero: i32,
    short: bool,
    #[cfg(armv6m)]
    have_least: OnceCell<bool>,
}

impl<'a> Filters<'a> {
    /// Rows of `depth` weights, with a bias and a factor for each.
    #[inline(never)]
    pub(crate) fn new(
        weights: &'a [i8],
        depth: usize,
        bias: Option<Vector<'a, i32>>,
        factors: Factors<'a>,
        output_zero: i32,
        clamp: Clamp,
    ) -> Self {
        let count = weights.len() / depth;
        let short = sums_are_short(depth, bias, count) && factors.all_shifts(count, is_short_shift);
        Self {
            weights,
            depth,
            bias,
            factors,
            output_zero,
            clamp,
            input_zero: 0,
            short,
            #[cfg(armv6m)]
            have_least: OnceCell::new(),
        }
    }

    /// The same for inputs with this zero point.
    pub(crate) fn of_inputs(self, input_zero: i32) -> Self {
        Self { input_zero, ..self }
    }

    /// Whether a weight is -128. It is looked for once.
    #[cfg(armv6m)]
    pub(crate) fn have_least(&self) -> bool {
        *self
            .have_least
            .get_or_init(|| armv6m::have_least(self.weights))
    }

    /// How many there are.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.weights.len() / self.depth
    }

    #[inline]
    pub(crate) fn row(&self, filter: usize) -> &[i8] {
        &self.weights[filter * self.depth..][..self.depth]
    }

    #[inline]
    pub(crate) fn bias(&self, filter: usize) -> i32 {
        self.bias.and_then(|bias| bias.get(filter)).unwrap_or(0)
    }

    /// Whether factors are below 1/4, and sums can be doubled and output zero points shifted without overflow, so that
    /// fewer instructions than [`Rescale::apply`](crate::quantize::Rescale::apply) has give the same.
    #[cfg_attr(
        not(any(armv6m, armv7em)),
        expect(dead_code, reason = "only the assembly takes the short way")
    )]
    #[inline]
    pub(crate) fn are_short(&self) -> bool {
        self.short
    }

    /// The output of a filter, from the sum of its products.
    #[cfg_attr(armv6m, inline(never))]
    #[cfg_attr(not(armv6m), inline(always))]
    pub(crate) fn finish(&self, filter: usize, sum: i32) -> i8 {
        let scaled = self
            .factors
            .get(filter)
            .apply(sum.wrapping_add(self.bias(filter)));
        self.clamp.apply(scaled.saturating_add(self.output_zero))
    }
}

/// What [`Filters::are_short`] asks of a factor's shift.
pub(crate) fn is_short_shift(shift: i32) -> bool {
    (-20..-1).contains(&shift)
}

/// And of the sums of `count` filters: to be less than 2^30 either way.
#[inline]
pub(crate) fn sums_are_short(depth: usize, bias: Option<Vector<'_, i32>>, count: usize) -> bool {
    let is_small = |bias: i32| bias.unsigned_abs() < 1 << 29;
    // Products sum up to less than 2^29: 2^14 times 255 times 128.
    depth <= 1 << 14 && bias.is_none_or(|bias| bias.iter().take(count).all(is_small))
}
