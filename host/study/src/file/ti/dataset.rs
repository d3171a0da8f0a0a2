//! Where the data set of a name is.

use std::path::{Path, PathBuf};

use onchip_train::data::DataConfig;
use serde_json::{Value, json};

/// Folders below the study file's in which a name is looked for.
const FOLDERS: [&str; 2] = ["", "datasets"];
/// Endings of files with time series.
const SERIES: [&str; 3] = ["ts", "tsv", "txt"];

/// The data set of that name: a bundled one (`digits`, `fashion_mnist`), or a file or folder of
/// that name beside the study file or in `datasets` there. A file may be named without its ending;
/// of a pair `NAME_TRAIN.ts` and `NAME_TEST.ts`, in a folder `NAME` or not, `NAME` is enough. A
/// folder without such files holds IDX files.
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
                let test = test_part(&candidate).filter(|test| base.join(test).is_file());
                return config(json!({ "ucr": { "train": candidate, "test": test } }));
            }
        }
        if base.join(&relative).is_dir() {
            return config(json!({ "idx": { "folder": relative } }));
        }
    }
    let searched: Vec<String> = (FOLDERS.iter())
        .map(|folder| base.join(folder).join(name).display().to_string())
        .collect();
    Err(format!(
        "no data set `{name}`: it is none of the bundled ones (digits, fashion_mnist), and there \
         is no such file or folder as {}, with or without _TRAIN and one of the endings {}",
        searched.join(" or "),
        SERIES.join(", ")
    ))
}

/// Files that may be meant by a path.
fn candidates(path: &Path) -> Vec<PathBuf> {
    let stem = path.file_name().unwrap_or_default().to_string_lossy();
    let mut files = vec![path.to_path_buf()];
    for ending in SERIES {
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
