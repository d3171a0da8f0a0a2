//! TensorFlow Lite files: reading, verifying, writing, describing and building them.
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`Model`] | a file's content, as it is: [`Model::read`], [`Model::write`] |
//! | [`ir`] | an int8 network as typed layers; lowered to a [`Model`] and lifted from one |
//! | [`topology`] | a network's layers before it has weights |
//! | [`inspect()`] | a file's operators, their costs, and whether the engine runs them |
//! | [`hex()`] | how bytes are written |
//! | [`random`] | small random networks, for tests and benchmarks |
//!
//! What is read is verified: behind a [`Model`] that was read, every index names something, every
//! constant has the bytes that its shape and type ask for, and every quantization fits its tensor.
//! What is written is verified in the same way, and depends on nothing but the model.

mod error;
mod hex;
pub mod inspect;
pub mod ir;
mod model;
pub mod random;
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
    rustdoc::private_intra_doc_links,
    reason = "generated from schema/tflite_subset.fbs"
)]
#[rustfmt::skip]
mod schema;
pub mod topology;
mod verify;
mod write;

pub use error::{Error, Place, Problem, Result};
pub use hex::hex;

pub use inspect::{Inspection, inspect};
pub use model::{
    Metadata, Model, Opcode, Operator, OperatorCode, Options, Quantization, Signature, Subgraph,
    Tensor, TensorType, options,
};
