//! What is better, and what is not allowed.
//!
//! Everything is minimised: an accuracy stands for its error. All values are at least 0.

mod constraint;
mod goals;
pub mod quantity;
#[cfg(test)]
mod tests;
mod written;

pub use constraint::{Constraint, ConstraintError, Relation};
pub use goals::{Goals, GoalsError, Violation};

use crate::metric::Metric;

/// A metric to be made as good as possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// Which.
    pub metric: Metric,
    /// How much it counts where objectives become one number (aging evolution, weighted sum);
    /// 1 unless told. Dominance, and so NSGA-II, knows no weights.
    pub weight: f64,
    /// What would be good enough, in the metric's own unit.
    pub target: Option<f64>,
    /// What it is expected to lie between, in the metric's own unit; lower end first.
    pub range: Option<[f64; 2]>,
}

impl Objective {
    /// A metric of weight 1 without target and range.
    pub fn new(metric: Metric) -> Self {
        Self {
            metric,
            weight: 1.0,
            target: None,
            range: None,
        }
    }

    /// The number that is minimised.
    pub fn minimised(&self, value: f64) -> f64 {
        if self.metric.is_maximized() {
            1.0 - value
        } else {
            value
        }
    }

    /// The number that would be good enough, once minimised.
    pub fn minimised_target(&self) -> Option<f64> {
        self.target.map(|target| self.minimised(target))
    }

    /// The numbers that it is expected to lie between once minimised, lower end first.
    pub fn minimised_range(&self) -> Option<[f64; 2]> {
        let [low, high] = self.range?.map(|end| self.minimised(end));
        Some([low.min(high), low.max(high)])
    }
}
