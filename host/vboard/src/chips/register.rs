//! Register files described by tables.

use crate::memory::AccessError;

/// One 32-bit register.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Register {
    /// Distance from the peripheral's first register.
    pub(crate) offset: u32,
    /// The name in the reference manual, without the peripheral's.
    pub(crate) name: &'static str,
    /// Value after reset.
    pub(crate) reset: u32,
    /// Bits that keep what is written to them.
    pub(crate) writable: u32,
    /// Bits that exist, and whose effect is not modelled: changing them from their reset value is refused.
    pub(crate) unmodelled: u32,
}

impl Register {
    /// A register all of whose writable bits are modelled. Bits outside `writable` ignore writes, as read-only and reserved bits do.
    pub(crate) const fn new(offset: u32, name: &'static str, reset: u32, writable: u32) -> Self {
        Register {
            offset,
            name,
            reset,
            writable,
            unmodelled: 0,
        }
    }

    /// The same with bits that must not be changed.
    pub(crate) const fn refusing(mut self, unmodelled: u32) -> Self {
        self.unmodelled = unmodelled;
        self
    }
}

/// The registers of one peripheral and their values.
#[derive(Debug, Clone)]
pub(crate) struct Bank {
    peripheral: &'static str,
    registers: &'static [Register],
    values: Vec<u32>,
}

impl Bank {
    /// The registers of `peripheral` after reset.
    pub(crate) fn new(peripheral: &'static str, registers: &'static [Register]) -> Self {
        let values = registers.iter().map(|register| register.reset).collect();
        Bank {
            peripheral,
            registers,
            values,
        }
    }

    /// Back to the reset values.
    pub(crate) fn reset(&mut self) {
        *self = Bank::new(self.peripheral, self.registers);
    }

    fn index(&self, offset: u32) -> Option<usize> {
        self.registers
            .iter()
            .position(|register| register.offset == offset)
    }

    /// The value of the register at `offset`.
    ///
    /// # Errors
    /// [`AccessError::Unmodelled`] if the table has no such register.
    pub(crate) fn read(&self, offset: u32) -> Result<u32, AccessError> {
        match self.index(offset) {
            Some(index) => Ok(self.values[index]),
            None => Err(self.missing(offset)),
        }
    }

    /// Writes the register at `offset`.
    ///
    /// # Errors
    /// [`AccessError::Unmodelled`] if the table has no such register, or a bit is changed whose effect is not modelled.
    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Result<(), AccessError> {
        let Some(index) = self.index(offset) else {
            return Err(self.missing(offset));
        };
        let register = &self.registers[index];
        let refused = (value ^ register.reset) & register.unmodelled;
        if refused != 0 {
            let (peripheral, name) = (self.peripheral, register.name);
            return Err(AccessError::unmodelled(format!(
                "{peripheral}_{name}, bits {refused:#010x}"
            )));
        }
        let kept = self.values[index] & !register.writable;
        self.values[index] = kept | value & register.writable;
        Ok(())
    }

    /// The value of a register of the table; 0 if there is none at `offset`.
    pub(crate) fn get(&self, offset: u32) -> u32 {
        self.index(offset).map_or(0, |index| self.values[index])
    }

    /// Sets a register of the table, as the hardware does: without regard to what software may write.
    pub(crate) fn set(&mut self, offset: u32, value: u32) {
        if let Some(index) = self.index(offset) {
            self.values[index] = value;
        }
    }

    /// Whether the table has a register at `offset`.
    pub(crate) fn has(&self, offset: u32) -> bool {
        self.index(offset).is_some()
    }

    fn missing(&self, offset: u32) -> AccessError {
        AccessError::unmodelled(format!(
            "{} register at offset {offset:#05x}",
            self.peripheral
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Register] = &[
        Register::new(0x0, "CR", 0x10, 0xff),
        Register::new(0x4, "SR", 0x3, 0),
        Register::new(0x8, "MR", 0x100, 0xf).refusing(0x300),
    ];

    #[test]
    fn bits_are_kept_ignored_or_refused() {
        let mut bank = Bank::new("XYZ", TABLE);
        bank.write(0x0, 0xabcd).unwrap();
        assert_eq!(bank.read(0x0), Ok(0xcd));
        bank.write(0x4, 0).unwrap();
        assert_eq!(bank.read(0x4), Ok(3));
        bank.write(0x8, 0x10f).unwrap();
        let refusal = AccessError::unmodelled("XYZ_MR, bits 0x00000300");
        assert_eq!(bank.write(0x8, 0x20f), Err(refusal));
        let missing = AccessError::unmodelled("XYZ register at offset 0x00c");
        assert_eq!(bank.read(0xc), Err(missing));
        bank.reset();
        assert_eq!(bank.get(0x0), 0x10);
    }
}
