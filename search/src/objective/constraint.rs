//! What is not allowed: `peak_ram < 256 KiB`.

use std::fmt;
use std::str::FromStr;

use super::quantity::{self, QuantityError};
use crate::metric::{Metric, UnknownMetric};

/// A limit of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    /// What is limited.
    pub metric: Metric,
    /// On which side of the limit it has to be.
    pub relation: Relation,
    /// The limit, in the metric's own unit.
    pub limit: f64,
    /// `None`: a candidate that breaks the limit is rejected. `Some`: it is punished by the
    /// relative excess times this weight.
    pub penalty: Option<f64>,
}

/// Between a metric and its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Relation {
    /// Longer signs first: `<=` begins with `<`.
    const SIGNS: [(&str, Self); 6] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("≤", Self::AtMost),
        ("≥", Self::AtLeast),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    /// Whether the limit is an upper one.
    pub fn is_upper(self) -> bool {
        matches!(self, Self::Less | Self::AtMost)
    }

    /// Whether `value` is on the right side. A value that is no number is not.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::AtMost => value <= limit,
            Self::Greater => value > limit,
            Self::AtLeast => value >= limit,
        }
    }
}

/// A value beyond all reason counts as this many times its limit, so that sums stay finite.
const MOST: f64 = 1e6;

impl Constraint {
    /// By how much `value` breaks the limit, as a share of the limit: 0 if it does not, more than
    /// 0 if it does. A limit of 0 counts as 1.
    pub fn excess(&self, value: f64) -> f64 {
        if self.relation.holds(value, self.limit) {
            return 0.0;
        }
        let scale = if self.limit == 0.0 { 1.0 } else { self.limit };
        let excess = (value - self.limit).abs() / scale;
        // On the limit itself a strict one is broken by nothing, and broken all the same.
        if excess.is_nan() {
            MOST
        } else {
            excess.clamp(f64::EPSILON, MOST)
        }
    }

    /// What of the metric keeps every network from holding it, and what to do about it; `None` if
    /// some network may.
    pub fn impossible(&self) -> Option<&'static str> {
        let (relation, limit) = (self.relation, self.limit);
        match self.metric.is_share() {
            // Nothing runs in no time, or without a byte, a weight or a product.
            false if relation.is_upper() && limit <= 0.0 => Some("is above 0; raise the limit"),
            true if relation.is_upper() && !relation.holds(0.0, limit) => {
                Some("is at least 0; raise the limit")
            }
            true if !relation.is_upper() && !relation.holds(1.0, limit) => {
                Some("is at most 1; lower the limit")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        })
    }
}

impl fmt::Display for Constraint {
    /// The limit as [`FromStr`] reads it; a penalty is not part of the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = quantity::show(self.metric, self.limit);
        write!(f, "{} {} {limit}", self.metric, self.relation)
    }
}

/// What is wrong with a constraint's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConstraintError {
    /// Nothing is compared.
    #[error("constraint `{text}`: none of <, <=, >, >= in it; write e.g. `latency_ms < 50`")]
    Relation {
        /// The constraint.
        text: String,
    },
    /// Something unknown is limited.
    #[error("constraint `{text}`, column {column}: {source}")]
    Metric {
        /// The constraint.
        text: String,
        /// Where the name begins, counted from 1.
        column: usize,
        /// What is wrong there.
        source: UnknownMetric,
    },
    /// The limit is none.
    #[error("constraint `{text}`, column {column}: {source}")]
    Limit {
        /// The constraint.
        text: String,
        /// Where the limit begins, counted from 1.
        column: usize,
        /// What is wrong there.
        source: QuantityError,
    },
}

impl FromStr for Constraint {
    type Err = ConstraintError;

    /// Reads `METRIC RELATION LIMIT [UNIT]`: a hard constraint.
    fn from_str(text: &str) -> Result<Self, ConstraintError> {
        let Some(at) = text.find(['<', '>', '≤', '≥']) else {
            return Err(ConstraintError::Relation {
                text: text.to_owned(),
            });
        };
        let mut signs = Relation::SIGNS.into_iter();
        let Some((sign, relation)) = signs.find(|(s, _)| text[at..].starts_with(s)) else {
            return Err(ConstraintError::Relation {
                text: text.to_owned(),
            });
        };
        let (name, limit) = (&text[..at], &text[at + sign.len()..]);
        let metric = name
            .trim()
            .parse()
            .map_err(|source| ConstraintError::Metric {
                text: text.to_owned(),
                column: column(text, name),
                source,
            })?;
        let limit = quantity::parse(metric, limit).map_err(|source| ConstraintError::Limit {
            text: text.to_owned(),
            column: column(text, limit),
            source,
        })?;
        Ok(Self {
            metric,
            relation,
            limit,
            penalty: None,
        })
    }
}

/// Where the first visible character of `part`, a slice of `text`, stands.
fn column(text: &str, part: &str) -> usize {
    let start = part.trim_start().as_ptr().addr() - text.as_ptr().addr();
    text[..start].chars().count() + 1
}
