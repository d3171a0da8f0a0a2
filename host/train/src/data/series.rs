//! Time series: from what is in files to equally long examples, or features of them.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::examples::{Examples, Part, Values};
use super::features::{Extractor, Features};
use super::source::{DataError, Result};

/// What is done about values that are missing (`?`, empty, NaN) or infinite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// It is an error that says where they are.
    #[default]
    Refuse,
    /// They are filled in: on a straight line between their neighbours in time, or with the
    /// nearest value at an end.
    Interpolate,
    /// The example is left out.
    Drop,
}

/// A time series as it is in a file. What is missing is NaN.
pub(crate) struct Series {
    /// Values of each channel; channels may differ in length only in a bad file.
    pub(crate) channels: Vec<Vec<f32>>,
    pub(crate) class: String,
    pub(crate) part: Part,
    pub(crate) group: u32,
    /// Where it is: a file, and the line that errors name.
    pub(crate) path: PathBuf,
    pub(crate) line: usize,
}

impl Series {
    fn error(&self, problem: impl AsRef<str>) -> DataError {
        DataError::new(
            &self.path,
            format!("line {}: {}", self.line, problem.as_ref()),
        )
    }

    /// Treats missing values. False if the example is to be left out.
    fn complete(&mut self, missing: Missing) -> Result<bool> {
        for index in 0..self.channels.len() {
            let is_missing = |value: &f32| !value.is_finite();
            let Some(at) = self.channels[index].iter().position(is_missing) else {
                continue;
            };
            match missing {
                Missing::Refuse => {
                    let problem = format!(
                        "channel {index}, value {at} is missing or not a finite number: repair the \
                         data, or set `missing: interpolate` or `missing: drop`"
                    );
                    return Err(self.error(problem));
                }
                Missing::Drop => return Ok(false),
                Missing::Interpolate => {
                    if self.channels[index].iter().all(is_missing) {
                        return Err(self.error(format!(
                            "channel {index} has no value at all: nothing to interpolate from"
                        )));
                    }
                    interpolate(&mut self.channels[index]);
                }
            }
        }
        Ok(true)
    }
}

/// Fills gaps on straight lines; ends get the nearest value.
pub(crate) fn interpolate(values: &mut [f32]) {
    let mut last: Option<usize> = None;
    for index in 0..values.len() {
        if !values[index].is_finite() {
            continue;
        }
        match last {
            None => {
                let first = values[index];
                values[..index].fill(first);
            }
            Some(from) => {
                let (low, high) = (values[from], values[index]);
                let width = (index - from) as f32;
                for step in 1..index - from {
                    values[from + step] = low + (high - low) * (step as f32 / width);
                }
            }
        }
        last = Some(index);
    }
    if let Some(last) = last {
        let value = values[last];
        values[last..].fill(value);
    }
}

/// How series become examples.
pub(crate) struct Shaping<'a> {
    pub(crate) missing: Missing,
    /// Time steps of every series, if those of the file are not to be taken.
    pub(crate) length: Option<usize>,
    pub(crate) features: Option<&'a Features>,
}

