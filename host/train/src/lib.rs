//! Data sets, training and int8 quantization of small networks, on the CPU.
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`data`] | where examples come from, and which are for training, validation and test |
//! | [`nn`] | float networks: their weights, and what they compute |
//! | [`quantize`] | how a trained network becomes int8, and how good it then is |
//! | [`trainer`] | how weights are found: the recipe, and who follows it |

pub mod data;
pub mod nn;
pub mod quantize;
mod simd;
pub mod trainer;
