//! Numbers as people read them.

use std::time::Duration;

use onchip_search::metric::{Metric, Scores};
use onchip_search::wording::grouped;

/// A quantity with its unit, rounded to what can be compared at a glance.
pub(crate) fn quantity(metric: Metric, value: f64) -> String {
    match metric {
        _ if metric.is_share() => format!("{:.2} %", 100.0 * value),
        Metric::LatencyMs => format!("{value:.3} ms"),
        Metric::PeakRam | Metric::Flash => format!("{:.1} KiB", value / 1024.0),
        _ => grouped(format!("{value:.0}")),
    }
}

/// Some quantities of a network, those that are known.
pub(crate) fn quantities(metrics: &[Metric], scores: &Scores) -> String {
    let known = metrics.iter().filter_map(|&metric| {
        let value = quantity(metric, scores.get(metric)?);
        Some(format!("{} {value}", metric.name()))
    });
    known.collect::<Vec<_>>().join(", ")
}

/// A span of time, its two largest units.
pub(crate) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_and_have_units() {
        let check = |metric, value, text: &str| assert_eq!(quantity(metric, value), text);
        check(Metric::ValidationError, 0.03214, "3.21 %");
        check(Metric::LatencyMs, 0.31272, "0.313 ms");
        check(Metric::Flash, 7936.0, "7.8 KiB");
        check(Metric::Cycles, 1_234_567.0, "1 234 567");
        check(Metric::Macs, 12.0, "12");
        assert_eq!(time(Duration::from_secs(59)), "59 s");
        assert_eq!(time(Duration::from_secs(61)), "1 min 1 s");
        assert_eq!(time(Duration::from_secs(7260)), "2 h 1 min");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let scores = Scores::from_iter([(Metric::Flash, 1024.0)]);
        let metrics = [Metric::ValidationError, Metric::Flash];
        assert_eq!(quantities(&metrics, &scores), "flash 1.0 KiB");
    }
}
