//! The section `dataset:` of a study file: what it may say, and what each form loads.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::path::Path;

use onchip_train::data::{DataConfig, Dataset, Split};
use serde_json::json;

fn load(config: serde_json::Value) -> Dataset {
    let config: DataConfig = serde_json::from_value(config).unwrap();
    config.load(Path::new(".")).unwrap()
}

fn refuse(config: serde_json::Value, problem: &str) {
    let error = serde_json::from_value::<DataConfig>(config).unwrap_err();
    assert!(error.to_string().contains(problem), "{error}");
}

#[test]
fn bundled_digits() {
    let digits = load(json!("digits"));
    assert_eq!(digits.shape, [8, 8, 1]);
    assert_eq!(digits.classes.len(), 10);
    let sizes = [&digits.train, &digits.validation, &digits.test].map(Split::len);
    assert_eq!(sizes.iter().sum::<usize>(), 1797);
    assert_eq!(sizes, [1151, 287, 359]);

    let mut image = [0.0; 64];
    let label = digits.train.source.read(0, &mut image).unwrap();
    assert_eq!(label, 0);
    let row: Vec<f32> = image[8..16].iter().map(|value| value * 16.0).collect();
    assert_eq!(row, [0.0, 0.0, 13.0, 15.0, 10.0, 15.0, 5.0, 0.0]);
}

#[test]
fn the_same_data_has_the_same_digest() {
    let digits = load(json!("digits"));
    assert_eq!(digits.digest, load(json!({"digits": {}})).digest);
    for other in [
        json!({"digits": {"split": {"seed": 1}}}),
        json!({"digits": {"split": {"test": 0.25}}}),
        json!({"digits": {"split": {"validation": 0.1}}}),
        json!({"digits": {"normalize": "mean_std"}}),
    ] {
        assert_ne!(digits.digest, load(other.clone()).digest, "{other}");
    }
}

#[test]
fn configurations_survive_being_written() {
    for config in [
        json!("digits"),
        json!({"digits": {"normalize": "symmetric", "split": {"seed": 3}}}),
        json!({"idx": {"folder": "mnist", "classes": ["a", "b"]}}),
        json!("fashion_mnist"),
    ] {
        let config: DataConfig = serde_json::from_value(config).unwrap();
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<DataConfig>(&text).unwrap(), config);
    }
}

#[test]
fn mistakes_are_named() {
    refuse(
        json!("mnist"),
        "`mnist` is no data set that needs no options",
    );
    refuse(
        json!({"idxx": {}}),
        "unknown variant `idxx`, expected one of `digits`",
    );
    refuse(json!({"idx": {}}), "missing field `folder`");
    refuse(json!({"digits": {"sead": 1}}), "unknown field `sead`");
    refuse(json!({"digits": {}, "seed": 1}), "names two formats");
    refuse(json!({}), "names no format");
}

#[test]
fn the_schema_accepts_bare_names() {
    let schema = schemars::schema_for!(DataConfig).to_value();
    let forms = schema["oneOf"].as_array().unwrap();
    assert!(forms.contains(&json!({"type": "string", "enum": ["digits", "fashion_mnist"]})));
    assert!(
        forms
            .iter()
            .any(|form| form["properties"]["idx"].is_object())
    );
}
