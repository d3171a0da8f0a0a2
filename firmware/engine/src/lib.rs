//! TensorFlow Lite inference for microcontrollers, of int8 above all: no heap, no panic on any input bytes, and results
//! equal to TFLite's reference kernels bit for bit.
//!
//! [`Model::new`] checks a file, [`Interpreter::new`] plans its memory, [`Interpreter::invoke`] runs it. The file is
//! read in place, so that nothing of it is kept in RAM but the memory plan and the channels' factors, and not even these if
//! the file carries them ([`kept`]). Kernels of integers compute with
//! integers only; a few scales per operator are converted when it starts.
//!
//! ```
//! use onchip_engine::{Interpreter, Model};
//!
//! let file = include_bytes!("../../../examples/models/hello_world_int8.tflite");
//! let model = Model::new(file)?;
//! let mut arena = [0; 2048];
//! let mut interpreter = Interpreter::new(&model, &mut arena)?;
//! interpreter.input_mut()[0] = 0;
//! interpreter.invoke(&mut ())?;
//! assert_eq!(interpreter.output().len(), 1);
//! # Ok::<(), onchip_engine::Error>(())
//! ```
//!
//! # Small and fast
//! An image compiles this crate for size, and the one that invokes it for speed. What most inferences spend their time in is marked
//! `#[inline]`, from [`Interpreter::invoke`], which is generic, to the inner loops (`Kernel::hot`): so the compiler makes
//! it a part of the crate that invokes. All else, such as reading, checking and planning, is not to be marked so, nor to be
//! generic without need.
#![no_std]

#[cfg(test)]
extern crate std;

mod arena;
mod error;
mod fixed_point;
mod flatbuffer;
mod interpreter;
mod kernel;
mod linked;
mod math;
mod model;
mod op;
mod opcode;
mod plan;
mod quantize;
mod real;
mod tensor;
mod variables;

pub use error::{Error, FileProblem, GraphProblem, OperatorProblem, TensorProblem};
pub use flatbuffer::{Scalar, Vector};
pub use interpreter::{Interpreter, Observer};
pub use model::{KEPT, Model, OperatorInfo};
pub use opcode::Opcode;
pub use plan::kept;
pub use tensor::{DataType, MAX_RANK, Quantization, Shape, TensorInfo};
