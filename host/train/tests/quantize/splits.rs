//! Examples in memory.

use std::sync::Arc;

use onchip_train::data::{DataError, Source, Split};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

struct Memory {
    values: Vec<f32>,
    labels: Vec<usize>,
}

impl Source for Memory {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn read(&self, index: usize, values: &mut [f32]) -> Result<usize, DataError> {
        let each = self.values.len() / self.labels.len();
        values.copy_from_slice(&self.values[index * each..][..each]);
        Ok(self.labels[index])
    }
}

/// A split of these examples, one after another, and their labels.
pub(crate) fn split(values: Vec<f32>, labels: Vec<usize>) -> Split {
    let indices = (0..labels.len() as u32).collect();
    Split {
        source: Arc::new(Memory { values, labels }),
        indices,
    }
}

/// Examples of `each` values that are multiples of 1/16 from `low` to `high`, of class 0.
pub(crate) fn random(count: usize, each: usize, (low, high): (i32, i32), seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let numbers = (0..count * each).map(|_| rng.random_range(16 * low..=16 * high) as f32 / 16.0);
    numbers.collect()
}
