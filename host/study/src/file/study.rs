//! The study file itself.

use std::path::PathBuf;

use onchip_search::objective::{Constraint, Objective};
use onchip_search::space::Space;
use onchip_search::strategy::StrategyConfig;
use onchip_train::data::DataConfig;
use onchip_train::quantize::Scheme;
use onchip_train::trainer::Recipe;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::boards::{BoardEntry, default_boards};
use super::budget::{Budget, EarlyStop};
use super::start::Start;

/// What is searched, on what data, with which goals, boards and budget.
///
/// ```yaml
/// dataset: digits
/// space: {kind: cnn2d}
/// objectives: [validation_error, latency_ms]
/// constraints: [flash < 64 KiB]
/// budget: {trials: 60, time: 10 min}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "onchip study file")]
pub struct StudyFile {
    /// The study's name; the file's, without its extension, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the networks are to do.
    #[serde(default)]
    pub task: Task,
    /// Where examples come from. Relative paths start at this file's folder.
    pub dataset: DataConfig,
    /// So many channels examples must have; as many as they have if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub channels: Option<u32>,
    /// The networks that there are.
    pub space: Space,
    /// How the next one to try is chosen.
    #[serde(default = "default_strategy")]
    pub strategy: StrategyConfig,
    /// What is to be as good as possible: one to four metrics.
    pub objectives: Vec<Objective>,
    /// What is not allowed, like `latency_ms < 50`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// How networks are trained.
    #[serde(default)]
    pub training: Recipe,
    /// How trained networks become int8.
    #[serde(default)]
    pub quantization: Scheme,
    /// The boards that measure; one virtual NUCLEO-L4R5ZI if left out. With an empty list nothing
    /// is measured: only what the host can tell is known.
    #[serde(default = "default_boards")]
    pub boards: Vec<BoardEntry>,
    /// When the study ends.
    pub budget: Budget,
    /// So many candidates may be under way before the earliest is told to the strategy. A study's
    /// course depends on it, but not on the number of boards and cores, which it keeps busy.
    #[serde(default = "default_window")]
    #[schemars(range(min = 1, max = 256))]
    pub window: u32,
    /// When to end before the budget does; never if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stop: Option<EarlyStop>,
    /// Networks to try first, each moved to the nearest one in the space.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warm_start: Vec<Start>,
    /// Where all randomness comes from.
    #[serde(default)]
    pub seed: u64,
    /// The folder for what is found, from the current folder on; `results/<name>` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<PathBuf>,
}

/// What a network does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// It tells which of some classes an example belongs to.
    #[default]
    Classification,
}

impl StudyFile {
    /// The folder for what is found.
    pub fn output(&self) -> PathBuf {
        let usual = || PathBuf::from("results").join(self.name.as_deref().unwrap_or("study"));
        self.output.clone().unwrap_or_else(usual)
    }
}

fn default_strategy() -> StrategyConfig {
    StrategyConfig::Nsga2 {
        population: 24,
        crossover: 0.9,
    }
}

fn default_window() -> u32 {
    4
}
