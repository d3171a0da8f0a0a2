//! How long a study may go on.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The study ends at whichever comes first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Number of candidates, those that a gate rejects included.
    #[schemars(range(min = 1))]
    pub trials: u64,
    /// Wall time, like `10 min` or `1 h 30 min`. A study that time ends is not reproducible to the
    /// last trial; what it has done is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
}

/// A search that leads nowhere, or has found enough, ends before its budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlyStop {
    /// Ends after so many trials in a row that did not enlarge the front.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub patience: Option<u64>,
    /// Ends when a trial that keeps all constraints meets this too, like
    /// `validation_accuracy >= 0.98`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<onchip_search::objective::Constraint>,
}

/// A span of wall time, written with its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("examples" = ["10 min"]))]
pub struct Time(pub Duration);

/// Units and their seconds, the largest first.
const UNITS: [(&str, u64); 3] = [("h", 3600), ("min", 60), ("s", 1)];

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a time like `30 s`, `10 min` or `1 h 30 min`");
        let mut rest = text.trim();
        let mut seconds = 0.0;
        while !rest.is_empty() {
            let is_number = |c: char| c.is_ascii_digit() || c == '.';
            let (number, tail) = rest.split_at(rest.find(|c| !is_number(c)).unwrap_or(rest.len()));
            let tail = tail.trim_start();
            let (unit, tail) = tail.split_at(
                tail.find(|c: char| !c.is_ascii_alphabetic())
                    .unwrap_or(tail.len()),
            );
            let unit = UNITS.iter().find(|(name, _)| *name == unit);
            let (_, length) = unit.ok_or_else(wrong)?;
            #[expect(clippy::cast_precision_loss, reason = "at most 3600")]
            let length = *length as f64;
            seconds += number.parse::<f64>().map_err(|_| wrong())? * length;
            rest = tail.trim_start();
        }
        let time = Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
        if time.is_zero() {
            return Err(wrong());
        }
        Ok(Self(time))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_secs();
        let mut separator = "";
        for (unit, length) in UNITS {
            let count = rest / length;
            rest %= length;
            let fraction = self.0.subsec_nanos();
            if unit == "s" && fraction > 0 {
                let seconds = Duration::new(count, fraction).as_secs_f64();
                write!(f, "{separator}{seconds} s")?;
            } else if count > 0 {
                write!(f, "{separator}{count} {unit}")?;
                separator = " ";
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Time {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, seconds, written) in [
            ("10 min", 600.0, "10 min"),
            ("1h30min", 5400.0, "1 h 30 min"),
            ("1.5 h", 5400.0, "1 h 30 min"),
            ("0.5 s", 0.5, "0.5 s"),
            ("61 s", 61.0, "1 min 1 s"),
        ] {
            let time: Time = text.parse().unwrap();
            assert_eq!(time.0.as_secs_f64(), seconds, "{text}");
            assert_eq!(time.to_string(), written, "{text}");
        }
        for text in ["", "10", "ten min", "10 minutes", "-5 s", "0 s", "1 h 3"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }
}
