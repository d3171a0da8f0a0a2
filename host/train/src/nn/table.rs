//! Numbers by channel, laid out for loops.

use std::ops::{Deref, DerefMut};

use super::float::Float;

/// Least number of entries: rows of few channels are taken several at once.
const LEAST: usize = 256;

/// Entries that divide a table, so that whole vectors do: none is longer.
const VECTOR: usize = 16;

/// Tables' lengths of pixels that are added up before they are added to a table.
pub(super) const ROWS: usize = 4;

/// An entry per channel, pixel after pixel until it is worth a loop.
#[derive(Debug, Clone)]
pub(super) struct Table<T> {
    channels: usize,
    entries: Vec<T>,
}

impl<T: Float> Table<T> {
    pub(super) fn new(channels: usize, entry: T) -> Self {
        let parts = (0..=VECTOR.ilog2()).map(|bits| 1 << bits);
        let part = parts.filter(|&part: &usize| channels.is_multiple_of(part));
        let least = channels * (VECTOR / part.max().unwrap_or(1));
        Self {
            channels,
            entries: vec![entry; least * LEAST.div_ceil(least)],
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    pub(super) fn set(&mut self, channel: usize, entry: T) {
        let places = self.entries.iter_mut().skip(channel);
        places
            .step_by(self.channels)
            .for_each(|place| *place = entry);
    }

    /// Sets all channels.
    pub(super) fn repeat(&mut self, pixel: &[T]) {
        let pixels = self.entries.chunks_exact_mut(self.channels);
        pixels.for_each(|place| place.copy_from_slice(pixel));
    }

    /// All that was added to a channel.
    pub(super) fn sum(&self, channel: usize) -> T {
        let parts = self.entries.iter().skip(channel).step_by(self.channels);
        parts.fold(T::ZERO, |sum, &part| sum + part)
    }
}

impl<T> Deref for Table<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.entries
    }
}

impl<T> DerefMut for Table<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.entries
    }
}
