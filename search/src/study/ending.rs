//! When a study ends. Decided when a trial is folded, so that it depends on nothing but the trials
//! before it; the exception is time.

use serde::{Deserialize, Serialize};

use crate::objective::Constraint;
use crate::trial::{Outcome, Trial};

use super::settings::Limits;
use super::summary::Progress;

/// Why a study ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All trials are done.
    Trials,
    /// The time is up.
    Time,
    /// This trial met all that was wanted.
    Target(u64),
    /// The front has not changed for long; this trial was the last to change it.
    Patience(u64),
    /// Somebody asked to stop.
    Interrupted,
}

/// Says how many trials there will be.
#[derive(Debug)]
pub(super) struct Rule {
    trials: u64,
    until: Vec<Constraint>,
    patience: Option<u64>,
    window: u64,
    early: Option<(u64, Ending)>,
}

impl Rule {
    pub(super) fn new(limits: &Limits, window: u64) -> Self {
        Self {
            trials: limits.trials,
            until: limits.until.clone(),
            patience: limits.patience,
            window,
            early: None,
        }
    }

    /// Looks at the trial folded last. What is under way then is finished: these are the trials
    /// less than a window ahead.
    pub(super) fn look<P>(&mut self, trial: &Trial<P>, progress: &Progress) {
        if self.early.is_some() {
            return;
        }
        let ending = if self.is_met(trial) {
            Ending::Target(trial.number)
        } else {
            match (self.patience, progress.improved) {
                (Some(patience), Some(last)) if trial.number - last >= patience => {
                    Ending::Patience(last)
                }
                _ => return,
            }
        };
        self.early = Some((trial.number + self.window, ending));
    }

    /// Trials from this number on are not evaluated.
    pub(super) fn limit(&self) -> u64 {
        self.early
            .map_or(self.trials, |(at, _)| at.min(self.trials))
    }

    /// Why it ends at the limit.
    pub(super) fn ending(&self) -> Ending {
        match self.early {
            Some((at, ending)) if at <= self.trials => ending,
            _ => Ending::Trials,
        }
    }

    fn is_met<P>(&self, trial: &Trial<P>) -> bool {
        let meets = |limit: &Constraint| {
            let value = trial.scores.get(limit.metric);
            value.is_some_and(|value| limit.relation.holds(value, limit.limit))
        };
        let is_complete = matches!(trial.outcome, Outcome::Complete);
        is_complete && !self.until.is_empty() && self.until.iter().all(meets)
    }
}
