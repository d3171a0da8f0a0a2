mod kill;
mod toy;

use std::sync::atomic::Ordering;
use std::time::Duration;

use tempfile::TempDir;

use super::{Ending, Event, Limits, Stage, StudyError, Summary, Untrained, hypervolumes};
use crate::front::front;
use crate::store::Store;
use crate::trial::{Gate, Outcome};
use toy::{Setup, Table, setup, table};

fn ran(setup: &Setup) -> (Table, Ending, Summary) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.sqlite");
    let (ending, summary) = setup.run(&path).unwrap();
    let store = Store::open_read(&path).unwrap();
    assert_eq!(Summary::read(&store).unwrap(), summary);
    (table(&path), ending, summary)
}

#[test]
fn boards_and_threads_change_nothing() {
    for strategy in [
        "random",
        "nsga2",
        r#"{"kind": "aging_evolution", "population": 5}"#,
    ] {
        let strategy = if strategy.starts_with('{') {
            strategy.to_owned()
        } else {
            format!("\"{strategy}\"")
        };
        let one = Setup {
            strategy: strategy.leak(),
            boards: 1,
            ..setup()
        };
        let one = Setup {
            limits: Limits {
                trainers: 1,
                trials: 30,
                ..one.limits.clone()
            },
            ..one
        };
        let (alone, ending, summary) = ran(&one);
        assert_eq!((ending, summary.folded), (Ending::Trials, 30));
        for delays in 1..4 {
            let limits = Limits {
                trainers: 4,
                ..one.limits.clone()
            };
            let many = Setup {
                boards: 4,
                delays,
                limits,
                ..one.clone()
            };
            assert_eq!(ran(&many).0, alone);
        }
    }
}

#[test]
fn a_resumed_study_is_the_same() {
    let short = setup();
    let long = Setup {
        limits: Limits {
            trials: 25,
            ..setup().limits
        },
        delays: 8,
        ..setup()
    };
    let (whole, _, summary) = ran(&long);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.sqlite");
    let first = short.run(&path).unwrap();
    let before = table(&path);
    // A finished one adds nothing.
    let (again, events, toy) = short.watched(&path);
    assert_eq!((again.unwrap(), table(&path)), (first, before));
    assert_eq!(
        (events.len(), toy.trainings.load(Ordering::Relaxed)),
        (1, 0)
    );
    // A raised budget is one that was there from the start.
    assert_eq!(long.run(&path).unwrap(), (Ending::Trials, summary));
    assert_eq!(table(&path), whole);
}

#[test]
fn a_failed_bench_stops_the_study_and_scores_nothing() {
    let (whole, ..) = ran(&setup());
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.sqlite");
    for fails_at in [0, 3, 5] {
        let broken = Setup {
            fails_at: Some(fails_at),
            delays: 3,
            ..setup()
        };
        let error = broken.run(&path).unwrap_err();
        assert!(matches!(error, StudyError::Bench { .. }), "{error}");
        assert!(
            error
                .to_string()
                .contains("probe lost; see to the bench, then resume"),
            "{error}"
        );
    }
    setup().run(&path).unwrap();
    assert_eq!(table(&path), whole);
}

#[test]
fn whoever_asks_to_stop_gets_a_study_to_resume() {
    let (whole, ..) = ran(&setup());
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.sqlite");
    for stop_after in [1, 2, 6] {
        let stopped = Setup {
            stop_after: Some(stop_after),
            delays: 4,
            ..setup()
        };
        let (_, summary) = stopped.run(&path).unwrap();
        assert!(summary.folded >= stop_after);
    }
    let time = Some(Duration::ZERO);
    let over = Setup {
        limits: Limits {
            time,
            trials: 99,
            ..setup().limits
        },
        ..setup()
    };
    assert_eq!(over.run(&path).unwrap().0, Ending::Time);
    setup().run(&path).unwrap();
    assert_eq!(table(&path).trials, whole.trials);
}

#[test]
fn every_trial_on_its_way_was_told_of_in_the_same_run() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.sqlite");
    let stopped = Setup {
        stop_after: Some(2),
        ..setup()
    };
    for study in [stopped, setup()] {
        let (result, events, _) = study.watched(&path);
        result.unwrap();
        let mut launched = std::collections::BTreeSet::new();
        for event in &events {
            match event {
                Event::Launched { trial, .. } => assert!(launched.insert(*trial)),
                Event::Stage { trial, .. } => assert!(launched.contains(trial), "{event:?}"),
                _ => {}
            }
        }
        assert!(!launched.is_empty());
    }
}

