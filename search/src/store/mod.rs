//! What a study keeps: one SQLite file that survives a kill at any instant.
//!
//! | table | one row per |
//! | --- | --- |
//! | `meta` | fact about the study: name, the study file's text, what determines its results |
//! | `trials` | candidate asked for; its outcome is filled in when it is folded |
//! | `trainings` | training, under the key of all that determines it |
//! | `measurements` | measurement, under the key of all that determines it |
//! | `strategy` | study: the strategy's state after the last ask or fold |
//! | `clock` | folded trial: the seconds spent until then; the only thing that two runs differ in |
//!
//! Every write is one transaction. One process writes, guarded by a lock on a file beside the
//! store; any number may read meanwhile.

mod definition;
mod error;
mod file;
mod lock;
mod read;
mod write;

#[cfg(test)]
pub(crate) mod fuse;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use rusqlite::Connection;

pub use definition::{Definition, Difference};
pub use error::StoreError;
pub use read::{Asked, Info};
pub use write::Fold;

/// What a training or a measurement came to: a result, or why the candidate is to blame.
pub type Verdict<T> = Result<T, String>;

/// A study's file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
    /// Held by the one who writes; the system lets go of it when the process ends in any way.
    lock: Option<lock::Lock>,
    #[cfg(test)]
    pub(crate) fuse: fuse::Fuse,
}
