use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use super::{Asked, Definition, Fold, Store, StoreError};
use crate::evaluator::{Measured, Trained};
use crate::metric::{Metric, Scores};
use crate::trial::{Gate, Outcome};

fn definition() -> Definition {
    Definition {
        name: "toy".to_owned(),
        text: "seed: 1".to_owned(),
        law: json!({"space": {"depth": 3, "widths": [8, 16]}, "seed": 1}),
        provenance: json!({"onchip": "0.1"}),
    }
}

/// A store with one folded and one open trial, closed.
fn sample() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.sqlite");
    let mut store = Store::create(&path, &definition()).unwrap();
    for number in 0..2 {
        let asked = Asked {
            number,
            point: number,
            key: format!("k{number}"),
            same_as: None,
        };
        store.ask(&asked, &"state").unwrap();
    }
    let scores = Scores::from_iter([(Metric::Error, 0.1 + 0.2)]);
    let (model, history) = (vec![1, 2, 3], json!([1.0, 0.5]));
    store
        .put_training(
            "t",
            &Ok(Trained {
                model,
                scores: scores.clone(),
                history,
            }),
        )
        .unwrap();
    store
        .put_training("failed", &Err("diverged".to_owned()))
        .unwrap();
    let record = json!({"cycles": 5});
    store
        .put_measurement(
            "m",
            &Ok(Measured {
                scores: scores.clone(),
                record,
            }),
        )
        .unwrap();
    let fold = Fold {
        number: 0,
        gate: Gate::Trained,
        outcome: &Outcome::Complete,
        scores: &scores,
        told: &0.5,
        training: Some("t"),
        measurement: Some("m"),
        seconds: 1.5,
    };
    store.fold(&fold, &"later").unwrap();
    store.close().unwrap();
    (folder, path)
}

#[test]
fn what_was_written_is_read() {
    let (_folder, path) = sample();
    let store = Store::open_read(&path).unwrap();
    let info = store.info().unwrap();
    assert_eq!((info.definition, info.folded), (definition(), 1));
    assert_eq!(info.digest, definition().digest());
    assert_eq!(info.spent.as_secs_f64(), 1.5);
    let trials = store.trials::<u64>().unwrap();
    assert_eq!(
        (trials.len(), trials[0].point, trials[0].gate),
        (1, 0, Gate::Trained)
    );
    assert_eq!(trials[0].scores.get(Metric::Error), Some(0.1 + 0.2));
    assert_eq!(store.asked::<u64>().unwrap()[0].key, "k1");
    assert_eq!(store.strategy::<String>().unwrap().unwrap(), "later");
    assert_eq!(store.told::<f64>().unwrap(), [0.5]);
    assert_eq!(store.model(0).unwrap(), Some(vec![1, 2, 3]));
    assert_eq!(store.history(0).unwrap(), Some(json!([1.0, 0.5])));
    assert_eq!(store.record(0).unwrap(), Some(json!({"cycles": 5})));
    assert_eq!(
        (store.model(1).unwrap(), store.record(9).unwrap()),
        (None, None)
    );
    assert_eq!(
        store.training("failed").unwrap(),
        Some(Err("diverged".to_owned()))
    );
    assert_eq!(store.first_of_key("k1").unwrap(), Some(1));
    assert_eq!(store.law::<u64>("seed").unwrap(), 1);
    assert!(matches!(
        store.law::<u64>("none"),
        Err(StoreError::Corrupt { .. })
    ));
}

#[test]
fn one_writes_while_any_read() {
    let (_folder, path) = sample();
    let writer = Store::resume(&path, &definition()).unwrap();
    let second = Store::resume(&path, &definition()).unwrap_err();
    assert!(matches!(second, StoreError::Locked(_)), "{second}");
    assert_eq!(Store::open_read(&path).unwrap().info().unwrap().folded, 1);
    drop(writer);
    let third = Store::create(&path, &definition()).unwrap_err();
    assert!(matches!(third, StoreError::Exists(_)), "{third}");
}

#[test]
fn a_reader_sees_one_instant() {
    let (_folder, path) = sample();
    let mut writer = Store::resume(&path, &definition()).unwrap();
    let reader = Store::open_read(&path).unwrap();
    assert_eq!(reader.trials::<u64>().unwrap().len(), 1);
    let fold = Fold {
        number: 1,
        gate: Gate::Static,
        outcome: &Outcome::Complete,
        scores: &Scores::default(),
        told: &0.25,
        training: None,
        measurement: None,
        seconds: 2.5,
    };
    writer.fold(&fold, &"later").unwrap();
    assert_eq!(reader.told::<f64>().unwrap(), [0.5]);
    let reader = Store::open_read(&path).unwrap();
    assert_eq!(reader.told::<f64>().unwrap(), [0.5, 0.25]);
}

