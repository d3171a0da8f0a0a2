//! What an output is computed from along one dimension.

use crate::op::window::Window;

/// Pairs of an input position and a tap of the filter, positions ascending.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    pub(crate) count: usize,
    pub(crate) position: usize,
    pub(crate) tap: usize,
    position_step: usize,
    /// Wraps around where taps descend.
    tap_step: usize,
}

impl Steps {
    /// Those of output `o` of a convolution.
    pub(crate) fn of(window: &Window, o: usize) -> Self {
        let (taps, position) = window.taps(o);
        Self {
            count: taps.len(),
            position,
            tap: taps.start,
            position_step: window.dilation,
            tap_step: 1,
        }
    }

    /// Those of output `o` of a transposed convolution, where `window` is that of the convolution it reverses:
    /// positions `p` and taps `t` with `p * stride + t = o + padding`.
    pub(crate) fn transposed(window: &Window, o: usize) -> Self {
        let at = o + window.padding;
        let first = (at + 1)
            .saturating_sub(window.filter)
            .div_ceil(window.stride);
        let end = (at / window.stride + 1).min(window.output);
        Self {
            count: end.saturating_sub(first),
            position: first,
            tap: at.wrapping_sub(first * window.stride),
            position_step: 1,
            tap_step: window.stride.wrapping_neg(),
        }
    }

    /// The first one, which stands for all.
    pub(crate) fn joined(self) -> Self {
        Self {
            count: self.count.min(1),
            ..self
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.count).map(move |i| {
            let tap = self.tap.wrapping_add(i.wrapping_mul(self.tap_step));
            (self.position + i * self.position_step, tap)
        })
    }
}
