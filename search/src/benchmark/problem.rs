//! The functions, and the volumes that their fronts dominate.

use std::f64::consts::PI;
use std::ops::RangeInclusive;

/// A function of a vector to be minimised in several numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Convex front.
    Zdt1,
    /// Concave front.
    Zdt2,
    /// Front of five pieces.
    Zdt3,
    /// 21⁹ local fronts.
    Zdt4,
    /// Concave front with points unevenly spread along it.
    Zdt6,
    /// Plane front, 11⁵ − 1 local ones.
    Dtlz1 {
        /// How many numbers are minimised, at least 2.
        objectives: usize,
    },
    /// Front on a sphere.
    Dtlz2 {
        /// How many numbers are minimised, at least 2.
        objectives: usize,
    },
}

impl Problem {
    /// All, DTLZ with three objectives.
    pub const ALL: [Self; 7] = [
        Self::Zdt1,
        Self::Zdt2,
        Self::Zdt3,
        Self::Zdt4,
        Self::Zdt6,
        Self::Dtlz1 { objectives: 3 },
        Self::Dtlz2 { objectives: 3 },
    ];

    /// How many variables there are, as the papers advise.
    pub fn variables(self) -> usize {
        match self {
            Self::Zdt1 | Self::Zdt2 | Self::Zdt3 => 30,
            Self::Zdt4 | Self::Zdt6 => 10,
            Self::Dtlz1 { objectives } => objectives + 4,
            Self::Dtlz2 { objectives } => objectives + 9,
        }
    }

    /// What a variable lies in.
    pub fn bounds(self, variable: usize) -> RangeInclusive<f64> {
        if self == Self::Zdt4 && variable > 0 {
            -5.0..=5.0
        } else {
            0.0..=1.0
        }
    }

    /// How many numbers are minimised.
    pub fn objectives(self) -> usize {
        match self {
            Self::Dtlz1 { objectives } | Self::Dtlz2 { objectives } => objectives,
            _ => 2,
        }
    }

    /// The numbers to be minimised.
    pub fn evaluate(self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::Zdt1 => zdt(x[0], zdt_mean(x), |f, g| 1.0 - (f / g).sqrt()),
            Self::Zdt2 => zdt(x[0], zdt_mean(x), |f, g| 1.0 - (f / g).powi(2)),
            Self::Zdt3 => zdt(x[0], zdt_mean(x), |f, g| {
                1.0 - (f / g).sqrt() - (f / g) * (10.0 * PI * f).sin()
            }),
            Self::Zdt4 => {
                let term = |x: &f64| 10.0 + x * x - 10.0 * (4.0 * PI * x).cos();
                let g = 1.0 + x[1..].iter().map(term).sum::<f64>();
                zdt(x[0], g, |f, g| 1.0 - (f / g).sqrt())
            }
            Self::Zdt6 => {
                let f = 1.0 - (-4.0 * x[0]).exp() * (6.0 * PI * x[0]).sin().powi(6);
                let mean = x[1..].iter().sum::<f64>() / 9.0;
                zdt(f, 1.0 + 9.0 * mean.powf(0.25), |f, g| 1.0 - (f / g).powi(2))
            }
            Self::Dtlz1 { objectives } => {
                let (angles, rest) = x.split_at(objectives - 1);
                let term = |x: &f64| (x - 0.5).powi(2) - (20.0 * PI * (x - 0.5)).cos();
                let k = rest.len() as f64;
                let g = 100.0 * (k + rest.iter().map(term).sum::<f64>());
                simplex(
                    objectives,
                    |i| angles[i],
                    |i| 1.0 - angles[i],
                    0.5 * (1.0 + g),
                )
            }
            Self::Dtlz2 { objectives } => {
                let (angles, rest) = x.split_at(objectives - 1);
                let g: f64 = rest.iter().map(|x| (x - 0.5).powi(2)).sum();
                let angle = |i: usize| angles[i] * PI / 2.0;
                simplex(objectives, |i| angle(i).cos(), |i| angle(i).sin(), 1.0 + g)
            }
        }
    }

    /// The point up to which volume is counted: a tenth beyond the front's ends.
    pub fn reference(self) -> Vec<f64> {
        let end = if matches!(self, Self::Dtlz1 { .. }) {
            0.55
        } else {
            1.1
        };
        vec![end; self.objectives()]
    }

    /// The volume that the whole true front dominates, up to [`Self::reference`]. With r = 1.1, a
    /// front f₂ = h(f₁) over \[a, 1\] dominates ∫ₐ¹ (r − h) df₁ + 0.1 · (r − h(1)).
    pub fn volume(self) -> f64 {
        match self {
            // h = 1 − √f: 0.1 + 2/3 + 0.11.
            Self::Zdt1 | Self::Zdt4 => 0.21 + 2.0 / 3.0,
            // h = 1 − f²: 0.1 + 1/3 + 0.11.
            Self::Zdt2 => 0.21 + 1.0 / 3.0,
            // The running minimum of h, integrated numerically; the tests do it again.
            Self::Zdt3 => 1.331_763,
            // As ZDT2, from the least f₁ on: 1 − exp(−4x) sin⁶(6πx) where its derivative is 0,
            // at tan(6πx) = 9π.
            Self::Zdt6 => {
                let x = (9.0 * PI).atan() / (6.0 * PI);
                let a = 1.0 - (-4.0 * x).exp() * (6.0 * PI * x).sin().powi(6);
                0.1 * (1.0 - a) + (1.0 - a.powi(3)) / 3.0 + 0.11
            }
            // All but the simplex below Σ f = 1/2: r^m − (1/2)^m / m!, r = 0.55.
            Self::Dtlz1 { objectives } => {
                let simplex: f64 = (1..=objectives).map(|i| 0.5 / i as f64).product();
                0.55_f64.powi(objectives as i32) - simplex
            }
            // All but the ball's part in the positive orthant: r^m − V_m / 2^m with
            // V_m = V_(m−2) · 2π / m, V_0 = 1, V_1 = 2.
            Self::Dtlz2 { objectives } => {
                let first = if objectives % 2 == 0 { 1.0 } else { 2.0 };
                let steps = (1..=objectives).filter(|i| *i > 1 && i % 2 == objectives % 2);
                let ball: f64 = steps.fold(first, |volume, i| volume * 2.0 * PI / i as f64);
                let m = objectives as i32;
                1.1_f64.powi(m) - ball / 2.0_f64.powi(m)
            }
        }
    }
}

