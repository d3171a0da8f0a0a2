//! Why a network cannot be quantized.

use onchip_tflite::ir;
use onchip_tflite::topology;

use super::accuracy::AccuracyError;
use crate::data::DataError;
use crate::trainer::TrainError;

/// Why a network cannot be quantized.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuantizeError {
    /// A layer's parameters are not those of such a layer.
    #[error("layer {layer} ({kind:?}): its parameters do not fit it; initialize the network anew")]
    Parameters {
        /// Its place.
        layer: usize,
        /// What it does.
        kind: topology::Layer,
    },
    /// A weight, bias or normalization that is not a number, or far too large.
    #[error(
        "layer {layer} ({kind:?}): a weight or bias is {value}; its training has diverged, \
         train with a lower learning rate"
    )]
    Weight {
        /// Its place.
        layer: usize,
        /// What it does.
        kind: topology::Layer,
        /// The first such number.
        value: f32,
    },
    /// Batch normalization of a value that another layer reads as it is.
    #[error(
        "layer {layer} (BatchNorm): layer {reader} reads what it normalizes, so that it cannot be \
         folded; let that layer read the normalized value"
    )]
    Unfoldable {
        /// The normalization's place.
        layer: usize,
        /// The other layer's place.
        reader: usize,
    },
    /// A value that is not a number, or far too large.
    #[error(
        "the values of {place} reach from {low} to {high}; its training has diverged, or its data \
         are not normalized"
    )]
    Range {
        /// What makes it.
        place: Maker,
        /// The least.
        low: f32,
        /// The greatest.
        high: f32,
    },
    /// There is nothing to calibrate on.
    #[error("there are no examples to calibrate on")]
    NoExamples,
    /// An example cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Fine-tuning fails.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// What fine-tuning gained cannot be told.
    #[error(transparent)]
    Accuracy(#[from] AccuracyError),
    /// Folding leaves a topology that does not fit together.
    #[error(transparent)]
    Topology(#[from] topology::Error),
    /// The int8 network is not well formed, for example too large.
    #[error(transparent)]
    Network(#[from] ir::Error),
    /// The int8 network is no file, for example too large.
    #[error(transparent)]
    File(#[from] Box<onchip_tflite::Error>),
}

impl QuantizeError {
    /// Whether this is a verdict on the network rather than on data or recipe.
    pub fn blames_network(&self) -> bool {
        match self {
            Self::NoExamples | Self::Data(_) => false,
            // Nothing has been computed yet.
            Self::Range { place, .. } => *place != Maker::Input,
            Self::Train(error) => error.blames_network(),
            Self::Accuracy(error) => error.blames_network(),
            _ => true,
        }
    }
}

/// What makes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// It is the network's input.
    Input,
    /// A layer.
    Layer(usize, topology::Layer),
}

impl std::fmt::Display for Maker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Input => f.write_str("the input"),
            Self::Layer(index, kind) => write!(f, "layer {index} ({kind:?})"),
        }
    }
}
