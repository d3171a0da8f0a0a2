//! What is known of a network, in numbers.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A quantity of a network, and where it comes from. The order is that of columns in tables.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of the test split that the int8 engine classifies rightly, 0 to 1.
    Accuracy,
    /// 1 − accuracy.
    Error,
    /// Share of the validation split that the int8 engine classifies rightly, 0 to 1. A search
    /// that is steered by it leaves the test split untouched.
    ValidationAccuracy,
    /// 1 − validation accuracy.
    ValidationError,
    /// Milliseconds per inference, measured on the board.
    LatencyMs,
    /// Core clock cycles per inference, measured on the board.
    Cycles,
    /// Bytes of RAM at the peak (arena, stack and the image's variables), measured on the board.
    PeakRam,
    /// Bytes of the model's file, which is what lies in flash beside the image.
    Flash,
    /// Weights and biases as deployed.
    Parameters,
    /// Multiply-accumulates of an inference.
    Macs,
}

impl Metric {
    /// All, in the order of columns.
    pub const ALL: [Self; 10] = [
        Self::Accuracy,
        Self::Error,
        Self::ValidationAccuracy,
        Self::ValidationError,
        Self::LatencyMs,
        Self::Cycles,
        Self::PeakRam,
        Self::Flash,
        Self::Parameters,
        Self::Macs,
    ];

    /// As it is written in study files and heads of columns.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Error => "error",
            Self::ValidationAccuracy => "validation_accuracy",
            Self::ValidationError => "validation_error",
            Self::LatencyMs => "latency_ms",
            Self::Cycles => "cycles",
            Self::PeakRam => "peak_ram",
            Self::Flash => "flash",
            Self::Parameters => "parameters",
            Self::Macs => "macs",
        }
    }

    /// Whether it is a share between 0 and 1.
    pub fn is_share(self) -> bool {
        use Metric::{Accuracy, Error, ValidationAccuracy, ValidationError};
        matches!(
            self,
            Accuracy | Error | ValidationAccuracy | ValidationError
        )
    }

    /// Whether only a board can tell it.
    pub fn is_measured(self) -> bool {
        matches!(self, Self::LatencyMs | Self::Cycles | Self::PeakRam)
    }

    /// What is minimised in its place: the error for an accuracy, else the metric itself.
    pub fn as_minimised(self) -> Self {
        match self {
            Self::Accuracy => Self::Error,
            Self::ValidationAccuracy => Self::ValidationError,
            other => other,
        }
    }

    /// Whether more is better.
    pub fn is_maximized(self) -> bool {
        matches!(self, Self::Accuracy | Self::ValidationAccuracy)
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no metric has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no metric `{name}`{}; there are {}", suggestion(name), Metric::ALL.map(Metric::name).join(", "))]
pub struct UnknownMetric {
    /// What was written.
    pub name: String,
}

/// The metric that was most likely meant.
fn suggestion(name: &str) -> String {
    let closeness = |metric: &Metric| strsim::jaro_winkler(name, metric.name());
    let nearest = Metric::ALL
        .into_iter()
        .max_by(|a, b| closeness(a).total_cmp(&closeness(b)));
    match nearest {
        Some(metric) if closeness(&metric) > 0.7 => format!(", did you mean `{metric}`"),
        _ => String::new(),
    }
}

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(name: &str) -> Result<Self, UnknownMetric> {
        let named = Self::ALL.into_iter().find(|metric| metric.name() == name);
        named.ok_or_else(|| UnknownMetric {
            name: name.to_owned(),
        })
    }
}

/// What is known of one network.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scores(pub BTreeMap<Metric, f64>);

impl Scores {
    /// A quantity, if it is known.
    pub fn get(&self, metric: Metric) -> Option<f64> {
        self.0.get(&metric).copied()
    }

    /// Takes over what `other` knows.
    pub fn merge(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }
}

impl FromIterator<(Metric, f64)> for Scores {
    fn from_iter<I: IntoIterator<Item = (Metric, f64)>>(scores: I) -> Self {
        Self(scores.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_files() {
        for metric in Metric::ALL {
            assert_eq!(serde_json::to_value(metric).unwrap(), metric.name());
            assert_eq!(metric.name().parse(), Ok(metric));
        }
    }

    #[test]
    fn an_unknown_name_is_told_its_nearest() {
        for (written, meant) in [
            ("latency", "latency_ms"),
            ("peakram", "peak_ram"),
            ("MACs", ""),
        ] {
            let error = written.parse::<Metric>().unwrap_err().to_string();
            assert_eq!(error.contains("did you mean"), !meant.is_empty(), "{error}");
            assert!(
                error.contains(&format!("`{meant}`")) || meant.is_empty(),
                "{error}"
            );
        }
    }
}
