//! Files that are replaced in one step.

use std::fs;
use std::path::{Path, PathBuf};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder.
    #[error("{} cannot be written: {source}; see that the folder is yours and has room", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A table.
    #[error("a table cannot be written: {0}")]
    Table(#[from] csv::Error),
    /// A plot.
    #[error("{name} cannot be drawn: {problem}")]
    Plot {
        /// Its file.
        name: &'static str,
        /// Why.
        problem: String,
    },
}

/// Gives the file at `path` this content, and makes its folder.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<PathBuf, Error> {
    let write = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        fs::write(&beside, content)?;
        fs::rename(&beside, path)
    };
    write().map_err(failed(path))?;
    Ok(path.to_path_buf())
}

/// Names the file that something went wrong with.
pub(crate) fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |source| Error::File {
        path: path.to_path_buf(),
        source,
    }
}
