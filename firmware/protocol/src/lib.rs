//! What the host and the image say to each other.
//!
//! | what | direction | where it lies | module |
//! | --- | --- | --- | --- |
//! | [`partition::Header`] | host → image | flash, in front of the model | [`partition`] |
//! | [`order::Order`] | host → image | RAM, symbol `ONCHIP_ORDER` | [`order`] |
//! | [`info::Info`] | image → host | the ELF's read-only data, symbol `ONCHIP_INFO` | [`info`] |
//! | [`Message`] | image → host | one defmt log line each | [`message`] |
//!
//! All numbers are little-endian. Both sides are built from this crate, and everything that is
//! read carries [`VERSION`]; a reader refuses any other version and says which side to update.
//! Nothing here allocates, and no input makes it panic.
#![no_std]

mod bytes;
mod crc32;
pub mod info;
pub mod message;
pub mod order;
pub mod partition;
mod refusal;

pub use crc32::{Crc32, crc32};
pub use message::Message;
pub use refusal::Refusal;

/// Version of everything in this crate. Any change of a layout, of a message or of a meaning
/// makes a new version.
pub const VERSION: u32 = 1;
