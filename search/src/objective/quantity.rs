//! Numbers with units, as people write them.

use crate::metric::Metric;

/// A unit and how many of the metric's own it is worth, as the multiplier and the divisor: a
/// division by 1000 is exact where a multiplication by 0.001 is not.
type Unit = (&'static str, f64, f64);

const SHARES: &[Unit] = &[("%", 1.0, 100.0)];
const TIMES: &[Unit] = &[
    ("ms", 1.0, 1.0),
    ("us", 1.0, 1e3),
    ("µs", 1.0, 1e3),
    ("s", 1e3, 1.0),
];
const SIZES: &[Unit] = &[
    ("B", 1.0, 1.0),
    ("KiB", 1024.0, 1.0),
    ("MiB", 1_048_576.0, 1.0),
    ("KB", 1e3, 1.0),
    ("kB", 1e3, 1.0),
    ("MB", 1e6, 1.0),
];
const COUNTS: &[Unit] = &[("k", 1e3, 1.0), ("M", 1e6, 1.0)];

/// What may stand behind a number of this metric.
fn units(metric: Metric) -> &'static [Unit] {
    match metric {
        Metric::Accuracy | Metric::Error | Metric::ValidationAccuracy | Metric::ValidationError => {
            SHARES
        }
        Metric::LatencyMs => TIMES,
        Metric::PeakRam | Metric::Flash => SIZES,
        Metric::Cycles | Metric::Parameters | Metric::Macs => COUNTS,
    }
}

/// What is wrong with a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// It does not begin with a number.
    #[error("`{0}` does not begin with a number")]
    Number(String),
    /// It is infinite, or less than nothing.
    #[error("`{0}` is no finite number of at least 0")]
    Range(String),
    /// An unknown unit, or one of something else.
    #[error("`{unit}` is no unit of {metric}: write {}", allowed(*metric))]
    Unit {
        /// What stands behind the number.
        unit: String,
        /// What is limited.
        metric: Metric,
    },
    /// A share above 1.
    #[error("{metric} is a share between 0 and 1, `{text}` is not (for percent write `{text} %`)")]
    Share {
        /// What was written.
        text: String,
        /// What is limited.
        metric: Metric,
    },
}

fn allowed(metric: Metric) -> String {
    let names: Vec<&str> = units(metric).iter().map(|unit| unit.0).collect();
    format!("no unit, or one of {}", names.join(", "))
}

/// Reads a number and its unit, into the metric's own unit.
///
/// # Errors
/// See [`QuantityError`].
pub fn parse(metric: Metric, text: &str) -> Result<f64, QuantityError> {
    let text = text.trim();
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_' | '+' | '-');
    let mut split = text.find(|c| !digits(c)).unwrap_or(text.len());
    // An exponent belongs to the number only if digits follow it.
    if let Some(exponent) = text[split..].strip_prefix(['e', 'E']) {
        let length = exponent.find(|c| !digits(c)).unwrap_or(exponent.len());
        split += if length == 0 { 0 } else { 1 + length };
    }
    let (number, unit) = (text[..split].replace('_', ""), text[split..].trim());
    let number: f64 = number
        .parse()
        .map_err(|_| QuantityError::Number(text.to_owned()))?;
    let (_, times, over) = match unit {
        "" => ("", 1.0, 1.0),
        _ => *units(metric)
            .iter()
            .find(|(name, ..)| *name == unit)
            .ok_or_else(|| QuantityError::Unit {
                unit: unit.to_owned(),
                metric,
            })?,
    };
    check(metric, number * times / over, text)
}

/// Refuses what no limit can be.
pub(super) fn check(metric: Metric, value: f64, text: &str) -> Result<f64, QuantityError> {
    if !(value.is_finite() && value >= 0.0) {
        return Err(QuantityError::Range(text.to_owned()));
    }
    if metric.is_share() && value > 1.0 {
        return Err(QuantityError::Share {
            text: text.to_owned(),
            metric,
        });
    }
    Ok(value)
}

/// Writes a quantity with its unit, so that [`parse`] reads the same number again.
pub fn show(metric: Metric, value: f64) -> String {
    match metric {
        Metric::LatencyMs => format!("{value} ms"),
        Metric::PeakRam | Metric::Flash if value != 0.0 && value % 1_048_576.0 == 0.0 => {
            format!("{} MiB", value / 1_048_576.0)
        }
        Metric::PeakRam | Metric::Flash if value != 0.0 && value % 1024.0 == 0.0 => {
            format!("{} KiB", value / 1024.0)
        }
        Metric::PeakRam | Metric::Flash => format!("{value} B"),
        _ => format!("{value}"),
    }
}