/// Makes examples of series. `classes` are all that there may be.
pub(crate) fn examples(
    name: String,
    path: PathBuf,
    mut all: Vec<Series>,
    classes: Vec<String>,
    shaping: &Shaping,
) -> Result<Examples> {
    let mut kept = Vec::with_capacity(all.len());
    for mut series in all.drain(..) {
        if series.complete(shaping.missing)? {
            kept.push(series);
        }
    }
    let Some(first) = kept.first() else {
        return Err(DataError::new(&path, "holds no series that is complete"));
    };
    let channels = first.channels.len();
    let length = length(&kept, channels, shaping)?;
    let mut made = Examples {
        name,
        path,
        shape: [length, 1, channels],
        classes,
        labels: Vec::with_capacity(kept.len()),
        values: Values::Floats(Vec::new()),
        parts: kept.iter().map(|series| series.part).collect(),
        groups: kept.iter().map(|series| series.group).collect(),
    };
    let extractor = shaping.features.map(Extractor::new);
    if let Some(features) = shaping.features {
        made.shape = features.shape(channels);
    }
    let mut floats = Vec::with_capacity(kept.len() * made.shape.iter().product::<usize>());
    for series in &kept {
        let Some(label) = made.classes.iter().position(|class| *class == series.class) else {
            let (class, classes) = (&series.class, made.classes.join(", "));
            return Err(series.error(format!("class `{class}` is none of {classes}")));
        };
        made.labels.push(label as u32);
        let steps = (0..length).flat_map(|step| {
            // A series that is too short keeps its last value.
            series
                .channels
                .iter()
                .map(move |values| values[step.min(values.len() - 1)])
        });
        match &extractor {
            Some(extractor) => {
                let steps: Vec<f32> = steps.collect();
                floats.extend(extractor.extract(&steps, channels));
            }
            None => floats.extend(steps),
        }
    }
    made.values = Values::Floats(floats);
    if made.parts.iter().all(|&part| part == Part::Train) {
        made.parts.clear();
    }
    Ok(made)
}

/// The time steps of an example; refuses series that do not fit.
fn length(all: &[Series], channels: usize, shaping: &Shaping) -> Result<usize> {
    let mut extremes = (usize::MAX, 0);
    for series in all {
        let length = series.channels.first().map_or(0, Vec::len);
        if series.channels.len() != channels {
            let found = series.channels.len();
            return Err(series.error(format!(
                "has {found} channels, but the first series {channels}"
            )));
        }
        if length == 0
            || series
                .channels
                .iter()
                .any(|channel| channel.len() != length)
        {
            return Err(series.error("its channels are not equally long, or empty"));
        }
        extremes = (extremes.0.min(length), extremes.1.max(length));
    }
    let (shortest, longest) = extremes;
    if shaping.length.is_none() && shortest != longest {
        let odd = |series: &&Series| series.channels[0].len() != all[0].channels[0].len();
        let odd = all.iter().find(odd).unwrap_or(&all[0]);
        return Err(odd.error(format!(
            "series are from {shortest} to {longest} long: set `length`, to which longer ones are \
             cut and shorter ones are filled with their last value"
        )));
    }
    let length = shaping.length.unwrap_or(longest);
    if length == 0 || length > 1 << 24 {
        return Err(all[0].error(format!("length: {length} is not from 1 to 2^24")));
    }
    if let Some(features) = shaping.features {
        features
            .check()
            .map_err(|error| all[0].error(error.to_string()))?;
        let needed = features.samples();
        if length < needed {
            return Err(all[0].error(format!(
                "series are {length} long, but the features take {needed}: choose a smaller input \
                 or fewer frames"
            )));
        }
    }
    Ok(length)
}

/// Names of classes in order, each once: by number if all are numbers, else by name.
pub(crate) fn sorted(mut classes: Vec<String>) -> Vec<String> {
    let number = |class: &str| class.parse::<f64>().ok();
    let is_numbers = classes.iter().all(|class| number(class).is_some());
    classes.sort_by(|a, b| match (number(a), number(b)) {
        // Two spellings of a number are two names.
        (Some(x), Some(y)) if is_numbers => x.total_cmp(&y).then_with(|| a.cmp(b)),
        _ => a.cmp(b),
    });
    classes.dedup();
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_order_and_told_once() {
        let check = |classes: &[&str], expected: &[&str]| {
            let owned = classes.iter().map(|&class| class.to_owned()).collect();
            assert_eq!(sorted(owned), expected);
        };
        check(&["10", "9", "-1", "9"], &["-1", "9", "10"]);
        check(&["10", "9", "up"], &["10", "9", "up"]);
        check(&["1", "1.0", "1", "0"], &["0", "1", "1.0"]);
    }
}
