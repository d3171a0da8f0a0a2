//! Aging evolution.
//!
//! E. Real, A. Aggarwal, Y. Huang, Q. V. Le: Regularized evolution for image classifier
//! architecture search. AAAI 2019, algorithm 1.

use std::collections::VecDeque;

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::scalar::{Cost, Scale, Scoring};
use super::{Member, Start, Strategy, Told};
use crate::domain::Domain;

/// A queue of points: the best of a random sample has a child, one step away; the child joins
/// when it is told, and the oldest dies, however good it is.
///
/// Among the sampled a feasible point beats an infeasible one; of infeasible ones the smaller
/// violation wins; feasible ones are compared by [`Scoring`]. Asked before anything was told, it
/// answers with random points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evolution<P> {
    size: usize,
    sample: usize,
    scoring: Scoring,
    scales: Vec<Scale>,
    start: Start<P>,
    population: VecDeque<Member<P>>,
}

impl<P: Clone> Evolution<P> {
    /// A population of `size` at most, tournaments of `sample` drawn with replacement, one scale
    /// per objective. The `initial` points are asked for first and are part of the first `size`.
    pub fn new(
        size: usize,
        sample: usize,
        scoring: Scoring,
        scales: Vec<Scale>,
        initial: Vec<P>,
        seed: u64,
    ) -> Self {
        let start = Start::new(initial, seed);
        Self {
            size,
            sample,
            scoring,
            scales,
            start,
            population: VecDeque::new(),
        }
    }

    /// The winner of a tournament, unless there is nobody.
    fn parent(&mut self) -> Option<P> {
        let feasible: Vec<&[f64]> = self
            .population
            .iter()
            .filter_map(|member| member.told.feasible())
            .collect();
        let rng = &mut self.start.rng;
        let cost = Cost::new(self.scoring, &self.scales, &feasible, rng);
        if self.population.is_empty() {
            return None;
        }
        let drawn = (0..self.sample).map(|_| rng.random_range(0..self.population.len()));
        let fitness = |told: &Told| match told.feasible() {
            Some(values) => (0.0, cost.of(values)),
            None => (told.violation, 0.0),
        };
        let best = drawn.min_by(|&left, &right| {
            let (l, r) = (
                fitness(&self.population[left].told),
                fitness(&self.population[right].told),
            );
            l.0.total_cmp(&r.0).then(l.1.total_cmp(&r.1))
        });
        best.map(|winner| self.population[winner].point.clone())
    }
}

impl<D: Domain> Strategy<D> for Evolution<D::Point> {
    fn ask(&mut self, domain: &D) -> D::Point {
        if let Some(first) = self.start.ask(domain, self.size) {
            return first;
        }
        match self.parent() {
            Some(parent) => domain.neighbour(&parent, &mut self.start.rng),
            None => domain.sample(&mut self.start.rng),
        }
    }

    fn tell(&mut self, point: &D::Point, told: &Told) {
        self.population.push_back(Member {
            point: point.clone(),
            told: told.cleaned(),
        });
        if self.population.len() > self.size {
            self.population.pop_front();
        }
    }
}
