//! TensorFlow Lite files: reading, verifying, writing and describing them.
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`Model`] | a file's content, as it is: [`Model::read`], [`Model::write`] |
//! | [`inspect()`] | a file's operators, their costs, and whether the engine runs them |
//!
//! What is read is verified: behind a [`Model`] that was read, every index names something, every
//! constant has the bytes that its shape and type ask for, and every quantization fits its tensor.
//! What is written is verified in the same way, and depends on nothing but the model.

mod error;
pub mod inspect;
mod model;
mod read;
#[expect(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes,
    clippy::redundant_closure_for_method_calls,
    clippy::undocumented_unsafe_blocks,
    reason = "generated from schema/tflite_subset.fbs"
)]
#[rustfmt::skip]
mod schema;
mod verify;
mod write;

pub use error::{Error, Place, Problem, Result};

pub use inspect::{Inspection, inspect};
pub use model::{
    Metadata, Model, Opcode, Operator, OperatorCode, Options, Quantization, Signature, Subgraph,
    Tensor, TensorType, options,
};
