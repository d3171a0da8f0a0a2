//! Virtual boards: Cortex-M chips emulated down to the debug port.

pub mod core;
pub mod machine;
pub mod memory;
pub mod timing;
