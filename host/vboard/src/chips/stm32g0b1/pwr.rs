//! Power control (RM0444, chapter 4).

use super::clock::Voltage;
use crate::chips::register::{Bank, Register};
use crate::memory::AccessError;

const CR1: u32 = 0x00;

/// Stop, standby and shutdown modes are not modelled; selecting one, or whether the flash is powered down in it
/// (FPD_STOP), does nothing until the core enters deep sleep.
const LPMS: u32 = 7;
const FPD_STOP: u32 = 1 << 3;
const DBP: u32 = 1 << 8;
const VOS: u32 = 3 << 9;
const RANGE_1: u32 = 1 << 9;
const RANGE_2: u32 = 2 << 9;
/// LPR, and powering the flash down in low-power run and sleep.
const LOW_POWER_RUN: u32 = 1 << 14 | 1 << 4 | 1 << 5;

const REGISTERS: &[Register] = &[
    Register::new(CR1, "CR1", RANGE_1 | FPD_STOP, LPMS | FPD_STOP | DBP | VOS)
        .refusing(LOW_POWER_RUN),
    // Supply monitors are refused; the supplies' valid bits are kept.
    Register::new(0x04, "CR2", 0, 3 << 9).refusing(0x1FF),
    Register::new(0x08, "CR3", 0x8000, 0x8000).refusing(0x73F),
    Register::new(0x0C, "CR4", 0, 0).refusing(0x33F),
    Register::new(0x10, "SR1", 0, 0),
    // The flash is ready (FLASH_RDY) and so is the low-power regulator (REGLPS); the main one is in use and settled.
    Register::new(0x14, "SR2", 1 << 7 | 1 << 8, 0),
    Register::new(0x18, "SCR", 0, 0),
];

/// The registers.
#[derive(Debug, Clone)]
pub(crate) struct Pwr {
    bank: Bank,
}

impl Pwr {
    /// After reset.
    pub(crate) fn new() -> Self {
        Pwr {
            bank: Bank::new("PWR", REGISTERS),
        }
    }

    /// Reads a register.
    pub(crate) fn read(&self, offset: u32) -> Result<u32, AccessError> {
        self.bank.read(offset)
    }

    /// Writes a register.
    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Result<(), AccessError> {
        if offset == CR1 && !matches!(value & VOS, RANGE_1 | RANGE_2) {
            return Err(AccessError::unmodelled("PWR_CR1.VOS of a reserved value"));
        }
        self.bank.write(offset, value)
    }

    /// What the core is supplied with.
    pub(crate) fn voltage(&self) -> Voltage {
        if self.bank.get(CR1) & VOS == RANGE_2 {
            Voltage::Range2
        } else {
            Voltage::Range1
        }
    }

    /// Whether the RTC domain can be written.
    pub(crate) fn backup_writable(&self) -> bool {
        self.bank.get(CR1) & DBP != 0
    }
}
