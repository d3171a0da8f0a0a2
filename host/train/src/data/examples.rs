//! Examples as a format's reader gives them: not yet split, not yet normalized.

use std::path::PathBuf;
use std::sync::Arc;

use onchip_tflite::topology::Dims;
use sha2::{Digest, Sha256};

use super::source::{DataError, Result};

/// All examples of a data set.
pub(crate) struct Examples {
    /// The data set's name, for people.
    pub(crate) name: String,
    /// The file or folder that errors about the whole set name.
    pub(crate) path: PathBuf,
    /// Height, width, channels.
    pub(crate) shape: Dims,
    /// Names of the classes.
    pub(crate) classes: Vec<String>,
    /// For each example, its class.
    pub(crate) labels: Vec<u32>,
    /// Their values.
    pub(crate) values: Values,
    /// For each example, the part that the data itself puts it in; empty if it has no parts.
    pub(crate) parts: Vec<Part>,
    /// For each example, its group: what must stay together in one split. Empty if all are apart.
    pub(crate) groups: Vec<u32>,
}

/// A part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Train,
    Validation,
    Test,
}

/// Values of examples, one after the other: compact in memory, or elsewhere.
#[derive(Clone)]
pub(crate) enum Values {
    /// Integers from 0 to `full`.
    Bytes { bytes: Vec<u8>, full: u8 },
    /// Numbers, none of them NaN or infinite.
    Floats(Vec<f32>),
    /// Read and computed when asked for.
    Streamed(Arc<dyn Stream>),
}

/// Examples that do not fit into memory.
pub(crate) trait Stream: Send + Sync {
    /// Writes the values of an example.
    fn read(&self, index: usize, values: &mut [f32]) -> Result<()>;

    /// The largest value if all are integers from 0 on, as in images.
    fn full(&self) -> Option<u8>;

    /// Adds what determines the values to the digest, without reading all of them.
    fn digest(&self, digest: &mut Sha256) -> Result<()>;
}

impl Values {
    /// Writes the values of example `index`.
    pub(crate) fn read(&self, index: usize, values: &mut [f32]) -> Result<()> {
        let range = index * values.len()..(index + 1) * values.len();
        match self {
            Self::Bytes { bytes, .. } => {
                for (value, &byte) in values.iter_mut().zip(&bytes[range]) {
                    *value = f32::from(byte);
                }
            }
            Self::Floats(floats) => values.copy_from_slice(&floats[range]),
            Self::Streamed(stream) => stream.read(index, values)?,
        }
        Ok(())
    }

    /// The largest value if all are integers from 0 on.
    pub(crate) fn full(&self) -> Option<u8> {
        match self {
            Self::Bytes { full, .. } => Some(*full),
            Self::Floats(_) => None,
            Self::Streamed(stream) => stream.full(),
        }
    }

    /// Whether reading an example means work.
    pub(crate) fn is_streamed(&self) -> bool {
        matches!(self, Self::Streamed(_))
    }

    /// Adds what determines the values to the digest.
    pub(crate) fn digest(&self, digest: &mut Sha256) -> Result<()> {
        match self {
            Self::Bytes { bytes, full } => {
                digest.update([b'b', *full]);
                digest.update(bytes);
            }
            Self::Floats(floats) => {
                digest.update(b"f");
                let mut buffer = Vec::with_capacity(4 * 4096);
                for chunk in floats.chunks(4096) {
                    buffer.clear();
                    buffer.extend(chunk.iter().flat_map(|value| value.to_le_bytes()));
                    digest.update(&buffer);
                }
            }
            Self::Streamed(stream) => {
                digest.update(b"s");
                stream.digest(digest)?;
            }
        }
        Ok(())
    }
}

impl Examples {
    /// An error about the whole set.
    pub(crate) fn error(&self, problem: impl Into<String>) -> DataError {
        DataError::new(&self.path, problem)
    }

    /// Refuses what cannot be learned from: no examples, one class, a class without examples.
    pub(crate) fn check(&self) -> Result<()> {
        if self.labels.is_empty() {
            return Err(self.error("holds no examples"));
        }
        if self.shape.contains(&0) {
            return Err(self.error("examples hold no values"));
        }
        if self.classes.len() < 2 {
            let only = self.classes.first().map_or("", String::as_str);
            let problem =
                format!("there is only one class, `{only}`: two are needed to tell apart");
            return Err(self.error(problem));
        }
        let mut counts = vec![0_usize; self.classes.len()];
        for (index, &label) in self.labels.iter().enumerate() {
            let Some(count) = counts.get_mut(label as usize) else {
                let (name, classes) = (&self.name, self.classes.len());
                let problem = format!(
                    "example {index} of {name} has label {label}, but there are {classes} classes"
                );
                return Err(self.error(problem));
            };
            *count += 1;
        }
        if let Some(empty) = counts.iter().position(|&count| count == 0) {
            let problem = format!(
                "class `{}` has no example: add some, or leave the class out",
                self.classes[empty]
            );
            return Err(self.error(problem));
        }
        Ok(())
    }
}
