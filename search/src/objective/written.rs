//! Objectives and constraints as a study file writes them.

use std::borrow::Cow;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::quantity::{self, QuantityError};
use super::{Constraint, ConstraintError, Objective};
use crate::metric::{Metric, UnknownMetric};
use crate::written::text_or_map;

/// An objective with all its keys.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ObjectiveSettings")]
struct ObjectiveMap {
    /// The metric.
    metric: Metric,
    /// How much it counts in aging evolution and the weighted sum; 1 unless told.
    weight: Option<f64>,
    /// What would be good enough, e.g. `0.95` or `64 KiB`.
    target: Option<Quantity>,
    /// What it is expected to lie between, lower end first.
    range: Option<[Quantity; 2]>,
}

/// A number, or a text with a unit.
#[derive(Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected a number, or one with a unit such as `64 KiB`"
)]
enum Quantity {
    Number(f64),
    Text(String),
}

impl Quantity {
    fn of(&self, metric: Metric) -> Result<f64, QuantityError> {
        match self {
            Self::Number(number) => quantity::check(metric, *number, &number.to_string()),
            Self::Text(text) => quantity::parse(metric, text),
        }
    }
}

/// What is wrong with an objective.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
enum ObjectiveError {
    #[error("objective {metric}, {key}: {source}")]
    Quantity {
        metric: Metric,
        key: &'static str,
        source: QuantityError,
    },
    #[error("objective {metric}: the weight {weight} is no finite number above 0")]
    Weight { metric: Metric, weight: f64 },
    #[error("objective {metric}: the range's lower end {low} is not below its upper end {high}")]
    Range { metric: Metric, low: f64, high: f64 },
}

impl TryFrom<ObjectiveMap> for Objective {
    type Error = ObjectiveError;

    fn try_from(written: ObjectiveMap) -> Result<Self, ObjectiveError> {
        let metric = written.metric;
        let read = |key, quantity: &Quantity| {
            quantity
                .of(metric)
                .map_err(|source| ObjectiveError::Quantity {
                    metric,
                    key,
                    source,
                })
        };
        let weight = written.weight.unwrap_or(1.0);
        if !(weight.is_finite() && weight > 0.0) {
            return Err(ObjectiveError::Weight { metric, weight });
        }
        let target = written
            .target
            .map(|target| read("target", &target))
            .transpose()?;
        let range = match written.range {
            Some([low, high]) => Some([read("range", &low)?, read("range", &high)?]),
            None => None,
        };
        match range {
            Some([low, high]) if low >= high => Err(ObjectiveError::Range { metric, low, high }),
            _ => Ok(Self {
                metric,
                weight,
                target,
                range,
            }),
        }
    }
}

impl FromStr for Objective {
    type Err = UnknownMetric;

    fn from_str(name: &str) -> Result<Self, UnknownMetric> {
        Ok(Self::new(name.parse()?))
    }
}

impl<'de> Deserialize<'de> for Objective {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a metric's name, or a map of metric, weight, target and range";
        text_or_map::<Self, ObjectiveMap, D>(deserializer, expected)
    }
}

impl Serialize for Objective {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if *self == Self::new(self.metric) {
            return self.metric.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("metric", &self.metric)?;
        map.serialize_entry("weight", &self.weight)?;
        // As texts: where a number may stand for a text, serde_json with arbitrary precision, which
        // other crates of a program may ask for, does not read fractions (serde-rs/json#559).
        if let Some(target) = self.target {
            map.serialize_entry("target", &target.to_string())?;
        }
        if let Some(range) = self.range {
            map.serialize_entry("range", &range.map(|end| end.to_string()))?;
        }
        map.end()
    }
}

impl JsonSchema for Objective {
    fn schema_name() -> Cow<'static, str> {
        "Objective".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A metric to be made as good as possible.",
            "anyOf": [
                generator.subschema_for::<Metric>(),
                generator.subschema_for::<ObjectiveMap>(),
            ],
        })
    }
}

/// A soft constraint.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SoftConstraint {
    /// The limit, e.g. `latency_ms < 50`.
    soft: String,
    /// The relative excess times this is added to every objective; 1 unless told.
    weight: Option<f64>,
}

/// What is wrong with a soft constraint.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
enum SoftConstraintError {
    #[error(transparent)]
    Text(#[from] ConstraintError),
    #[error("constraint `{text}`: the weight {weight} is no finite number above 0")]
    Weight { text: String, weight: f64 },
}

impl TryFrom<SoftConstraint> for Constraint {
    type Error = SoftConstraintError;

    fn try_from(written: SoftConstraint) -> Result<Self, SoftConstraintError> {
        let weight = written.weight.unwrap_or(1.0);
        if !(weight.is_finite() && weight > 0.0) {
            return Err(SoftConstraintError::Weight {
                text: written.soft,
                weight,
            });
        }
        Ok(Self {
            penalty: Some(weight),
            ..written.soft.parse()?
        })
    }
}

impl<'de> Deserialize<'de> for Constraint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a limit such as `latency_ms < 50`, or a map of soft and weight";
        text_or_map::<Self, SoftConstraint, D>(deserializer, expected)
    }
}

impl Serialize for Constraint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(weight) = self.penalty else {
            return serializer.collect_str(self);
        };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("soft", &self.to_string())?;
        map.serialize_entry("weight", &weight)?;
        map.end()
    }
}

impl JsonSchema for Constraint {
    fn schema_name() -> Cow<'static, str> {
        "Constraint".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A limit: a text is a hard one, which rejects.",
            "anyOf": [
                { "type": "string", "examples": ["latency_ms < 50", "peak_ram < 256 KiB"] },
                generator.subschema_for::<SoftConstraint>(),
            ],
        })
    }
}
