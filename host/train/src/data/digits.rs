//! The bundled digits (see `digits/README.md` for source and licence), and Fashion-MNIST by name.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::examples::{Examples, Values};
use super::file;
use super::idx::{self, IdxConfig};
use super::normalize::Normalize;
use super::source::{DataError, Result};
use super::split::SplitConfig;

const IMAGES: &[u8] = include_bytes!("digits/images-idx3-ubyte.gz");
const LABELS: &[u8] = include_bytes!("digits/labels-idx1-ubyte.gz");

/// The largest value of a pixel.
const FULL: u8 = 16;

/// The bundled data set: 1,797 handwritten digits of 8 × 8 pixels, from UCI's *Optical Recognition
/// of Handwritten Digits* (CC BY 4.0).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DigitsConfig {
    /// How values are normalized.
    pub normalize: Normalize,
    /// Which examples are for training, validation and test.
    pub split: SplitConfig,
}

impl Default for DigitsConfig {
    fn default() -> Self {
        Self {
            normalize: Normalize::Unit,
            split: SplitConfig::default(),
        }
    }
}

impl DigitsConfig {
    pub(crate) fn read(&self, _base: &Path) -> Result<Examples> {
        let path = Path::new("bundled digits");
        let plain = |bytes: &[u8]| file::decompress(path, bytes.to_vec());
        let digits = idx::labelled((path, plain(IMAGES)?), (path, plain(LABELS)?))?;
        let Values::Bytes { bytes, .. } = digits.values else {
            return Err(DataError::new(path, "are not bytes"));
        };
        Ok(Examples {
            name: "digits".to_owned(),
            path: path.to_path_buf(),
            shape: digits.shape,
            classes: idx::classes(None, &digits.labels),
            labels: digits.labels,
            values: Values::Bytes { bytes, full: FULL },
            parts: Vec::new(),
            groups: Vec::new(),
        })
    }
}

/// Fashion-MNIST: 70,000 images of clothes, 28 × 28 pixels (MIT licence).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FashionMnistConfig {
    /// The folder with the four files. If not set, it is where Debian's package
    /// `dataset-fashion-mnist` puts them: `/usr/share/datasets/fashion-mnist`.
    pub folder: PathBuf,
    /// How values are normalized.
    pub normalize: Normalize,
    /// Which examples are for training, validation and test.
    pub split: SplitConfig,
}

impl Default for FashionMnistConfig {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("/usr/share/datasets/fashion-mnist"),
            normalize: Normalize::Unit,
            split: SplitConfig {
                validation: 0.1,
                ..SplitConfig::default()
            },
        }
    }
}

impl FashionMnistConfig {
    pub(crate) fn read(&self, base: &Path) -> Result<Examples> {
        let classes = [
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ];
        let idx = IdxConfig {
            folder: self.folder.clone(),
            classes: Some(classes.map(str::to_owned).to_vec()),
            normalize: self.normalize,
            split: self.split.clone(),
        };
        Ok(Examples {
            name: "fashion_mnist".to_owned(),
            ..idx.read(base)?
        })
    }
}
