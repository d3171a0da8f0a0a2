//! Random search: what the others have to beat.

use serde::{Deserialize, Serialize};

use super::{Start, Strategy, Told};
use crate::domain::Domain;

/// Draws every point from the whole domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Random<P> {
    start: Start<P>,
}

impl<P: Clone> Random<P> {
    /// The `initial` points are asked for first.
    pub fn new(initial: Vec<P>, seed: u64) -> Self {
        Self {
            start: Start::new(initial, seed),
        }
    }
}

impl<D: Domain> Strategy<D> for Random<D::Point> {
    fn ask(&mut self, domain: &D) -> D::Point {
        let first = self.start.ask(domain, usize::MAX);
        first.unwrap_or_else(|| domain.sample(&mut self.start.rng))
    }

    fn tell(&mut self, _: &D::Point, _: &Told) {}
}
