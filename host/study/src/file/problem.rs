//! What is wrong with a file, all of it at once.

use std::fmt;
use std::path::PathBuf;

/// A line and a column, both counted from 1; 0 where none is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: u64,
    /// Column.
    pub column: u64,
}

/// One complaint about a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// The key by its dotted path, like `boards[0].probe`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl Problem {
    /// A complaint about a key; its place is filled in where the text is at hand.
    pub(super) fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: Place::default(),
            path: path.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.line > 0 {
            write!(f, "{}:{}: ", self.place.line, self.place.column)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Why a file cannot be used: everything that is wrong with it, in the order of its lines.
#[derive(Debug)]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// At least one.
    pub problems: Vec<Problem>,
}

impl FileError {
    pub(super) fn new(path: impl Into<PathBuf>, mut problems: Vec<Problem>) -> Self {
        problems.sort();
        problems.dedup();
        let path = path.into();
        Self { path, problems }
    }
}

impl std::error::Error for FileError {}

impl fmt::Display for FileError {
    /// One line per complaint, each as `file:line:column: key: what is wrong`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.path.display();
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            let space = if problem.place.line > 0 { "" } else { " " };
            write!(f, "{separator}{file}:{space}{problem}")?;
        }
        Ok(())
    }
}
