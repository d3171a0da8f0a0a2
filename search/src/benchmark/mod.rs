//! Published test problems with known fronts, for judging strategies.
//!
//! E. Zitzler, K. Deb, L. Thiele: Comparison of multiobjective evolutionary algorithms: empirical
//! results. Evolutionary Computation 8(2), 2000 (ZDT). K. Deb, L. Thiele, M. Laumanns, E. Zitzler:
//! Scalable test problems for evolutionary multiobjective optimization. 2005 (DTLZ).

mod domain;
mod landscape;
mod problem;

pub use landscape::imagine;
pub use problem::Problem;

use crate::domain::Domain;
use crate::hypervolume::hypervolume;
use crate::strategy::{Strategy, Told};

/// Runs a strategy, one trial after the other, and gives the hypervolume of all feasible points
/// found in `trials`, against `reference`.
pub fn search<D: Domain>(
    domain: &D,
    strategy: &mut impl Strategy<D>,
    trials: usize,
    reference: &[f64],
    evaluate: impl Fn(&D::Point) -> Told,
) -> f64 {
    let mut found = crate::front::Archive::default();
    for _ in 0..trials {
        let point = strategy.ask(domain);
        let told = evaluate(&point);
        strategy.tell(&point, &told);
        if let Some(values) = told.feasible() {
            found.insert(values.to_vec(), ());
        }
    }
    let front: Vec<&[f64]> = found
        .members()
        .iter()
        .map(|(values, ())| values.as_slice())
        .collect();
    hypervolume(&front, reference)
}

/// The upper median of at least one value.
///
/// # Panics
/// There are no values.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
