//! Windows of recordings in CSV files.

use std::path::{Path, PathBuf};

use ::csv::{ReaderBuilder, StringRecord};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::examples::{Examples, Part};
use super::features::Features;
use super::file;
use super::folders::list;
use super::normalize::Normalize;
use super::series::{self, Missing, Series, Shaping};
use super::source::{DataError, Result};
use super::split::SplitConfig;
use super::ucr::{number, shorten};

/// Windows of recordings in CSV files: a row is a time step, a column a channel. All windows of a
/// file (or of a block of it) stay in one split, so that none overlaps with one of another split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvConfig {
    /// The folder with `.csv` files: with one folder for each class, or, with `label`, as you like.
    pub folder: PathBuf,
    /// The column with the class of each row. Windows in which it changes are left out. If not
    /// set, a file's class is the folder that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The columns that are channels. If not set, all but `label`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// Whether the first row has the names of the columns. If not, they are named by number,
    /// from 0 on.
    #[serde(default = "yes")]
    pub header: bool,
    /// What divides columns.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// Rows of a window. If not set, as many as the features take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// Rows from the start of a window to the start of the next. If not set, as many as a window
    /// has: windows do not overlap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
    /// Rows of a block: files are cut into such, and blocks instead of files are divided among
    /// the splits. For data with few long files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<usize>,
    /// What is done about missing values. They are filled in within a file, before it is cut into
    /// windows.
    #[serde(default)]
    pub missing: Missing,
    /// What the network is told of a window instead of its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Features>,
    /// How values are normalized.
    #[serde(default = "super::ucr::mean_std")]
    pub normalize: Normalize,
    /// Which examples are for training, validation and test.
    #[serde(default)]
    pub split: SplitConfig,
}

fn yes() -> bool {
    true
}

fn comma() -> char {
    ','
}

/// A file's columns.
struct Recording {
    channels: Vec<Vec<f32>>,
    /// The class of each row, or of all.
    labels: Vec<String>,
    /// The file's line of each row.
    lines: Vec<usize>,
}

impl CsvConfig {
    pub(crate) fn read(&self, base: &Path) -> Result<Examples> {
        let folder = base.join(&self.folder);
        let error = |problem: &str| DataError::new(&folder, problem);
        let window = self
            .window
            .or(self.features.as_ref().map(Features::samples));
        let window = window.ok_or_else(|| error("window: needed, the rows of an example"))?;
        let stride = self.stride.unwrap_or(window);
        if window == 0 || stride == 0 || self.block.is_some_and(|block| block < window) {
            return Err(error(
                "window and stride must be at least 1, block at least a window",
            ));
        }
        let files = list(&folder, &["csv"])?;
        if files.is_empty() {
            return Err(error("holds no .csv files, nor do its folders"));
        }
        let (mut all, mut group) = (Vec::new(), 0);
        for path in &files {
            let mut recording = self.recording(&folder, path)?;
            if self.missing == Missing::Interpolate {
                let channels = recording.channels.iter_mut();
                channels.for_each(|channel| series::interpolate(channel));
            }
            let rows = recording.lines.len();
            for start in (0..rows).step_by(self.block.unwrap_or(rows).max(1)) {
                let end = self.block.map_or(rows, |block| rows.min(start + block));
                let starts = (start..end)
                    .step_by(stride)
                    .take_while(|at| at + window <= end);
                all.extend(starts.filter_map(|at| recording.window(at, window, path, group)));
                group += 1;
            }
        }
        if all.is_empty() {
            return Err(error(
                "no file has a window's rows of one class: choose a smaller window",
            ));
        }
        let classes = all.iter().map(|series| series.class.clone()).collect();
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let shaping = Shaping {
            missing: self.missing,
            length: None,
            features: self.features.as_ref(),
        };
        series::examples(name, folder, all, series::sorted(classes), &shaping)
    }

    fn recording(&self, folder: &Path, path: &Path) -> Result<Recording> {
        let error = |problem: String| DataError::new(path, problem);
        let delimiter = u8::try_from(self.delimiter)
            .map_err(|_| error("delimiter: not a simple character".to_owned()))?;
        let text = file::read_text(path)?;
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(self.header)
            .from_reader(text.as_bytes());
        let broken = |cause: ::csv::Error| error(format!("is no table ({cause}): repair it"));
        let first = reader.headers().map_err(broken)?.clone();
        let names: Vec<String> = if self.header {
            first.iter().map(|name| name.trim().to_owned()).collect()
        } else {
            (0..first.len()).map(|index| index.to_string()).collect()
        };
        let column = |name: &String| {
            let place = names.iter().position(|other| other == name);
            place.ok_or_else(|| error(format!("has no column `{name}`, but {}", names.join(", "))))
        };
        let label = self.label.as_ref().map(column).transpose()?;
        let columns: Vec<usize> = match &self.columns {
            Some(columns) => columns.iter().map(column).collect::<Result<_>>()?,
            None => (0..names.len())
                .filter(|&index| Some(index) != label)
                .collect(),
        };
        if columns.is_empty() {
            return Err(error("has no column for a channel".to_owned()));
        }
        let inner = path.strip_prefix(folder).unwrap_or(path);
        let mut recording = Recording {
            channels: vec![Vec::new(); columns.len()],
            labels: Vec::new(),
            lines: Vec::new(),
        };
        if label.is_none() {
            let mut parts = inner.components();
            let (Some(class), Some(_)) = (parts.next(), parts.next()) else {
                return Err(error(
                    "is in no class's folder: move it into one, or name the column `label`"
                        .to_owned(),
                ));
            };
            recording
                .labels
                .push(class.as_os_str().to_string_lossy().into_owned());
        }
        let mut row = StringRecord::new();
        while reader.read_record(&mut row).map_err(broken)? {
            let line = row
                .position()
                .map_or(0, |position| position.line() as usize);
            for (values, &index) in recording.channels.iter_mut().zip(&columns) {
                let cell = row.get(index).unwrap_or_default().trim();
                let value = number(cell).ok_or_else(|| {
                    let (cell, name) = (shorten(cell), &names[index]);
                    error(format!(
                        "line {line}, column `{name}`: `{cell}` is not a number"
                    ))
                })?;
                if self.missing == Missing::Refuse && !value.is_finite() {
                    let name = &names[index];
                    return Err(error(format!(
                        "line {line}, column `{name}`: missing or not a finite number; repair \
                         it, or set `missing: interpolate` or `missing: drop`"
                    )));
                }
                values.push(value);
            }
            if let Some(label) = label {
                let class = row.get(label).unwrap_or_default().trim();
                if class.is_empty() {
                    let name = &names[label];
                    return Err(error(format!(
                        "line {line}, column `{name}`: names no class; write one, or remove the row"
                    )));
                }
                recording.labels.push(class.to_owned());
            }
            recording.lines.push(line);
        }
        Ok(recording)
    }
}

impl Recording {
    /// The window that begins at a row, if it has one class.
    fn window(&self, start: usize, size: usize, path: &Path, group: u32) -> Option<Series> {
        let labels = self.labels.get(start..start + size).unwrap_or(&self.labels);
        let class = labels.first()?;
        if labels.iter().any(|label| label != class) {
            return None;
        }
        Some(Series {
            channels: self
                .channels
                .iter()
                .map(|values| values[start..start + size].to_vec())
                .collect(),
            class: class.clone(),
            part: Part::Train,
            group,
            path: path.to_path_buf(),
            line: self.lines[start],
        })
    }
}
