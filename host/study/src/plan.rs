//! A study file with all that it names: its data, its space bound to them, its goals.

use onchip_search::architecture::Architecture;
use onchip_search::objective::{Goals, GoalsError};
use onchip_search::space::{BoundSpace, SpaceError};
use onchip_search::store::Definition;
use onchip_search::strategy::AnyStrategy;
use onchip_search::study::{Limits, Settings, Untrained};
use onchip_train::data::{DataError, Dataset};
use serde_json::{Value, json};

use crate::evaluator::Workshop;
use crate::file::{Loaded, StartError};

/// A search that can be run.
pub struct Plan {
    /// The study file.
    pub loaded: Loaded,
    /// What networks learn.
    pub data: Dataset,
    /// Which networks there are.
    pub space: BoundSpace,
    /// What is wanted of them.
    pub goals: Goals,
    /// Those to try first, all in the space.
    pub starts: Vec<Architecture>,
}

/// Why a study file, sound as it is, cannot be searched.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The data cannot be had.
    #[error("dataset: {0}")]
    Data(#[from] DataError),
    /// The space has no networks for such data.
    #[error("space: {0}")]
    Space(#[from] SpaceError),
    /// Objectives and constraints do not go together.
    #[error(transparent)]
    Goals(#[from] GoalsError),
    /// A network to start from cannot be had.
    #[error("warm_start: {0}")]
    Start(#[from] StartError),
}

impl Plan {
    /// Loads the data and binds the space to them.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn new(loaded: Loaded) -> Result<Plan, PlanError> {
        let file = &loaded.file;
        let goals = Goals::new(file.objectives.clone(), file.constraints.clone())?;
        let data = file.dataset.load(&loaded.base())?;
        let (shape, classes) = (data.shape, data.classes.len());
        let space = file.space.bind(shape, classes)?;
        let starts = file.warm_start.iter().map(|start| {
            let start = start.architecture(&loaded.base(), shape, classes)?;
            Ok(space.nearest(&start))
        });
        let starts = starts.collect::<Result<_, PlanError>>()?;
        Ok(Plan {
            loaded,
            data,
            space,
            goals,
            starts,
        })
    }

    /// What determines the study's course.
    pub fn settings(&self) -> Settings {
        Settings {
            seed: self.loaded.file.seed,
            window: self.loaded.file.window.into(),
            goals: self.goals.clone(),
            untrained: Untrained::Auto,
        }
    }

    /// How long it goes on, with so many trainings at once.
    pub fn limits(&self, trainers: usize) -> Limits {
        let file = &self.loaded.file;
        let early = file.early_stop.as_ref();
        Limits {
            trials: file.budget.trials,
            time: file.budget.time.map(|time| time.0),
            until: early
                .and_then(|early| early.target.clone())
                .into_iter()
                .collect(),
            patience: early.and_then(|early| early.patience),
            trainers,
        }
    }

    /// Who proposes, before the first proposal.
    pub fn strategy(&self) -> AnyStrategy<Architecture> {
        let file = &self.loaded.file;
        AnyStrategy::new(&file.strategy, &self.goals, self.starts.clone(), file.seed)
    }

    /// What the store keeps of it.
    pub fn definition(&self, workshop: &Workshop, provenance: Value) -> Definition {
        let file = &self.loaded.file;
        let law = self.settings().law(json!({
            "space": file.space,
            "input": self.data.shape,
            "classes": self.data.classes.len(),
            "strategy": file.strategy,
            "warm_start": self.starts,
            "evaluator": workshop.law(),
        }));
        Definition {
            name: file.name.clone().unwrap_or_default(),
            text: self.loaded.text.clone(),
            law,
            provenance,
        }
    }
}
