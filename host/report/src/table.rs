//! Trials as a table, one line each.

use std::fmt::Display;

use onchip_search::metric::Metric;
use onchip_search::trial::{Gate, Outcome, Trial};

/// Numbers by their columns: latency in milliseconds, RAM and flash in bytes, accuracies from 0
/// to 1.
const NUMBERS: [(&str, Metric); 8] = [
    ("params", Metric::Parameters),
    ("accuracy", Metric::Accuracy),
    ("latency", Metric::LatencyMs),
    ("peak_ram", Metric::PeakRam),
    ("flash", Metric::Flash),
    ("macs", Metric::Macs),
    ("cycles", Metric::Cycles),
    ("validation_accuracy", Metric::ValidationAccuracy),
];

/// Trials as CSV with a head line; what is not known of a trial is left empty.
pub(crate) fn results<'a, P: Display + 'a>(
    trials: impl IntoIterator<Item = &'a Trial<P>>,
) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(head())?;
    for trial in trials {
        table.write_record(line(trial))?;
    }
    // Bytes in memory have nothing to fail at.
    table
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

fn head() -> impl Iterator<Item = &'static str> {
    let names = NUMBERS.iter().map(|(name, _)| *name);
    let words = ["gate", "outcome", "reason", "architecture"];
    ["trial"].into_iter().chain(names).chain(words)
}

fn line<P: Display>(trial: &Trial<P>) -> Vec<String> {
    let gate = match trial.gate {
        Gate::Static => "static",
        Gate::Measured => "measured",
        Gate::Trained => "trained",
    };
    let (outcome, reason) = match &trial.outcome {
        Outcome::Complete => ("complete", ""),
        Outcome::Infeasible(reason) => ("infeasible", reason.as_str()),
        Outcome::Failed(reason) => ("failed", reason.as_str()),
    };
    let number = |&(_, metric): &(_, Metric)| {
        let number = trial.scores.get(metric);
        number.map_or(String::new(), |number| number.to_string())
    };
    let mut cells = vec![trial.number.to_string()];
    cells.extend(NUMBERS.iter().map(number));
    cells.extend([gate, outcome, reason].map(str::to_owned));
    cells.push(trial.point.to_string());
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use onchip_search::metric::Scores;

    #[test]
    fn what_is_not_known_is_empty_and_text_is_quoted() {
        let trial = |number, gate, outcome, scores: &[(Metric, f64)]| Trial {
            number,
            point: "[conv(1,4,3),fc(4,2)]",
            key: String::new(),
            gate,
            outcome,
            scores: scores.iter().copied().collect::<Scores>(),
            same_as: None,
        };
        let known = [
            (Metric::Accuracy, 0.975),
            (Metric::LatencyMs, 1.25),
            (Metric::Cycles, 150_000.0),
        ];
        let trials = [
            trial(0, Gate::Trained, Outcome::Complete, &known),
            trial(
                1,
                Gate::Static,
                Outcome::Infeasible("flash 9, most 8".into()),
                &[],
            ),
        ];
        let table = String::from_utf8(results(&trials).unwrap()).unwrap();
        assert_eq!(
            table,
            "trial,params,accuracy,latency,peak_ram,flash,macs,cycles,validation_accuracy,gate,outcome,reason,architecture\n\
             0,,0.975,1.25,,,,150000,,trained,complete,,\"[conv(1,4,3),fc(4,2)]\"\n\
             1,,,,,,,,,static,infeasible,\"flash 9, most 8\",\"[conv(1,4,3),fc(4,2)]\"\n"
        );
    }
}
