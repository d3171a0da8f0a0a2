//! What each key means.

use std::path::Path;

use onchip_search::architecture;
use onchip_search::metric::Metric;
use onchip_search::objective::{Constraint, Objective, Relation};
use onchip_search::space::{Kind, Space};
use onchip_search::strategy::StrategyConfig;
use onchip_train::data::{DataConfig, Features};
use onchip_train::quantize::Scheme;
use onchip_train::trainer::Recipe;

use super::devices::Device;
use super::{
    AUTO, NAS_RESULT, Nas, SearchSpace, SearchType, TaskType, TiFile, dataset, devices, space,
};
use crate::file::boards::{BoardEntry, default_boards};
use crate::file::budget::{Budget, EarlyStop};
use crate::file::problem::Problem;
use crate::file::spec::ModelSpec;
use crate::file::start::Start;
use crate::file::study::{StudyFile, Task};

/// Trials of a search that says nothing of them.
const TRIALS: u64 = 20;
/// Trials under way where several are.
const PARALLEL: u32 = 4;
/// Trials without improvement that end a search which says only that it may end early.
const PATIENCE: u64 = 10;
/// Weights as in TI's description of a search with targets.
const SIZE_WEIGHT: f64 = 0.5;
const LATENCY_WEIGHT: f64 = 0.3;

/// The study that a TI-style file describes. Paths start at `base`.
pub(in crate::file) fn convert(ti: &TiFile, base: &Path) -> Result<StudyFile, Vec<Problem>> {
    let mut problems = Vec::new();
    let device = ti
        .common
        .target_device
        .as_deref()
        .and_then(|name| keep(devices::find(name), "common.target_device", &mut problems));
    let dataset = find_data(ti, base, &mut problems);
    let parts = if ti.nas.enable {
        search(ti, device.as_ref(), &mut problems)
    } else {
        final_training(ti, base, &mut problems)
    };
    let (Some(dataset), Some(parts), true) = (dataset, parts, problems.is_empty()) else {
        return Err(problems);
    };
    let usual = Recipe::default();
    let boards = match device {
        _ if !ti.compilation.enable => Vec::new(),
        None => default_boards(),
        Some(device) => vec![BoardEntry {
            stands_in_for: ti.common.target_device.clone(),
            ..BoardEntry::one_virtual(device.board)
        }],
    };
    Ok(StudyFile {
        name: None,
        task: Task::Classification,
        dataset,
        channels: ti
            .data_processing_feature_extraction
            .as_ref()
            .and_then(|part| part.variables),
        space: parts.space,
        strategy: parts.strategy,
        objectives: parts.objectives,
        constraints: parts.constraints,
        training: Recipe {
            epochs: ti.training.training_epochs.unwrap_or(usual.epochs),
            batch_size: ti.training.batch_size.unwrap_or(usual.batch_size),
            ..usual
        },
        quantization: Scheme::default(),
        boards,
        budget: Budget {
            trials: parts.trials,
            time: None,
        },
        window: parts.window,
        early_stop: parts.early_stop,
        warm_start: parts.warm_start,
        seed: 0,
        output: None,
    })
}

/// What depends on whether there is a search.
struct Parts {
    space: Space,
    strategy: StrategyConfig,
    objectives: Vec<Objective>,
    constraints: Vec<Constraint>,
    trials: u64,
    window: u32,
    early_stop: Option<EarlyStop>,
    warm_start: Vec<Start>,
}

fn keep<T>(result: Result<T, String>, path: &str, problems: &mut Vec<Problem>) -> Option<T> {
    let complain = |message| problems.push(Problem::at(path, message));
    result.map_err(complain).ok()
}

fn find_data(ti: &TiFile, base: &Path, problems: &mut Vec<Problem>) -> Option<DataConfig> {
    let found = dataset::find(&ti.dataset.dataset_name, base);
    let mut data = keep(found, "dataset.dataset_name", problems);
    if let Some(part) = &ti.data_processing_feature_extraction {
        let path = "data_processing_feature_extraction.feature_extraction_name";
        let features = Features::named(&part.feature_extraction_name);
        let features = keep(features.map_err(|e| e.to_string()), path, problems);
        if let (Some(data), Some(features)) = (&mut data, features)
            && !data.set_features(features)
        {
            let message = "the data set is no time series, and has no such features";
            problems.push(Problem::at(path, message));
        }
    }
    data
}

