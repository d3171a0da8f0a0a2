//! Where the data set of a name is.

use std::path::{Path, PathBuf};

use onchip_train::data::DataConfig;
use serde_json::{Value, json};

/// Folders below the study file's in which a name is looked for.
const FOLDERS: [&str; 2] = ["", "datasets"];
/// Endings of files with examples.
const ENDINGS: [&str; 4] = ["ts", "tsv", "txt", "npz"];

/// The data set of that name: a bundled one (`digits`, `fashion_mnist`), or a file or folder of
/// that name beside the study file or in `datasets` there.
///
/// A file holds time series (`.ts`, `.tsv`, `.txt`) or arrays (`.npz`) and may be named without its
/// ending; of a pair `NAME_TRAIN.ts` and `NAME_TEST.ts`, in a folder `NAME` or not, `NAME` is
/// enough. A folder holds IDX files, or CSV files in a folder for each class; as TI's tools have
/// it, these folders may be in one that is named `classes`.
pub(super) fn find(name: &str, base: &Path) -> Result<DataConfig, String> {
    let config =
        |json: Value| serde_json::from_value(json).map_err(|error| format!("`{name}`: {error}"));
    if let Ok(bundled) = config(json!(name)) {
        return Ok(bundled);
    }
    for folder in FOLDERS {
        let relative = Path::new(folder).join(name);
        for candidate in candidates(&relative) {
            if base.join(&candidate).is_file() {
                return config(file(&candidate, base));
            }
        }
        if base.join(&relative).is_dir() {
            let folder = as_folder(&relative, base);
            return config(folder.ok_or_else(|| {
                format!(
                    "the folder {} holds no data that is known: neither IDX files nor a folder of \
                     CSV files for each class",
                    base.join(&relative).display()
                )
            })?);
        }
    }
    let searched: Vec<String> = (FOLDERS.iter())
        .map(|folder| base.join(folder).join(name).display().to_string())
        .collect();
    Err(format!(
        "no data set `{name}`: it is none of the bundled ones (digits, fashion_mnist), and there \
         is no such file or folder as {}, with or without _TRAIN and one of the endings {}",
        searched.join(" or "),
        ENDINGS.join(", ")
    ))
}

/// The configuration of a file that exists.
fn file(path: &Path, base: &Path) -> Value {
    if path.extension().is_some_and(|ending| ending == "npz") {
        return json!({ "npz": { "file": path } });
    }
    let test = test_part(path).filter(|test| base.join(test).is_file());
    json!({ "ucr": { "train": path, "test": test } })
}

/// The configuration of a folder that exists.
fn as_folder(path: &Path, base: &Path) -> Option<Value> {
    let classes = path.join("classes");
    if base.join(&classes).is_dir() {
        return Some(json!({ "csv": { "folder": classes } }));
    }
    let holds = |folder: &Path, is_it: &dyn Fn(&Path) -> bool| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).any(|path| is_it(&path))
    };
    let is_idx = |path: &Path| path.to_string_lossy().contains("-ubyte");
    let is_csv = |path: &Path| path.extension().is_some_and(|ending| ending == "csv");
    if holds(&base.join(path), &is_idx) {
        Some(json!({ "idx": { "folder": path } }))
    } else if holds(&base.join(path), &|class| holds(class, &is_csv)) {
        Some(json!({ "csv": { "folder": path } }))
    } else {
        None
    }
}

/// Files that may be meant by a path.
fn candidates(path: &Path) -> Vec<PathBuf> {
    let stem = path.file_name().unwrap_or_default().to_string_lossy();
    let mut files = vec![path.to_path_buf()];
    for ending in ENDINGS {
        files.push(path.with_file_name(format!("{stem}.{ending}")));
        files.push(path.with_file_name(format!("{stem}_TRAIN.{ending}")));
        files.push(path.join(format!("{stem}_TRAIN.{ending}")));
    }
    files
}

/// The file with the test series that belongs to one with training series.
fn test_part(train: &Path) -> Option<PathBuf> {
    let name = train.file_name()?.to_str()?;
    let (stem, ending) = name.rsplit_once("_TRAIN.")?;
    Some(train.with_file_name(format!("{stem}_TEST.{ending}")))
}
