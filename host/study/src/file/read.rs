//! From text to a type, with every complaint in its place.

use std::path::Path;

use schemars::{JsonSchema, Schema, schema_for};
use serde::de::DeserializeOwned;

use super::problem::{FileError, Problem};
use super::yaml::{self, Node};

/// Reads a document: keys and kinds of values by the type's schema, all of them at once, then what
/// only the type's own reading of its texts can tell.
pub(super) fn read<T: DeserializeOwned + JsonSchema>(
    text: &str,
    document: &Node,
) -> Result<T, Vec<Problem>> {
    let schema: Schema = schema_for!(T);
    let problems = super::schema::check(document, schema.as_value());
    if !problems.is_empty() {
        return Err(problems);
    }
    serde_saphyr::from_str(text).map_err(|error| {
        let mut problem = yaml::problem(&error);
        problem.path = document.path_at(problem.place).unwrap_or_default();
        vec![problem]
    })
}

/// Fills in the places of complaints about values.
pub(super) fn place(problems: &mut [Problem], document: &Node) {
    for problem in problems
        .iter_mut()
        .filter(|problem| problem.place.line == 0)
    {
        problem.place = document.place_of(&problem.path);
    }
}

/// The text of a file.
pub(super) fn text(path: &Path) -> Result<String, FileError> {
    std::fs::read_to_string(path)
        .map_err(|error| FileError::new(path, vec![Problem::at("", error.to_string())]))
}
