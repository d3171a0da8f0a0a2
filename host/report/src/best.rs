//! The best network of a study, with all that is needed to use it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::file::{Error, failed, replace};

/// What goes into `best_model/`.
#[derive(Debug, Clone, Copy)]
pub struct Best<'a> {
    /// Its trial's number.
    pub trial: u64,
    /// The .tflite file.
    pub model: &'a [u8],
    /// How to train it again, YAML.
    pub spec: &'a str,
    /// The measurement's record; a study without boards has none.
    pub record: Option<&'a Value>,
    /// Names of the classes, in the order of the outputs.
    pub labels: &'a [String],
}

/// Writes the best network, or removes an earlier one where there is none.
pub(crate) fn write(folder: &Path, best: Option<Best<'_>>) -> Result<Vec<PathBuf>, Error> {
    let spec = folder.join("best_model_spec.yaml");
    let model = folder.join("best_model");
    let files = [
        (spec, best.map(|best| best.spec.as_bytes().to_vec())),
        (
            model.join("spec.yaml"),
            best.map(|best| best.spec.as_bytes().to_vec()),
        ),
        (
            model.join("model.tflite"),
            best.map(|best| best.model.to_vec()),
        ),
        (
            model.join("record.json"),
            best.and_then(|best| best.record).map(json),
        ),
        (
            model.join("labels.txt"),
            best.map(|best| lines(best.labels)),
        ),
    ];
    let mut written = Vec::new();
    for (path, content) in files {
        match content {
            Some(content) => written.push(replace(&path, &content)?),
            None => remove(&path)?,
        }
    }
    Ok(written)
}

fn json(record: &Value) -> Vec<u8> {
    format!("{record:#}\n").into_bytes()
}

fn lines(labels: &[String]) -> Vec<u8> {
    let lines = labels.iter().map(|label| format!("{label}\n"));
    lines.collect::<String>().into_bytes()
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(path)(error)),
        _ => Ok(()),
    }
}
