//! From trained networks to int8 ones: folding, calibration, weights, and how good the result is.
//!
//! The int8 arithmetic is TFLite's, as its [quantization
//! specification](https://ai.google.dev/edge/litert/models/quantization_spec) has it: a real value
//! is scale × (integer − zero point). Weights have a scale per output channel, lie in [−127, 127] and
//! have zero point 0; values have one scale and a zero point per tensor, and 0 is always one of
//! their steps; biases are 32-bit integers in steps of input scale × weight scale; poolings and
//! reshapes leave scale and zero point as they are.

mod accuracy;
mod calibrate;
mod error;
mod fold;
mod lower;
mod plan;
mod range;
mod scheme;
mod stages;
mod tune;
mod untrained;
mod weights;

pub use accuracy::{AccuracyError, Confusion, accuracy, confusion};
pub use error::{Maker, QuantizeError};
pub use scheme::{Calibration, FineTuning, Scheme};
pub use stages::quantize;
pub use tune::deploy;
pub use untrained::untrained;
