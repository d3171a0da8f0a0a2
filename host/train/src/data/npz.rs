//! Arrays that NumPy saved in an `.npz` file.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use npyz::npz::NpzArchive;
use npyz::{DType, Deserialize as Element, NpyFile, Order, TypeChar};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::examples::{Examples, Part, Values};
use super::features::{Extractor, Features};
use super::file;
use super::idx;
use super::normalize::Normalize;
use super::source::{DataError, Result};
use super::split::SplitConfig;

/// Arrays that NumPy saved in an `.npz` file: examples, the first axis counting them, and labels
/// from 0 on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NpzConfig {
    /// The file.
    pub file: PathBuf,
    /// Name of the array with examples. If not set, `x_train`, or else `x`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Name of the array with labels. If not set, `y_train`, or else `y`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Name of the array with examples for test. If not set, `x_test` if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_test: Option<String>,
    /// Name of the array with labels for test. If not set, `y_test`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y_test: Option<String>,
    /// What the axes of an example are. If not set: `length`, `height_width`,
    /// `height_width_channels` for one, two and three of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axes: Option<Axes>,
    /// Names of the classes, in the order of the labels. If not set, they are the numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// What the network is told of a time series instead of its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Features>,
    /// How values are normalized. If not set: bytes to 0..1, other numbers by mean and deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalize: Option<Normalize>,
    /// Which examples are for training, validation and test.
    #[serde(default)]
    pub split: SplitConfig,
}

/// What the axes of an example are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Axes {
    /// A time series.
    Length,
    /// A time series, all channels of a step together.
    LengthChannels,
    /// A time series, all steps of a channel together.
    ChannelsLength,
    /// A grey image.
    HeightWidth,
    /// An image, all channels of a pixel together.
    HeightWidthChannels,
    /// An image, all pixels of a channel together.
    ChannelsHeightWidth,
}

/// An array's values, as they are to be kept.
enum Numbers {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

struct Array {
    extents: Vec<usize>,
    numbers: Numbers,
}

type Archive = NpzArchive<Cursor<Vec<u8>>>;

impl NpzConfig {
    pub(crate) fn read(&self, base: &Path) -> Result<Examples> {
        let path = base.join(&self.file);
        let broken = |error: std::io::Error| {
            let problem =
                format!("is no .npz file, or damaged or truncated ({error}): save it again");
            DataError::new(&path, problem)
        };
        let mut archive = Archive::new(Cursor::new(file::read(&path)?)).map_err(broken)?;
        let names: Vec<String> = archive.array_names().map(str::to_owned).collect();
        let choose = |given: &Option<String>, defaults: &[&str]| {
            let default = defaults
                .iter()
                .find(|name| names.iter().any(|other| other == *name));
            let chosen = given
                .clone()
                .or_else(|| default.map(|&name| name.to_owned()));
            chosen.ok_or_else(|| {
                let problem = format!(
                    "has no array `{}`, but {}: name it in the study file",
                    defaults.join("` or `"),
                    names.join(", ")
                );
                DataError::new(&path, problem)
            })
        };
        let mut pairs = vec![(
            choose(&self.x, &["x_train", "x"])?,
            choose(&self.y, &["y_train", "y"])?,
        )];
        if let Ok(x) = choose(&self.x_test, &["x_test"]) {
            pairs.push((x, choose(&self.y_test, &["y_test"])?));
        }
        let (mut shape, mut values, mut labels) = ([0; 3], None, Vec::new());
        let mut parts = Vec::new();
        for ((x, y), part) in pairs.iter().zip([Part::Train, Part::Test]) {
            let examples = array(&path, &mut archive, x)?;
            let found = self.shape(&path, x, &examples)?;
            if part == Part::Test && found != shape {
                let problem = format!(
                    "`{x}` has examples of {found:?}, but those for training are {shape:?}"
                );
                return Err(DataError::new(&path, problem));
            }
            shape = found;
            let count = examples.extents[0];
            labels.extend(read_labels(&path, &mut archive, y, count)?);
            parts.resize(labels.len(), part);
            let numbers = self.arrange(examples.numbers, shape);
            values = Some(match (values, numbers) {
                (None, numbers) => numbers,
                (Some(Numbers::Bytes(bytes)), Numbers::Bytes(more)) => {
                    Numbers::Bytes([bytes, more].concat())
                }
                (Some(Numbers::Floats(floats)), Numbers::Floats(more)) => {
                    Numbers::Floats([floats, more].concat())
                }
                _ => {
                    return Err(DataError::new(
                        &path,
                        format!("`{x}` has another type than that for training"),
                    ));
                }
            });
        }
        if pairs.len() == 1 {
            parts.clear();
        }
        let values = match values.unwrap_or(Numbers::Bytes(Vec::new())) {
            Numbers::Bytes(bytes) => Values::Bytes { bytes, full: 255 },
            Numbers::Floats(floats) => Values::Floats(floats),
        };
        let mut examples = Examples {
            name: path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            classes: idx::classes(self.classes.as_ref(), &labels),
            path,
            shape,
            labels,
            values,
            parts,
            groups: Vec::new(),
        };
        if let Some(features) = &self.features {
            extract(features, &mut examples)?;
        }
        Ok(examples)
    }