#[test]
fn gates_save_what_comes_after_them() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.sqlite");
    let limits = Limits {
        trials: 40,
        ..setup().limits
    };
    let constraints = &[
        "latency_ms < 40",
        "peak_ram < 70",
        "validation_error < 0.15",
    ];
    let study = Setup {
        limits,
        constraints,
        strategy: r#""random""#,
        ..setup()
    };
    let (result, events, toy) = study.watched(&path);
    let (_, summary) = result.unwrap();
    let Table { trials, judged, .. } = table(&path);
    let count = |gate, check: fn(&Outcome) -> bool| {
        let there = |trial: &&crate::trial::Trial<_>| trial.gate == gate && check(&trial.outcome);
        trials
            .iter()
            .filter(there)
            .filter(|trial| trial.same_as.is_none())
            .count() as u64
    };
    let is_rejected = |outcome: &_| matches!(outcome, Outcome::Infeasible(_));
    let is_failed = |outcome: &_| matches!(outcome, Outcome::Failed(_));
    for gate in [Gate::Static, Gate::Measured, Gate::Trained] {
        let told = |map: &std::collections::BTreeMap<_, u64>| map.get(&gate).copied();
        assert!(count(gate, is_rejected) > 0, "{gate:?} rejects some");
        assert_eq!(told(&summary.rejected), Some(count(gate, is_rejected)));
        assert_eq!(told(&summary.failed).unwrap_or(0), count(gate, is_failed));
    }
    let came_to = |gate| {
        trials
            .iter()
            .filter(move |t| t.gate >= gate && t.same_as.is_none())
    };
    let trainings = toy.trainings.load(Ordering::Relaxed) as usize;
    assert_eq!(trainings, came_to(Gate::Trained).count());
    let began = |stage| {
        events
            .iter()
            .filter(move |e| matches!(e, Event::Stage { stage: s, .. } if *s == stage))
    };
    assert_eq!(began(Stage::Training).count(), trainings);
    assert_eq!(
        began(Stage::MeasuringUntrained).count(),
        came_to(Gate::Measured).count()
    );

    // Bounds are no measurements, and what was rejected says by what.
    let early = trials
        .iter()
        .find(|t| t.gate == Gate::Static && is_rejected(&t.outcome))
        .unwrap();
    assert_eq!(early.scores.get(crate::metric::Metric::PeakRam), None);
    assert_eq!(
        early.outcome,
        Outcome::Infeasible("70 B breaks `peak_ram < 70 B`".to_owned())
    );
    assert!(judged[early.number as usize].told.objectives.is_none());

    // The front is what no other dominates.
    let goals = study.settings().goals;
    let complete: Vec<_> = trials
        .iter()
        .filter(|t| t.outcome == Outcome::Complete)
        .collect();
    let values: Vec<_> = complete
        .iter()
        .map(|t| goals.values(&t.scores).unwrap())
        .collect();
    let mut numbers: Vec<_> = front(&values)
        .into_iter()
        .map(|i| complete[i].number)
        .collect();
    numbers.retain(|number| trials[*number as usize].same_as.is_none());
    assert_eq!(summary.front, numbers);
    let volumes = hypervolumes(&goals, &trials);
    assert!(volumes.is_sorted() && volumes.len() == 40);
    assert!((volumes[39] - summary.hypervolume).abs() < 1e-12 && volumes[39] > 0.0);
}

#[test]
fn a_small_space_repeats_itself() {
    let limits = Limits {
        trials: 30,
        ..setup().limits
    };
    let (table, _, summary) = ran(&Setup {
        grid: 2,
        limits,
        window: 6,
        ..setup()
    });
    let new = table
        .trials
        .iter()
        .filter(|trial| trial.same_as.is_none())
        .count();
    assert_eq!((new as u64, summary.repeated), (4, 26));
    for trial in table.trials.iter().filter(|trial| trial.same_as.is_some()) {
        let first = &table.trials[trial.same_as.unwrap() as usize];
        assert_eq!(
            (&first.scores, &first.outcome),
            (&trial.scores, &trial.outcome)
        );
    }
}

#[test]
fn what_nothing_meets_ends_with_what_came_closest() {
    let (table, ending, summary) = ran(&Setup {
        constraints: &["latency_ms < 0.5"],
        ..setup()
    });
    assert_eq!(
        (ending, summary.complete, summary.front.len()),
        (Ending::Trials, 0, 0)
    );
    let (closest, excess) = summary.closest.unwrap();
    assert!(
        table
            .judged
            .iter()
            .all(|judged| judged.told.violation >= excess)
    );
    assert_eq!(table.judged[closest as usize].told.violation, excess);
    assert_eq!(
        summary.broken["latency_ms < 0.5 ms"],
        summary.rejected[&Gate::Measured]
    );
}

#[test]
fn a_study_ends_early_when_it_may() {
    let base = Setup {
        limits: Limits {
            trials: 200,
            ..setup().limits
        },
        constraints: &[],
        ..setup()
    };
    let met = Setup {
        until: &["validation_error < 0.15"],
        ..base.clone()
    };
    let (table, ending, summary) = ran(&met);
    let Ending::Target(number) = ending else {
        panic!("{ending:?}")
    };
    assert!(
        table.trials[number as usize]
            .scores
            .get(crate::metric::Metric::ValidationError)
            < Some(0.15)
    );
    // What was under way is finished.
    assert_eq!(summary.folded, number + met.window);
    let patient = Setup {
        limits: Limits {
            patience: Some(12),
            ..base.limits.clone()
        },
        ..base
    };
    let (first, ending, summary) = ran(&patient);
    let Ending::Patience(last) = ending else {
        panic!("{ending:?}")
    };
    assert_eq!(summary.folded, last + 12 + patient.window);
    let other = Setup {
        boards: 1,
        delays: 6,
        ..patient
    };
    assert_eq!(ran(&other).0, first);
}

#[test]
fn measuring_before_training_is_a_choice() {
    for (untrained, expected) in [
        (Untrained::Auto, false),
        (Untrained::Always, true),
        (Untrained::Never, false),
    ] {
        let study = Setup {
            constraints: &["parameters < 40"],
            untrained,
            ..setup()
        };
        assert_eq!(study.settings().measures_untrained(), expected);
        let folder = TempDir::new().unwrap();
        let (_, events, _) = study.watched(&folder.path().join("study.sqlite"));
        let is_untrained = |e: &Event<_>| {
            matches!(
                e,
                Event::Stage {
                    stage: Stage::MeasuringUntrained,
                    ..
                }
            )
        };
        assert_eq!(events.iter().any(is_untrained), expected);
    }
}
