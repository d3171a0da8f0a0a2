//! NSGA-II, one child at a time.
//!
//! Deb et al. 2002 (see [`crate::front`]) breed whole generations, which would have boards wait for
//! the last of each. Here a child joins as soon as it is told, and the worst of population and child
//! leaves at once: the steady-state form, which also needs fewer evaluations (J. J. Durillo, A. J.
//! Nebro, F. Luna, E. Alba: On the effect of the steady-state selection scheme in multi-objective
//! genetic algorithms. EMO 2009). A child's parents are chosen when it is asked for, among those
//! that have been told by then, so the order of asking and telling determines everything.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::{Member, Start, Strategy, Told};
use crate::domain::{Domain, Rng};
use crate::front::{crowding, sort};

/// Ranks by constrained domination, then by crowding distance.
///
/// Both parents win a binary tournament. With the probability of crossover the child has
/// something of both, else it is the first parent; then it goes one step. Asked before anything
/// was told, it answers with random points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Nsga2<P> {
    size: usize,
    crossover: f64,
    start: Start<P>,
    population: Vec<Member<P>>,
}

/// Its rank, 0 for the best, and its crowding distance within the rank.
#[derive(Debug, Clone, Copy)]
struct Standing {
    rank: usize,
    crowding: f64,
}

impl Standing {
    /// The crowded comparison (section III C).
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.rank
            .cmp(&other.rank)
            .then(other.crowding.total_cmp(&self.crowding))
    }
}

impl<P: Clone> Nsga2<P> {
    /// A population of `size` at most, and a probability of crossover. The `initial` points are asked for first and are part of
    /// the first `size`.
    pub fn new(size: usize, crossover: f64, initial: Vec<P>, seed: u64) -> Self {
        Self {
            size,
            crossover,
            start: Start::new(initial, seed),
            population: Vec::new(),
        }
    }

    fn standings(&self) -> Vec<Standing> {
        let told: Vec<&Told> = self.population.iter().map(|member| &member.told).collect();
        let mut standings = vec![
            Standing {
                rank: 0,
                crowding: 0.0
            };
            told.len()
        ];
        for (rank, members) in sort(&told).into_iter().enumerate() {
            // A rank is feasible or infeasible as a whole; the infeasible are not spread.
            let points: Option<Vec<&[f64]>> = members.iter().map(|&i| told[i].feasible()).collect();
            let distances = points.map_or(vec![0.0; members.len()], |points| crowding(&points));
            for (member, crowding) in members.into_iter().zip(distances) {
                standings[member] = Standing { rank, crowding };
            }
        }
        standings
    }
}

/// The better of two; the first drawn of equals.
fn tournament(standings: &[Standing], rng: &mut Rng) -> usize {
    let (left, right) = (
        rng.random_range(0..standings.len()),
        rng.random_range(0..standings.len()),
    );
    if standings[right].order(&standings[left]).is_lt() {
        right
    } else {
        left
    }
}

impl<D: Domain> Strategy<D> for Nsga2<D::Point> {
    fn ask(&mut self, domain: &D) -> D::Point {
        if let Some(first) = self.start.ask(domain, self.size) {
            return first;
        }
        let standings = self.standings();
        let rng = &mut self.start.rng;
        if standings.is_empty() {
            return domain.sample(rng);
        }
        let left = &self.population[tournament(&standings, rng)].point;
        let right = &self.population[tournament(&standings, rng)].point;
        if rng.random_bool(self.crossover) {
            let child = domain.crossover(left, right, rng);
            domain.neighbour(&child, rng)
        } else {
            domain.neighbour(left, rng)
        }
    }

    fn tell(&mut self, point: &D::Point, told: &Told) {
        self.population.push(Member {
            point: point.clone(),
            told: told.cleaned(),
        });
        if self.population.len() > self.size {
            let standings = self.standings();
            // The oldest of equally bad ones.
            let worst = (0..standings.len())
                .rev()
                .max_by(|&a, &b| standings[a].order(&standings[b]));
            worst.map(|worst| self.population.remove(worst));
        }
    }
}
