//! From the values in a file to values fit for a network.

use onchip_tflite::topology::Dims;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::examples::Values;
use super::source::{DataError, Result};

/// Most examples that are read to learn the range of data that is streamed.
const MOST_STREAMED: usize = 2048;

/// From the values in a file to values fit for a network: `value * scale + offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Normalize {
    /// As they are.
    None,
    /// Integers (pixels) to 0..1.
    Unit,
    /// Integers (pixels) to -1..1.
    Symmetric,
    /// Each channel to mean 0 and standard deviation 1 over the training split.
    MeanStd,
    /// Each channel to 0..1 over the training split.
    MinMax,
}

/// What a value of a channel becomes: `value * scale + offset`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// Factor.
    pub scale: f32,
    /// What is added then.
    pub offset: f32,
}

impl Scaling {
    const IDENTITY: Self = Self {
        scale: 1.0,
        offset: 0.0,
    };
}

/// A setting of a normalization.
pub(crate) trait Wanted {
    /// The one that is wanted for the values.
    fn wanted(self, values: &Values) -> Normalize;
}

impl Wanted for Normalize {
    fn wanted(self, _: &Values) -> Normalize {
        self
    }
}

impl Wanted for Option<Normalize> {
    fn wanted(self, values: &Values) -> Normalize {
        let fitting = match values.full() {
            Some(_) => Normalize::Unit,
            None => Normalize::MeanStd,
        };
        self.unwrap_or(fitting)
    }
}

/// Sum, sum of squares and range of a channel.
#[derive(Clone, Copy)]
struct Statistics {
    /// Its first value. Sums are of differences from it, so that a mean much larger than the
    /// deviation does not drown it (Chan, Golub and LeVeque 1983, shifted data).
    origin: f64,
    sum: f64,
    squares: f64,
    min: f64,
    max: f64,
}

impl Normalize {
    /// What becomes of each channel. Only training examples are looked at.
    pub(crate) fn fit(
        self,
        values: &Values,
        shape: Dims,
        train: &[u32],
        error: impl Fn(String) -> DataError,
    ) -> Result<Vec<Scaling>> {
        let fixed = |low: f32, high: f32| {
            let Some(full) = values.full() else {
                let problem = "normalize: unit and symmetric are for integers (pixels); \
                               use mean_std or min_max";
                return Err(error(problem.to_owned()));
            };
            let scaling = Scaling {
                scale: (high - low) / f32::from(full),
                offset: low,
            };
            Ok(vec![scaling; shape[2]])
        };
        match self {
            Self::None => Ok(vec![Scaling::IDENTITY; shape[2]]),
            Self::Unit => fixed(0.0, 1.0),
            Self::Symmetric => fixed(-1.0, 1.0),
            Self::MeanStd | Self::MinMax => {
                let (statistics, count) = statistics(values, shape, train)?;
                let of = |statistics| self.scaling(statistics, count);
                Ok(statistics.into_iter().map(of).collect())
            }
        }
    }

    fn scaling(self, of: Statistics, count: f64) -> Scaling {
        let (centre, width) = if self == Self::MinMax {
            (of.min, of.max - of.min)
        } else {
            let mean = of.sum / count;
            let variance = of.squares / count - mean * mean;
            (of.origin + mean, variance.max(0.0).sqrt())
        };
        // A channel that does not vary tells nothing: it becomes 0.
        let is_constant = width <= 1e-12 * centre.abs().max(f64::MIN_POSITIVE);
        let scale = if is_constant { 1.0 } else { 1.0 / width };
        Scaling {
            scale: scale as f32,
            offset: (-centre * scale) as f32,
        }
    }
}

/// Statistics of each channel, and the number of values they are made of. Of data that is
/// streamed, every k-th example is read.
fn statistics(values: &Values, shape: Dims, train: &[u32]) -> Result<(Vec<Statistics>, f64)> {
    let nothing = Statistics {
        origin: 0.0,
        sum: 0.0,
        squares: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
    };
    let step = if values.is_streamed() {
        train.len().div_ceil(MOST_STREAMED)
    } else {
        1
    };
    let mut channels = vec![nothing; shape[2]];
    let mut example = vec![0.0; shape.iter().product()];
    let mut examples = 0;
    for &index in train.iter().step_by(step.max(1)) {
        values.read(index as usize, &mut example)?;
        if examples == 0 {
            for (channel, &first) in channels.iter_mut().zip(&example) {
                channel.origin = first.into();
            }
        }
        examples += 1;
        for pixel in example.chunks_exact(shape[2]) {
            for (channel, &value) in channels.iter_mut().zip(pixel) {
                let value = f64::from(value);
                let difference = value - channel.origin;
                channel.sum += difference;
                channel.squares += difference * difference;
                channel.min = channel.min.min(value);
                channel.max = channel.max.max(value);
            }
        }
    }
    Ok((channels, (examples * shape[0] * shape[1]) as f64))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn check(normalize: Normalize, values: Vec<f32>, expected: Scaling) {
        let shape = [values.len(), 1, 1];
        let error = |problem| DataError::new(Path::new("x"), problem);
        let made = normalize.fit(&Values::Floats(values), shape, &[0], error);
        let [made] = made.unwrap()[..] else {
            panic!("there is one channel");
        };
        let is_near = |a: f32, b: f32| (a - b).abs() <= 1e-5 * b.abs();
        let is_right = is_near(made.scale, expected.scale) && is_near(made.offset, expected.offset);
        assert!(is_right, "{normalize:?}: {made:?} instead of {expected:?}");
    }

    fn scaling(scale: f32, offset: f32) -> Scaling {
        Scaling { scale, offset }
    }

    #[test]
    fn ranges_become_the_wanted_ones() {
        let values = || vec![2.0, 6.0, 2.0, 6.0];
        check(Normalize::None, values(), scaling(1.0, 0.0));
        check(Normalize::MeanStd, values(), scaling(0.5, -2.0));
        check(Normalize::MinMax, values(), scaling(0.25, -0.5));
    }

    #[test]
    fn a_channel_that_does_not_vary_becomes_0() {
        for constant in [0.0, 1000.1, -1e-7, 3e7] {
            for normalize in [Normalize::MeanStd, Normalize::MinMax] {
                check(normalize, vec![constant; 10_007], scaling(1.0, -constant));
            }
        }
    }

    #[test]
    fn a_mean_does_not_drown_a_deviation() {
        let values: Vec<_> = (0..10_000).map(|i| 1e7 + 2.0 * (i % 2) as f32).collect();
        check(Normalize::MeanStd, values, scaling(1.0, -1e7 - 1.0));
    }
}
