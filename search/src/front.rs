//! Dominance, non-dominated sorting, crowding, and fronts that grow. All numbers are minimised.
//!
//! K. Deb, A. Pratap, S. Agarwal, T. Meyarivan: A fast and elitist multiobjective genetic
//! algorithm: NSGA-II. IEEE Transactions on Evolutionary Computation 6(2), 2002.

use crate::strategy::Told;

/// Whether `left` is nowhere worse than `right`, and somewhere better.
pub fn dominates(left: &[f64], right: &[f64]) -> bool {
    debug_assert_eq!(left.len(), right.len());
    let mut better = false;
    for (l, r) in left.iter().zip(right) {
        if l > r {
            return false;
        }
        better |= l < r;
    }
    better
}

/// Constrained domination (section VI of the paper): a feasible one dominates an infeasible one,
/// of two infeasible ones the smaller violation dominates, and of two feasible ones [`dominates`]
/// decides.
pub fn constrained_dominates(left: &Told, right: &Told) -> bool {
    match (left.feasible(), right.feasible()) {
        (Some(left), Some(right)) => dominates(left, right),
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => left.violation < right.violation,
    }
}

/// The indices of those in `points` that none dominates, in their order. Equal ones all stay.
pub fn front<P: AsRef<[f64]>>(points: &[P]) -> Vec<usize> {
    let is_free = |&i: &usize| {
        let point = points[i].as_ref();
        !points.iter().any(|other| dominates(other.as_ref(), point))
    };
    (0..points.len()).filter(is_free).collect()
}

/// Fast non-dominated sort (section III A): indices by rank, the best rank first, in their order
/// within a rank.
pub fn sort(told: &[&Told]) -> Vec<Vec<usize>> {
    let mut dominated: Vec<Vec<usize>> = vec![Vec::new(); told.len()];
    let mut dominators = vec![0_usize; told.len()];
    for left in 0..told.len() {
        for right in left + 1..told.len() {
            if constrained_dominates(told[left], told[right]) {
                dominated[left].push(right);
                dominators[right] += 1;
            } else if constrained_dominates(told[right], told[left]) {
                dominated[right].push(left);
                dominators[left] += 1;
            }
        }
    }
    let mut rank: Vec<usize> = (0..told.len()).filter(|&i| dominators[i] == 0).collect();
    let mut ranks = Vec::new();
    while !rank.is_empty() {
        let mut next = Vec::new();
        for &better in &rank {
            for &worse in &dominated[better] {
                dominators[worse] -= 1;
                if dominators[worse] == 0 {
                    next.push(worse);
                }
            }
        }
        next.sort_unstable();
        ranks.push(std::mem::replace(&mut rank, next));
    }
    ranks
}

/// Crowding distance (section III B) of each of the points: how far apart its neighbours are,
/// summed over the objectives, each as a share of its spread. Infinite at an objective's ends.
pub fn crowding(points: &[&[f64]]) -> Vec<f64> {
    let mut distances = vec![0.0; points.len()];
    let objectives = points.first().map_or(0, |point| point.len());
    for objective in 0..objectives {
        let value = |i: usize| points[i][objective];
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|&a, &b| value(a).total_cmp(&value(b)));
        let (first, last) = (order[0], order[order.len() - 1]);
        distances[first] = f64::INFINITY;
        distances[last] = f64::INFINITY;
        let spread = value(last) - value(first);
        if spread > 0.0 {
            for three in order.windows(3) {
                distances[three[1]] += (value(three[2]) - value(three[0])) / spread;
            }
        }
    }
    distances
}

/// A front that points are added to one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct Archive<T> {
    members: Vec<(Vec<f64>, T)>,
}

impl<T> Default for Archive<T> {
    fn default() -> Self {
        Self {
            members: Vec::new(),
        }
    }
}

impl<T> Archive<T> {
    /// Adds a point unless one dominates it or equals it; drops those that it dominates. Says
    /// whether it was added.
    pub fn insert(&mut self, values: Vec<f64>, item: T) -> bool {
        let bars = |member: &[f64]| member == values || dominates(member, &values);
        if self.members.iter().any(|(member, _)| bars(member)) {
            return false;
        }
        self.members
            .retain(|(member, _)| !dominates(&values, member));
        self.members.push((values, item));
        true
    }

    /// The points and what they are of, in the order of their adding.
    pub fn members(&self) -> &[(Vec<f64>, T)] {
        &self.members
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(violation: f64, objectives: &[f64]) -> Told {
        Told {
            objectives: Some(objectives.to_vec()),
            violation,
        }
    }

    #[test]
    fn feasibility_comes_first() {
        let (good, bad) = (told(0.0, &[9.0, 9.0]), told(0.1, &[1.0, 1.0]));
        let (worse, failed) = (told(0.2, &[0.0, 0.0]), Told::failed());
        let better = told(0.0, &[8.0, 9.0]);
        let all = [&failed, &worse, &good, &bad, &better];
        assert_eq!(sort(&all), [vec![4], vec![2], vec![3], vec![1], vec![0]]);
    }

    #[test]
    fn crowding_is_the_papers() {
        let points: [&[f64]; 4] = [&[0.0, 4.0], &[1.0, 2.0], &[3.0, 1.0], &[4.0, 0.0]];
        let distances = crowding(&points);
        assert_eq!(distances[0], f64::INFINITY);
        // (3 - 0)/4 + (4 - 1)/4 and (4 - 1)/4 + (2 - 0)/4.
        assert_eq!(distances[1..3], [1.5, 1.25]);
    }

    fn some_points() -> impl Strategy<Value = Vec<Vec<f64>>> {
        (1..5_usize).prop_flat_map(|objectives| {
            let value = (0..6_u8).prop_map(f64::from);
            proptest::collection::vec(proptest::collection::vec(value, objectives), 0..30)
        })
    }

    proptest! {
        #[test]
        fn ranks_are_fronts_of_what_is_left(points in some_points()) {
            let all: Vec<Told> = points.iter().map(|point| told(0.0, point)).collect();
            let mut left: Vec<usize> = (0..points.len()).collect();
            for rank in sort(&all.iter().collect::<Vec<_>>()) {
                let rest: Vec<&[f64]> = left.iter().map(|&i| points[i].as_slice()).collect();
                let best: Vec<usize> = front(&rest).into_iter().map(|i| left[i]).collect();
                prop_assert_eq!(&rank, &best);
                left.retain(|i| !rank.contains(i));
            }
            prop_assert!(left.is_empty());
        }

        #[test]
        fn an_archive_is_the_front(points in some_points()) {
            let mut archive = Archive::default();
            for (i, point) in points.iter().enumerate() {
                archive.insert(point.clone(), i);
            }
            let mut best: Vec<&Vec<f64>> = front(&points).iter().map(|&i| &points[i]).collect();
            let mut kept: Vec<&Vec<f64>> = archive.members().iter().map(|(p, _)| p).collect();
            let order = |a: &&Vec<f64>, b: &&Vec<f64>| a.partial_cmp(b).unwrap();
            best.sort_by(order);
            best.dedup();
            kept.sort_by(order);
            prop_assert_eq!(best, kept);
        }
    }
}
