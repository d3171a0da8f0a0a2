//! The cycle model of the Cortex-M4 and of the flash accelerator in front of it.

mod flash;
mod pipeline;

pub use flash::{FlashAccelerator, FlashConfig};
pub use pipeline::Pipeline;
