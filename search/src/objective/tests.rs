use proptest::prelude::*;

use super::*;
use crate::metric::Scores;

fn limit(text: &str) -> Constraint {
    text.parse().unwrap()
}

#[test]
fn units_are_those_of_the_metric() {
    for (text, metric, relation, value) in [
        ("latency_ms < 50", Metric::LatencyMs, Relation::Less, 50.0),
        (
            "latency_ms<=1000us",
            Metric::LatencyMs,
            Relation::AtMost,
            1.0,
        ),
        (
            "latency_ms < 0.5 s",
            Metric::LatencyMs,
            Relation::Less,
            500.0,
        ),
        (
            "peak_ram < 256 KiB",
            Metric::PeakRam,
            Relation::Less,
            262_144.0,
        ),
        ("flash <= 64KB", Metric::Flash, Relation::AtMost, 64_000.0),
        (
            "flash ≤ 1.5 MiB",
            Metric::Flash,
            Relation::AtMost,
            1_572_864.0,
        ),
        (
            "parameters < 80k",
            Metric::Parameters,
            Relation::Less,
            80_000.0,
        ),
        ("macs < 2.5 M", Metric::Macs, Relation::Less, 2_500_000.0),
        ("cycles < 1e6", Metric::Cycles, Relation::Less, 1_000_000.0),
        (
            "validation_accuracy >= 90 %",
            Metric::ValidationAccuracy,
            Relation::AtLeast,
            0.9,
        ),
        (
            " accuracy > 0.97 ",
            Metric::Accuracy,
            Relation::Greater,
            0.97,
        ),
    ] {
        let read = Constraint {
            metric,
            relation,
            limit: value,
            penalty: None,
        };
        assert_eq!(limit(text), read, "{text}");
    }
}

#[test]
fn errors_name_place_and_remedy() {
    for (text, error) in [
        (
            "latency_ms 50",
            "constraint `latency_ms 50`: none of <, <=, >, >= in it",
        ),
        (
            "latency < 50",
            "column 1: there is no metric `latency`, did you mean `latency_ms`",
        ),
        (
            "peak_ram < 20 ms",
            "column 12: `ms` is no unit of peak_ram: write no unit, or one of B",
        ),
        (
            "accuracy > 97",
            "column 12: accuracy is a share between 0 and 1, `97` is not",
        ),
        (
            "flash < lots",
            "column 9: `lots` does not begin with a number",
        ),
        (
            "flash < -1",
            "column 9: `-1` is no finite number of at least 0",
        ),
        ("flash = 3 <", "there is no metric `flash = 3`"),
    ] {
        let shown = text.parse::<Constraint>().unwrap_err().to_string();
        assert!(shown.contains(error), "{shown}");
    }
}

proptest! {
    #[test]
    fn a_shown_constraint_reads_the_same(
        metric in proptest::sample::select(Metric::ALL.to_vec()),
        sign in proptest::sample::select(vec!["<", "<=", ">", ">="]),
        number in prop_oneof![0.0..1e9_f64, (0..4096_u32).prop_map(|n| f64::from(n) * 1024.0)],
        weight in proptest::option::of(0.01..10.0_f64),
    ) {
        let number = if metric.is_share() { number / 4e9 } else { number };
        let read: Constraint = format!("{metric}{sign}{number}").parse().unwrap();
        prop_assert_eq!(&read.to_string().parse::<Constraint>().unwrap(), &read);
        let read = Constraint { penalty: weight, ..read };
        let json = serde_json::to_string(&read).unwrap();
        prop_assert_eq!(serde_json::from_str::<Constraint>(&json).unwrap(), read);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z_]{0,9} ?[<>=≤]{0,2} ?[-+0-9.eE]{0,6} ?[a-zA-Zµ%]{0,3}") {
        if let Ok(read) = text.parse::<Constraint>() {
            prop_assert!(read.limit.is_finite());
        }
    }
}

