//! TI-style files: what each key changes.
//!
//! A key is changed in a file, and the same deterministic search is run on both: the real data,
//! space, strategy and loop, with networks judged by a formula instead of a training and a board.

use std::path::Path;
use std::sync::{Arc, mpsc};

use onchip_search::architecture::Architecture;
use onchip_search::evaluator::{Built, Evaluator, Failure, Measured, Stop, Trained};
use onchip_search::metric::{Metric, Scores};
use onchip_search::store::{Definition, Store};
use onchip_search::study::{Interrupt, Study};
use onchip_study::file::{FileError, Loaded};
use onchip_study::plan::Plan;
use onchip_train::trainer::Recipe;
use serde_json::json;

/// Judges networks by what a real evaluator looks at.
struct Formula {
    recipe: Recipe,
    data: String,
    boards: Vec<String>,
}

impl Evaluator for Formula {
    type Point = Architecture;

    fn build(&self, point: &Architecture) -> Result<Built, Failure> {
        let topology = point
            .topology()
            .map_err(|error| Failure::Candidate(error.to_string()))?;
        let scores = [
            (Metric::Parameters, topology.parameters() as f64),
            (Metric::Macs, topology.macs() as f64),
        ];
        Ok(Built {
            model: point.key().into_bytes().into(),
            scores: scores.into_iter().collect(),
        })
    }

    fn training_key(&self, point: &Architecture, _: u64) -> String {
        format!("{} {:?} {}", point.key(), self.recipe, self.data)
    }

    fn train(&self, point: &Architecture, seed: u64, _: &Stop) -> Result<Trained, Failure> {
        // Larger networks and longer trainings are better.
        let parameters = point.topology().unwrap().parameters() as f64;
        let steps = f64::from(self.recipe.epochs) / f64::from(self.recipe.batch_size);
        let error = 1.0 / (1.0 + parameters.sqrt() * steps.sqrt());
        let scores = [
            (Metric::ValidationError, error),
            (Metric::ValidationAccuracy, 1.0 - error),
        ];
        Ok(Trained {
            model: self.training_key(point, seed).into_bytes(),
            scores: scores.into_iter().collect(),
            history: json!(null),
        })
    }

    fn measurement_key(&self, model: &[u8]) -> String {
        format!("{} {:?}", String::from_utf8_lossy(model), self.boards)
    }

    async fn measure(&self, model: Arc<[u8]>) -> Result<Measured, Failure> {
        // As slow as its name is: any number will do that the network determines.
        let latency = 0.2 + f64::from(model.first().copied().unwrap_or_default()) / 100.0;
        let measured = (Metric::LatencyMs, latency);
        let is_measured = !self.boards.is_empty();
        Ok(Measured {
            scores: Scores::from_iter(is_measured.then_some(measured)),
            record: json!({ "boards": self.boards }),
        })
    }
}