#[test]
fn another_study_is_refused_by_name_of_what_differs() {
    let (_folder, path) = sample();
    let mut other = definition();
    other.law = json!({"seed": 2, "space": {"depth": 3, "widths": [8]}});
    let error = Store::resume(&path, &other).unwrap_err().to_string();
    assert!(
        error.contains("seed was 1, is 2; space.widths.1 was 16, is absent;"),
        "{error}"
    );
    // What does not determine the results may change, and so may the order of keys.
    other = definition();
    other.text = "# seed\nseed: 1".to_owned();
    other.law = json!({"seed": 1, "space": {"widths": [8, 16], "depth": 3}});
    assert_eq!(other.digest(), definition().digest());
    assert!(Store::resume(&path, &other).is_ok());
}

#[test]
fn files_of_other_kinds_are_refused() {
    let check = |spoil: &dyn Fn(&PathBuf), expected: &str| {
        let (_folder, path) = sample();
        spoil(&path);
        let before = fs::read(&path).ok();
        let error = Store::resume(&path, &definition())
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
        assert!(Store::create(&path, &definition()).is_err());
        assert!(
            fs::read(&path).ok() == before,
            "a refused file is left as it is"
        );
    };
    let pragma = |name: &'static str, value: i64| {
        move |path: &PathBuf| {
            let connection = rusqlite::Connection::open(path).unwrap();
            connection.pragma_update(None, name, value).unwrap();
        }
    };
    check(
        &|path| fs::write(path, "seed: 1\n".repeat(200)).unwrap(),
        "not a study of onchip",
    );
    check(&pragma("application_id", 7), "not a study of onchip");
    check(
        &pragma("user_version", 9),
        "written by a newer onchip (schema 9, this one knows 1)",
    );
    let garble = |path: &PathBuf| {
        let mut bytes = fs::read(path).unwrap();
        let end = bytes.len();
        bytes[4096..end].fill(0xA5);
        fs::write(path, bytes).unwrap();
    };
    check(&garble, "damaged");
    let cut = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() - 4096 * 2]).unwrap();
    };
    check(&cut, "damaged");
}

#[test]
fn what_is_not_there_is_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("study.sqlite");
    assert!(matches!(
        Store::open_read(&path),
        Err(StoreError::Missing(_))
    ));
    // A mistyped path must not become a second study.
    let error = Store::resume(&path, &definition()).unwrap_err();
    assert!(matches!(error, StoreError::Missing(_)), "{error}");
    assert!(!Store::is_begun(&path) && !path.exists());
    // Killed before the file was made: only the lock is there.
    fs::write(folder.path().join("study.sqlite.lock"), "").unwrap();
    assert!(Store::resume(&path, &definition()).is_ok());
    fs::remove_file(&path).unwrap();
    // Killed before anything was stored: the file is there, and empty.
    fs::write(&path, "").unwrap();
    assert!(matches!(
        Store::open_read(&path),
        Err(StoreError::Missing(_))
    ));
    assert!(Store::resume(&path, &definition()).is_ok());
    let below_a_file = path.join("study.sqlite");
    let error = Store::create(&below_a_file, &definition()).unwrap_err();
    assert!(matches!(error, StoreError::Inaccessible { .. }), "{error}");
}

#[test]
fn a_full_disk_loses_nothing() {
    let (_folder, path) = sample();
    let mut store = Store::resume(&path, &definition()).unwrap();
    store
        .connection
        .pragma_update(None, "max_page_count", 20)
        .unwrap();
    let trained = Trained {
        model: vec![7; 100_000],
        scores: Scores::default(),
        history: json!(null),
    };
    let error = store.put_training("big", &Ok(trained.clone())).unwrap_err();
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    assert_eq!(store.training("big").unwrap(), None);
    drop(store);
    let mut store = Store::resume(&path, &definition()).unwrap();
    assert_eq!(store.trials::<u64>().unwrap().len(), 1);
    store.put_training("big", &Ok(trained.clone())).unwrap();
    assert_eq!(store.training("big").unwrap(), Some(Ok(trained)));
}
