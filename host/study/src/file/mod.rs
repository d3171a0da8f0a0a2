//! Study files: what is searched, on what data, with which goals, boards and budget.
//!
//! [`Loaded::read`] takes onchip's own format, [`StudyFile`], and TI-style files, which are turned
//! into it. Keys, kinds and allowed values are looked up in the JSON schema that the types derive,
//! so that every complaint names line, column, key and remedy, all of a file's at once.

mod boards;
mod budget;
mod problem;
mod read;
mod schema;
mod spec;
mod start;
mod study;
mod validate;
mod yaml;

pub use boards::BoardEntry;
pub use budget::{Budget, EarlyStop, Time};
pub use problem::{FileError, Place, Problem};
pub use spec::{ModelSpec, Provenance};
pub use start::{Start, StartError};
pub use study::{StudyFile, Task};

use std::path::{Path, PathBuf};

use yaml::Node;

/// A study file as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What it says; of a TI-style file, what it means. Its name is never left out.
    pub file: StudyFile,
    /// The text, as it was written.
    pub text: String,
    /// The folder that relative paths of data and specs start at.
    pub base: PathBuf,
}

impl Loaded {
    /// Reads a study file and checks all that the file alone can tell.
    ///
    /// # Errors
    /// The file cannot be read, or says what cannot be; all of its faults are told at once.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let text = read::text(path)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = parse(&text, &stem).map_err(|problems| FileError::new(path, problems))?;
        let base = path.parent().unwrap_or(Path::new("")).to_path_buf();
        Ok(Self { file, text, base })
    }

    /// A study file's text, as [`Self::read`] reads a file's; `stem` is the name of a study that
    /// names itself not.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(text: &str, stem: &str, base: &Path) -> Result<Self, FileError> {
        let file = parse(text, stem).map_err(|problems| FileError::new(stem, problems))?;
        Ok(Self {
            file,
            text: text.to_owned(),
            base: base.to_path_buf(),
        })
    }
}

fn parse(text: &str, stem: &str) -> Result<StudyFile, Vec<Problem>> {
    let document = Node::parse(text).map_err(|problem| vec![problem])?;
    let mut file: StudyFile = read::read(text, &document)?;
    file.name.get_or_insert_with(|| stem.to_owned());
    let mut problems = validate::check(&file);
    if problems.is_empty() {
        return Ok(file);
    }
    read::place(&mut problems, &document);
    Err(problems)
}

/// The JSON schema of study files, for editors.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(StudyFile).to_value()
}
