//! What a study is told before it begins.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::objective::{Constraint, Goals};
use crate::store::{Store, StoreError};

/// What determines a study's results, next to its domain, strategy and evaluator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What all trainings' seeds are made of.
    pub seed: u64,
    /// So many trials are under way at once: trial k is asked for when exactly the trials up to
    /// k − window have been folded. It belongs to the study and not to the machine, so that any
    /// number of boards and threads gives the same trials; wide enough to keep them all busy.
    pub window: u64,
    /// What is wanted.
    pub goals: Goals,
    /// When to measure before training.
    pub untrained: Untrained,
}

/// Whether a network is measured with untrained weights before it is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Untrained {
    /// If a hard constraint limits something that only a board can tell.
    #[default]
    Auto,
    /// Always: what does not run on the board is not trained.
    Always,
    /// Never.
    Never,
}

/// How long to search, and with what. None of it changes what a trial comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// So many trials.
    pub trials: u64,
    /// No training begins after so much time, over all runs of the study. How far it comes depends
    /// on the machine.
    pub time: Option<Duration>,
    /// Ends when a feasible trial meets all of them; without any it does not.
    pub until: Vec<Constraint>,
    /// Ends when so many trials in a row, since the first on it, have not changed the front.
    pub patience: Option<u64>,
    /// So many trainings at once, each on a thread of its own.
    pub trainers: usize,
}

impl Settings {
    const NAME: &str = "study";

    /// All that determines a study's results, for [`crate::store::Definition::law`]: the settings,
    /// and `others`, a map of what determines domain, strategy and evaluator.
    pub fn law(&self, others: Value) -> Value {
        let mut law = json!({ Self::NAME: self });
        if let (Value::Object(law), Value::Object(others)) = (&mut law, others) {
            law.extend(others);
        }
        law
    }

    /// The settings of a stored study.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of(store: &Store) -> Result<Self, StoreError> {
        store.law(Self::NAME)
    }

    /// See [`Untrained`].
    pub(super) fn measures_untrained(&self) -> bool {
        let is_measured =
            |limit: &Constraint| limit.penalty.is_none() && limit.metric.is_measured();
        match self.untrained {
            Untrained::Auto => self.goals.constraints().iter().any(is_measured),
            Untrained::Always => true,
            Untrained::Never => false,
        }
    }
}