#[test]
fn objectives_are_written_as_names_or_maps() {
    let read = |json: &str| serde_json::from_str::<Objective>(json);
    assert_eq!(read(r#""flash""#).unwrap(), Objective::new(Metric::Flash));
    let full = r#"{"metric": "flash", "weight": 0.5, "target": "8 KiB", "range": [0, "64 KiB"]}"#;
    let full = read(full).unwrap();
    assert_eq!(
        (full.weight, full.target, full.range),
        (0.5, Some(8192.0), Some([0.0, 65536.0]))
    );
    assert_eq!(read(&serde_json::to_string(&full).unwrap()).unwrap(), full);
    for (json, error) in [
        (r#""flsh""#, "did you mean `flash`"),
        (
            r#"{"metric": "flash", "bound": 1}"#,
            "unknown field `bound`",
        ),
        (
            r#"{"metric": "flash", "weight": 0}"#,
            "the weight 0 is no finite number above 0",
        ),
        (
            r#"{"metric": "flash", "range": [2, 1]}"#,
            "lower end 2 is not below its upper end 1",
        ),
        (
            r#"{"metric": "error", "target": 3}"#,
            "objective error, target: error is a share",
        ),
        ("3", "a metric's name, or a map"),
    ] {
        let shown = read(json).unwrap_err().to_string();
        assert!(shown.contains(error), "{shown}");
    }
}

#[test]
fn goals_refuse_what_cannot_be() {
    let goals = |objectives: &[Metric], constraints: &[&str]| {
        let objectives = objectives.iter().copied().map(Objective::new).collect();
        Goals::new(
            objectives,
            constraints.iter().map(|text| limit(text)).collect(),
        )
    };
    let error = [Metric::Error];
    assert_eq!(goals(&[], &[]), Err(GoalsError::None));
    assert_eq!(goals(&Metric::ALL[4..9], &[]), Err(GoalsError::TooMany(5)));
    let twice = [Metric::Error, Metric::Accuracy];
    assert_eq!(goals(&twice, &[]), Err(GoalsError::Twice(Metric::Accuracy)));
    assert!(
        goals(
            &error,
            &["flash < 2", "flash < 1", "flash > 0.5", "macs > 3"]
        )
        .is_ok()
    );
    assert!(goals(&error, &["flash <= 2", "flash >= 2"]).is_ok());
    for (text, impossible) in [
        ("latency_ms < 0", true),
        ("flash <= 0", true),
        ("macs < 1", false),
        ("accuracy > 100 %", true),
        ("accuracy >= 100 %", false),
        ("error < 0", true),
        ("error <= 0", false),
    ] {
        let soft = Constraint {
            penalty: Some(1.0),
            ..limit(text)
        };
        for constraint in [limit(text), soft] {
            let goals = Goals::new(vec![Objective::new(Metric::Error)], vec![constraint]);
            let refused = matches!(goals, Err(GoalsError::Impossible(..)));
            assert_eq!(refused, impossible, "{text}");
        }
    }
    for contradiction in [["flash < 2", "flash >= 2"], ["flash > 3", "flash <= 2"]] {
        let refused = goals(&error, &contradiction);
        assert!(
            matches!(refused, Err(GoalsError::Contradiction(..))),
            "{refused:?}"
        );
    }
}

#[test]
fn goals_tell_what_is_known() {
    let soft = Constraint {
        penalty: Some(2.0),
        ..limit("latency_ms < 10")
    };
    let objectives = vec![
        Objective::new(Metric::Accuracy),
        Objective::new(Metric::Flash),
    ];
    let goals = Goals::new(objectives, vec![limit("flash < 1000"), soft]).unwrap();
    let mut scores = Scores::from_iter([(Metric::Flash, 1500.0)]);
    assert_eq!(
        goals.violations(&scores)[0].to_string(),
        "1500 B breaks `flash < 1000 B`"
    );
    assert_eq!(
        goals.told(&scores),
        crate::strategy::Told {
            objectives: None,
            violation: 0.5
        }
    );
    scores.merge(&Scores::from_iter([
        (Metric::Accuracy, 0.75),
        (Metric::LatencyMs, 15.0),
    ]));
    assert_eq!(goals.values(&scores), Some(vec![0.25, 1500.0]));
    // Half too slow, weight 2: the error grows by 1, the flash by its own.
    assert_eq!(goals.penalised_values(&scores), Some(vec![1.25, 3000.0]));
    // On a strict limit is over it.
    scores.merge(&Scores::from_iter([
        (Metric::Flash, 1000.0),
        (Metric::LatencyMs, f64::NAN),
    ]));
    assert!(goals.told(&scores).violation > 0.0);
    assert!(goals.penalised_values(&scores).unwrap()[0].is_finite());
}
