//! What a running study says to those who look on.

use std::time::Duration;

use crate::trial::Trial;

use super::summary::Summary;

/// Something has happened. Nobody who listens can change what a study does: events are sent, not
/// waited for, and may be left unread.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a handful per trial, none is kept"
)]
pub enum Event<P> {
    /// The study begins or goes on.
    Begun {
        /// Trials folded in earlier runs.
        folded: u64,
        /// It ends at so many.
        trials: u64,
        /// Time spent in earlier runs.
        spent: Duration,
    },
    /// A candidate is sent on its way; one that takes over an earlier one's results is not.
    Launched {
        /// Its trial.
        trial: u64,
        /// The candidate.
        point: P,
    },
    /// A trial has come to a new stage.
    Stage {
        /// Which trial.
        trial: u64,
        /// Where it is now.
        stage: Stage,
    },
    /// A trial's outcome is known and stored.
    Folded {
        /// The trial.
        trial: Trial<P>,
        /// The study so far.
        summary: Summary,
        /// Time spent, over all runs.
        spent: Duration,
        /// Time left, guessed from the pace so far.
        left: Duration,
    },
}

/// Where a trial is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The untrained network is being built.
    Building,
    /// A board measures it, or will when it is free.
    MeasuringUntrained,
    /// It waits for a trainer.
    Queued,
    /// It is being trained.
    Training,
    /// A board measures the trained network, or will when it is free.
    Measuring,
    /// All is known; it waits for those before it.
    Done,
}
