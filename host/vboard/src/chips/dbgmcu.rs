//! MCU debug component: what the chip is, and what goes on while the core is halted.

use crate::chips::register::{Bank, Register};
use crate::memory::{AccessError, Context, Peripheral, Reset, Size};

/// The registers of a chip's component. Only power-on resets it.
#[derive(Debug)]
pub(crate) struct Dbgmcu(Bank);

impl Dbgmcu {
    /// After power-on.
    pub(crate) fn new(registers: &'static [Register]) -> Self {
        Dbgmcu(Bank::new("DBGMCU", registers))
    }
}

impl Peripheral for Dbgmcu {
    fn name(&self) -> &str {
        "DBGMCU"
    }

    fn read(&mut self, offset: u32, size: Size, _: &mut Context<'_>) -> Result<u32, AccessError> {
        match size {
            Size::Word => self.0.read(offset),
            _ => Err(AccessError::unmodelled("DBGMCU register, read in part")),
        }
    }

    fn write(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        _: &mut Context<'_>,
    ) -> Result<(), AccessError> {
        match size {
            Size::Word => self.0.write(offset, value),
            _ => Err(AccessError::unmodelled("DBGMCU register, written in part")),
        }
    }

    fn reset(&mut self, reset: Reset, _: &mut Context<'_>) {
        if reset == Reset::PowerOn {
            self.0.reset();
        }
    }
}
