//! Study files: what is searched, on what data, with which goals, boards and budget.
//!
//! [`Loaded::read`] takes onchip's own format, [`StudyFile`], and TI-style files, which are turned
//! into it. Keys, kinds and allowed values are looked up in the JSON schema that the types derive,
//! so that every complaint names line, column, key and remedy, all of a file's at once.

mod boards;
mod budget;
mod prepare;
mod problem;
mod read;
mod schema;
mod spec;
mod start;
mod study;
mod ti;
mod validate;
mod yaml;

pub use boards::BoardEntry;
pub use budget::{Budget, EarlyStop, Time};
pub use prepare::Prepared;
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
    /// Where it is.
    pub path: PathBuf,
}

impl Loaded {
    /// Reads a study file and checks all that the file alone can tell.
    ///
    /// # Errors
    /// The file cannot be read, or says what cannot be; all of its faults are told at once.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        Self::parse(read::text(path)?, path)
    }

    /// As [`Self::read`], of a text that was read before; relative paths start at the folder of
    /// `path`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(text: String, path: &Path) -> Result<Self, FileError> {
        match parse(&text, path) {
            Ok(file) => Ok(Self {
                file,
                text,
                path: path.to_path_buf(),
            }),
            Err(problems) => Err(FileError::new(path, problems)),
        }
    }

    /// The folder that relative paths of data and specs start at.
    pub fn base(&self) -> &Path {
        folder(&self.path)
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn parse(text: &str, path: &Path) -> Result<StudyFile, Vec<Problem>> {
    let document = Node::parse(text).map_err(|problem| vec![problem])?;
    let is_ti = ti::is_ti(&document);
    let located = |mut problems: Vec<Problem>| {
        read::place(&mut problems, &document);
        problems
    };
    let mut file: StudyFile = if is_ti {
        let file = read::read(text, &document)?;
        ti::convert(&file, folder(path)).map_err(located)?
    } else {
        read::read(text, &document)?
    };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    file.name.get_or_insert_with(|| stem.into_owned());
    let problems = validate::check(&file);
    if problems.is_empty() {
        return Ok(file);
    }
    // The keys of a TI-style file have other names: what was made of them has no place.
    Err(if is_ti { problems } else { located(problems) })
}

/// The JSON schema of study files, for editors.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(StudyFile).to_value()
}

/// The JSON schema of TI-style study files.
pub fn ti_json_schema() -> serde_json::Value {
    schemars::schema_for!(ti::TiFile).to_value()
}
