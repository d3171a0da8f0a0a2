//! Examples in random order, slightly changed.

use onchip_tflite::topology::Dims;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Augmentation, Recipe};
use crate::data::{DataError, Split};

/// Gives out batches of a split.
pub(super) struct Batches<'a> {
    split: &'a Split,
    shape: Dims,
    augmentation: Augmentation,
    /// Which examples are used, in the order of this epoch.
    order: Vec<usize>,
    rng: ChaCha8Rng,
    example: Vec<f32>,
}

impl<'a> Batches<'a> {
    pub(super) fn new(split: &'a Split, shape: Dims, recipe: &Recipe, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut order: Vec<_> = (0..split.len()).collect();
        if recipe.subset < 1.0 {
            order.shuffle(&mut rng);
            let count = (f64::from(recipe.subset) * order.len() as f64).ceil();
            order.truncate((count as usize).max(1));
        }
        Self {
            split,
            shape,
            augmentation: recipe.augmentation,
            order,
            rng,
            example: vec![0.0; shape.iter().product()],
        }
    }

    /// Examples of an epoch.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Begins an epoch.
    pub(super) fn shuffle(&mut self) {
        self.order.shuffle(&mut self.rng);
    }

    /// Reads the examples from `first` on into `values`, as many as there are `labels`.
    pub(super) fn read(
        &mut self,
        first: usize,
        values: &mut [f32],
        labels: &mut [usize],
    ) -> Result<(), DataError> {
        let len = self.example.len();
        for ((i, values), label) in (first..).zip(values.chunks_exact_mut(len)).zip(labels) {
            *label = self.split.read(self.order[i], &mut self.example)?;
            self.change(values);
        }
        Ok(())
    }

    /// Copies the example that was read, changed.
    fn change(&mut self, values: &mut [f32]) {
        let Augmentation {
            shift,
            flip,
            scale,
            noise,
        } = self.augmentation;
        let [height, width, channels] = self.shape;
        let mut by = |size: usize| {
            let most = (shift as usize).min(size - 1) as i64;
            if most > 0 {
                self.rng.random_range(-most..=most)
            } else {
                0
            }
        };
        let (down, across) = (by(height), by(width));
        let is_mirrored = flip && width > 1 && self.rng.random();
        if (down, across, is_mirrored) == (0, 0, false) {
            values.copy_from_slice(&self.example);
        } else {
            let source = |place: usize, by: i64, size: usize| {
                place.saturating_add_signed(by as isize).min(size - 1)
            };
            for (place, pixel) in values.chunks_exact_mut(channels).enumerate() {
                let y = source(place / width, down, height);
                let x = source(place % width, across, width);
                let x = if is_mirrored { width - 1 - x } else { x };
                let start = (y * width + x) * channels;
                pixel.copy_from_slice(&self.example[start..start + channels]);
            }
        }
        if scale > 0.0 {
            let factor = 1.0 + self.rng.random_range(-scale..=scale);
            values.iter_mut().for_each(|value| *value *= factor);
        }
        if noise > 0.0 {
            // Uniform numbers of the wanted deviation: cheap, and nothing learns the tails.
            let reach = noise * 3.0_f32.sqrt();
            let noise = |_| self.rng.random_range(-reach..=reach);
            values
                .iter_mut()
                .zip((0..).map(noise))
                .for_each(|(value, noise)| *value += noise);
        }
    }
}
