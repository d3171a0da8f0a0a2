//! Time series as the UCR and UEA archives have them: `.tsv`, `.txt`, and `.ts`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::examples::{Examples, Part};
use super::features::Features;
use super::file;
use super::normalize::Normalize;
use super::series::{self, Missing, Series, Shaping};
use super::source::{DataError, Result};
use super::split::SplitConfig;
use super::ts;

/// Time series as the UCR and UEA archives have them: `.tsv` or `.txt` (a line is a class and the
/// values of one series, divided by tabs, commas or spaces) or `.ts` (as aeon and sktime write it).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UcrConfig {
    /// The file with series for training, such as `GunPoint_TRAIN.ts`.
    pub train: PathBuf,
    /// The file with series for test. If not set, the test split is cut from the other file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<PathBuf>,
    /// Time steps of a series. Longer ones are cut, shorter ones are filled with their last
    /// value. If not set, all must be equally long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// What is done about missing values.
    #[serde(default)]
    pub missing: Missing,
    /// What the network is told of a series instead of its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Features>,
    /// How values are normalized.
    #[serde(default = "mean_std")]
    pub normalize: Normalize,
    /// Which examples are for training, validation and test.
    #[serde(default)]
    pub split: SplitConfig,
}

/// Sensors have units; their values go to mean 0 and deviation 1.
pub(crate) fn mean_std() -> Normalize {
    Normalize::MeanStd
}

impl UcrConfig {
    pub(crate) fn read(&self, base: &Path) -> Result<Examples> {
        let path = base.join(&self.train);
        let (mut all, mut classes) = read(&path, Part::Train)?;
        if let Some(test) = &self.test {
            let (series, more) = read(&base.join(test), Part::Test)?;
            all.extend(series);
            classes.extend(more);
        }
        // Series of different lines have nothing to do with each other.
        for (group, series) in (0..).zip(&mut all) {
            series.group = group;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = name.trim_end_matches("_TRAIN").to_owned();
        let shaping = Shaping {
            missing: self.missing,
            length: self.length,
            features: self.features.as_ref(),
        };
        let mut examples = series::examples(name, path, all, series::sorted(classes), &shaping)?;
        examples.groups.clear();
        Ok(examples)
    }
}

/// The series of a file, and the classes that it names.
fn read(path: &Path, part: Part) -> Result<(Vec<Series>, Vec<String>)> {
    let text = file::read_text(path)?;
    if ts::is_header(&text) {
        return ts::parse(path, &text, part);
    }
    let mut all = Vec::new();
    for (line, row) in (1..).zip(text.lines()) {
        if row.trim().is_empty() {
            continue;
        }
        let error = |problem: String| DataError::new(path, format!("line {line}: {problem}"));
        let mut cells = split(row);
        let class = cells.next().unwrap_or_default();
        if class.is_empty() {
            return Err(error("begins with no class".to_owned()));
        }
        let mut values = Vec::new();
        for (column, cell) in (2..).zip(cells) {
            values.push(number(cell).ok_or_else(|| {
                error(format!(
                    "column {column}: `{}` is not a number",
                    shorten(cell)
                ))
            })?);
        }
        // The archive fills short series with missing values at their end.
        let end = values
            .iter()
            .rposition(|value| !value.is_nan())
            .map_or(0, |last| last + 1);
        if end > 0 {
            values.truncate(end);
        }
        all.push(Series {
            channels: vec![values],
            class: tidy(class),
            part,
            group: 0,
            path: path.to_path_buf(),
            line,
        });
    }
    if all.is_empty() {
        return Err(DataError::new(
            path,
            "holds no series: is this the right file?",
        ));
    }
    let classes = all.iter().map(|series| series.class.clone()).collect();
    Ok((all, classes))
}

/// Cells of a line: by tabs or commas, else by spaces.
fn split(row: &str) -> Box<dyn Iterator<Item = &str> + '_> {
    match row.find(['\t', ',']) {
        Some(at) => Box::new(
            row.trim_end()
                .split(char::from(row.as_bytes()[at]))
                .map(str::trim),
        ),
        None => Box::new(row.split_whitespace()),
    }
}

/// A number; NaN for what is missing.
pub(crate) fn number(cell: &str) -> Option<f32> {
    match cell {
        "" | "?" => Some(f32::NAN),
        _ => cell.parse().ok(),
    }
}

/// Numbers in the older files are written like `1.0000000e+00`.
fn tidy(class: &str) -> String {
    match class.parse::<f64>() {
        Ok(number) if number.fract() == 0.0 && number.abs() < 1e9 => format!("{number:.0}"),
        _ => class.to_owned(),
    }
}

/// The beginning of a cell, for errors.
pub(crate) fn shorten(cell: &str) -> String {
    cell.chars().take(40).collect()
}
