//! From gradients to steps.

use std::f64::consts::PI;
use std::ops::Range;

use pulp::Arch;

use crate::simd::vectorized;

use super::{Optimizer, Recipe, Schedule};

/// Adam's β₂.
const SECOND: f32 = 0.999;

/// Adam's ε, added outside the square root.
const EPSILON: f32 = 1e-8;

/// What an optimizer remembers between steps.
pub(super) struct Memory {
    arch: Arch,
    optimizer: Optimizer,
    momentum: f32,
    weight_decay: f32,
    weights: Vec<Range<usize>>,
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
}

impl Memory {
    /// For so many parameters, of which `weights` decay.
    pub(super) fn new(recipe: &Recipe, parameters: usize, weights: Vec<Range<usize>>) -> Self {
        let second = match recipe.optimizer {
            Optimizer::Adam => parameters,
            Optimizer::Sgd => 0,
        };
        Self {
            arch: Arch::new(),
            optimizer: recipe.optimizer,
            momentum: recipe.momentum,
            weight_decay: recipe.weight_decay,
            weights,
            first: vec![0.0; parameters],
            second: vec![0.0; second],
            steps: 0,
        }
    }

    /// Moves the parameters against the slope.
    pub(super) fn step(&mut self, parameters: &mut [f32], slope: &[f32], learning_rate: f32) {
        self.steps = self.steps.saturating_add(1);
        if self.weight_decay > 0.0 {
            let keep = 1.0 - learning_rate * self.weight_decay;
            for weights in &self.weights {
                let weights = parameters[weights.clone()].iter_mut();
                weights.for_each(|weight| *weight *= keep);
            }
        }
        match self.optimizer {
            Optimizer::Adam => self.adam(parameters, slope, learning_rate),
            Optimizer::Sgd => self.sgd(parameters, slope, learning_rate),
        }
    }

    fn adam(&mut self, parameters: &mut [f32], slope: &[f32], learning_rate: f32) {
        // Powers in f64: 1 − β₂ᵗ has few digits left in f32 at first.
        let bias = |beta: f32| 1.0 - f64::from(beta).powi(self.steps);
        let step = (f64::from(learning_rate) / bias(self.momentum)) as f32;
        let scale = (1.0 / bias(SECOND).sqrt()) as f32;
        let beta = self.momentum;
        vectorized(
            self.arch,
            #[inline(always)]
            || {
                let memory = self.first.iter_mut().zip(&mut self.second);
                for ((parameter, g), (first, second)) in
                    parameters.iter_mut().zip(slope).zip(memory)
                {
                    *first = (*g - *first).mul_add(1.0 - beta, *first);
                    *second = (*g * *g - *second).mul_add(1.0 - SECOND, *second);
                    *parameter -= step * *first / second.sqrt().mul_add(scale, EPSILON);
                }
            },
        );
    }

    fn sgd(&mut self, parameters: &mut [f32], slope: &[f32], learning_rate: f32) {
        let momentum = self.momentum;
        vectorized(
            self.arch,
            #[inline(always)]
            || {
                let pairs = parameters.iter_mut().zip(slope);
                for ((parameter, g), velocity) in pairs.zip(&mut self.first) {
                    *velocity = velocity.mul_add(momentum, *g);
                    *parameter -= learning_rate * *velocity;
                }
            },
        );
    }
}

/// The learning rate of a step, of `steps` in all, `per_epoch` of them in an epoch.
pub(super) fn learning_rate(recipe: &Recipe, step: u64, steps: u64, per_epoch: u64) -> f32 {
    let warm_up = f64::from(recipe.warm_up) * per_epoch as f64;
    let (step, steps) = (step as f64, steps as f64);
    let share = if step < warm_up {
        (step + 1.0) / (warm_up + 1.0)
    } else {
        match recipe.schedule {
            Schedule::Constant => 1.0,
            Schedule::Cosine => {
                let done = (step - warm_up) / (steps - warm_up).max(1.0);
                0.5 + 0.5 * (PI * done).cos()
            }
        }
    };
    (f64::from(recipe.learning_rate) * share) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first steps as torch.optim makes them, from gradients 1, −2 and 0.5 at 1.0.
    fn check(recipe: &Recipe, expected: [f32; 3]) {
        let mut memory = Memory::new(recipe, 1, std::iter::once(0..1).collect());
        let mut parameters = [1.0];
        for (slope, expected) in [1.0, -2.0, 0.5].into_iter().zip(expected) {
            memory.step(&mut parameters, &[slope], 0.1);
            let found = parameters[0];
            assert!(
                (found - expected).abs() < 1e-6,
                "{found} instead of {expected}"
            );
        }
    }

    #[test]
    fn steps_are_the_usual_ones() {
        let adam = Recipe::default();
        check(&adam, [0.9, 0.936_610_3, 0.950_279_4]);
        let sgd = Recipe {
            optimizer: Optimizer::Sgd,
            ..adam
        };
        check(&sgd, [0.9, 1.01, 1.059]);
        let decay = Recipe {
            weight_decay: 0.5,
            ..sgd
        };
        check(&decay, [0.85, 0.9175, 0.920_625]);
    }

    #[test]
    fn the_learning_rate_rises_and_falls() {
        let recipe = Recipe {
            learning_rate: 1.0,
            warm_up: 0.5,
            ..Recipe::default()
        };
        let rates: Vec<_> = (0..20)
            .map(|step| learning_rate(&recipe, step, 20, 10))
            .collect();
        assert!(
            rates[..6].is_sorted() && rates[5..].is_sorted_by(|a, b| a >= b),
            "{rates:?}"
        );
        assert_eq!(rates[5], 1.0);
        assert!(rates[0] > 0.0 && rates[19] > 0.0 && rates[19] < 0.02);
    }
}
