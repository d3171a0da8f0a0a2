//! A found network with all that is needed to train and measure it again: `best_model_spec.yaml`.

use std::path::{Path, PathBuf};

use onchip_search::architecture::Architecture;
use onchip_search::metric::Scores;
use onchip_train::data::DataConfig;
use onchip_train::quantize::Scheme;
use onchip_train::trainer::Recipe;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::boards::BoardEntry;
use super::problem::{FileError, Problem};
use super::yaml::Node;

/// A network, how it was trained, and where it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// The network.
    pub architecture: Architecture,
    /// Where examples come from.
    pub dataset: DataConfig,
    /// The folder that relative paths of the data start at; this file's if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<PathBuf>,
    /// How it is trained.
    pub training: Recipe,
    /// How it becomes int8.
    pub quantization: Scheme,
    /// The boards that measure it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boards: Vec<BoardEntry>,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
}

/// See [`ModelSpec::provenance`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The study that found it.
    pub study: String,
    /// The trial in that study.
    pub trial: u64,
    /// The study's seed.
    pub seed: u64,
    /// The version of onchip that ran the study.
    pub onchip: String,
    /// What the study found out about it.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<onchip_search::metric::Metric, f64>")]
    pub scores: Scores,
}

impl ModelSpec {
    /// Reads a spec.
    ///
    /// # Errors
    /// The file cannot be read, or is no spec; says all that is wrong with it.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let text = super::read::text(path)?;
        Self::parse(&text).map_err(|problems| FileError::new(path, problems))
    }

    fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let document = Node::parse(text).map_err(|problem| vec![problem])?;
        super::read::read(text, &document)
    }

    /// The spec as a file, as [`Self::read`] takes it.
    ///
    /// # Errors
    /// Something in it has no YAML form, such as a number that is none.
    pub fn to_yaml(&self) -> Result<String, serde_saphyr::SerializeError> {
        serde_saphyr::to_string(self)
    }
}
