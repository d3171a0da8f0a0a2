//! Networks that a search starts from, and where they are found.

use std::path::{Path, PathBuf};

use onchip_search::architecture::{self, Architecture, NamedError};
use onchip_search::wording::counted;
use onchip_tflite::topology::Dims;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FileError;
use super::spec::ModelSpec;

/// A network as a file names it: by its text, `[in(8x8x1),conv(1,8,3),relu,gap,fc(8,10)]`; by a
/// name of the list that an unknown one is answered with, like `CLS_1k_NPU`; or by the path of a
/// `best_model_spec.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("examples" = ["CLS_1k_NPU"]))]
pub struct Start(pub String);

/// Why there is no such network.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The text is none of an architecture.
    #[error(transparent)]
    Text(#[from] architecture::ParseError),
    /// The name is unknown, or the named network does not suit the data.
    #[error(transparent)]
    Named(#[from] NamedError),
    /// The spec cannot be read.
    #[error(transparent)]
    Spec(#[from] FileError),
    /// The network was made for other data.
    #[error(
        "`{start}` reads {found:?} and tells {}; this data set has {wanted:?} and {wanted_classes}",
        counted(.classes, "class")
    )]
    Shape {
        /// As given.
        start: String,
        /// Its input.
        found: Dims,
        /// Its outputs.
        classes: usize,
        /// The examples' shape.
        wanted: Dims,
        /// The data set's classes.
        wanted_classes: usize,
    },
}

impl Start {
    /// The network, for examples of that shape in so many classes. Relative paths start at `base`.
    ///
    /// # Errors
    /// There is no such network, or it does not suit the data.
    pub fn architecture(
        &self,
        base: &Path,
        shape: Dims,
        classes: usize,
    ) -> Result<Architecture, StartError> {
        let text = self.0.trim();
        let found: Architecture = if text.starts_with('[') {
            text.parse()?
        } else if let Some(path) = self.path() {
            ModelSpec::read(&base.join(path))?.architecture
        } else {
            return Ok(architecture::named(text, shape, classes)?);
        };
        if found.input == shape && found.classes == classes {
            return Ok(found);
        }
        Err(StartError::Shape {
            start: self.0.clone(),
            found: found.input,
            classes: found.classes,
            wanted: shape,
            wanted_classes: classes,
        })
    }

    /// The file that is named, if one is.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let is_path = [".yaml", ".yml"].iter().any(|end| self.0.ends_with(end));
        is_path.then(|| PathBuf::from(&self.0))
    }
}
