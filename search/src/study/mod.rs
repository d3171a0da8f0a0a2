//! The loop: candidates are asked for, sent through the gates many at a time, and folded in order.
//!
//! A study's trials are a function of its settings, domain, strategy and evaluator. They do not
//! depend on the number of boards and threads, nor on who finishes first: trial k is asked for when
//! exactly the trials up to k − [`Settings::window`] have been folded, and trials are folded in the
//! order of their numbers. Asks and folds are stored with the strategy's state, so a study that is
//! killed goes on from its last one; trainings and measurements are stored when they are made.
//!
//! How long to search changes no trial: asking goes on up to a window beyond the last trial that is
//! evaluated, so that a study whose [`Limits`] are raised goes on as if they had been so from the
//! start.

mod bench;
mod ending;
mod event;
mod run;
mod settings;
mod summary;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::mpsc::Sender;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::domain::Domain;
use crate::evaluator::{Evaluator, Stop};
use crate::store::{Store, StoreError};
use crate::strategy::Strategy;

pub use ending::Ending;
pub use event::{Event, Stage};
pub use settings::{Limits, Settings, Untrained};
pub use summary::{Judged, Summary, hypervolumes};

/// A search, ready to run.
pub struct Study<'a, D: Domain, S, E> {
    /// What is searched.
    pub domain: &'a D,
    /// Who proposes; a stored state takes its place.
    pub strategy: S,
    /// Who knows how good a candidate is.
    pub evaluator: Arc<E>,
    /// How long to search, and with what.
    pub limits: Limits,
    /// Where to tell what happens.
    pub observer: Sender<Event<D::Point>>,
    /// How to stop it from outside.
    pub interrupt: Interrupt,
}

/// Stops a study from outside; clones share their flags. It can be resumed afterwards.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    /// No training begins any more; what runs is finished.
    pub finish: Stop,
    /// Trainings are to end, too, and are lost. Also set by a study that fails.
    pub now: Stop,
}

/// A study cannot go on. All that was finished before is stored.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The bench failed, the candidate is not to blame.
    #[error(
        "trial {trial} cannot be evaluated: {what}; see to the bench, then resume the study: all results so far are stored"
    )]
    Bench {
        /// The trial.
        trial: u64,
        /// What is wrong.
        what: String,
    },
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<D, S, E> Study<'_, D, S, E>
where
    D: Domain,
    S: Strategy<D> + Serialize + DeserializeOwned,
    E: Evaluator<Point = D::Point>,
{
    /// Runs the study that `store` was made for, from where it stands to its end.
    ///
    /// # Errors
    /// The bench or the store fails. The study can be resumed.
    pub async fn run(self, store: Store) -> Result<(Ending, Summary), StudyError> {
        run::run(self, store).await
    }
}

/// The seed of a candidate's training, wherever in a study of this seed it comes up.
pub fn training_seed(seed: u64, key: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(key);
    let digest = hash.finalize();
    digest
        .iter()
        .take(size_of::<u64>())
        .fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}
