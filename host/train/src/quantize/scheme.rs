//! How a network is quantized, as a study file says it.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// How trained networks become int8: the `quantization:` section of a study file.
///
/// ```yaml
/// quantization:
///   calibration: {percentile: 99.99}
///   samples: 512
///   qat: {epochs: 3, learning_rate: 0.0005}
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scheme {
    /// What the range of a value is, which the 256 steps of its int8 divide.
    pub calibration: Calibration,
    /// Number of training examples, spread evenly over the split, that ranges are taken from.
    pub samples: NonZeroU32,
    /// Training that goes on with weights and values rounded as in int8; none if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qat: Option<FineTuning>,
}

/// See [`Scheme::calibration`].
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Calibration {
    /// From the least to the greatest number that occurs.
    #[default]
    MinMax,
    /// Without the rarest numbers at each end: as many per cent of all are below its greatest
    /// number, and above its least. The network's input always has its whole range.
    Percentile(
        #[serde(deserialize_with = "percentile")]
        #[schemars(range(min = 50, max = 100))]
        f64,
    ),
}

/// See [`Scheme::qat`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FineTuning {
    /// Passes over the training split.
    pub epochs: NonZeroU32,
    /// The first step's; it falls to 0 along half a cosine. A tenth of the training's is usual.
    #[serde(deserialize_with = "learning_rate")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub learning_rate: f32,
}

impl Default for Scheme {
    fn default() -> Self {
        Self {
            calibration: Calibration::MinMax,
            samples: NonZeroU32::MIN.saturating_add(511),
            qat: None,
        }
    }
}

fn percentile<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let percentile = f64::deserialize(deserializer)?;
    if percentile > 50.0 && percentile <= 100.0 {
        Ok(percentile)
    } else {
        Err(serde::de::Error::custom(format!(
            "the percentile {percentile} is not above 50 and at most 100; 99.9 is usual"
        )))
    }
}

fn learning_rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    let rate = f32::deserialize(deserializer)?;
    if rate > 0.0 && rate.is_finite() {
        Ok(rate)
    } else {
        Err(serde::de::Error::custom(format!(
            "the learning rate {rate} is not a positive number; 0.0005 is usual"
        )))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn schemes_are_read_as_they_are_written() {
        let check = |text: serde_json::Value, expected: Scheme| {
            assert_eq!(from_value::<Scheme>(text).unwrap(), expected);
            let written = to_value(expected).unwrap();
            assert_eq!(from_value::<Scheme>(written).unwrap(), expected);
        };
        let default = Scheme::default();
        check(json!({}), default);
        check(json!({ "calibration": "min_max" }), default);
        let samples = NonZeroU32::MIN;
        check(json!({ "samples": 1 }), Scheme { samples, ..default });
        let calibration = Calibration::Percentile(99.9);
        let scheme = Scheme {
            calibration,
            ..default
        };
        check(json!({ "calibration": { "percentile": 99.9 } }), scheme);
        let qat = Some(FineTuning {
            epochs: NonZeroU32::MIN,
            learning_rate: 0.5,
        });
        let text = json!({ "qat": { "epochs": 1, "learning_rate": 0.5 } });
        check(text, Scheme { qat, ..default });
    }

    #[test]
    fn senseless_numbers_are_refused() {
        let check = |text: serde_json::Value, problem: &str| {
            let error = from_value::<Scheme>(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        };
        check(json!({ "sample": 1 }), "unknown field `sample`");
        check(json!({ "samples": 0 }), "nonzero");
        for percentile in [50.0, 100.1, -1.0] {
            let text = json!({ "calibration": { "percentile": percentile } });
            check(text, "is not above 50 and at most 100");
        }
        check(json!({ "calibration": "best" }), "unknown variant `best`");
        let qat = |epochs, learning_rate| json!({ "qat": { "epochs": epochs, "learning_rate": learning_rate } });
        check(qat(0, 0.1), "nonzero");
        check(qat(1, 0.0), "is not a positive number");
        check(qat(1, -0.1), "is not a positive number");
    }
}
