//! Extended interrupts and events (RM0432, chapter 16). No line is driven from outside; software can trigger them.

use crate::chips::register::{Bank, Register};
use crate::memory::{AccessError, InterruptLines};

const IMR1: u32 = 0x00;
const SWIER1: u32 = 0x10;
const PR1: u32 = 0x14;
const IMR2: u32 = 0x20;
const SWIER2: u32 = 0x30;
const PR2: u32 = 0x34;

/// Lines with an edge detector and a pending bit.
const CONFIGURABLE_1: u32 = 0x007D_FFFF;
const CONFIGURABLE_2: u32 = 0x78;

const REGISTERS: &[Register] = &[
    Register::new(IMR1, "IMR1", 0xFF82_0000, u32::MAX),
    Register::new(0x04, "EMR1", 0, u32::MAX),
    Register::new(0x08, "RTSR1", 0, CONFIGURABLE_1),
    Register::new(0x0C, "FTSR1", 0, CONFIGURABLE_1),
    Register::new(SWIER1, "SWIER1", 0, CONFIGURABLE_1),
    Register::new(PR1, "PR1", 0, 0),
    Register::new(IMR2, "IMR2", 0x87, 0x1FF),
    Register::new(0x24, "EMR2", 0, 0x1FF),
    Register::new(0x28, "RTSR2", 0, CONFIGURABLE_2),
    Register::new(0x2C, "FTSR2", 0, CONFIGURABLE_2),
    // Lines 35 to 38 watch supplies; their interrupt is not modelled.
    Register::new(SWIER2, "SWIER2", 0, 0).refusing(CONFIGURABLE_2),
    Register::new(PR2, "PR2", 0, 0),
];

/// Interrupts of lines 0 to 15: line mask and number.
const INTERRUPTS: [(u32, usize); 7] = [
    (1 << 0, 6),
    (1 << 1, 7),
    (1 << 2, 8),
    (1 << 3, 9),
    (1 << 4, 10),
    (0x03E0, 23),
    (0xFC00, 40),
];

/// The registers.
#[derive(Debug, Clone)]
pub(crate) struct Exti {
    bank: Bank,
}

impl Exti {
    /// After reset.
    pub(crate) fn new() -> Self {
        Exti {
            bank: Bank::new("EXTI", REGISTERS),
        }
    }

    /// Reads a register.
    pub(crate) fn read(&self, offset: u32) -> Result<u32, AccessError> {
        self.bank.read(offset)
    }

    /// Writes a register and drives the interrupts that follow.
    pub(crate) fn write(
        &mut self,
        offset: u32,
        value: u32,
        lines: &mut InterruptLines,
    ) -> Result<(), AccessError> {
        if offset == SWIER1 && value & CONFIGURABLE_1 & !0xFFFF != 0 {
            return Err(AccessError::unmodelled("EXTI_SWIER1: lines above 15"));
        }
        let before = self.bank.get(SWIER1);
        self.bank.write(offset, value)?;
        let mut pending = self.bank.get(PR1);
        match offset {
            SWIER1 => pending |= self.bank.get(SWIER1) & !before & self.bank.get(IMR1),
            PR1 => {
                pending &= !value;
                self.bank.set(SWIER1, before & !value);
            }
            _ => {}
        }
        self.bank.set(PR1, pending);
        for (mask, number) in INTERRUPTS {
            lines.set(number, pending & mask != 0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_triggers_and_clears() {
        let (mut exti, mut lines) = (Exti::new(), InterruptLines::default());
        exti.write(SWIER1, 1 << 7, &mut lines).unwrap();
        assert!(!lines.level(23), "masked");
        exti.write(PR1, 1 << 7, &mut lines).unwrap();
        exti.write(IMR1, 1 << 7, &mut lines).unwrap();
        exti.write(SWIER1, 1 << 7, &mut lines).unwrap();
        assert!(lines.level(23));
        assert_eq!(exti.read(PR1), Ok(1 << 7));
        exti.write(PR1, 1 << 7, &mut lines).unwrap();
        assert!(!lines.level(23));
        assert_eq!(exti.read(SWIER1), Ok(0));
    }
}
