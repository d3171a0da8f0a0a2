//! The `strategy:` section of a study file.

use std::borrow::Cow;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::written::text_or_map;

/// Which strategy, and its settings: a name, or a map of `kind` and settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StrategyConfig {
    /// Draws every point from the whole space.
    Random {},
    /// [`super::Evolution`] by random Chebyshev scalarisation.
    AgingEvolution {
        /// So many live at once, and so many are random at first.
        population: usize,
        /// So many are drawn for a tournament.
        sample: usize,
    },
    /// [`super::Nsga2`].
    Nsga2 {
        /// So many live at once, and so many are random at first.
        population: usize,
        /// The probability that a child has two parents.
        crossover: f64,
    },
    /// [`super::Evolution`] by the weighted sum of the objectives.
    WeightedSum {
        /// So many live at once, and so many are random at first.
        population: usize,
        /// So many are drawn for a tournament.
        sample: usize,
    },
}

/// The population of the papers.
const POPULATION: usize = 100;
/// The sample of the papers.
const SAMPLE: usize = 25;
/// The probability of crossover in Deb et al. 2002, section IV.
const CROSSOVER: f64 = 0.9;

/// Why settings make no strategy.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StrategyConfigError {
    /// A name that no strategy has.
    #[error("there is no strategy `{0}`; there are random, aging_evolution, nsga2, weighted_sum")]
    Unknown(String),
    /// A setting of another strategy.
    #[error("strategy {kind} has no `{key}`")]
    Key {
        /// The strategy.
        kind: &'static str,
        /// The setting.
        key: &'static str,
    },
    /// Too few to choose from.
    #[error("strategy: a population of {0} is too small, the least is 2")]
    Population(usize),
    /// Nothing drawn, or more than there are.
    #[error("strategy: a sample of {sample} from a population of {population} makes no sense")]
    Sample {
        /// So many are drawn.
        sample: usize,
        /// Of so many.
        population: usize,
    },
    /// No probability.
    #[error("strategy: the probability of crossover is between 0 and 1, not {0}")]
    Crossover(f64),
}

/// The strategies by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "StrategyKind")]
enum Kind {
    Random,
    AgingEvolution,
    Nsga2,
    WeightedSum,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Random,
        Self::AgingEvolution,
        Self::Nsga2,
        Self::WeightedSum,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::AgingEvolution => "aging_evolution",
            Self::Nsga2 => "nsga2",
            Self::WeightedSum => "weighted_sum",
        }
    }
}

/// A strategy with its settings.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StrategySettings")]
struct StrategyMap {
    /// Which.
    kind: Kind,
    /// So many live at once, and so many are random at first; 100 unless told. For a study of few
    /// trials take about a quarter of them.
    population: Option<usize>,
    /// Of `aging_evolution` and `weighted_sum`: so many are drawn for a tournament; a quarter of
    /// the population unless told.
    sample: Option<usize>,
    /// Of `nsga2`: the probability that a child has two parents; 0.9 unless told.
    crossover: Option<f64>,
}

impl TryFrom<StrategyMap> for StrategyConfig {
    type Error = StrategyConfigError;

    fn try_from(map: StrategyMap) -> Result<Self, StrategyConfigError> {
        let kind = map.kind;
        let evolves = matches!(kind, Kind::AgingEvolution | Kind::WeightedSum);
        for (key, there, known) in [
            ("population", map.population.is_some(), kind != Kind::Random),
            ("sample", map.sample.is_some(), evolves),
            ("crossover", map.crossover.is_some(), kind == Kind::Nsga2),
        ] {
            if there && !known {
                return Err(StrategyConfigError::Key {
                    kind: kind.name(),
                    key,
                });
            }
        }
        let population = map.population.unwrap_or(POPULATION);
        if population < 2 {
            return Err(StrategyConfigError::Population(population));
        }
        let sample = map
            .sample
            .unwrap_or(population.div_ceil(POPULATION / SAMPLE));
        if sample < 1 || sample > population {
            return Err(StrategyConfigError::Sample { sample, population });
        }
        let crossover = map.crossover.unwrap_or(CROSSOVER);
        if !(0.0..=1.0).contains(&crossover) {
            return Err(StrategyConfigError::Crossover(crossover));
        }
        Ok(match kind {
            Kind::Random => Self::Random {},
            Kind::AgingEvolution => Self::AgingEvolution { population, sample },
            Kind::Nsga2 => Self::Nsga2 {
                population,
                crossover,
            },
            Kind::WeightedSum => Self::WeightedSum { population, sample },
        })
    }
}

impl FromStr for StrategyConfig {
    type Err = StrategyConfigError;

    /// A strategy by its name, with the settings of its paper.
    fn from_str(name: &str) -> Result<Self, StrategyConfigError> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        let kind = kind.ok_or_else(|| StrategyConfigError::Unknown(name.to_owned()))?;
        StrategyMap {
            kind,
            population: None,
            sample: None,
            crossover: None,
        }
        .try_into()
    }
}

impl<'de> Deserialize<'de> for StrategyConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a strategy's name, or a map of kind and settings";
        text_or_map::<Self, StrategyMap, D>(deserializer, expected)
    }
}

impl JsonSchema for StrategyConfig {
    fn schema_name() -> Cow<'static, str> {
        "StrategyConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Which strategy, and its settings.",
            "anyOf": [
                generator.subschema_for::<Kind>(),
                generator.subschema_for::<StrategyMap>(),
            ],
        })
    }
}
