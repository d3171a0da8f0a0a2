//! The front as a table.

use onchip_search::architecture::Architecture;
use onchip_search::metric::{Metric, Scores};
use onchip_search::objective::Goals;
use onchip_search::trial::Trial;

use super::show::quantity;

/// The trials of a front, the best in the first objective first: their objectives, and how good
/// they are on the split that the search has not seen.
pub(super) fn table(goals: &Goals, trials: &[Trial<Architecture>], front: &[u64]) -> String {
    let objectives = goals.objectives().iter();
    let mut metrics: Vec<_> = objectives.map(|objective| objective.metric).collect();
    if !metrics.contains(&Metric::Accuracy) && !metrics.contains(&Metric::Error) {
        metrics.push(Metric::Accuracy);
    }
    let on_front = trials.iter().filter(|trial| front.contains(&trial.number));
    let mut members: Vec<_> = on_front.collect();
    let first = |trial: &Trial<_>| {
        let values = goals.values(&trial.scores);
        values.map_or(f64::INFINITY, |values| values[0])
    };
    members.sort_by(|left, right| first(left).total_cmp(&first(right)));

    let mut rows = vec![head(&metrics)];
    rows.extend(members.iter().map(|trial| {
        let number = trial.number.to_string();
        std::iter::once(number)
            .chain(cells(&metrics, &trial.scores))
            .collect()
    }));
    aligned(&rows)
}

fn head(metrics: &[Metric]) -> Vec<String> {
    let name = |metric: &Metric| match metric {
        Metric::Accuracy => "test accuracy".to_owned(),
        _ => metric.name().replace("_ms", "").replace('_', " "),
    };
    let names = metrics.iter().map(name);
    std::iter::once("trial".to_owned()).chain(names).collect()
}

fn cells(metrics: &[Metric], scores: &Scores) -> impl Iterator<Item = String> {
    metrics.iter().map(|&metric| {
        let value = scores.get(metric);
        value.map_or("-".to_owned(), |value| quantity(metric, value))
    })
}

/// Columns as wide as their widest cell, numbers to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<_> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, &width)| format!("  {cell:>width$}"));
        cells.collect::<String>() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use onchip_search::objective::Objective;
    use onchip_search::trial::{Gate, Outcome};

    #[test]
    fn the_best_comes_first_and_columns_are_aligned() {
        let trial = |number, error, latency| Trial {
            number,
            point: "[in(8x8x1),conv(1,4,3),relu,gap,fc(4,2)]".parse().unwrap(),
            key: String::new(),
            gate: Gate::Trained,
            outcome: Outcome::Complete,
            scores: Scores::from_iter([
                (Metric::ValidationError, error),
                (Metric::LatencyMs, latency),
                (Metric::Accuracy, 0.5),
            ]),
            same_as: None,
        };
        let objectives = [Metric::ValidationError, Metric::LatencyMs].map(Objective::new);
        let goals = Goals::new(objectives.into(), Vec::new()).unwrap();
        let trials = [
            trial(0, 0.3, 1.0),
            trial(1, 0.4, 2.0),
            trial(12, 0.02, 11.5),
        ];
        assert_eq!(
            table(&goals, &trials, &[0, 12]),
            "  trial  validation error    latency  test accuracy\n     \
               12            2.00 %  11.500 ms        50.00 %\n      \
                0           30.00 %   1.000 ms        50.00 %\n"
        );
    }
}