/// Kind of the networks for a task.
fn kind(task: TaskType) -> Kind {
    match task {
        TaskType::GenericTimeseriesClassification => Kind::Cnn1d,
        TaskType::ImageClassification => Kind::Cnn2d,
    }
}

/// `nas.enable: True`.
fn search(ti: &TiFile, device: Option<&Device>, problems: &mut Vec<Problem>) -> Option<Parts> {
    let nas = &ti.nas;
    if let Some(name) = ti.training.model_name.as_ref().filter(|name| *name != AUTO) {
        let message = format!(
            "`{name}` is not auto, but nas.enable says that a model is searched; for the final \
             training of a model set nas.enable to False, to begin with it write it as \
             nas.initial_architecture"
        );
        problems.push(Problem::at("training.model_name", message));
    }
    if ti.training.model_spec_path.is_some() {
        let message = "a search reads no spec; it belongs to `model_name: NAS_result`";
        problems.push(Problem::at("training.model_spec_path", message));
    }
    if !ti.compilation.enable {
        for (key, is_there) in [
            ("latency_target", nas.latency_target.is_some()),
            ("latency_weight", nas.latency_weight.is_some()),
        ] {
            if is_there {
                let message = "nothing is measured while compilation.enable is False; set it to \
                               True, or remove this";
                problems.push(Problem::at(format!("nas.{key}"), message));
            }
        }
    }
    let window = window(nas, problems);
    let warm_start = warm_start(nas, problems);
    let constraints = constraints(nas, problems);
    let npu = nas
        .npu_compatible
        .unwrap_or(device.is_some_and(|device| device.npu));
    let usual = SearchSpace::default();
    let lists = nas.search_space.as_ref().unwrap_or(&usual);
    let trials = nas.num_trials.unwrap_or(TRIALS);
    // A third of the trials is random; the tournament of the usual quarter.
    let population = usize::try_from(trials / 3)
        .unwrap_or(usize::MAX)
        .clamp(4, 100);
    Some(Parts {
        space: space::searched(kind(ti.common.task_type), lists, npu),
        strategy: StrategyConfig::WeightedSum {
            population,
            sample: population.div_ceil(4).max(2),
        },
        objectives: objectives(nas, problems),
        constraints,
        trials,
        window,
        early_stop: early_stop(nas, problems),
        warm_start,
    })
}

/// `nas.enable: False`: a study of one trial, in a space around the model that is named.
fn final_training(ti: &TiFile, base: &Path, problems: &mut Vec<Problem>) -> Option<Parts> {
    let kind = kind(ti.common.task_type);
    let name = ti.training.model_name.as_deref().unwrap_or(AUTO);
    let (start, network) = match (name, &ti.training.model_spec_path) {
        (AUTO, _) => {
            let message = "nothing is searched while nas.enable is False, so that a model must be \
                           named: NAS_result with a model_spec_path, or one like CLS_1k_NPU";
            problems.push(Problem::at("training.model_name", message));
            return None;
        }
        (NAS_RESULT, None) => {
            let message = "missing; NAS_result is read from the best_model_spec.yaml of a search";
            problems.push(Problem::at("training.model_spec_path", message));
            return None;
        }
        (NAS_RESULT, Some(path)) => {
            let spec = ModelSpec::read(&base.join(path)).map_err(|error| error.to_string());
            let spec = keep(spec, "training.model_spec_path", problems)?;
            (spec.architecture.to_string(), spec.architecture)
        }
        (_, Some(_)) => {
            let message = format!("`{name}` has no spec; only NAS_result is read from one");
            problems.push(Problem::at("training.model_spec_path", message));
            return None;
        }
        (name, None) => {
            // What it is made of does not depend on the data's shape.
            let network = architecture::named(name, [4096, 1, 1], 2);
            let network = network.map_err(|error| error.to_string());
            let network = keep(network, "training.model_name", problems)?;
            (name.to_owned(), network)
        }
    };
    Some(Parts {
        space: space::around(kind, &network),
        strategy: StrategyConfig::Random {},
        objectives: vec![Objective::new(Metric::ValidationError)],
        constraints: Vec::new(),
        trials: 1,
        window: 1,
        early_stop: None,
        warm_start: vec![Start(start)],
    })
}

