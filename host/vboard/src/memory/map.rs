//! What a chip is made of.

use thiserror::Error;

use super::Peripheral;
use crate::{core::model::Core, timing::FlashGeometry};

/// A chip, as the machine is built from it.
///
/// The core's own peripherals at 0xE000_0000 to 0xE003_FFFF belong to the core and are not
/// listed. What lies behind (DBGMCU, TPIU, the ROM table at 0xE00F_F000) is.
pub struct Chip {
    /// The part's name.
    pub name: &'static str,
    /// Its core.
    pub core: Core,
    /// The flash array.
    pub flash: FlashMap,
    /// RAMs; the first is the fastest to emulate.
    pub rams: Vec<RamMap>,
    /// Peripherals.
    pub devices: Vec<Device>,
    /// What exists and is not modelled: accesses stop the machine. Everything else that is
    /// not listed does not exist: accesses are bus faults.
    pub unmodelled: Vec<Reserved>,
}

/// Where the flash array is.
pub struct FlashMap {
    /// Where it starts.
    pub base: u32,
    /// Its length in bytes.
    pub len: u32,
    /// Further addresses at which all of it appears (0 when booting from flash).
    pub aliases: Vec<u32>,
    /// The accelerator in front of it.
    pub accelerator: FlashGeometry,
    /// The index in [`Chip::devices`] of the controller that is asked to program it.
    pub controller: usize,
}

/// A RAM.
pub struct RamMap {
    /// Where it starts.
    pub base: u32,
    /// Its length in bytes.
    pub len: u32,
    /// From which offset on the core reaches it through its data cache, if it does so at all. The rest
    /// is accessed without waiting. Only the first RAM can be such.
    pub cached_from: Option<u32>,
    /// Further appearances of parts of it: (address, offset into this RAM, length).
    pub aliases: Vec<(u32, u32, u32)>,
}

/// A peripheral and the windows through which it is seen.
pub struct Device {
    /// (address, length in bytes) of each window. Offsets count from the first window's
    /// address (so a second window's offsets continue at their distance from the first).
    pub windows: Vec<(u32, u32)>,
    /// The peripheral.
    pub peripheral: Box<dyn Peripheral>,
}

/// An address range that exists on the chip and is not modelled.
pub struct Reserved {
    /// What it is ("QUADSPI"), for the error.
    pub name: &'static str,
    /// Where it starts.
    pub base: u32,
    /// Its length in bytes.
    pub len: u32,
}

/// Why a machine cannot be built from a chip's description.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MapError {
    /// Two parts claim the same address.
    #[error("chip {chip}: {what} overlaps another part of the map at {address:#010x}")]
    Overlap {
        /// The chip.
        chip: &'static str,
        /// The part added last.
        what: String,
        /// Where.
        address: u32,
    },
    /// The flash names a controller that is not in the list of devices.
    #[error("chip {chip}: the flash names device {index} as its controller, of {devices}")]
    NoController {
        /// The chip.
        chip: &'static str,
        /// The index given.
        index: usize,
        /// The number of devices.
        devices: usize,
    },
}
