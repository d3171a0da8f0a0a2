//! Where examples come from, and which are for training, validation and test.

mod cifar;
mod config;
mod csv;
mod digits;
mod examples;
mod features;
mod fft;
mod file;
mod folders;
mod idx;
mod images;
mod mel;
mod normalize;
mod npz;
mod prepare;
mod resample;
mod series;
mod source;
mod split;
mod ts;
mod ucr;
mod wav;

pub use cifar::Cifar10Config;
pub use config::DataConfig;
pub use csv::CsvConfig;
pub use digits::{DigitsConfig, FashionMnistConfig};
pub use features::{Bandwidth, Features, FeaturesError, Transform};
pub use folders::FolderConfig;
pub use idx::IdxConfig;
pub use images::{Colour, ImagesConfig};
pub use mel::{Mel, MelScale};
pub use normalize::{Normalize, Scaling};
pub use npz::{Axes, NpzConfig};
pub use series::Missing;
pub use source::{DataError, Source};
pub use split::SplitConfig;
pub use ucr::UcrConfig;
pub use wav::{AudioFeatures, Mfcc, WavConfig};

use std::sync::Arc;

use onchip_tflite::topology::Dims;

/// Labelled examples in three splits that share none.
#[derive(Clone)]
pub struct Dataset {
    /// Its name, for people.
    pub name: String,
    /// Height, width, channels of an example.
    pub shape: Dims,
    /// Names of the classes; a label is an index.
    pub classes: Vec<String>,
    /// To fit weights.
    pub train: Split,
    /// To choose among networks and to end trainings early.
    pub validation: Split,
    /// To tell how good the chosen network is.
    pub test: Split,
    /// What was done to the values of each channel: a device does the same to what it measures.
    pub scaling: Vec<Scaling>,
    /// Digest of all that determines the examples and the splits (SHA-256, hexadecimal).
    pub digest: String,
}

/// Some examples of a source.
#[derive(Clone)]
pub struct Split {
    /// Where they are.
    pub source: Arc<dyn Source>,
    /// Which they are.
    pub indices: Arc<[u32]>,
}

impl Split {
    /// Number of examples.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// Example `index` of this split: writes its values to `values`, returns its label.
    ///
    /// # Errors
    /// The example cannot be read.
    ///
    /// # Panics
    /// There is no such example, or `values` is not as long as an example.
    pub fn read(&self, index: usize, values: &mut [f32]) -> Result<usize, DataError> {
        self.source.read(self.indices[index] as usize, values)
    }
}