fn window(nas: &Nas, problems: &mut Vec<Problem>) -> u32 {
    match (nas.search_type, nas.parallel_trials) {
        (SearchType::MultiTrial, parallel) => parallel.unwrap_or(PARALLEL),
        (SearchType::SingleTrial, None | Some(1)) => 1,
        (SearchType::SingleTrial, Some(parallel)) => {
            let message = format!(
                "{parallel} at a time, but search_type is single_trial; write multi_trial, or 1"
            );
            problems.push(Problem::at("nas.parallel_trials", message));
            1
        }
    }
}

fn warm_start(nas: &Nas, problems: &mut Vec<Problem>) -> Vec<Start> {
    match (nas.warm_start, &nas.initial_architecture) {
        (true, Some(initial)) => vec![Start(initial.clone())],
        (true, None) => {
            let names = architecture::names().join(", ");
            let message =
                format!("missing; warm_start begins with one of {names}, or the path of a spec");
            problems.push(Problem::at("nas.initial_architecture", message));
            Vec::new()
        }
        (false, _) => Vec::new(),
    }
}

/// Weighted, each seen in proportion to its target where there is one.
fn objectives(nas: &Nas, problems: &mut Vec<Problem>) -> Vec<Objective> {
    let error_target = nas.accuracy_target.map(|accuracy| 1.0 - accuracy);
    #[expect(clippy::cast_precision_loss, reason = "numbers of parameters")]
    let size_target = nas.param_range.map(|[_, most]| most as f64);
    let latency_target = nas.latency_target.map(milliseconds);
    let latency_weight = latency_target.map_or(0.0, |_| LATENCY_WEIGHT);
    let weighted = [
        (
            Metric::ValidationError,
            nas.accuracy_weight.unwrap_or(1.0),
            error_target,
        ),
        (
            Metric::Parameters,
            nas.size_weight.unwrap_or(SIZE_WEIGHT),
            size_target,
        ),
        (
            Metric::LatencyMs,
            nas.latency_weight.unwrap_or(latency_weight),
            latency_target,
        ),
    ];
    let objectives: Vec<Objective> = (weighted.into_iter())
        .filter(|(_, weight, _)| *weight > 0.0)
        .map(|(metric, weight, target)| Objective {
            weight,
            target,
            ..Objective::new(metric)
        })
        .collect();
    if objectives.is_empty() {
        let message = "all weights are 0: nothing is left to search for";
        problems.push(Problem::at("nas.accuracy_weight", message));
    }
    objectives
}

fn constraints(nas: &Nas, problems: &mut Vec<Problem>) -> Vec<Constraint> {
    let mut constraints = Vec::new();
    if let Some([least, most]) = nas.param_range {
        if least > most {
            let message = format!("{least} is more than {most}; write the smaller one first");
            problems.push(Problem::at("nas.param_range", message));
        }
        #[expect(clippy::cast_precision_loss, reason = "numbers of parameters")]
        let (least, most) = (least as f64, most as f64);
        constraints.push(hard(Metric::Parameters, Relation::AtLeast, least));
        constraints.push(hard(Metric::Parameters, Relation::AtMost, most));
    }
    if let Some(accuracy) = nas.accuracy_target {
        constraints.push(hard(
            Metric::ValidationAccuracy,
            Relation::AtLeast,
            accuracy,
        ));
    }
    constraints
}

fn hard(metric: Metric, relation: Relation, limit: f64) -> Constraint {
    Constraint {
        metric,
        relation,
        limit,
        penalty: None,
    }
}

fn milliseconds(microseconds: f64) -> f64 {
    microseconds / 1000.0
}

fn early_stop(nas: &Nas, problems: &mut Vec<Problem>) -> Option<EarlyStop> {
    if let (Some(threshold), Some(target)) = (nas.accuracy_threshold, nas.accuracy_target)
        && threshold < target
        && nas.early_stopping
    {
        let message = format!(
            "{threshold} is below the accuracy_target {target}, which any network must reach"
        );
        problems.push(Problem::at("nas.accuracy_threshold", message));
    }
    let target = nas
        .accuracy_threshold
        .map(|accuracy| hard(Metric::ValidationAccuracy, Relation::AtLeast, accuracy));
    nas.early_stopping.then(|| EarlyStop {
        patience: Some(nas.patience.unwrap_or(PATIENCE)),
        target,
    })
}
