//! Vectors as points: changed and crossed as Deb et al. 2002 do it, section IV.

use rand::RngExt;

use super::Problem;
use crate::domain::{Domain, Rng};

/// The distribution index of crossover.
const CROSSOVER_INDEX: f64 = 20.0;
/// The distribution index of mutation.
const MUTATION_INDEX: f64 = 20.0;

impl Domain for Problem {
    type Point = Vec<f64>;

    fn sample(&self, rng: &mut Rng) -> Vec<f64> {
        (0..self.variables())
            .map(|variable| rng.random_range(self.bounds(variable)))
            .collect()
    }

    /// Polynomial mutation: on average of one variable, at least of one.
    fn neighbour(&self, point: &Vec<f64>, rng: &mut Rng) -> Vec<f64> {
        let mut child = point.clone();
        let certain = rng.random_range(0..child.len());
        let often = 1.0 / child.len() as f64;
        for (variable, value) in child.iter_mut().enumerate() {
            if variable == certain || rng.random_bool(often) {
                let (low, high) = self.bounds(variable).into_inner();
                let u: f64 = rng.random();
                let power = 1.0 / (MUTATION_INDEX + 1.0);
                let step = if u < 0.5 {
                    (2.0 * u).powf(power) - 1.0
                } else {
                    1.0 - (2.0 * (1.0 - u)).powf(power)
                };
                *value = (*value + step * (high - low)).clamp(low, high);
            }
        }
        child
    }

    /// Simulated binary crossover of every other variable, on average; one of the two children.
    fn crossover(&self, left: &Vec<f64>, right: &Vec<f64>, rng: &mut Rng) -> Vec<f64> {
        let mut child = Vec::with_capacity(left.len());
        for (variable, (&l, &r)) in left.iter().zip(right).enumerate() {
            if rng.random_bool(0.5) {
                child.push(l);
                continue;
            }
            let u: f64 = rng.random();
            let power = 1.0 / (CROSSOVER_INDEX + 1.0);
            let spread = if u <= 0.5 {
                (2.0 * u).powf(power)
            } else {
                (0.5 / (1.0 - u)).powf(power)
            };
            let side = if rng.random_bool(0.5) {
                spread
            } else {
                -spread
            };
            let (low, high) = self.bounds(variable).into_inner();
            child.push((0.5 * (l + r) + 0.5 * side * (l - r)).clamp(low, high));
        }
        child
    }

    fn key(&self, point: &Vec<f64>) -> String {
        format!("{point:?}")
    }
}
