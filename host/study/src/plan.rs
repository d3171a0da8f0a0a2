//! A study file with all that it names: its data, its space bound to them, its goals.

use onchip_search::architecture::Architecture;
use onchip_search::domain::{Domain as _, Rng};
use onchip_search::store::Definition;
use onchip_search::strategy::AnyStrategy;
use onchip_search::study::{Limits, Settings, Untrained};
use rand::SeedableRng as _;
use serde_json::{Value, json};

use crate::evaluator::Workshop;
use crate::file::{FileError, Loaded, Prepared};

/// A search that can be run.
pub struct Plan {
    /// The study file.
    pub loaded: Loaded,
    /// What it names.
    pub prepared: Prepared,
}

impl Plan {
    /// Finds what a study file names.
    ///
    /// # Errors
    /// See [`Loaded::prepare`].
    pub fn new(loaded: Loaded) -> Result<Plan, FileError> {
        let prepared = loaded.prepare()?;
        Ok(Plan { loaded, prepared })
    }

    /// What determines the study's course.
    pub fn settings(&self) -> Settings {
        Settings {
            seed: self.loaded.file.seed,
            window: self.loaded.file.window.into(),
            goals: self.prepared.goals.clone(),
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
        let Prepared { goals, initial, .. } = &self.prepared;
        AnyStrategy::new(&file.strategy, goals, initial.clone(), file.seed)
    }

    /// Some networks, as random search would draw them.
    pub fn samples(&self, count: usize) -> Vec<Architecture> {
        let mut rng = Rng::seed_from_u64(self.loaded.file.seed);
        let space = &self.prepared.space;
        (0..count).map(|_| space.sample(&mut rng)).collect()
    }

    /// What the store keeps of it.
    pub fn definition(&self, workshop: &Workshop, provenance: Value) -> Definition {
        let file = &self.loaded.file;
        let Prepared {
            dataset, initial, ..
        } = &self.prepared;
        let law = self.settings().law(json!({
            "space": file.space,
            "input": dataset.shape,
            "classes": dataset.classes.len(),
            "strategy": file.strategy,
            "warm_start": initial,
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
