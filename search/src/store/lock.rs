//! One writer per store.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::StoreError;

/// A lock on a file beside the store; SQLite's own locks last for a transaction only. The system
/// releases it when the process ends, however it ends. The file stays: to remove it would be a race.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl Lock {
    pub(super) fn acquire(store: &Path) -> Result<Self, StoreError> {
        let inaccessible = |path: &Path, source: &std::io::Error| StoreError::Inaccessible {
            path: path.to_owned(),
            what: source.to_string(),
        };
        let path = Self::beside(store);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| inaccessible(&path, &source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked(store.to_owned())),
            Err(TryLockError::Error(source)) => Err(inaccessible(&path, &source)),
        }
    }

    /// The file that is locked.
    pub(super) fn beside(store: &Path) -> PathBuf {
        let mut name = store.as_os_str().to_owned();
        name.push(".lock");
        name.into()
    }
}