/// (f, g · h(f, g)).
fn zdt(f: f64, g: f64, h: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    vec![f, g * h(f, g)]
}

/// g of ZDT1 to 3: 1 + 9 · the mean of all variables but the first.
fn zdt_mean(x: &[f64]) -> f64 {
    1.0 + 9.0 * x[1..].iter().sum::<f64>() / (x.len() - 1) as f64
}

/// fᵢ = scale · `along`(0) ⋯ `along`(m − 2 − i) · `across`(m − 1 − i), the last factor but for i = 0.
fn simplex(
    objectives: usize,
    along: impl Fn(usize) -> f64,
    across: impl Fn(usize) -> f64,
    scale: f64,
) -> Vec<f64> {
    let value = |i: usize| {
        let product: f64 = (0..objectives - 1 - i).map(&along).product();
        let last = if i == 0 {
            1.0
        } else {
            across(objectives - 1 - i)
        };
        scale * product * last
    };
    (0..objectives).map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hypervolume::hypervolume;

    /// A point of the true front for each of the given positions along it.
    fn on_front(problem: Problem, along: &[f64]) -> Vec<f64> {
        let rest = match problem {
            Problem::Dtlz1 { .. } | Problem::Dtlz2 { .. } => 0.5,
            _ => 0.0,
        };
        let mut x = vec![rest; problem.variables()];
        x[..along.len()].copy_from_slice(along);
        problem.evaluate(&x)
    }

    #[test]
    fn volumes_are_those_of_points_along_the_front() {
        for problem in Problem::ALL {
            let (steps, axes) = if problem.objectives() == 2 {
                (4000, 1)
            } else {
                (60, 2)
            };
            let position = |i: usize| i as f64 / steps as f64;
            let points: Vec<Vec<f64>> = if axes == 1 {
                (0..=steps)
                    .map(|i| on_front(problem, &[position(i)]))
                    .collect()
            } else {
                let grid = (0..=steps).flat_map(|i| (0..=steps).map(move |j| (i, j)));
                grid.map(|(i, j)| on_front(problem, &[position(i), position(j)]))
                    .collect()
            };
            let found = hypervolume(&points, &problem.reference());
            let share = found / problem.volume();
            let least = if axes == 1 { 0.998 } else { 0.97 };
            assert!(share > least && share <= 1.0 + 1e-6, "{problem:?}: {share}");
        }
    }

    #[test]
    fn volumes_are_the_known_ones() {
        for (problem, volume) in [
            (Problem::Zdt1, 0.876_667),
            (Problem::Zdt2, 0.543_333),
            (Problem::Dtlz1 { objectives: 2 }, 0.1775),
            (Problem::Dtlz2 { objectives: 2 }, 1.21 - PI / 4.0),
            (Problem::Dtlz2 { objectives: 3 }, 1.331 - PI / 6.0),
            (Problem::Dtlz2 { objectives: 4 }, 1.4641 - PI * PI / 32.0),
        ] {
            assert!(
                (problem.volume() - volume).abs() < 1e-6,
                "{problem:?}: {}",
                problem.volume()
            );
        }
    }

    #[test]
    fn the_volume_of_pieces_is_the_integral_of_the_running_minimum() {
        let steps = 1_000_000;
        let mut least = f64::INFINITY;
        let mut area = 0.0;
        for i in 0..steps {
            let f: f64 = (i as f64 + 0.5) / steps as f64;
            least = least.min(1.0 - f.sqrt() - f * (10.0 * PI * f).sin());
            area += (1.1 - least).max(0.0) / steps as f64;
        }
        area += 0.1 * (1.1 - least);
        assert!((area - Problem::Zdt3.volume()).abs() < 1e-6, "{area}");
    }
}
