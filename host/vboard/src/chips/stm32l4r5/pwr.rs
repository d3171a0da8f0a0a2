//! Power control (RM0432, chapter 5).

use super::clock::Voltage;
use crate::chips::register::{Bank, Register};
use crate::memory::AccessError;

const CR1: u32 = 0x00;
const CR5: u32 = 0x80;

const DBP: u32 = 1 << 8;
const VOS: u32 = 3 << 9;
const LPR: u32 = 1 << 14;
/// Stop, standby and shutdown modes are not modelled; selecting one does nothing until the core enters deep sleep.
const LPMS: u32 = 7;
const R1MODE: u32 = 1 << 8;

const REGISTERS: &[Register] = &[
    Register::new(CR1, "CR1", 1 << 9, DBP | VOS | LPMS).refusing(LPR | 1 << 4),
    // Supply monitors are refused; the supplies' valid bits are kept.
    Register::new(0x04, "CR2", 0, 3 << 9).refusing(0xFF),
    Register::new(0x08, "CR3", 0x8000, 0x8000).refusing(0x51F),
    Register::new(0x0C, "CR4", 0, 0).refusing(0x31F),
    Register::new(0x10, "SR1", 0, 0),
    // REGLPS: the low-power regulator is ready; the main regulator (REGLPF, VOSF clear) is in use and settled.
    Register::new(0x14, "SR2", 1 << 8, 0),
    Register::new(0x18, "SCR", 0, 0),
    Register::new(CR5, "CR5", R1MODE, R1MODE),
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
        if offset == CR1 && !matches!(value & VOS, 0x200 | 0x400) {
            return Err(AccessError::unmodelled("PWR_CR1.VOS of a reserved value"));
        }
        self.bank.write(offset, value)
    }

    /// What the core is supplied with.
    pub(crate) fn voltage(&self) -> Voltage {
        match (self.bank.get(CR1) & VOS, self.bank.get(CR5) & R1MODE) {
            (0x400, _) => Voltage::Range2,
            (_, 0) => Voltage::Boost,
            _ => Voltage::Range1,
        }
    }

    /// Whether the backup domain can be written.
    pub(crate) fn backup_writable(&self) -> bool {
        self.bank.get(CR1) & DBP != 0
    }
}
