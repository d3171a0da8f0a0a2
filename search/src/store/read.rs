//! What a store tells.

use std::time::Duration;

use rusqlite::{Params, Row};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Definition, Store, StoreError, Verdict};
use crate::evaluator::{Measured, Trained};
use crate::trial::Trial;

/// A study at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// What it is.
    pub definition: Definition,
    /// Digest of what determines its results.
    pub digest: String,
    /// Trials whose outcome is known.
    pub folded: u64,
    /// Time spent on these, over all runs.
    pub spent: Duration,
}

/// A trial that was asked for and has no outcome yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked<P> {
    /// Counted from 0 in the order of asking.
    pub number: u64,
    /// The candidate.
    pub point: P,
    /// The same for candidates that mean the same.
    pub key: String,
    /// The earlier trial of an equal candidate.
    pub same_as: Option<u64>,
}

impl Store {
    /// What the study is and how far it came.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn info(&self) -> Result<Info, StoreError> {
        let folded: i64 = self.one(
            "SELECT count(*) FROM trials WHERE outcome IS NOT NULL",
            [],
            |row| row.get(0),
        )?;
        let spent: f64 = self.one("SELECT coalesce(max(seconds), 0.0) FROM clock", [], |row| {
            row.get(0)
        })?;
        Ok(Info {
            definition: self.definition()?,
            digest: self.meta("digest")?,
            folded: folded.unsigned_abs(),
            spent: Duration::try_from_secs_f64(spent).unwrap_or_default(),
        })
    }

    /// All trials with an outcome, in their order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn trials<P: DeserializeOwned>(&self) -> Result<Vec<Trial<P>>, StoreError> {
        let rows = self.all(
            "SELECT number, point, key, gate, outcome, scores, same_as FROM trials
             WHERE outcome IS NOT NULL ORDER BY number",
            |row| {
                let number: i64 = row.get(0)?;
                let same_as: Option<i64> = row.get(6)?;
                let texts = [1, 2, 3, 4, 5].map(|column| row.get::<_, String>(column));
                Ok((number.unsigned_abs(), texts, same_as.map(i64::unsigned_abs)))
            },
        )?;
        rows.into_iter()
            .map(|(number, texts, same_as)| {
                let [point, key, gate, outcome, scores] = texts;
                let text = |text| self.sql(text);
                let what = format!("trial {number}");
                Ok(Trial {
                    number,
                    point: self.parse(&what, &text(point)?)?,
                    key: text(key)?,
                    gate: self.parse(&what, &text(gate)?)?,
                    outcome: self.parse(&what, &text(outcome)?)?,
                    scores: self.parse(&what, &text(scores)?)?,
                    same_as,
                })
            })
            .collect()
    }

    /// What the strategy was told of each trial with an outcome, in their order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn told<T: DeserializeOwned>(&self) -> Result<Vec<T>, StoreError> {
        let told = self.all(
            "SELECT told FROM trials WHERE outcome IS NOT NULL ORDER BY number",
            |row| row.get::<_, String>(0),
        )?;
        told.iter()
            .map(|text| self.parse("what the strategy was told", text))
            .collect()
    }

    /// Trials without an outcome, in their order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn asked<P: DeserializeOwned>(&self) -> Result<Vec<Asked<P>>, StoreError> {
        let rows = self.all(
            "SELECT number, point, key, same_as FROM trials WHERE outcome IS NULL ORDER BY number",
            |row| {
                let (number, same_as): (i64, Option<i64>) = (row.get(0)?, row.get(3)?);
                Ok((number, row.get::<_, String>(1)?, row.get(2)?, same_as))
            },
        )?;
        rows.into_iter()
            .map(|(number, point, key, same_as)| {
                Ok(Asked {
                    number: number.unsigned_abs(),
                    point: self.parse(&format!("trial {number}"), &point)?,
                    key,
                    same_as: same_as.map(i64::unsigned_abs),
                })
            })
            .collect()
    }

    /// The first trial that asked for a candidate of this key.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn first_of_key(&self, key: &str) -> Result<Option<u64>, StoreError> {
        let number: Option<i64> = self.one(
            "SELECT min(number) FROM trials WHERE key = ?1",
            [key],
            |row| row.get(0),
        )?;
        Ok(number.map(i64::unsigned_abs))
    }

    /// The trained .tflite file of a trial, if it came so far.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn model(&self, trial: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.training_of(trial)?.map(|trained| trained.model))
    }

    /// How a trial's training went, if there was one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn history(&self, trial: u64) -> Result<Option<Value>, StoreError> {
        Ok(self.training_of(trial)?.map(|trained| trained.history))
    }

    /// The record of a trial's last measurement: of the trained network, or of the untrained one if
    /// that was rejected.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn record(&self, trial: u64) -> Result<Option<Value>, StoreError> {
        let (_, key) = self.keys(trial)?;
        let measured = key.map(|key| self.measurement(&key)).transpose()?.flatten();
        Ok(measured
            .and_then(Verdict::ok)
            .map(|measured| measured.record))
    }

    /// Seconds of search after which each trial was folded, over all runs. Not part of the results:
    /// it differs from run to run.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn seconds(&self) -> Result<Vec<f64>, StoreError> {
        self.all("SELECT seconds FROM clock ORDER BY trial", |row| row.get(0))
    }

    /// A training by its key.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn training(&self, key: &str) -> Result<Option<Verdict<Trained>>, StoreError> {
        let found = self
            .one(
                "SELECT verdict, model FROM trainings WHERE key = ?1",
                [key],
                |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<Vec<u8>>>(1)?)),
            )
            .optional_row()?;
        let Some((verdict, model)) = found else {
            return Ok(None);
        };
        let verdict: Verdict<_> = self.parse("training", &verdict)?;
        Ok(Some(verdict.map(|(scores, history)| Trained {
            model: model.unwrap_or_default(),
            scores,
            history,
        })))
    }

    /// A measurement by its key.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn measurement(&self, key: &str) -> Result<Option<Verdict<Measured>>, StoreError> {
        self.one(
            "SELECT verdict FROM measurements WHERE key = ?1",
            [key],
            |row| row.get::<_, String>(0),
        )
        .optional_row()?
        .map(|verdict| self.parse("measurement", &verdict))
        .transpose()
    }

    /// The strategy's state after the last ask or fold; none before the first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn strategy<S: DeserializeOwned>(&self) -> Result<Option<S>, StoreError> {
        self.one("SELECT state FROM strategy", [], |row| {
            row.get::<_, String>(0)
        })
        .optional_row()?
        .map(|state| self.parse("the strategy's state", &state))
        .transpose()
    }

    /// One part of what determines the study's results.
    ///
    /// # Errors
    /// The file cannot be read, or has no such part.
    pub fn law<T: DeserializeOwned>(&self, part: &str) -> Result<T, StoreError> {
        let law: Value = self.parse("law", &self.meta("law")?)?;
        self.parse(part, &law[part].to_string())
    }

    pub(super) fn definition(&self) -> Result<Definition, StoreError> {
        Ok(Definition {
            name: self.meta("name")?,
            text: self.meta("text")?,
            law: self.parse("law", &self.meta("law")?)?,
            provenance: self.parse("provenance", &self.meta("provenance")?)?,
        })
    }

    fn meta(&self, name: &str) -> Result<String, StoreError> {
        self.one("SELECT value FROM meta WHERE name = ?1", [name], |row| {
            row.get(0)
        })
    }

    /// The keys of a trial's training and of its last measurement.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn keys(&self, trial: u64) -> Result<(Option<String>, Option<String>), StoreError> {
        let sql = "SELECT training, measurement FROM trials WHERE number = ?1";
        self.one(sql, [trial.cast_signed()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional_row()
        .map(Option::unwrap_or_default)
    }

    fn training_of(&self, trial: u64) -> Result<Option<Trained>, StoreError> {
        let (key, _) = self.keys(trial)?;
        let trained = key.map(|key| self.training(&key)).transpose()?.flatten();
        Ok(trained.and_then(Verdict::ok))
    }

    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.sql(self.connection.query_row(sql, params, read))
    }

    fn all<T>(
        &self,
        sql: &str,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let collect = || self.connection.prepare(sql)?.query_map([], read)?.collect();
        self.sql(collect())
    }

    fn parse<T: DeserializeOwned>(&self, what: &str, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text)
            .map_err(|source| StoreError::unreadable(&self.path, what, &source))
    }

    fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|source| StoreError::sqlite(&self.path, source))
    }
}

/// A row that need not be there.
trait OptionalRow<T> {
    fn optional_row(self) -> Result<Option<T>, StoreError>;
}

impl<T> OptionalRow<T> for Result<T, StoreError> {
    fn optional_row(self) -> Result<Option<T>, StoreError> {
        match self {
            Err(StoreError::Sqlite {
                source: rusqlite::Error::QueryReturnedNoRows,
                ..
            }) => Ok(None),
            other => other.map(Some),
        }
    }
}
