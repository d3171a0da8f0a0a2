//! The Cortex-M4F: decoding, execution, exceptions and the private peripheral bus.

pub mod block;
pub mod insn;
