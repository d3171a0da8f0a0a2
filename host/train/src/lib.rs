//! Data sets, training and int8 quantization of small networks, on the CPU.
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`data`] | where examples come from, and which are for training, validation and test |
//! | [`quantize`] | how a trained network becomes int8, and how good it then is |

pub mod data;
pub mod quantize;
