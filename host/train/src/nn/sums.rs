//! Sums over pixels that gradients need, and what is made of them.

use super::float::Float;
use super::table::Table;

/// Sums over pixels, per channel: of gradients, and of gradients times what they belong to.
#[derive(Debug, Clone)]
pub(super) struct Sums<T> {
    pub(super) plain: Table<T>,
    pub(super) varied: Table<T>,
}

impl<T: Float> Sums<T> {
    pub(super) fn new(channels: usize) -> Self {
        let zeros = Table::new(channels, T::ZERO);
        Self {
            plain: zeros.clone(),
            varied: zeros,
        }
    }

    pub(super) fn clear(&mut self) {
        self.plain.fill(T::ZERO);
        self.varied.fill(T::ZERO);
    }

    /// Of a channel: Σ g and Σ g × (z − center).
    pub(super) fn of(&self, channel: usize) -> (T, T) {
        (self.plain.sum(channel), self.varied.sum(channel))
    }
}

/// How the gradient passes a normalization: direct × g + varied × (z − center) + mean.
#[derive(Debug, Clone)]
pub(super) struct Slopes<T> {
    pub(super) direct: Table<T>,
    pub(super) varied: Table<T>,
    pub(super) mean: Table<T>,
}

impl<T: Float> Slopes<T> {
    pub(super) fn new(channels: usize) -> Self {
        let zeros = Table::new(channels, T::ZERO);
        Self {
            direct: zeros.clone(),
            varied: zeros.clone(),
            mean: zeros,
        }
    }

    pub(super) fn set(&mut self, channel: usize, [direct, varied, mean]: [T; 3]) {
        self.direct.set(channel, direct);
        self.varied.set(channel, varied);
        self.mean.set(channel, mean);
    }
}
