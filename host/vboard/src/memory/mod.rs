//! What the core's bus reaches: flash, RAM and the chip's peripherals.

pub(crate) mod bit_band;
mod bus;
mod flash;
mod map;
mod operation;
mod peripheral;

use thiserror::Error;

pub(crate) use bus::{Bus, Segment, Storage};
pub use flash::Flash;
pub use map::{Chip, Device, FlashMap, MapError, RamMap, Reserved};
pub use operation::{Change, Operation};
pub use peripheral::{Context, InterruptLines, Peripheral, Reset};

/// The width of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Size {
    /// 8 bits.
    Byte = 1,
    /// 16 bits.
    Half = 2,
    /// 32 bits.
    Word = 4,
}

impl Size {
    /// The width in bytes.
    pub fn bytes(self) -> u32 {
        self as u32
    }

    /// All bits of a value of this width.
    pub(crate) fn mask(self) -> u32 {
        u32::MAX >> (32 - 8 * self.bytes())
    }

    /// What an access of this width at `address` sees of the `word` around it.
    pub(crate) fn part(self, word: u32, address: u32) -> u32 {
        word >> (8 * (address & 3)) & self.mask()
    }
}

/// Why an access was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AccessError {
    /// The bus answers with an error, as silicon would: a BusFault for a program, FAULT
    /// for a debugger.
    #[error("bus fault")]
    Fault,
    /// Silicon would do something that is not modelled; the machine stops. The text says
    /// what, without address, width and PC, which the machine adds.
    #[error("{0}")]
    Unmodelled(String),
}

impl AccessError {
    /// An [`AccessError::Unmodelled`] that says `what` is not modelled.
    pub fn unmodelled(what: impl Into<String>) -> Self {
        Self::Unmodelled(what.into())
    }
}
