//! Several objectives as one number.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::domain::Rng;
use crate::objective::Objective;

/// How objectives fᵢ become one number, the cost. wᵢ and targetᵢ are an objective's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scoring {
    /// maxᵢ wᵢ · min(fᵢ / bᵢ, 10) / λᵢ, with fresh λᵢ ~ U(0, 1) for each tournament: every
    /// tournament prefers another part of the front. bᵢ is the target, else the range's upper end,
    /// else the median of the feasible points in the population.
    ///
    /// E. Liberis, Ł. Dudziak, N. D. Lane: μNAS: constrained neural architecture search for
    /// microcontrollers. EuroMLSys 2021.
    Chebyshev,
    /// Σᵢ wᵢ · ((fᵢ − lowᵢ) / unitᵢ + max(0, fᵢ / targetᵢ − 1)): each objective in its unit, and
    /// what misses a target once more, by how far it misses it. With a range, lowᵢ and unitᵢ are its
    /// lower end and its width; else lowᵢ is 0, and unitᵢ is 1 for an error, the target, or the
    /// median of the feasible points in the population.
    WeightedSum,
}

/// No objective costs more than this many times its bound.
const MOST: f64 = 10.0;

/// A target of an error is at least this: an accuracy of 100 % is no scale.
const LEAST_ERROR: f64 = 0.001;

/// What an objective is compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    weight: f64,
    target: Option<f64>,
    range: Option<[f64; 2]>,
    is_share: bool,
}

impl Scale {
    /// That of an objective.
    pub fn new(objective: &Objective) -> Self {
        let is_share = objective.metric.is_share();
        let least = if is_share { LEAST_ERROR } else { 0.0 };
        let target = objective.minimised_target().map(|target| target.max(least));
        Self {
            weight: objective.weight,
            target: target.filter(|&target| target > 0.0),
            range: objective.minimised_range(),
            is_share,
        }
    }

    /// bᵢ of [`Scoring::Chebyshev`].
    fn bound(&self, median: impl Fn() -> f64) -> f64 {
        self.target
            .or(self.range.map(|[_, high]| high))
            .unwrap_or_else(median)
    }

    /// lowᵢ and unitᵢ of [`Scoring::WeightedSum`].
    fn unit(&self, median: impl Fn() -> f64) -> (f64, f64) {
        match (self.range, self.target) {
            (Some([low, high]), _) => (low, high - low),
            (None, _) if self.is_share => (0.0, 1.0),
            (None, Some(target)) => (0.0, target),
            (None, None) => (0.0, median()),
        }
    }
}

/// The cost of points in one tournament.
pub(super) struct Cost<'a> {
    scales: &'a [Scale],
    kind: Kind,
}

enum Kind {
    /// wᵢ / λᵢ and bᵢ.
    Chebyshev(Vec<(f64, f64)>),
    /// lowᵢ and unitᵢ.
    WeightedSum(Vec<(f64, f64)>),
}

impl<'a> Cost<'a> {
    /// Prepares a tournament among a population with these feasible points.
    pub(super) fn new(
        scoring: Scoring,
        scales: &'a [Scale],
        feasible: &[&[f64]],
        rng: &mut Rng,
    ) -> Self {
        let median = |objective: usize| median(feasible.iter().map(|point| point[objective]));
        let kind = match scoring {
            Scoring::Chebyshev => {
                let prepare = |(i, scale): (usize, &Scale)| {
                    // From (0, 1]: a preference of exactly 0 would say nothing.
                    let preference = 1.0 - rng.random::<f64>();
                    (scale.weight / preference, scale.bound(|| median(i)))
                };
                Kind::Chebyshev(scales.iter().enumerate().map(prepare).collect())
            }
            Scoring::WeightedSum => {
                let unit = |(i, scale): (usize, &Scale)| scale.unit(|| median(i));
                Kind::WeightedSum(scales.iter().enumerate().map(unit).collect())
            }
        };
        Self { scales, kind }
    }

    /// What a point costs; less is better.
    pub(super) fn of(&self, values: &[f64]) -> f64 {
        match &self.kind {
            Kind::Chebyshev(parts) => {
                let part =
                    |(f, (weight, bound)): (&f64, &(f64, f64))| weight * (f / bound).min(MOST);
                values
                    .iter()
                    .zip(parts)
                    .map(part)
                    .fold(f64::NEG_INFINITY, f64::max)
            }
            Kind::WeightedSum(units) => {
                let part = |((f, scale), (low, unit)): ((&f64, &Scale), &(f64, f64))| {
                    let missed = scale
                        .target
                        .map_or(0.0, |target| (f / target - 1.0).max(0.0));
                    scale.weight * ((f - low) / unit + missed)
                };
                values.iter().zip(self.scales).zip(units).map(part).sum()
            }
        }
    }
}

/// The upper median as a scale: 1 where there is none above 0.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
        .get(values.len() / 2)
        .copied()
        .filter(|&median| median > 0.0)
        .unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::metric::Metric;

    fn cost(scoring: Scoring, objectives: &[Objective], values: &[f64]) -> f64 {
        let scales: Vec<Scale> = objectives.iter().map(Scale::new).collect();
        let mut rng = Rng::seed_from_u64(1);
        Cost::new(scoring, &scales, &[&[0.2, 50.0], &[0.1, 100.0]], &mut rng).of(values)
    }

    #[test]
    fn the_weighted_sum_is_its_formula() {
        let accuracy = Objective {
            target: Some(0.75),
            ..Objective::new(Metric::ValidationAccuracy)
        };
        let size = Objective {
            weight: 0.5,
            range: Some([500.0, 2500.0]),
            ..Objective::new(Metric::Parameters)
        };
        let sum = |objectives: &[Objective], values: &[f64]| {
            cost(Scoring::WeightedSum, objectives, values)
        };
        let wanted = [accuracy, size];
        assert_eq!(sum(&wanted, &[0.125, 500.0]), 0.125);
        assert_eq!(sum(&wanted, &[0.125, 1500.0]), 0.125 + 0.5 * 0.5);
        assert_eq!(sum(&wanted, &[0.5, 1500.0]), 0.5 + 1.0 + 0.5 * 0.5);
        let latency = Objective {
            target: Some(20.0),
            ..Objective::new(Metric::LatencyMs)
        };
        let both = [Objective::new(Metric::Error), latency];
        assert_eq!(sum(&both, &[0.0, 10.0]), 0.5);
        assert_eq!(sum(&both, &[0.0, 30.0]), 1.5 + 0.5);
        // Without a scale of its own, an objective is seen in the population's.
        let plain = [Objective::new(Metric::Error), Objective::new(Metric::Flash)];
        assert_eq!(sum(&plain, &[0.0, 50.0]), 0.5);
    }

    #[test]
    fn chebyshev_counts_the_worst_up_to_ten_bounds() {
        let flash = Objective {
            target: Some(100.0),
            ..Objective::new(Metric::Flash)
        };
        let objectives = [Objective::new(Metric::Error), flash];
        let at = |values: &[f64]| cost(Scoring::Chebyshev, &objectives, values);
        let preference = 1.0 / at(&[0.0, 100.0]);
        assert!(preference > 0.0 && preference <= 1.0);
        assert!((at(&[0.0, 50.0]) - 0.5 / preference).abs() < 1e-12);
        assert_eq!(at(&[0.0, 1000.0]), at(&[0.0, 5000.0]));
        assert!(at(&[0.2, 0.0]) > 0.0);
    }
}
