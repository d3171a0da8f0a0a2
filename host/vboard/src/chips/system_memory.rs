//! The information block of the flash: one-time programmable area, unique id, package and flash size (RM0432 and RM0444,
//! chapter "Device electronic signature").

use crate::memory::{AccessError, Context, Peripheral, Reset, Size};

const OTP_END: u32 = 0x400;

/// Unique id: wafer coordinates, then wafer number and lot in ASCII; 0 and `onchip1` here.
pub(crate) const UID: [u32; 3] = [
    0x0000_0000,
    u32::from_le_bytes(*b"\x00onc"),
    u32::from_le_bytes(*b"hip1"),
];

/// The read-only block. Its one-time programmable area is erased.
#[derive(Debug)]
pub(crate) struct SystemMemory {
    package: u32,
    flash_kib: u16,
}

impl SystemMemory {
    /// Address and length.
    pub(crate) const WINDOW: (u32, u32) = (0x1FFF_7000, 0x800);

    /// Of a chip in the package with this code and with so much flash.
    pub(crate) fn new(package: u32, flash_kib: u16) -> Self {
        SystemMemory { package, flash_kib }
    }
}

impl Peripheral for SystemMemory {
    fn name(&self) -> &str {
        "system memory"
    }

    fn read(&mut self, offset: u32, size: Size, _: &mut Context<'_>) -> Result<u32, AccessError> {
        let word = match offset & !3 {
            0..OTP_END => u32::MAX,
            0x500 => self.package,
            0x590 => UID[0],
            0x594 => UID[1],
            0x598 => UID[2],
            // The erased halfword behind it is part of the word.
            0x5E0 => 0xFFFF_0000 | u32::from(self.flash_kib),
            _ => return Err(AccessError::unmodelled("calibration data")),
        };
        Ok(size.part(word, offset))
    }

    fn write(&mut self, _: u32, _: Size, _: u32, _: &mut Context<'_>) -> Result<(), AccessError> {
        Err(AccessError::unmodelled("programming the information block"))
    }

    fn reset(&mut self, _: Reset, _: &mut Context<'_>) {}
}
