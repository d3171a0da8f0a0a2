//! A study of made-up trials, shown.

use std::fs;
use std::path::Path;

use onchip_report::{Best, Error, Report};
use onchip_search::metric::{Metric, Scores};
use onchip_search::trial::{Gate, Outcome, Trial};

/// Trials of every kind: the first three on the front, one dominated, one with too much RAM, one
/// turned away before training, one that failed.
fn trials() -> Vec<Trial<String>> {
    let complete = |number: u64, accuracy: f64, latency: f64, flash: f64| {
        let scores = [
            (Metric::Accuracy, accuracy - 0.005),
            (Metric::ValidationAccuracy, accuracy),
            (Metric::LatencyMs, latency),
            (Metric::Flash, flash),
        ];
        trial(number, Gate::Trained, Outcome::Complete, &scores)
    };
    let fat = [
        (Metric::ValidationAccuracy, 0.99),
        (Metric::LatencyMs, 18.0),
        (Metric::Flash, 90_000.0),
    ];
    let slow = [(Metric::LatencyMs, 30.0), (Metric::Flash, 50_000.0)];
    vec![
        complete(0, 0.91, 0.6, 3_000.0),
        complete(1, 0.955, 2.5, 7_500.0),
        complete(2, 0.983, 9.0, 30_000.0),
        complete(3, 0.93, 4.0, 20_000.0),
        trial(
            4,
            Gate::Trained,
            Outcome::Infeasible("peak_ram".into()),
            &fat,
        ),
        trial(
            5,
            Gate::Measured,
            Outcome::Infeasible("latency_ms".into()),
            &slow,
        ),
        trial(6, Gate::Static, Outcome::Failed("no".into()), &[]),
    ]
}

fn trial(number: u64, gate: Gate, outcome: Outcome, scores: &[(Metric, f64)]) -> Trial<String> {
    Trial {
        number,
        point: format!("[conv(1,{number},3)]"),
        key: number.to_string(),
        gate,
        outcome,
        scores: scores.iter().copied().collect::<Scores>(),
        same_as: None,
    }
}

fn write(folder: &Path, trials: &[Trial<String>], best: Option<Best<'_>>) -> Result<(), Error> {
    let on_front = |trial: &&Trial<String>| trial.number < 3;
    let front: Vec<_> = trials
        .iter()
        .filter(on_front)
        .map(|trial| trial.number)
        .collect();
    let report = Report {
        name: "made up",
        measured_on: "nucleo-l4r5zi, emulated",
        objectives: &[Metric::ValidationError, Metric::LatencyMs, Metric::Flash],
        trials,
        front: &front,
        hypervolume: &[0.3, 0.55, 0.8, 0.8, 0.8, 0.8, 0.8],
        best,
    };
    report.write(folder).map(drop)
}

fn best<'a>(labels: &'a [String], record: &'a serde_json::Value) -> Best<'a> {
    Best {
        trial: 2,
        model: b"the model",
        spec: "architecture: []\n",
        record: Some(record),
        labels,
    }
}

#[test]
fn every_file_is_written_and_the_same_twice() {
    let labels = ["zero".to_owned(), "one".to_owned()];
    let record = serde_json::json!({ "cycles": 7 });
    let [once, twice] = [(); 2].map(|()| {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &trials(), Some(best(&labels, &record))).unwrap();
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        [
            "search_results.csv",
            "pareto_frontier.csv",
            "pareto_plot.png",
            "pareto_plot.svg",
            "hypervolume.png",
            "best_model_spec.yaml",
            "best_model/spec.yaml",
            "best_model/model.tflite",
            "best_model/record.json",
            "best_model/labels.txt",
        ]
        .map(read)
    });
    assert_eq!(once, twice);
    let [results, front, png, svg, .., labels] = &once;
    assert_eq!(results.split(|&byte| byte == b'\n').count(), 1 + 7 + 1);
    assert_eq!(front.split(|&byte| byte == b'\n').count(), 1 + 3 + 1);
    assert_eq!(labels, b"zero\none\n");
    assert!(png.starts_with(b"\x89PNG"));
    let svg = String::from_utf8_lossy(svg);
    for text in [
        "made up",
        "latency, ms",
        "flash, KiB",
        "infeasible",
        "validation accuracy",
    ] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn a_study_without_a_front_is_shown_and_its_old_best_model_goes() {
    let folder = tempfile::tempdir().unwrap();
    let record = serde_json::Value::Null;
    write(folder.path(), &trials(), Some(best(&[], &record))).unwrap();
    write(folder.path(), &trials()[5..], None).unwrap();
    assert!(!folder.path().join("best_model/model.tflite").exists());
    assert!(folder.path().join("pareto_plot.png").exists());
    write(folder.path(), &[], None).unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = write(&file, &trials(), None).unwrap_err().to_string();
    assert!(error.contains("search_results.csv"), "{error}");
}
