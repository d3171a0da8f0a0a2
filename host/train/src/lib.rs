//! Data sets, training and int8 quantization of small networks, on the CPU.
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`data`] | where examples come from, and which are for training, validation and test |

pub mod data;
