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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::data::Source;

    /// Examples of one class, all alike.
    struct Alike(Vec<f32>);

    impl Source for Alike {
        fn len(&self) -> usize {
            usize::MAX
        }

        fn read(&self, _: usize, values: &mut [f32]) -> Result<usize, DataError> {
            values.copy_from_slice(&self.0);
            Ok(7)
        }
    }

    /// What becomes of an example, 500 times.
    fn changed(shape: Dims, example: &[f32], augmentation: Augmentation) -> Vec<Vec<f32>> {
        let split = Split {
            source: Arc::new(Alike(example.to_vec())),
            indices: (0..500).collect(),
        };
        let recipe = Recipe {
            augmentation,
            ..Recipe::default()
        };
        let mut batches = Batches::new(&split, shape, &recipe, 1);
        let mut values = vec![f32::NAN; 500 * example.len()];
        let mut labels = [0; 500];
        batches.read(0, &mut values, &mut labels).unwrap();
        assert_eq!(labels, [7; 500]);
        values.chunks(example.len()).map(<[f32]>::to_vec).collect()
    }

    /// All that may become of the example 1, 2, 3 …, digit by digit, does.
    fn check(shape: Dims, augmentation: Augmentation, expected: &[&str]) {
        let count = shape.iter().product::<usize>();
        let example: Vec<_> = (1..=count).map(|i| i as f32).collect();
        let text = |values: &Vec<f32>| values.iter().map(f32::to_string).collect::<String>();
        let found: BTreeSet<_> = changed(shape, &example, augmentation)
            .iter()
            .map(text)
            .collect();
        let expected: BTreeSet<_> = expected.iter().map(|&text| text.to_owned()).collect();
        assert_eq!(found, expected, "{shape:?} {augmentation:?}");
    }

    #[test]
    fn images_are_moved_and_mirrored() {
        let moved = |shift, flip| Augmentation {
            shift,
            flip,
            ..Augmentation::default()
        };
        check([2, 2, 1], moved(0, false), &["1234"]);
        check([1, 3, 1], moved(0, true), &["123", "321"]);
        check([2, 2, 2], moved(0, true), &["12345678", "34127856"]);
        check([4, 1, 1], moved(1, true), &["1234", "1123", "2344"]);
        check([2, 1, 2], moved(1, false), &["1234", "1212", "3434"]);
        check([1, 2, 1], moved(1, true), &["12", "21", "11", "22"]);
        // A border at most remains.
        let all = [
            "1234", "1133", "2244", "1212", "1111", "2222", "3434", "3333", "4444",
        ];
        check([2, 2, 1], moved(9, false), &all);
    }

    #[test]
    fn all_of_an_example_is_scaled_alike() {
        let augmentation = Augmentation {
            scale: 0.5,
            ..Augmentation::default()
        };
        let factors = changed([1, 1, 2], &[1.0, -4.0], augmentation);
        assert!(factors.iter().all(|pair| pair[1] == -4.0 * pair[0]));
        let least = factors.iter().fold(1_f32, |least, pair| least.min(pair[0]));
        let most = factors.iter().fold(1_f32, |most, pair| most.max(pair[0]));
        assert!((0.5..0.52).contains(&least) && (1.48..=1.5).contains(&most));
    }

    #[test]
    fn noise_has_the_wanted_deviation() {
        let augmentation = Augmentation {
            noise: 0.5,
            ..Augmentation::default()
        };
        let values = changed([1, 1, 8], &[3.0; 8], augmentation).concat();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let squares = values.iter().map(|value| (value - 3.0).powi(2));
        let deviation = (squares.sum::<f32>() / values.len() as f32).sqrt();
        assert!((mean - 3.0).abs() < 0.03 && (deviation - 0.5).abs() < 0.02);
    }

    #[test]
    fn a_subset_is_drawn_once() {
        let split = Split {
            source: Arc::new(Alike(vec![0.0])),
            indices: (0..101).collect(),
        };
        let check = |subset, count| {
            let recipe = Recipe {
                subset,
                ..Recipe::default()
            };
            let mut batches = Batches::new(&split, [1, 1, 1], &recipe, 1);
            let sorted = |batches: &Batches| batches.order.iter().copied().collect::<BTreeSet<_>>();
            let drawn = sorted(&batches);
            assert_eq!((drawn.len(), batches.len()), (count, count));
            batches.shuffle();
            assert_eq!(sorted(&batches), drawn);
        };
        check(1.0, 101);
        check(0.5, 51);
        check(1e-9, 1);
    }
}
