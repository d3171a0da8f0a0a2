//! Study files in the manner of Texas Instruments' tools: what their keys are, and what they mean
//! here. [`convert`](convert::convert) turns them into a [`StudyFile`](super::StudyFile), so that
//! there is one way to run a study.

mod convert;
mod dataset;
mod devices;
mod space;

pub(super) use convert::convert;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::yaml::Node;

/// Whether a document is one of these: they have sections that onchip's own format has not, and
/// `training` with their keys.
pub(super) fn is_ti(document: &Node) -> bool {
    let sections = [
        "common",
        "nas",
        "compilation",
        "data_processing_feature_extraction",
    ];
    let has = |section: &str| document.get(section).is_some();
    let names_model = |training: &Node| training.get("model_name").is_some();
    sections.into_iter().any(has) || document.get("training").is_some_and(names_model)
}

/// A TI-style file. Keys may be left out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TiFile {
    #[serde(default)]
    common: Common,
    dataset: Dataset,
    #[serde(default)]
    data_processing_feature_extraction: Option<FeatureExtraction>,
    #[serde(default)]
    nas: Nas,
    #[serde(default)]
    training: Training,
    #[serde(default)]
    compilation: Compilation,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Common {
    /// What the networks are to do, and on which kind of data.
    task_type: TaskType,
    /// The device that the network is for: a board that onchip knows measures in its place. If
    /// left out, networks are for the board that studies measure on unless told.
    target_device: Option<String>,
}

/// See [`Common::task_type`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum TaskType {
    /// Classes of series: convolutions over time.
    #[default]
    GenericTimeseriesClassification,
    /// Classes of images: convolutions over height and width.
    ImageClassification,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Dataset {
    /// A bundled data set, or a file or folder beside the study file or in `datasets` there.
    dataset_name: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FeatureExtraction {
    /// What a network is told of a series, as TI's tools name it.
    feature_extraction_name: String,
    /// Channels that a series has: the data set must have as many.
    #[serde(default)]
    #[schemars(range(min = 1))]
    variables: Option<u32>,
}

/// The search.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Nas {
    /// Whether there is a search; without one, the model that `training` names is trained.
    enable: bool,
    /// One architecture at a time, or several.
    search_type: SearchType,
    /// How many to try; 20 if left out.
    #[schemars(range(min = 1))]
    num_trials: Option<u64>,
    /// How many may be under way; 4 if left out.
    #[schemars(range(min = 1, max = 256))]
    parallel_trials: Option<u32>,
    /// Fewest and most parameters: others are rejected untrained.
    param_range: Option<[u64; 2]>,
    /// The least validation accuracy that is acceptable.
    #[schemars(range(min = 0, max = 1))]
    accuracy_target: Option<f64>,
    /// What the error counts in the sum that is minimised; 1 if left out, 0 for nothing.
    #[schemars(range(min = 0))]
    accuracy_weight: Option<f64>,
    /// What the parameters count; 0.5 if left out, 0 for nothing.
    #[schemars(range(min = 0))]
    size_weight: Option<f64>,
    /// The latency to reach, in microseconds: the unit that latency counts in, and what a slower
    /// network misses costs once more. None is rejected for it.
    #[schemars(extend("exclusiveMinimum" = 0))]
    latency_target: Option<f64>,
    /// What the latency counts; 0.3 if left out beside a `latency_target`, else nothing.
    #[schemars(range(min = 0))]
    latency_weight: Option<f64>,
    /// Whether networks keep to what the NPU takes; as the device has one, if left out.
    npu_compatible: Option<bool>,
    /// Lists of one's own.
    search_space: Option<SearchSpace>,
    /// Whether `accuracy_threshold` and `patience` end the search.
    early_stopping: bool,
    /// The search ends when a network reaches this validation accuracy.
    #[schemars(range(min = 0, max = 1))]
    accuracy_threshold: Option<f64>,
    /// The search ends after so many trials in a row without improvement; 10 if left out.
    #[schemars(range(min = 1))]
    patience: Option<u64>,
    /// Whether the search begins with `initial_architecture`.
    warm_start: bool,
    /// A named model, or the path of a spec.
    initial_architecture: Option<String>,
}

/// See [`Nas::search_type`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SearchType {
    /// The next architecture is chosen when all about the one before is known.
    SingleTrial,
    /// Several are under way.
    #[default]
    MultiTrial,
}

/// See [`Nas::search_space`].
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct SearchSpace {
    /// Channels of a convolution.
    conv_channels: Option<Vec<usize>>,
    /// Heights of a convolution's window.
    conv_kernels: Option<Vec<usize>>,
    /// Numbers of convolutions.
    num_conv_layers: Option<Vec<usize>>,
    /// Outputs of the hidden dense layer; with this list there is always one.
    fc_features: Option<Vec<usize>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Training {
    /// `auto`, or left out: the search finds it. Without a search: `NAS_result`, or a named model.
    model_name: Option<String>,
    /// The spec of the `NAS_result`.
    model_spec_path: Option<PathBuf>,
    /// Passes over the training data; 20 if left out.
    #[schemars(range(min = 1))]
    training_epochs: Option<u32>,
    /// Examples per step; 32 if left out.
    #[schemars(range(min = 1))]
    batch_size: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Compilation {
    /// Whether networks are put on a board and measured.
    enable: bool,
}

impl Default for Compilation {
    fn default() -> Self {
        Self { enable: true }
    }
}

const AUTO: &str = "auto";
const NAS_RESULT: &str = "NAS_result";
