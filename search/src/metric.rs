//! What is known of a network, in numbers.

use std::collections::BTreeMap;

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

    /// Whether more is better.
    pub fn is_maximized(self) -> bool {
        matches!(self, Self::Accuracy | Self::ValidationAccuracy)
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
