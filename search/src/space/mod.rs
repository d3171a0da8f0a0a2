//! Search spaces: which architectures there are.
//!
//! A [`Space`] is the section `space` of a study file. Bound to an input and a number of classes it
//! is a [`BoundSpace`]: a [`Domain`](crate::domain::Domain) of [`Architecture`]s, every one of which
//! can be built.
//!
//! ```
//! use onchip_search::domain::{Domain, Rng};
//! use onchip_search::space::{Kind, Space};
//! use rand::SeedableRng;
//!
//! let space = Space::new(Kind::Cnn2d).bind([8, 8, 1], 10)?;
//! let architecture = space.sample(&mut Rng::seed_from_u64(1));
//! assert!(space.contains(&architecture));
//! assert!(architecture.topology().is_ok());
//! # Ok::<(), onchip_search::space::SpaceError>(())
//! ```
//!
//! [`Architecture`]: crate::architecture::Architecture

mod bind;
mod choices;
mod count;
mod crossover;
mod frames;
mod nearest;
mod neighbours;
mod sample;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::architecture::{Activation, Head};

pub use bind::{BoundSpace, SpaceError};
pub use choices::{Choice, Choices, Extent, PoolChoice};
pub use num_bigint::BigUint;

/// The networks to search. Only `kind` must be told; everything else has a default that suits it.
///
/// Each key takes one value, a list, or, of numbers, a range `{from: 1, to: 4}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// Convolutions over images (`cnn2d`), over series (`cnn1d`), or dense layers only (`mlp`).
    pub kind: Kind,
    /// Types of blocks: `conv`, `separable` (depthwise-separable), `inverted` (inverted residual).
    /// Default: all three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Choices<BlockType>>,
    /// Number of blocks. Default: 1 to 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<Choices<usize>>,
    /// Channels of a block's output. Default: 8, 16, 24, 32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widths: Option<Choices<usize>>,
    /// Windows of convolutions: `3` is 3 × 3 in `cnn2d` and 3 × 1 in `cnn1d`; `[3, 1]` is height and
    /// width. Default: 3, 5; in `cnn1d` also 7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernels: Option<Choices<Extent>>,
    /// Strides of convolutions, written as kernels are. Default: 1, 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strides: Option<Choices<Extent>>,
    /// By how much inverted residuals multiply the channels inside. Default: 2, 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expansions: Option<Choices<usize>>,
    /// Whether layers but the last are batch-normalized. Default: true; in `mlp` false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<Choices<bool>>,
    /// Activations: `relu`, `relu6`, `none`. Default: relu.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activations: Option<Choices<Activation>>,
    /// Poolings at the end of a block: `none`, `max 2` (a window of 2 every 2), `average 3/2` (a
    /// window of 3 every 2). Default: none, max 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pools: Option<Choices<PoolChoice>>,
    /// Whether a block's input is added to its output where the shapes allow it. Default: true and
    /// false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<Choices<bool>>,
    /// How the last block's output becomes a vector: `global_average`, `flatten`. Default:
    /// global_average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Choices<Head>>,
    /// Number of hidden dense layers. Default: 0 to 1; in `mlp` 0 to 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dense: Option<Choices<usize>>,
    /// Outputs of hidden dense layers. Default: 16, 32, 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dense_widths: Option<Choices<usize>>,
    /// Leaves out what Texas Instruments' NPU does not take: convolutions whose output channels
    /// are no multiple of 4, kernels higher than 7, strides other than 1 and 2. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub npu: bool,
}

/// See [`Space::kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Convolutions over height and width.
    Cnn2d,
    /// Convolutions over time: the input is [length, 1, channels].
    Cnn1d,
    /// Dense layers only.
    Mlp,
}

/// See [`Space::blocks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockType {
    /// A convolution.
    Conv,
    /// A depthwise convolution and a pointwise one.
    Separable,
    /// An inverted residual: pointwise, depthwise, pointwise.
    Inverted,
}

impl Space {
    /// A space with all defaults.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            blocks: None,
            depth: None,
            widths: None,
            kernels: None,
            strides: None,
            expansions: None,
            norm: None,
            activations: None,
            pools: None,
            skip: None,
            head: None,
            dense: None,
            dense_widths: None,
            npu: false,
        }
    }
}
