//! Networks as a search sees them: blocks, a head, dense layers.
//!
//! ```
//! use onchip_search::architecture::Architecture;
//!
//! let text = "[in(8x8x1),conv(1,8,3),bn,relu,max(2),gap,fc(8,10)]";
//! let architecture: Architecture = text.parse()?;
//! assert_eq!(architecture.to_string(), text);
//! let topology = architecture.topology()?;
//! assert_eq!(topology.parameters(), 8 * (9 + 1) + 10 * (8 + 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod build;
mod named;
mod sides;
#[cfg(test)]
mod tests;
mod text;

use onchip_tflite::topology::Dims;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use named::{NamedError, named, names};
pub use sides::Sides;
pub use text::ParseError;

/// A network without weights that classifies: input, blocks, head, dense layers, logits.
///
/// Its serde form is the content of `best_model_spec.yaml`; its text form, one line, is the column
/// `architecture` of tables. Both are lossless.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Height, width, channels.
    pub input: Dims,
    /// In the order of execution.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
    /// How the last block's output becomes a vector.
    pub head: Head,
    /// Hidden dense layers, between head and logits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dense: Vec<Dense>,
    /// Logits, made by a last dense layer.
    pub classes: usize,
}

/// Convolutions that belong together, and what follows them.
///
/// Convolutions pad as TFLite's `SAME`, so that height and width depend on strides only.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Which convolutions.
    pub kind: BlockKind,
    /// Channels of the output.
    pub width: usize,
    /// Height and width of the window.
    pub kernel: Sides,
    /// Along height and width.
    #[serde(default = "Sides::one", skip_serializing_if = "Sides::is_one")]
    pub stride: Sides,
    /// Whether batch normalization follows each convolution.
    pub norm: bool,
    /// What follows each convolution, but the last of an inverted residual.
    pub activation: Activation,
    /// Whether the block's input is added: before the last activation, before the pooling.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip: bool,
    /// What comes last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
}

/// The convolutions of a [`Block`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// One convolution.
    Conv,
    /// A depthwise convolution, then a pointwise one (Howard et al. 2017, MobileNets).
    Separable,
    /// A pointwise convolution to this multiple of the channels (none if 1), a depthwise one, and a
    /// pointwise one without activation (Sandler et al. 2018, MobileNetV2).
    Inverted(usize),
}

/// What follows a convolution or a dense layer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(0, x)
    Relu,
    /// min(max(0, x), 6)
    Relu6,
    /// x
    None,
}

/// A pooling without padding.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// What it takes of a window.
    pub kind: PoolKind,
    /// Height and width of the window.
    pub size: Sides,
    /// Along height and width.
    pub stride: Sides,
}

/// See [`Pool::kind`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PoolKind {
    /// The maximum.
    Max,
    /// The mean.
    Average,
}

/// How an image or a series becomes a vector.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// The mean of each channel.
    GlobalAverage,
    /// All elements.
    Flatten,
}

/// A hidden dense layer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Dense {
    /// Outputs.
    pub width: usize,
    /// Whether batch normalization follows.
    pub norm: bool,
    /// What follows then.
    pub activation: Activation,
}
