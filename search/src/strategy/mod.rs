//! Which point to try next: strategies that are asked and told.
//!
//! A strategy may be asked several times before it is told, and is told in any order that its
//! owner can repeat. All it does is determined by its configuration, its seed, and what it was
//! told when; its whole state can be written and read back at any time.

mod config;
mod evolution;
mod nsga2;
mod random;
mod scalar;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use rand::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::domain::{Domain, Rng};
use crate::objective::Goals;

pub use config::{StrategyConfig, StrategyConfigError};
pub use evolution::Evolution;
pub use nsga2::Nsga2;
pub use random::Random;
pub use scalar::{Scale, Scoring};

/// Proposes points of a domain, and learns what became of them.
pub trait Strategy<D: Domain> {
    /// The next point to try. It may have been tried before.
    fn ask(&mut self, domain: &D) -> D::Point;

    /// Takes note of what became of a point: one that was asked for, or any other.
    fn tell(&mut self, point: &D::Point, told: &Told);
}

/// What became of a point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// What is minimised, with the penalties of soft constraints; `None` if it never got that far.
    pub objectives: Option<Vec<f64>>,
    /// 0 if it is feasible, else by how much it breaks the hard constraints, in total and relative.
    pub violation: f64,
}

impl Told {
    /// The violation of what could not be built or run: more than that of any real excess.
    pub const FAILED: f64 = 1e9;

    /// Of a point that could not be built, trained or run.
    pub fn failed() -> Self {
        Self {
            objectives: None,
            violation: Self::FAILED,
        }
    }

    /// The objectives of a feasible point.
    pub fn feasible(&self) -> Option<&[f64]> {
        self.objectives.as_deref().filter(|_| self.violation <= 0.0)
    }

    /// The same in finite numbers only, which can be compared and written: without violation and
    /// objectives, or with one that is no number, a point has failed.
    fn cleaned(&self) -> Self {
        let finite = |values: &&Vec<f64>| values.iter().all(|value| value.is_finite());
        let objectives = self.objectives.as_ref().filter(finite).cloned();
        let violation = match self.violation {
            v if v.is_nan() || v > Self::FAILED => Self::FAILED,
            v if v <= 0.0 && objectives.is_none() => Self::FAILED,
            v => v.max(0.0),
        };
        Self {
            objectives,
            violation,
        }
    }
}

/// A point and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Member<P> {
    point: P,
    told: Told,
}

/// What every strategy begins with: points that somebody named, then random ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Start<P> {
    rng: Rng,
    named: VecDeque<P>,
    asked: usize,
}

impl<P: Clone> Start<P> {
    fn new(named: Vec<P>, seed: u64) -> Self {
        Self {
            rng: Rng::seed_from_u64(seed),
            named: named.into(),
            asked: 0,
        }
    }

    /// The next of the first `count` points; all named ones are asked for, be they more.
    fn ask<D: Domain<Point = P>>(&mut self, domain: &D, count: usize) -> Option<P> {
        let named = self.named.pop_front();
        let point = named.or_else(|| (self.asked < count).then(|| domain.sample(&mut self.rng)));
        self.asked += usize::from(point.is_some());
        point
    }
}

/// Any of the strategies. Written, it is the whole state, the generator's included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnyStrategy<P> {
    /// See [`Random`].
    Random(Random<P>),
    /// See [`Evolution`]; by [`Scoring::Chebyshev`].
    AgingEvolution(Evolution<P>),
    /// See [`Nsga2`].
    Nsga2(Nsga2<P>),
    /// See [`Evolution`]; by [`Scoring::WeightedSum`].
    WeightedSum(Evolution<P>),
}

impl<P: Clone> AnyStrategy<P> {
    /// Makes what `config` describes. The `initial` points are asked for first, in their order.
    pub fn new(config: &StrategyConfig, goals: &Goals, initial: Vec<P>, seed: u64) -> Self {
        let scales = goals.objectives().iter().map(Scale::new).collect();
        match *config {
            StrategyConfig::Random {} => Self::Random(Random::new(initial, seed)),
            StrategyConfig::AgingEvolution { population, sample } => {
                let scoring = Scoring::Chebyshev;
                let evolution = Evolution::new(population, sample, scoring, scales, initial, seed);
                Self::AgingEvolution(evolution)
            }
            StrategyConfig::Nsga2 {
                population,
                crossover,
            } => Self::Nsga2(Nsga2::new(population, crossover, initial, seed)),
            StrategyConfig::WeightedSum { population, sample } => {
                let scoring = Scoring::WeightedSum;
                let evolution = Evolution::new(population, sample, scoring, scales, initial, seed);
                Self::WeightedSum(evolution)
            }
        }
    }
}

impl<D: Domain> Strategy<D> for AnyStrategy<D::Point> {
    fn ask(&mut self, domain: &D) -> D::Point {
        match self {
            Self::Random(strategy) => strategy.ask(domain),
            Self::AgingEvolution(strategy) | Self::WeightedSum(strategy) => strategy.ask(domain),
            Self::Nsga2(strategy) => strategy.ask(domain),
        }
    }

    fn tell(&mut self, point: &D::Point, told: &Told) {
        match self {
            Self::Random(strategy) => Strategy::<D>::tell(strategy, point, told),
            Self::AgingEvolution(strategy) | Self::WeightedSum(strategy) => {
                Strategy::<D>::tell(strategy, point, told);
            }
            Self::Nsga2(strategy) => Strategy::<D>::tell(strategy, point, told),
        }
    }
}
