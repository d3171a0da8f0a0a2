//! General-purpose ports as the STM32s since the F2 have them, with nothing connected to the pins.

use crate::chips::register::{Bank, Register};
use crate::memory::{AccessError, Size};

const MODER: u32 = 0x00;
const PUPDR: u32 = 0x0C;
const IDR: u32 = 0x10;
const ODR: u32 = 0x14;
const BSRR: u32 = 0x18;
const BRR: u32 = 0x28;

/// The registers of a port with BRR, by what MODER, OSPEEDR and PUPDR are after reset.
pub(crate) const fn port(moder: u32, ospeedr: u32, pupdr: u32) -> [Register; 11] {
    [
        Register::new(MODER, "MODER", moder, u32::MAX),
        Register::new(0x04, "OTYPER", 0, 0xFFFF),
        Register::new(0x08, "OSPEEDR", ospeedr, u32::MAX),
        Register::new(PUPDR, "PUPDR", pupdr, u32::MAX),
        Register::new(IDR, "IDR", 0, 0),
        Register::new(ODR, "ODR", 0, 0xFFFF),
        Register::new(BSRR, "BSRR", 0, 0),
        Register::new(0x1C, "LCKR", 0, 0).refusing(0x1FFFF),
        Register::new(0x20, "AFRL", 0, u32::MAX),
        Register::new(0x24, "AFRH", 0, u32::MAX),
        Register::new(BRR, "BRR", 0, 0),
    ]
}

/// The same without BRR, which the STM32F4 and F7 do not have.
pub(crate) const fn port_without_brr(moder: u32, ospeedr: u32, pupdr: u32) -> [Register; 10] {
    let [a, b, c, d, e, f, g, h, i, j, _] = port(moder, ospeedr, pupdr);
    [a, b, c, d, e, f, g, h, i, j]
}

/// One port.
#[derive(Debug, Clone)]
pub(crate) struct Gpio {
    bank: Bank,
}

impl Gpio {
    /// A port with these registers, after reset.
    pub(crate) fn new(registers: &'static [Register]) -> Self {
        Gpio {
            bank: Bank::new("GPIO", registers),
        }
    }

    /// Reads a register.
    pub(crate) fn read(&self, offset: u32) -> Result<u32, AccessError> {
        if offset == IDR {
            Ok(self.levels())
        } else {
            self.bank.read(offset)
        }
    }

    /// Writes a register; the halves of BSRR can be written alone.
    pub(crate) fn write(&mut self, offset: u32, size: Size, value: u32) -> Result<(), AccessError> {
        let (set, clear) = match (offset, size) {
            (BSRR, Size::Word) => (value & 0xFFFF, value >> 16),
            (BSRR, Size::Half) => (value, 0),
            (0x1A, Size::Half) => (0, value),
            (BRR, Size::Word | Size::Half) if self.bank.has(BRR) => (0, value & 0xFFFF),
            (ODR, Size::Word | Size::Half) => (value & 0xFFFF, !value & 0xFFFF),
            (_, Size::Word) => return self.bank.write(offset, value),
            _ => return Err(AccessError::unmodelled("GPIO register, written in part")),
        };
        // Setting wins where both are asked for.
        let output = self.bank.get(ODR) & !clear | set;
        self.bank.set(ODR, output);
        Ok(())
    }

    /// What the pins read: outputs what they drive, inputs their pull resistor, floating and analog pins zero.
    fn levels(&self) -> u32 {
        let (mode, pull, output) = (
            self.bank.get(MODER),
            self.bank.get(PUPDR),
            self.bank.get(ODR),
        );
        (0..16)
            .filter(|pin| match mode >> (2 * pin) & 3 {
                0 | 2 => pull >> (2 * pin) & 3 == 1,
                1 => output >> pin & 1 == 1,
                _ => false,
            })
            .fold(0, |levels, pin| levels | 1 << pin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANALOG: &[Register] = &port(u32::MAX, 0, 0);
    const INPUTS: &[Register] = &port_without_brr(0, 0, 0);

    #[test]
    fn ports_may_lack_brr() {
        assert!(Gpio::new(ANALOG).write(BRR, Size::Word, 1).is_ok());
        assert!(Gpio::new(INPUTS).write(BRR, Size::Word, 1).is_err());
    }

    #[test]
    fn pins() {
        let mut port = Gpio::new(ANALOG);
        port.write(MODER, Size::Word, 0xFFFF_FF01).unwrap();
        port.write(PUPDR, Size::Word, 0x10).unwrap();
        assert_eq!(port.read(IDR), Ok(0b100), "pin 2 is pulled up");
        port.write(BSRR, Size::Word, 0x0001_0001).unwrap();
        assert_eq!(port.read(IDR), Ok(0b101), "setting wins");
        port.write(0x1A, Size::Half, 1).unwrap();
        assert_eq!(port.read(IDR), Ok(0b100));
        assert!(port.write(MODER, Size::Byte, 0).is_err());
    }
}
