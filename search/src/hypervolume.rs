//! The volume that a front dominates, up to a reference point; all numbers are minimised.
//!
//! L. While, L. Bradstreet, L. Barone: A fast way of calculating exact hypervolumes. IEEE
//! Transactions on Evolutionary Computation 16(1), 2012 (the WFG algorithm): the volume is the sum,
//! over the points, of what each adds to those after it; what it adds is its own box without the
//! volume of the others' boxes within it, a front of its own. Two objectives are swept.

use crate::front::dominates;

/// The exact hypervolume of `points` against `reference`. Points that are not better than the
/// reference in every objective add nothing; neither do dominated ones.
///
/// Quick for up to four objectives and some hundred points. All points have as many numbers as
/// the reference.
pub fn hypervolume<P: AsRef<[f64]>>(points: &[P], reference: &[f64]) -> f64 {
    let within = |point: &&[f64]| point.iter().zip(reference).all(|(value, end)| value < end);
    let points = points.iter().map(AsRef::as_ref).filter(within);
    match reference.len() {
        0 => 0.0,
        _ => wfg(
            non_dominated(points.map(<[f64]>::to_vec).collect()),
            reference,
        ),
    }
}

/// The volume of points of which none dominates or equals another.
fn wfg(mut front: Vec<Vec<f64>>, reference: &[f64]) -> f64 {
    // Worst last objective first: so the limited fronts below lose most of their points.
    let last = reference.len() - 1;
    front.sort_by(|a, b| b[last].total_cmp(&a[last]));
    match last {
        0 => front.last().map_or(0.0, |best| reference[0] - best[0]),
        1 => sweep(&front, reference),
        _ => (0..front.len())
            .map(|i| exclusive(&front[i], &front[i + 1..], reference))
            .sum(),
    }
}

/// The area under a staircase, in the order of a falling second objective, so a rising first.
fn sweep(front: &[Vec<f64>], reference: &[f64]) -> f64 {
    let mut area = 0.0;
    let mut top = reference[1];
    for point in front {
        area += (reference[0] - point[0]) * (top - point[1]);
        top = point[1];
    }
    area
}

/// What `point` dominates and none of `others` does.
fn exclusive(point: &[f64], others: &[Vec<f64>], reference: &[f64]) -> f64 {
    let own: f64 = point
        .iter()
        .zip(reference)
        .map(|(value, end)| end - value)
        .product();
    let limit = |other: &Vec<f64>| other.iter().zip(point).map(|(a, b)| a.max(*b)).collect();
    own - wfg(non_dominated(others.iter().map(limit).collect()), reference)
}

/// Drops what is dominated, and all but one of equal points.
fn non_dominated(points: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut front: Vec<Vec<f64>> = Vec::with_capacity(points.len());
    for point in points {
        if !front
            .iter()
            .any(|kept| *kept == point || dominates(kept, &point))
        {
            front.retain(|kept| !dominates(&point, kept));
            front.push(point);
        }
    }
    front
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(points: &[&[f64]], reference: &[f64], volume: f64) {
        let found = hypervolume(points, reference);
        assert!(
            (found - volume).abs() < 1e-12,
            "{points:?}: {found}, not {volume}"
        );
    }

    #[test]
    fn simple_bodies() {
        check(&[], &[1.0, 1.0], 0.0);
        check(&[&[0.25], &[0.5]], &[1.0], 0.75);
        check(&[&[0.0, 0.0]], &[1.0, 2.0], 2.0);
        check(&[&[2.0, 0.0], &[1.0, 1.0]], &[1.0, 1.0], 0.0);
        check(
            &[&[1.0, 3.0], &[2.0, 2.0], &[3.0, 1.0], &[3.0, 3.0]],
            &[4.0, 4.0],
            6.0,
        );
        // Three slabs of 2 × 2 × 1 through a cube of edge 2: 8 − the corner cube of edge 1.
        check(
            &[&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0]],
            &[2.0; 3],
            7.0,
        );
        let four: [[f64; 4]; 4] = [
            [1.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
            [0.0, 0.0, 0.0, 1.0],
        ];
        check(&four.each_ref().map(<[f64; 4]>::as_slice), &[2.0; 4], 15.0);
    }

    /// Inclusion and exclusion over all subsets.
    fn brute_force(points: &[Vec<f64>], reference: &[f64]) -> f64 {
        let subset = |chosen: u32| {
            let of = |i: &usize| chosen & (1 << i) != 0;
            let edge = |axis: usize| {
                let worst = (0..points.len()).filter(of).map(|i| points[i][axis]);
                (reference[axis] - worst.fold(f64::NEG_INFINITY, f64::max)).max(0.0)
            };
            let sign = if chosen.count_ones() % 2 == 1 {
                1.0
            } else {
                -1.0
            };
            sign * (0..reference.len()).map(edge).product::<f64>()
        };
        (1..1 << points.len()).map(subset).sum()
    }

    fn some_points() -> impl Strategy<Value = (Vec<Vec<f64>>, usize)> {
        (1..5_usize).prop_flat_map(|n| {
            // Coarse numbers give ties, fine ones do not.
            let value = prop_oneof![(0..5_u8).prop_map(|v| f64::from(v) / 4.0), 0.0..1.2_f64];
            (
                proptest::collection::vec(proptest::collection::vec(value, n), 0..9),
                Just(n),
            )
        })
    }

    proptest! {
        #[test]
        fn it_is_that_of_inclusion_and_exclusion((points, n) in some_points()) {
            let reference = vec![1.0; n];
            let (found, truth) = (hypervolume(&points, &reference), brute_force(&points, &reference));
            prop_assert!((found - truth).abs() < 1e-9, "{} is not {}", found, truth);
        }
    }
}