/// All that a study leaves: data, goals, and every trial with its scores and gate.
fn outcome(text: &str, base: &Path) -> Result<String, FileError> {
    let loaded = Loaded::parse(text.to_owned(), &base.join("study.yaml"));
    let plan = loaded.and_then(Plan::new)?;
    let file = &plan.loaded.file;
    let formula = Formula {
        recipe: file.training,
        data: plan.prepared.dataset.digest.clone(),
        boards: (file.boards.iter())
            .map(|entry| format!("{} for {:?}", entry.board, entry.stands_in_for))
            .collect(),
    };
    let folder = tempfile::tempdir().unwrap();
    let definition = Definition {
        name: file.name.clone().unwrap(),
        text: String::new(),
        law: plan.settings().law(json!(null)),
        provenance: json!(null),
    };
    let store = Store::create(&folder.path().join("study.sqlite"), &definition).unwrap();
    let (observer, _events) = mpsc::channel();
    let study = Study {
        domain: &plan.prepared.space,
        strategy: plan.strategy(),
        evaluator: Arc::new(formula),
        limits: plan.limits(1),
        observer,
        interrupt: Interrupt::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(study.run(store)).unwrap();
    let store = Store::open_read(&folder.path().join("study.sqlite")).unwrap();
    let trials = store.trials::<Architecture>().unwrap();
    let records = trials
        .iter()
        .map(|trial| store.record(trial.number).unwrap());
    let records: Vec<_> = records.collect();
    Ok(format!(
        "{} {trials:?} {records:?}",
        plan.prepared.dataset.digest
    ))
}

/// Two classes of series with two channels, of 64 steps.
fn write_series(folder: &Path) {
    for (name, phase) in [("waves_TRAIN.ts", 0), ("waves_TEST.ts", 1), ("other.ts", 2)] {
        let mut text = "@problemName waves\n@timeStamps false\n@univariate true\n\
                        @classLabel true a b\n@data\n"
            .to_owned();
        for series in 0..24_i32 {
            let value = |step: i32| f64::from((step * (1 + series % 2 * 3) + series + phase) % 16);
            let values: Vec<String> = (0..64).map(|step| value(step).to_string()).collect();
            text += &format!(
                "{}:{}\n",
                values.join(","),
                ["a", "b"][(series % 2) as usize]
            );
        }
        std::fs::write(folder.join(name), text).unwrap();
    }
}

const TARGETS: &str = "
common:
  task_type: generic_timeseries_classification
  target_device: F28P55
dataset:
  dataset_name: waves
nas:
  enable: True
  search_type: multi_trial
  num_trials: 20
  parallel_trials: 4
  param_range: [500, 5000]
  accuracy_target: 0.85
  accuracy_weight: 1.0
  size_weight: 0.5
  latency_target: 1000
  latency_weight: 0.3
  npu_compatible: True
training:
  model_name: auto
  training_epochs: 20
  batch_size: 256
compilation:
  enable: True
";

const CUSTOM: &str = "
dataset: {dataset_name: waves}
nas:
  enable: True
  search_space:
    conv_channels: [4, 8, 16, 32]
    conv_kernels: [3, 5, 7]
    num_conv_layers: [2, 3, 4]
    fc_features: [16, 32, 64]
  early_stopping: True
  accuracy_threshold: 0.98
  patience: 5
";

/// With channels that no NPU takes.
const ODD: &str = "
common: {target_device: F28P65}
dataset: {dataset_name: waves}
nas: {enable: True, search_space: {conv_channels: [4, 6, 8, 10]}}
";

/// Long enough for weights to steer it, and to end early.
const LONG: &str = "
dataset: {dataset_name: waves}
nas: {enable: True, num_trials: 80, accuracy_weight: 1.0, size_weight: 0.5}
";

const ENDING: &str = "
dataset: {dataset_name: waves}
nas: {enable: True, num_trials: 80, early_stopping: True, patience: 5}
";

const WARM: &str = "
common: {task_type: generic_timeseries_classification, target_device: F28P55}
dataset: {dataset_name: waves}
data_processing_feature_extraction:
  feature_extraction_name: FFT64Input_32Feature_1Frame_Full_Bandwidth
  variables: 1
nas:
  enable: True
  search_type: multi_trial
  num_trials: 30
  param_range: [200, 2000]
  accuracy_target: 0.50
  npu_compatible: True
  warm_start: True
  initial_architecture: CLS_2k_NPU
training: {model_name: auto, training_epochs: 15, batch_size: 256}
compilation: {enable: True}
";

const FINAL: &str = "
dataset: {dataset_name: waves}
training: {model_name: NAS_result, model_spec_path: first.yaml, training_epochs: 50}
";

fn write_specs(folder: &Path) {
    for (name, width) in [("first.yaml", 8), ("second.yaml", 16)] {
        let network = format!("[in(64x1x1),conv(1,{width},3),relu,gap,fc({width},2)]");
        let spec = onchip_study::file::ModelSpec {
            architecture: network.parse().unwrap(),
            dataset: serde_json::from_value(json!("digits")).unwrap(),
            base: None,
            training: Recipe::default(),
            quantization: Default::default(),
            boards: Vec::new(),
            provenance: None,
        };
        std::fs::write(folder.join(name), spec.to_yaml().unwrap()).unwrap();
    }
}

#[test]
fn every_key_changes_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    write_series(base);
    write_specs(base);
    // Of each file: what is written, and what is written instead.
    let changes: [(&str, &[(&str, &str)]); 7] = [
        (
            TARGETS,
            &[
                ("generic_timeseries_classification", "image_classification"),
                ("target_device: F28P55", "target_device: F28P65"),
                ("dataset_name: waves", "dataset_name: other"),
                (
                    "search_type: multi_trial\n  num_trials: 20\n  parallel_trials: 4",
                    "search_type: single_trial\n  num_trials: 20",
                ),
                ("num_trials: 20", "num_trials: 10"),
                ("parallel_trials: 4", "parallel_trials: 2"),
                ("param_range: [500, 5000]", "param_range: [500, 2000]"),
                ("param_range: [500, 5000]", "param_range: [1000, 5000]"),
                ("accuracy_target: 0.85", "accuracy_target: 0.95"),
                ("latency_target: 1000", "latency_target: 700"),
                ("latency_weight: 0.3", "latency_weight: 30"),
                ("training_epochs: 20", "training_epochs: 40"),
                ("batch_size: 256", "batch_size: 64"),
                ("model_name: auto", "model_name: CLS_1k_NPU"),
                ("  latency_target: 1000\n  latency_weight: 0.3\n", ""),
            ],
        ),
        (
            CUSTOM,
            &[
                ("conv_channels: [4, 8, 16, 32]", "conv_channels: [6, 10]"),
                ("conv_kernels: [3, 5, 7]", "conv_kernels: [3]"),
                ("num_conv_layers: [2, 3, 4]", "num_conv_layers: [1]"),
                ("fc_features: [16, 32, 64]", "fc_features: [24]"),
                ("early_stopping: True", "early_stopping: False"),
                ("accuracy_threshold: 0.98", "accuracy_threshold: 0.60"),
            ],
        ),
        (
            ODD,
            &[
                ("target_device: F28P65", "target_device: F28P55"),
                ("enable: True", "enable: True, npu_compatible: True"),
            ],
        ),
        (
            LONG,
            &[
                ("accuracy_weight: 1.0", "accuracy_weight: 0.01"),
                ("size_weight: 0.5", "size_weight: 50"),
            ],
        ),
        (ENDING, &[("patience: 5", "patience: 1")]),
        (
            WARM,
            &[
                ("search_type: multi_trial", "search_type: single_trial"),
                ("variables: 1", "variables: 2"),
                ("32Feature", "16Feature"),
                ("warm_start: True", "warm_start: False"),
                ("CLS_2k_NPU", "CLS_1k_NPU"),
                ("CLS_2k_NPU", "wanted.yaml"),
                (
                    "compilation: {enable: True}",
                    "compilation: {enable: False}",
                ),
            ],
        ),
        (
            FINAL,
            &[
                ("first.yaml", "second.yaml"),
                ("NAS_result, model_spec_path: first.yaml", "CLS_500_NPU"),
                ("training_epochs: 50", "training_epochs: 5"),
            ],
        ),
    ];
    let mut same = Vec::new();
    let wanted = std::fs::read_to_string(base.join("first.yaml")).unwrap();
    std::fs::write(base.join("wanted.yaml"), wanted.replace("64", "32")).unwrap();
    for (text, changes) in changes {
        let before = outcome(text, base).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(
            before,
            outcome(text, base).unwrap(),
            "a file, one result\n{text}"
        );
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            let mut changed = text.replacen(from, to, 1);
            if from.contains("model_name: auto") {
                changed = changed.replacen("enable: True", "enable: False", 1);
            }
            match outcome(&changed, base) {
                Ok(after) if after == before => same.push(format!("{from} -> {to}")),
                Ok(_) => {}
                // The series have one channel and no width: as others they are refused.
                Err(error) => assert!(
                    ["variables", "classification"]
                        .iter()
                        .any(|key| from.contains(key)),
                    "{from} -> {to}: {error}"
                ),
            }
        }
    }
    assert!(same.is_empty(), "change nothing:\n{}", same.join("\n"));
}
