//! Why bytes are no model, or a model is no file.

use std::fmt;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why bytes are no model, or a model is no file.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes do not start like a TFLite file.
    #[error("this is no TFLite file: the identifier `TFL3` is missing at byte 4")]
    Identifier,
    /// Another version of the format.
    #[error(
        "the file has version {found} of the TFLite format, only version 3 is supported: convert \
         it with a current converter"
    )]
    Version {
        /// The version it states.
        found: u32,
    },
    /// References lead nowhere, or to what is not there.
    #[error(
        "the file is damaged, {what} at byte {place:#x} of the file cannot be read ({reason}): get \
         it again from where it came"
    )]
    Damaged {
        /// The table and its field.
        what: String,
        /// Where the table starts.
        place: usize,
        /// What is wrong with it.
        reason: planus::errors::ErrorKind,
    },
    /// Many references to the same bytes: copying them would fill the memory.
    #[error("the file's {len} bytes claim to hold over {claimed} bytes of data: it is damaged")]
    Inflated {
        /// Bytes of the file.
        len: usize,
        /// Bytes of data read before giving up.
        claimed: usize,
    },
    /// The model contradicts itself, or uses what is not supported.
    #[error("{place}: {problem}")]
    Invalid {
        /// Where.
        place: Place,
        /// What.
        problem: Problem,
    },
    /// A network is not well formed.
    #[error(transparent)]
    Network(#[from] crate::ir::Error),
}

/// Where in a model something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The model as a whole.
    Model,
    /// A subgraph as a whole.
    Subgraph(usize),
    /// A tensor.
    Tensor {
        /// Its subgraph.
        subgraph: usize,
        /// Its index there.
        index: usize,
        /// Its name.
        name: String,
    },
    /// An operator.
    Operator {
        /// Its subgraph.
        subgraph: usize,
        /// Its index there.
        index: usize,
        /// What it is.
        opcode: &'static str,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = |f: &mut fmt::Formatter<'_>, subgraph: usize| match subgraph {
            0 => Ok(()),
            other => write!(f, " of subgraph {other}"),
        };
        match self {
            Self::Model => f.write_str("the model"),
            Self::Subgraph(index) => write!(f, "subgraph {index}"),
            Self::Tensor {
                subgraph,
                index,
                name,
            } => {
                write!(f, "tensor {index}")?;
                within(f, *subgraph)?;
                write!(f, " ({name})")
            }
            Self::Operator {
                subgraph,
                index,
                opcode,
            } => {
                write!(f, "operator {index}")?;
                within(f, *subgraph)?;
                write!(f, " ({opcode})")
            }
        }
    }
}

/// What is wrong at some [`Place`] of a model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No subgraph.
    #[error("it has no subgraph, so there is nothing to run")]
    NoSubgraph,
    /// An index beyond the end of a list.
    #[error("it names {what} {index}, but there are only {count}")]
    Index {
        /// What the list holds.
        what: &'static str,
        /// The index.
        index: i64,
        /// The list's length.
        count: usize,
    },
    /// Buffer 0, which stands for "no data", has data.
    #[error("buffer 0 has {len} bytes, it must be empty")]
    FirstBuffer {
        /// Bytes it has.
        len: usize,
    },
    /// Data outside the flatbuffer.
    #[error("its data lies outside the flatbuffer, which is not supported")]
    ExternalData,
    /// Sparse weights.
    #[error("it is sparse, which is not supported: export the model with dense weights")]
    Sparse,
    /// A quantization other than by scale and zero point.
    #[error("it has a quantization of kind {kind}, only scales and zero points are supported")]
    QuantizationKind {
        /// The kind's number.
        kind: u8,
    },
    /// A negative dimension.
    #[error("its shape {shape:?} has a negative dimension")]
    Shape {
        /// The shape.
        shape: Vec<i32>,
    },
    /// A constant of the wrong length.
    #[error("its constant has {found} bytes, shape and type ask for {wanted}")]
    ConstantLength {
        /// Bytes there should be.
        wanted: u64,
        /// Bytes there are.
        found: usize,
    },
    /// Scales or zero points that do not fit the shape, or each other.
    #[error("it has {scales} scales and {zero_points} zero points along axis {axis} of {shape:?}")]
    QuantizationLength {
        /// Number of scales.
        scales: usize,
        /// Number of zero points.
        zero_points: usize,
        /// The quantized axis.
        axis: i32,
        /// The tensor's shape.
        shape: Vec<i32>,
    },
    /// Options that were not read, and would be lost.
    #[error("its options are not among those that this program can write")]
    UnreadOptions,
}

impl From<planus::Error> for Error {
    fn from(error: planus::Error) -> Self {
        let at = error.source_location;
        let what = format!("{}.{}", at.type_, at.method);
        Self::Damaged {
            what,
            place: at.byte_offset,
            reason: error.error_kind,
        }
    }
}
