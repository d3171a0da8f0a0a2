//! Power control (RM0390, chapter 5; RM0385, chapter 4).

use super::{
    Part,
    clock::{Limit, Limits},
};
use crate::chips::register::{Bank, Register};
use crate::memory::AccessError;

pub(crate) const CR: u32 = 0x00;
pub(crate) const CSR: u32 = 0x04;

const DBP: u32 = 1 << 8;
const VOS: u32 = 3 << 14;
const ODEN: u32 = 1 << 16;
const ODSWEN: u32 = 1 << 17;
const VOSRDY: u32 = 1 << 14;

/// Modes of the regulator in stop mode, which is not modelled; selecting one does nothing until the core sleeps deeply.
const STOP_MODES: u32 = 0x003C_2E03;

/// PWR_CR: the power-voltage detector is refused.
pub(crate) const CONTROL: Register =
    Register::new(CR, "CR", 0xC000, DBP | VOS | ODEN | ODSWEN | STOP_MODES).refusing(0xF0);

/// The registers of a part.
#[derive(Debug, Clone)]
pub(crate) struct Pwr {
    bank: Bank,
    scales: [Limit; 3],
    buses: [Limit; 2],
}

impl Pwr {
    /// After reset.
    pub(crate) fn new(part: &Part) -> Self {
        Pwr {
            bank: Bank::new("PWR", part.pwr),
            scales: part.scales,
            buses: part.buses,
        }
    }

    /// Reads a register. Whatever was asked for is there.
    pub(crate) fn read(&self, offset: u32) -> Result<u32, AccessError> {
        let value = self.bank.read(offset)?;
        Ok(match offset {
            // ODRDY and ODSWRDY are where ODEN and ODSWEN are.
            CSR => value | VOSRDY | self.bank.get(CR) & (ODEN | ODSWEN),
            _ => value,
        })
    }

    /// Writes a register.
    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Result<(), AccessError> {
        if offset == CR {
            if value & VOS == 0 {
                return Err(AccessError::unmodelled("PWR_CR.VOS of a reserved value"));
            }
            if value & ODSWEN != 0 && value & ODEN == 0 {
                return Err(AccessError::unmodelled(
                    "PWR_CR.ODSWEN without ODEN; switch the over-drive on first",
                ));
            }
        }
        self.bank.write(offset, value)
    }

    /// How fast the regulator allows the chip to be.
    pub(crate) fn limits(&self) -> Limits {
        let control = self.bank.get(CR);
        // VOS counts the other way: 3 is scale 1.
        let scale = self.scales[3 - (control >> 14 & 3).max(1) as usize];
        let over_drive = control & ODSWEN != 0;
        Limits {
            system: scale.of(over_drive),
            buses: self.buses.map(|bus| bus.of(over_drive)),
        }
    }

    /// Whether the backup domain can be written.
    pub(crate) fn backup_writable(&self) -> bool {
        self.bank.get(CR) & DBP != 0
    }
}
