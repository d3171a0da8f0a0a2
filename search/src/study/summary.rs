//! A study so far: what its trials came to, its front, and how far it is from a first one.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::front::Archive;
use crate::hypervolume::hypervolume;
use crate::objective::{Goals, Objective, Violation};
use crate::store::{Store, StoreError};
use crate::strategy::Told;
use crate::trial::{Gate, Outcome, Trial};

use super::settings::Settings;

/// What became of a trial in the study's eyes; stored with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// What the strategy was told.
    pub told: Told,
    /// The hard constraints that it breaks.
    pub broken: Vec<String>,
}

impl Judged {
    pub(super) fn rejected(violations: &[Violation], objectives: Option<Vec<f64>>) -> Self {
        let violation = violations.iter().map(|violation| violation.excess).sum();
        Self {
            told: Told {
                objectives,
                violation,
            },
            broken: violations
                .iter()
                .map(|violation| violation.constraint.to_string())
                .collect(),
        }
    }

    pub(super) fn failed() -> Self {
        Self {
            told: Told::failed(),
            broken: Vec::new(),
        }
    }
}

/// What the trials came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Trials with an outcome.
    pub folded: u64,
    /// Feasible ones.
    pub complete: u64,
    /// Those that broke a hard constraint, by the gate that found out. [`Gate::Static`] saved all
    /// measurements and the training, [`Gate::Measured`] the training and one measurement.
    pub rejected: BTreeMap<Gate, u64>,
    /// Those that could not be built, trained or run, by the gate that found out.
    pub failed: BTreeMap<Gate, u64>,
    /// Those that took over an earlier trial's results, whatever these were; counted only here.
    pub repeated: u64,
    /// How many trials broke each hard constraint.
    pub broken: BTreeMap<String, u64>,
    /// The trial that breaks the hard constraints by the least, and by how much in total and
    /// relative; failed trials are none.
    pub closest: Option<(u64, f64)>,
    /// The trials on the front, ascending. Of equally good ones the first.
    pub front: Vec<u64>,
    /// The best feasible trial in each objective and its value as it is minimised, in the order of
    /// objectives.
    pub best: Vec<(u64, f64)>,
    /// See [`hypervolumes`]; here with the worst values so far.
    pub hypervolume: f64,
}

impl Summary {
    /// The summary of a stored study.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn read(store: &Store) -> Result<Self, StoreError> {
        let settings = Settings::of(store)?;
        Ok(Progress::replay::<serde_json::Value>(&settings.goals, store)?.summary)
    }
}

/// The front's hypervolume after each trial, as a share of the box between zero and a reference:
/// the upper end of an objective's range, or else 1.1 times the worst value of a complete trial.
pub fn hypervolumes<P>(goals: &Goals, trials: &[Trial<P>]) -> Vec<f64> {
    let mut worst = Worst::new(goals);
    let values: Vec<_> = trials
        .iter()
        .map(|trial| complete_values(goals, trial))
        .collect();
    values.iter().flatten().for_each(|values| worst.add(values));
    let mut archive = Archive::default();
    let mut last = 0.0;
    values
        .into_iter()
        .map(|values| {
            if values.is_some_and(|values| archive.insert(values, ())) {
                last = worst.share(&archive);
            }
            last
        })
        .collect()
}

fn complete_values<P>(goals: &Goals, trial: &Trial<P>) -> Option<Vec<f64>> {
    matches!(trial.outcome, Outcome::Complete)
        .then(|| goals.values(&trial.scores))
        .flatten()
}

/// The reference that a hypervolume is measured against.
#[derive(Debug, Clone)]
struct Worst {
    fixed: Vec<Option<f64>>,
    seen: Vec<f64>,
}

impl Worst {
    fn new(goals: &Goals) -> Self {
        let upper = |[_, high]: [f64; 2]| high;
        let ranges = goals.objectives().iter().map(Objective::minimised_range);
        Self {
            fixed: ranges.map(|range| range.map(upper)).collect(),
            seen: vec![0.0; goals.objectives().len()],
        }
    }

    fn add(&mut self, values: &[f64]) {
        for (seen, value) in self.seen.iter_mut().zip(values) {
            *seen = seen.max(*value);
        }
    }

    fn share<T>(&self, archive: &Archive<T>) -> f64 {
        const MARGIN: f64 = 1.1;
        let reference: Vec<f64> = self
            .fixed
            .iter()
            .zip(&self.seen)
            .map(|(fixed, seen)| fixed.unwrap_or(seen * MARGIN))
            .map(|end| if end > 0.0 { end } else { 1.0 })
            .collect();
        let share = |values: &Vec<f64>| -> Vec<f64> {
            values
                .iter()
                .zip(&reference)
                .map(|(value, end)| value / end)
                .collect()
        };
        let points: Vec<_> = archive
            .members()
            .iter()
            .map(|(values, _)| share(values))
            .collect();
        hypervolume(&points, &vec![1.0; reference.len()])
    }
}

/// A summary that grows by a trial, and what it takes to say whether to go on.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    goals: Goals,
    archive: Archive<u64>,
    worst: Worst,
    pub(super) summary: Summary,
    /// The last trial that changed the front.
    pub(super) improved: Option<u64>,
}

impl Progress {
    pub(super) fn new(goals: &Goals) -> Self {
        Self {
            goals: goals.clone(),
            archive: Archive::default(),
            worst: Worst::new(goals),
            summary: Summary::default(),
            improved: None,
        }
    }

    fn replay<P: DeserializeOwned>(goals: &Goals, store: &Store) -> Result<Self, StoreError> {
        let mut progress = Self::new(goals);
        for (trial, judged) in store.trials::<P>()?.iter().zip(store.told()?) {
            progress.add(trial, &judged);
        }
        Ok(progress)
    }

    /// Adds the next trial.
    pub(super) fn add<P>(&mut self, trial: &Trial<P>, judged: &Judged) {
        let summary = &mut self.summary;
        summary.folded += 1;
        if trial.same_as.is_some() {
            summary.repeated += 1;
            return;
        }
        match &trial.outcome {
            Outcome::Complete => summary.complete += 1,
            Outcome::Infeasible(_) => *summary.rejected.entry(trial.gate).or_default() += 1,
            Outcome::Failed(_) => *summary.failed.entry(trial.gate).or_default() += 1,
        }
        for constraint in &judged.broken {
            *summary.broken.entry(constraint.clone()).or_default() += 1;
        }
        let violation = judged.told.violation;
        let is_infeasible = matches!(trial.outcome, Outcome::Infeasible(_));
        if is_infeasible && summary.closest.is_none_or(|(_, least)| violation < least) {
            summary.closest = Some((trial.number, violation));
        }
        if let Some(values) = complete_values(&self.goals, trial) {
            self.add_complete(trial.number, values);
        }
    }

    fn add_complete(&mut self, number: u64, values: Vec<f64>) {
        let summary = &mut self.summary;
        if summary.best.is_empty() {
            summary.best = values.iter().map(|value| (number, *value)).collect();
        }
        for (best, value) in summary.best.iter_mut().zip(&values) {
            if *value < best.1 {
                *best = (number, *value);
            }
        }
        self.worst.add(&values);
        if self.archive.insert(values, number) {
            self.improved = Some(number);
            summary.front = self
                .archive
                .members()
                .iter()
                .map(|(_, number)| *number)
                .collect();
        }
        summary.hypervolume = self.worst.share(&self.archive);
    }
}
