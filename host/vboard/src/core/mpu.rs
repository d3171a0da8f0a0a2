//! The memory protection unit: its registers and what it allows (DDI 0403, B3.5).
//!
//! What needs the core's state (privilege, priority, faults) is in [`super::protection`].

use crate::memory::AccessError;

/// Bits of MPU_CTRL.
const ENABLE: u32 = 1;
const HFNMIENA: u32 = 1 << 1;
const PRIVDEFENA: u32 = 1 << 2;

/// MPU_RBAR.VALID.
const VALID: u32 = 1 << 4;
/// The fields of MPU_RASR.
const ATTRIBUTES: u32 = 0x173f_ff3f;

/// What an access is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
    Execute,
}

/// A region as its two registers describe it.
#[derive(Clone, Copy, Debug, Default)]
struct Region {
    /// MPU_RBAR.ADDR.
    base: u32,
    /// MPU_RASR.
    attributes: u32,
}

/// The registers of the MPU.
#[derive(Clone, Debug)]
pub(super) struct Mpu {
    control: u32,
    /// MPU_RNR.
    number: usize,
    /// None: there is no MPU.
    regions: Box<[Region]>,
}

impl Region {
    /// Whether it is enabled and covers `address`: not in a subregion that is disabled.
    fn covers(&self, address: u32) -> bool {
        if self.attributes & 1 == 0 {
            return false;
        }
        // SIZE is at least 4 of what is enabled: see `check_attributes`.
        let bits = (self.attributes >> 1 & 31) + 1;
        let subregion = address >> (bits - 3) & 7;
        (address ^ self.base).checked_shr(bits).unwrap_or(0) == 0
            && self.attributes >> (8 + subregion) & 1 == 0
    }

    /// CheckPermission, for one access.
    fn allows(&self, purpose: Purpose, privileged: bool) -> bool {
        let write = purpose == Purpose::Write;
        let permitted = match self.attributes >> 24 & 7 {
            0 => false,
            1 => privileged,
            2 => privileged || !write,
            3 => true,
            5 => privileged && !write,
            // 6 and 7; 4 is refused when it is written.
            _ => !write,
        };
        let execute_never = self.attributes >> 28 & 1 != 0;
        permitted && !(purpose == Purpose::Execute && execute_never)
    }

    /// Whether TEX, C and B make it Device or Strongly-ordered memory.
    fn is_device(&self) -> bool {
        let (tex, cb) = (self.attributes >> 19 & 7, self.attributes >> 16 & 3);
        matches!((tex, cb), (0, 0 | 1) | (2, 0))
    }
}

/// Whether the default memory map lets code execute at `address` (B3.1).
fn executable_by_default(address: u32) -> bool {
    !matches!(address >> 29, 2 | 5 | 6 | 7)
}

impl Mpu {
    /// An MPU with so many regions, off.
    pub(super) fn new(regions: u8) -> Self {
        Self {
            control: 0,
            number: 0,
            regions: vec![Region::default(); regions.into()].into(),
        }
    }

    pub(super) fn reset(&mut self) {
        self.control = 0;
        self.number = 0;
        self.regions.fill(Region::default());
    }

    pub(super) fn enabled(&self) -> bool {
        self.control & ENABLE != 0
    }

    /// Whether it is to be asked at an execution priority that is negative or not.
    pub(super) fn watches(&self, negative_priority: bool) -> bool {
        self.enabled() && (!negative_priority || self.control & HFNMIENA != 0)
    }

    /// The region that decides about `address`: the highest number wins.
    fn region(&self, address: u32) -> Option<&Region> {
        self.regions.iter().rev().find(|r| r.covers(address))
    }

    /// ValidateAddress: whether an access to `address` is allowed, if the MPU `watches` it.
    pub(super) fn allows(
        &self,
        address: u32,
        purpose: Purpose,
        privileged: bool,
        watches: bool,
    ) -> bool {
        let execute = purpose == Purpose::Execute;
        // The private peripheral bus always follows the default map, and no region makes
        // the system space executable.
        if !watches || address >> 20 == 0xe00 || execute && address >> 29 == 7 {
            return !execute || executable_by_default(address);
        }
        match self.region(address) {
            Some(region) => region.allows(purpose, privileged),
            None if privileged && self.control & PRIVDEFENA != 0 => {
                !execute || executable_by_default(address)
            }
            None => false,
        }
    }

    /// Whether a region makes Device or Strongly-ordered memory of `address`.
    pub(super) fn makes_device(&self, address: u32) -> bool {
        self.region(address).is_some_and(Region::is_device)
    }

    /// Reads the register at `offset` from MPU_TYPE.
    pub(super) fn read(&self, offset: u32) -> u32 {
        // Without an MPU all its registers read as zero.
        let Some(region) = self.regions.get(self.number) else {
            return 0;
        };
        match offset {
            // MPU_TYPE: unified regions.
            0x00 => (self.regions.len() as u32) << 8,
            0x04 => self.control,
            0x08 => self.number as u32,
            // MPU_RBAR and MPU_RASR take turns, thrice more as their aliases.
            _ if offset & 4 != 0 => region.base | self.number as u32,
            _ => region.attributes,
        }
    }

    /// Writes the register at `offset` from MPU_TYPE. What the manual calls UNPREDICTABLE
    /// is refused.
    pub(super) fn write(&mut self, offset: u32, value: u32) -> Result<(), AccessError> {
        if self.regions.is_empty() {
            return Ok(());
        }
        match offset {
            0x00 => {}
            0x04 if value & (HFNMIENA | ENABLE) == HFNMIENA => {
                return Err(AccessError::unmodelled("MPU_CTRL.HFNMIENA without ENABLE"));
            }
            0x04 => self.control = value & (PRIVDEFENA | HFNMIENA | ENABLE),
            0x08 => self.number = self.region_number(value & 0xff)?,
            _ if offset & 4 != 0 => {
                if value & VALID != 0 {
                    self.number = self.region_number(value & 15)?;
                }
                self.regions[self.number].base = value & !0x1f;
            }
            _ => {
                check_attributes(value)?;
                self.regions[self.number].attributes = value & ATTRIBUTES;
            }
        }
        Ok(())
    }

    fn region_number(&self, value: u32) -> Result<usize, AccessError> {
        let number = value as usize;
        if number < self.regions.len() {
            Ok(number)
        } else {
            Err(AccessError::unmodelled("an MPU region behind the last one"))
        }
    }
}

/// Refuses a MPU_RASR whose effect would be UNPREDICTABLE.
fn check_attributes(value: u32) -> Result<(), AccessError> {
    let enabled = value & 1 != 0;
    let size = value >> 1 & 31;
    let reserved_type = match (value >> 19 & 7, value >> 16 & 3) {
        (1, cb) => cb == 1 || cb == 2,
        (2, cb) => cb != 0,
        (tex, _) => tex == 3,
    };
    let what = if !enabled {
        return Ok(());
    } else if size < 4 {
        "an MPU region of less than 32 bytes"
    } else if size < 7 && value & 0xff00 != 0 {
        "subregions of an MPU region of less than 256 bytes"
    } else if value >> 24 & 7 == 4 {
        "a reserved MPU_RASR.AP"
    } else if reserved_type {
        "a reserved MPU_RASR.TEX, C and B"
    } else {
        return Ok(());
    };
    Err(AccessError::unmodelled(what))
}
