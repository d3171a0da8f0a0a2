//! How a quantity is shown on an axis.

use std::ops::Range;

use onchip_search::metric::{Metric, Scores};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;

/// Beyond this ratio of the largest to the smallest value an axis is logarithmic.
const LOGARITHMIC_FROM: f64 = 20.0;

/// What stands on an axis. An error is shown as the accuracy that it is the rest of: readers
/// compare accuracies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Axis {
    metric: Metric,
    pub(crate) label: &'static str,
    /// What values are multiplied by to have the label's unit.
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    One,
    Percent,
    Kibi,
    Thousand,
}

impl Axis {
    pub(crate) fn of(metric: Metric) -> Self {
        let (metric, label, unit) = match metric {
            Metric::Accuracy | Metric::Error => {
                (Metric::Accuracy, "test accuracy (int8), %", Unit::Percent)
            }
            Metric::ValidationAccuracy | Metric::ValidationError => (
                Metric::ValidationAccuracy,
                "validation accuracy (int8), %",
                Unit::Percent,
            ),
            Metric::LatencyMs => (metric, "latency, ms", Unit::One),
            Metric::Cycles => (metric, "cycles, thousands", Unit::Thousand),
            Metric::PeakRam => (metric, "peak RAM, KiB", Unit::Kibi),
            Metric::Flash => (metric, "flash, KiB", Unit::Kibi),
            Metric::Parameters => (metric, "parameters, thousands", Unit::Thousand),
            Metric::Macs => (metric, "MACs, thousands", Unit::Thousand),
        };
        Self {
            metric,
            label,
            unit,
        }
    }

    /// Whether this is how good a network is, rather than what it costs.
    pub(crate) fn is_quality(self) -> bool {
        self.unit == Unit::Percent
    }

    /// A trial's value in the label's unit.
    pub(crate) fn value(self, scores: &Scores) -> Option<f64> {
        let value = scores.get(self.metric)?;
        Some(match self.unit {
            Unit::One => value,
            Unit::Percent => value * 100.0,
            Unit::Kibi => value / 1024.0,
            Unit::Thousand => value / 1000.0,
        })
    }
}

/// What an axis spans, linear or logarithmic.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Span {
    range: Range<f64>,
    is_logarithmic: bool,
}

impl Span {
    /// A span with some room around the values; `None` where there are none.
    pub(crate) fn around(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if !(low.is_finite() && high.is_finite()) {
            return None;
        }
        let is_logarithmic = low > 0.0 && high / low > LOGARITHMIC_FROM;
        let range = if is_logarithmic {
            low / 1.2..high * 1.2
        } else {
            let room = ((high - low) * 0.06).max(high.abs() * 0.01).max(1e-9);
            low - room..high + room
        };
        Some(Self {
            range,
            is_logarithmic,
        })
    }

    pub(crate) fn low(&self) -> f64 {
        self.range.start
    }

    /// A tick's text.
    fn text(value: f64) -> String {
        let text = format!("{value:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

impl Ranged for Span {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = if self.is_logarithmic {
            (value / self.range.start).ln() / (self.range.end / self.range.start).ln()
        } else {
            (value - self.range.start) / (self.range.end - self.range.start)
        };
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if !self.is_logarithmic {
            let linear = RangedCoordf64::from(self.range.clone());
            return linear.key_points(hint.max_num_points());
        }
        let decades =
            self.range.start.log10().floor() as i32..=self.range.end.log10().ceil() as i32;
        let points = |steps: &[f64]| -> Vec<f64> {
            let points = decades.clone().flat_map(|decade| {
                let step = move |step: &f64| step * 10_f64.powi(decade);
                steps.iter().map(step).collect::<Vec<_>>()
            });
            points.filter(|point| self.range.contains(point)).collect()
        };
        let all = points(&[1.0, 2.0, 5.0]);
        if all.len() <= hint.max_num_points() {
            all
        } else {
            points(&[1.0])
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Span {
    fn format_ext(&self, value: &f64) -> String {
        Self::text(*value)
    }
}
