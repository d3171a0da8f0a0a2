//! What a study writes, each in one transaction.

use rusqlite::{Transaction, TransactionBehavior, params};
use serde::Serialize;

use super::{Asked, Store, StoreError, Verdict};
use crate::evaluator::{Measured, Trained};
use crate::metric::Scores;
use crate::trial::{Gate, Outcome};

/// A trial's outcome as it is stored.
#[derive(Debug)]
pub struct Fold<'a, T> {
    /// Which trial.
    pub number: u64,
    /// See [`crate::trial::Trial::gate`].
    pub gate: Gate,
    /// See [`crate::trial::Trial::outcome`].
    pub outcome: &'a Outcome,
    /// See [`crate::trial::Trial::scores`].
    pub scores: &'a Scores,
    /// What the strategy was told.
    pub told: &'a T,
    /// Key of its training, if there was one.
    pub training: Option<&'a str>,
    /// Key of its last measurement, if there was one.
    pub measurement: Option<&'a str>,
    /// Seconds of search until now.
    pub seconds: f64,
}

impl Store {
    /// Stores a new trial with the strategy's state after asking for it.
    ///
    /// # Errors
    /// The file cannot be written; nothing has changed then.
    pub fn ask<P: Serialize>(
        &mut self,
        asked: &Asked<P>,
        strategy: &impl Serialize,
    ) -> Result<(), StoreError> {
        let point = self.text("a point", &asked.point)?;
        let state = self.text("the strategy", strategy)?;
        self.transaction(|transaction| {
            transaction.execute(
                "INSERT INTO trials (number, key, point, same_as) VALUES (?1, ?2, ?3, ?4)",
                params![
                    asked.number.cast_signed(),
                    asked.key,
                    point,
                    asked.same_as.map(u64::cast_signed)
                ],
            )?;
            set_strategy(transaction, &state)
        })
    }

    /// Stores a trial's outcome with the strategy's state after it was told.
    ///
    /// # Errors
    /// The file cannot be written; nothing has changed then.
    pub fn fold<T: Serialize>(
        &mut self,
        fold: &Fold<'_, T>,
        strategy: &impl Serialize,
    ) -> Result<(), StoreError> {
        let number = fold.number.cast_signed();
        let gate = self.text("a gate", &fold.gate)?;
        let outcome = self.text("an outcome", fold.outcome)?;
        let scores = self.text("scores", fold.scores)?;
        let told = self.text("what the strategy is told", fold.told)?;
        let state = self.text("the strategy", strategy)?;
        self.transaction(|transaction| {
            transaction.execute(
                "UPDATE trials SET gate = ?2, outcome = ?3, scores = ?4, told = ?5, training = ?6,
                 measurement = ?7 WHERE number = ?1",
                params![
                    number,
                    gate,
                    outcome,
                    scores,
                    told,
                    fold.training,
                    fold.measurement
                ],
            )?;
            transaction.execute(
                "INSERT INTO clock (trial, seconds) VALUES (?1, ?2)",
                params![number, fold.seconds],
            )?;
            set_strategy(transaction, &state)
        })
    }

    /// Stores a training; the first one of a key stays.
    ///
    /// # Errors
    /// The file cannot be written; nothing has changed then.
    pub fn put_training(
        &mut self,
        key: &str,
        verdict: &Verdict<Trained>,
    ) -> Result<(), StoreError> {
        let model = verdict.as_ref().ok().map(|trained| &trained.model);
        let verdict = verdict
            .as_ref()
            .map(|trained| (&trained.scores, &trained.history));
        let verdict = self.text("a training", &verdict)?;
        self.transaction(|transaction| {
            transaction.execute(
                "INSERT OR IGNORE INTO trainings (key, verdict, model) VALUES (?1, ?2, ?3)",
                params![key, verdict, model],
            )?;
            Ok(())
        })
    }

    /// Stores a measurement; the first one of a key stays.
    ///
    /// # Errors
    /// The file cannot be written; nothing has changed then.
    pub fn put_measurement(
        &mut self,
        key: &str,
        verdict: &Verdict<Measured>,
    ) -> Result<(), StoreError> {
        let verdict = self.text("a measurement", verdict)?;
        self.transaction(|transaction| {
            transaction.execute(
                "INSERT OR IGNORE INTO measurements (key, verdict) VALUES (?1, ?2)",
                params![key, verdict],
            )?;
            Ok(())
        })
    }

    /// Does `write` wholly or not at all.
    pub(super) fn transaction(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let failed = |source| StoreError::sqlite(&self.path, source);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        write(&transaction).map_err(failed)?;
        #[cfg(test)]
        self.fuse.burn();
        transaction.commit().map_err(failed)?;
        #[cfg(test)]
        self.fuse.burn();
        Ok(())
    }

    fn text(&self, what: &str, value: &impl Serialize) -> Result<String, StoreError> {
        serde_json::to_string(value)
            .map_err(|source| StoreError::unreadable(&self.path, what, &source))
    }
}

fn set_strategy(transaction: &Transaction<'_>, state: &str) -> rusqlite::Result<()> {
    transaction
        .execute(
            "INSERT OR REPLACE INTO strategy (id, state) VALUES (0, ?1)",
            [state],
        )
        .map(|_| ())
}
