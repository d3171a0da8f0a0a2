//! The `.ts` format of aeon and sktime: a header of `@` lines, then a series a line, its channels
//! and its class divided by colons, values by commas.

use std::path::Path;

use super::examples::Part;
use super::series::Series;
use super::source::{DataError, Result};
use super::ucr::{number, shorten};

/// Whether the text begins as such a file does.
pub(crate) fn is_header(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    lines.any(|line| line.starts_with('@'))
}

/// What a header says.
#[derive(Default)]
struct Header {
    channels: Option<usize>,
    length: Option<usize>,
    classes: Vec<String>,
}

/// The series of a file, and the classes that its header names.
pub(crate) fn parse(path: &Path, text: &str, part: Part) -> Result<(Vec<Series>, Vec<String>)> {
    let lines = (1..).zip(text.lines().map(str::trim));
    let mut lines = lines.filter(|(_, line)| !(line.is_empty() || line.starts_with(['#', '%'])));
    let mut header = Header::default();
    loop {
        let Some((line, text)) = lines.next() else {
            return Err(DataError::new(
                path,
                "has no line `@data`: it is truncated, or no .ts file",
            ));
        };
        let error = |problem: String| DataError::new(path, format!("line {line}: {problem}"));
        if text.eq_ignore_ascii_case("@data") {
            break;
        }
        header.take(text).map_err(error)?;
    }
    if header.classes.is_empty() {
        let problem = "has no line `@classLabel true` with names of classes: only data with \
                       classes can be learned here";
        return Err(DataError::new(path, problem));
    }
    let mut all = Vec::new();
    for (line, text) in lines {
        let error = |problem: String| DataError::new(path, format!("line {line}: {problem}"));
        let Some((values, class)) = text.rsplit_once(':') else {
            return Err(error(
                "has no class after its last colon: the file may be truncated".to_owned(),
            ));
        };
        let channels = values
            .split(':')
            .map(|channel| channel.split(',').map(|cell| value(cell.trim())).collect())
            .collect::<Result<Vec<Vec<f32>>, String>>()
            .map_err(error)?;
        if let Some(wanted) = header.channels
            && channels.len() != wanted
        {
            let found = channels.len();
            return Err(error(format!(
                "has {found} channels, but the header says {wanted}"
            )));
        }
        if let Some(wanted) = header.length
            && channels[0].len() != wanted
        {
            let found = channels[0].len();
            return Err(error(format!(
                "has {found} values, but the header says {wanted}"
            )));
        }
        let class = class.trim().to_owned();
        if !header.classes.contains(&class) {
            let classes = header.classes.join(", ");
            let class = shorten(&class);
            return Err(error(format!(
                "class `{class}` is none of the header's: {classes}"
            )));
        }
        all.push(Series {
            channels,
            class,
            part,
            group: 0,
            path: path.to_path_buf(),
            line,
        });
    }
    if all.is_empty() {
        return Err(DataError::new(
            path,
            "holds no series after `@data`: it may be truncated",
        ));
    }
    Ok((all, header.classes))
}

fn value(cell: &str) -> Result<f32, String> {
    number(cell).ok_or_else(|| format!("`{}` is not a number", shorten(cell)))
}

impl Header {
    /// Takes a line of the header; refuses what cannot be learned from.
    fn take(&mut self, line: &str) -> Result<(), String> {
        let mut words = line.split_whitespace();
        let key = words.next().unwrap_or_default().to_ascii_lowercase();
        let value = words.next().unwrap_or_default().to_ascii_lowercase();
        let count = || {
            let count = value.parse::<usize>().ok().filter(|&count| count > 0);
            count.ok_or_else(|| format!("`{key}` is followed by no number"))
        };
        match key.as_str() {
            "@timestamps" if value == "true" => {
                Err("series with time stamps are not read: resample them to equal steps".to_owned())
            }
            "@targetlabel" if value == "true" => {
                Err("the data has numbers to predict instead of classes".to_owned())
            }
            "@classlabel" if value == "true" => {
                self.classes = words.map(str::to_owned).collect();
                Ok(())
            }
            "@univariate" if value == "true" => {
                self.channels = Some(1);
                Ok(())
            }
            "@dimensions" | "@dimension" => {
                self.channels = Some(count()?);
                Ok(())
            }
            "@serieslength" => {
                self.length = Some(count()?);
                Ok(())
            }
            "@problemname" | "@missing" | "@equallength" | "@univariate" | "@timestamps"
            | "@targetlabel" | "@classlabel" => Ok(()),
            _ => Err(format!("`{}` is no line of a .ts header", shorten(line))),
        }
    }
}
