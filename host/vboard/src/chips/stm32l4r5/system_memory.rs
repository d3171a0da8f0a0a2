//! The information block of the flash: one-time programmable area, unique id, package and flash size (RM0432, chapter
//! "Device electronic signature").

use crate::memory::{AccessError, Context, Peripheral, Reset, Size};

/// Address and length.
pub(crate) const WINDOW: (u32, u32) = (0x1FFF_7000, 0x800);

const OTP_END: u32 = 0x400;

/// Unique id: wafer coordinates, then wafer number and lot in ASCII; 0 and `onchip1` here.
const UID: [u32; 3] = [
    0x0000_0000,
    u32::from_le_bytes(*b"\x00onc"),
    u32::from_le_bytes(*b"hip1"),
];
/// LQFP144.
const PACKAGE: u32 = 0b0_0010;
/// The flash's size in KiB, and the erased halfword behind it.
const FLASH_SIZE: u32 = 0xFFFF_0800;

/// The read-only block. Its one-time programmable area is erased.
#[derive(Debug)]
pub(crate) struct SystemMemory;

impl Peripheral for SystemMemory {
    fn name(&self) -> &str {
        "system memory"
    }

    fn read(&mut self, offset: u32, size: Size, _: &mut Context<'_>) -> Result<u32, AccessError> {
        let word = match offset & !3 {
            0..OTP_END => u32::MAX,
            0x500 => PACKAGE,
            0x590 => UID[0],
            0x594 => UID[1],
            0x598 => UID[2],
            0x5E0 => FLASH_SIZE,
            _ => return Err(AccessError::unmodelled("calibration data")),
        };
        Ok(word >> (8 * (offset & 3)) & (u32::MAX >> (32 - 8 * size.bytes())))
    }

    fn write(&mut self, _: u32, _: Size, _: u32, _: &mut Context<'_>) -> Result<(), AccessError> {
        Err(AccessError::unmodelled("programming the information block"))
    }

    fn reset(&mut self, _: Reset, _: &mut Context<'_>) {}
}
