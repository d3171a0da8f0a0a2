//! What can be wrong with a store, and what to do about it.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::Difference;

/// A store cannot be opened, read or written. What was stored before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is none to read.
    #[error("{0}: there is no study here")]
    Missing(PathBuf),
    /// There is one already.
    #[error("{0}: a study is here already; resume it, or choose another output folder")]
    Exists(PathBuf),
    /// It is a file of another kind.
    #[error("{0}: not a study of onchip; choose another output folder")]
    Foreign(PathBuf),
    /// It has a schema of the future.
    #[error(
        "{path}: written by a newer onchip (schema {found}, this one knows {known}); update onchip"
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The schema of this version.
        known: i64,
    },
    /// What it holds makes no sense.
    #[error("{path}: damaged: {what}; restore it from a copy, or start anew in another folder")]
    Corrupt {
        /// The store.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// Another process writes it.
    #[error("{0}: another process is running this study; wait for it, or stop it")]
    Locked(PathBuf),
    /// The disk is full.
    #[error(
        "{0}: no space left to store results; what was stored before is kept: free some space, then resume"
    )]
    Full(PathBuf),
    /// The file or its folder may not be written.
    #[error(
        "{path}: cannot be opened or written ({what}); check that the folder exists and may be written"
    )]
    Inaccessible {
        /// The store.
        path: PathBuf,
        /// What the system said.
        what: String,
    },
    /// It is the store of another study.
    #[error(
        "{path}: holds a study with other settings: {}; restore the settings to resume, or choose another output folder",
        listed(.differences)
    )]
    Differs {
        /// The store.
        path: PathBuf,
        /// Where the settings differ.
        differences: Vec<Difference>,
    },
    /// Anything else that SQLite reports.
    #[error("{path}: {source}")]
    Sqlite {
        /// The store.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

/// The first few differences; a study file that was exchanged for another has hundreds.
fn listed(differences: &[Difference]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<_> = differences
        .iter()
        .take(SHOWN)
        .map(ToString::to_string)
        .collect();
    match differences.len().saturating_sub(SHOWN) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

impl StoreError {
    /// Tells the causes apart that a user can do something about.
    pub(super) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(path),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(path),
            Some(ErrorCode::NotADatabase) => Self::Foreign(path),
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt {
                path,
                what: source.to_string(),
            },
            Some(
                ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::SystemIoFailure,
            ) => Self::Inaccessible {
                path,
                what: source.to_string(),
            },
            _ => Self::Sqlite { path, source },
        }
    }

    /// A text in the store that cannot be read back.
    pub(super) fn unreadable(path: &Path, what: &str, source: &serde_json::Error) -> Self {
        Self::Corrupt {
            path: path.to_owned(),
            what: format!("{what}: {source}"),
        }
    }
}