    /// Height, width, channels of an example.
    fn shape(&self, path: &Path, name: &str, array: &Array) -> Result<[usize; 3]> {
        let extents = array.extents.get(1..).unwrap_or_default();
        let axes = self.axes.or(match extents.len() {
            1 => Some(Axes::Length),
            2 => Some(Axes::HeightWidth),
            3 => Some(Axes::HeightWidthChannels),
            _ => None,
        });
        Ok(match (axes, extents) {
            (Some(Axes::Length), &[length]) => [length, 1, 1],
            (Some(Axes::LengthChannels), &[length, channels])
            | (Some(Axes::ChannelsLength), &[channels, length]) => [length, 1, channels],
            (Some(Axes::HeightWidth), &[height, width]) => [height, width, 1],
            (Some(Axes::HeightWidthChannels), &[height, width, channels])
            | (Some(Axes::ChannelsHeightWidth), &[channels, height, width]) => {
                [height, width, channels]
            }
            _ => {
                let extents = &array.extents;
                let problem =
                    format!("`{name}` has extents {extents:?}, which `axes` does not fit");
                return Err(DataError::new(path, problem));
            }
        })
    }

    /// Puts channels last.
    fn arrange(&self, numbers: Numbers, shape: [usize; 3]) -> Numbers {
        if !matches!(
            self.axes,
            Some(Axes::ChannelsLength | Axes::ChannelsHeightWidth)
        ) {
            return numbers;
        }
        let (pixels, channels) = (shape[0] * shape[1], shape[2]);
        match numbers {
            Numbers::Bytes(bytes) => Numbers::Bytes(channels_last(&bytes, pixels, channels)),
            Numbers::Floats(floats) => Numbers::Floats(channels_last(&floats, pixels, channels)),
        }
    }
}

fn channels_last<T: Copy>(values: &[T], pixels: usize, channels: usize) -> Vec<T> {
    let size = (pixels * channels).max(1);
    let of = |example: &[T], at: usize| example[at % channels * pixels + at / channels];
    let examples = values.chunks_exact(size);
    examples
        .flat_map(|example| (0..size).map(move |at| of(example, at)))
        .collect()
}

/// Replaces series by their features.
fn extract(features: &Features, examples: &mut Examples) -> Result<()> {
    let [length, width, channels] = examples.shape;
    features
        .check()
        .map_err(|error| examples.error(error.to_string()))?;
    if width != 1 || length < features.samples() {
        let problem = format!(
            "features take series of at least {} steps, but examples are {length} × {width}",
            features.samples()
        );
        return Err(examples.error(problem));
    }
    let extractor = Extractor::new(features);
    let mut series = vec![0.0; length * channels];
    let mut floats = Vec::new();
    for index in 0..examples.labels.len() {
        examples.values.read(index, &mut series)?;
        floats.extend(extractor.extract(&series, channels));
    }
    examples.shape = features.shape(channels);
    examples.values = Values::Floats(floats);
    Ok(())
}

/// The labels for `count` examples.
fn read_labels(path: &Path, archive: &mut Archive, name: &str, count: usize) -> Result<Vec<u32>> {
    let error = |problem: String| Err(DataError::new(path, format!("`{name}` {problem}")));
    let array = array(path, archive, name)?;
    if !matches!(*array.extents, [n] | [n, 1] if n == count) {
        let extents = &array.extents;
        return error(format!(
            "has extents {extents:?}, but there are {count} examples: one label each, please"
        ));
    }
    let floats = match array.numbers {
        Numbers::Bytes(bytes) => bytes.into_iter().map(f32::from).collect(),
        Numbers::Floats(floats) => floats,
    };
    let is_label = |label: f32| (0.0..65536.0).contains(&label) && label.fract() == 0.0;
    if let Some(at) = floats.iter().position(|&label| !is_label(label)) {
        return error(format!(
            "holds {} at {at}: labels are whole numbers from 0 on",
            floats[at]
        ));
    }
    Ok(floats.into_iter().map(|label| label as u32).collect())
}

/// An array by its name.
fn array(path: &Path, archive: &mut Archive, name: &str) -> Result<Array> {
    let error = |problem: String| DataError::new(path, format!("array `{name}` {problem}"));
    let damaged =
        |cause: std::io::Error| error(format!("is damaged or truncated ({cause}): save it again"));
    let Some(array) = archive.by_name(name).map_err(damaged)? else {
        return Err(error("is not in the file".to_owned()));
    };
    if array.order() != Order::C && array.shape().len() > 1 {
        return Err(error(
            "is in Fortran's order: save numpy.ascontiguousarray of it".to_owned(),
        ));
    }
    let mut extents = Vec::new();
    let mut count = 1_usize;
    for &extent in array.shape() {
        let extent = usize::try_from(extent).ok();
        let product = extent.and_then(|extent| count.checked_mul(extent));
        let (Some(extent), Some(product)) = (extent, product) else {
            return Err(error("is damaged: its extents are too large".to_owned()));
        };
        extents.push(extent);
        count = product;
    }
    let DType::Plain(kind) = array.dtype() else {
        return Err(error("holds records: plain numbers are needed".to_owned()));
    };
    let is = |char| kind.type_char() == char;
    let numbers = match kind.size_field() {
        1 if is(TypeChar::Uint) => Numbers::Bytes(take(array, |value: u8| value).map_err(damaged)?),
        1 if is(TypeChar::Int) => floats::<i8, _>(array, f32::from).map_err(damaged)?,
        2 if is(TypeChar::Int) => floats::<i16, _>(array, f32::from).map_err(damaged)?,
        2 if is(TypeChar::Uint) => floats::<u16, _>(array, f32::from).map_err(damaged)?,
        4 if is(TypeChar::Int) => floats::<i32, _>(array, |value| value as f32).map_err(damaged)?,
        4 if is(TypeChar::Uint) => {
            floats::<u32, _>(array, |value| value as f32).map_err(damaged)?
        }
        8 if is(TypeChar::Int) => floats::<i64, _>(array, |value| value as f32).map_err(damaged)?,
        8 if is(TypeChar::Uint) => {
            floats::<u64, _>(array, |value| value as f32).map_err(damaged)?
        }
        4 if is(TypeChar::Float) => floats::<f32, _>(array, |value| value).map_err(damaged)?,
        8 if is(TypeChar::Float) => {
            floats::<f64, _>(array, |value| value as f32).map_err(damaged)?
        }
        _ => {
            return Err(error(format!(
                "has type {kind}, which is not read: save it as float32"
            )));
        }
    };
    let found = match &numbers {
        Numbers::Bytes(bytes) => bytes.len(),
        Numbers::Floats(floats) => floats.len(),
    };
    if found != count || extents.is_empty() {
        return Err(error(format!(
            "is damaged: {found} values instead of {extents:?}"
        )));
    }
    if let Numbers::Floats(floats) = &numbers
        && let Some(at) = floats.iter().position(|value| !value.is_finite())
    {
        let size = (count / extents[0].max(1)).max(1);
        let (row, column) = (at / size, at % size);
        return Err(error(format!(
            "has no finite number in example {row}, value {column}: repair the data"
        )));
    }
    Ok(Array { extents, numbers })
}

fn floats<T: Element, R: Read>(
    array: NpyFile<R>,
    convert: impl Fn(T) -> f32,
) -> std::io::Result<Numbers> {
    take(array, convert).map(Numbers::Floats)
}

/// Values one by one: no memory is taken for what a damaged header only promises.
fn take<T: Element, U>(
    array: NpyFile<impl Read>,
    convert: impl Fn(T) -> U,
) -> std::io::Result<Vec<U>> {
    let data = array.data::<T>().map_err(std::io::Error::other)?;
    let mut values = Vec::new();
    for value in data {
        values.push(convert(value?));
    }
    Ok(values)
}
