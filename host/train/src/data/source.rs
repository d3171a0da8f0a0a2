//! Examples by index.

use std::path::{Path, PathBuf};

/// Examples that are in memory, or read and computed when they are asked for.
pub trait Source: Send + Sync {
    /// Number of examples.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the values of an example (height × width × channels, the last fastest), ready for
    /// the network: normalized, never NaN. Returns its label.
    ///
    /// # Errors
    /// The example cannot be read.
    ///
    /// # Panics
    /// There is no such example, or `values` has the wrong length.
    fn read(&self, index: usize, values: &mut [f32]) -> Result<usize, DataError>;
}

/// Why data cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", .path.display())]
pub struct DataError {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong and what to do.
    pub problem: String,
}

impl DataError {
    pub(crate) fn new(path: &Path, problem: impl Into<String>) -> Self {
        let (path, problem) = (path.to_path_buf(), problem.into());
        Self { path, problem }
    }
}

pub(crate) type Result<T, E = DataError> = std::result::Result<T, E>;
