//! The memory access port of a Cortex-M4: an AHB-AP (IHI 0031, chapter C2; Cortex-M4 TRM, section 8.2).

use super::{BusError, Identity, Target};
use crate::memory::Size;

const CSW: u8 = 0x00;
const TAR: u8 = 0x04;
const DRW: u8 = 0x0c;
const BD0: u8 = 0x10;
const BD3: u8 = 0x1c;

/// CSW fields that can be written: the bus protection bits, the increment mode and the size.
const CSW_WRITABLE: u32 = 0x7f00_0037;
/// CSW after power-up: privileged data access by the debugger, one word, no increment.
const CSW_RESET: u32 = 0x2300_0002;
/// CSW.DeviceEn: the bus can be used.
const CSW_ENABLED: u32 = 1 << 6;

/// Access port 0.
#[derive(Debug, Clone)]
pub struct MemAp {
    identity: Identity,
    csw: u32,
    tar: u32,
}

impl Default for MemAp {
    fn default() -> Self {
        MemAp::new(Identity::default())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Increment {
    Off,
    Single,
    Packed,
}

impl MemAp {
    /// An access port after power-up that identifies itself so.
    pub fn new(identity: Identity) -> Self {
        MemAp {
            identity,
            csw: CSW_RESET,
            tar: 0,
        }
    }

    /// Whether accessing the register at `address` moves data over the chip's bus.
    pub fn is_transfer(address: u8) -> bool {
        matches!(address, DRW | BD0..=BD3)
    }

    /// Reads the register at `address` (bank in the high nibble).
    ///
    /// # Errors
    /// [`BusError`] from the chip's bus.
    pub fn read(&mut self, address: u8, target: &mut impl Target) -> Result<u32, BusError> {
        match address & 0xfc {
            CSW => Ok(self.csw | CSW_ENABLED),
            TAR => Ok(self.tar),
            DRW => {
                let mut value = 0;
                self.transfer(|at, width| {
                    value |= target.read(at, width)? << lane(at);
                    Ok(())
                })?;
                Ok(value)
            }
            banked @ BD0..=BD3 => target.read(self.banked(banked), Size::Word),
            0xf8 => Ok(self.identity.rom_table),
            0xfc => Ok(self.identity.ap),
            // CFG and BASE2 (little-endian, 32-bit addresses) are zero; so are reserved registers.
            _ => Ok(0),
        }
    }

    /// Writes the register at `address` (bank in the high nibble).
    ///
    /// # Errors
    /// [`BusError`] from the chip's bus.
    pub fn write(
        &mut self,
        address: u8,
        value: u32,
        target: &mut impl Target,
    ) -> Result<(), BusError> {
        match address & 0xfc {
            CSW => self.csw = value & CSW_WRITABLE,
            TAR => self.tar = value,
            DRW => self.transfer(|at, width| {
                target.write(at, width, (value >> lane(at)) & width.mask())
            })?,
            banked @ BD0..=BD3 => target.write(self.banked(banked), Size::Word, value)?,
            _ => {}
        }
        Ok(())
    }

    fn banked(&self, register: u8) -> u32 {
        (self.tar & !0xf) | u32::from(register & 0xc)
    }

    fn width(&self) -> Size {
        match self.csw & 7 {
            0 => Size::Byte,
            1 => Size::Half,
            // Reserved sizes: the AHB-AP has no wider bus.
            _ => Size::Word,
        }
    }

    fn increment(&self) -> Increment {
        match (self.csw >> 4) & 3 {
            1 => Increment::Single,
            // Packed words are words.
            2 if self.width() == Size::Word => Increment::Single,
            2 => Increment::Packed,
            _ => Increment::Off,
        }
    }

    /// One access through DRW: one bus transfer, or as many as fit a word if packed. TAR stays where a transfer fails.
    fn transfer(
        &mut self,
        mut access: impl FnMut(u32, Size) -> Result<(), BusError>,
    ) -> Result<(), BusError> {
        let (width, increment) = (self.width(), self.increment());
        let count = if increment == Increment::Packed {
            4 / width.bytes()
        } else {
            1
        };
        for _ in 0..count {
            access(self.tar & !(width.bytes() - 1), width)?;
            if increment != Increment::Off {
                // The incrementer is 10 bits wide: it wraps at 1 KiB.
                self.tar = (self.tar & !0x3ff) | (self.tar.wrapping_add(width.bytes()) & 0x3ff);
            }
        }
        Ok(())
    }
}

/// Where in the 32-bit data register a value of less than 32 bits at `address` lies.
fn lane(address: u32) -> u32 {
    (address & 3) * 8
}

#[cfg(test)]
mod tests {
    use super::super::testing::Ram;
    use super::*;

    const SINGLE: u32 = 1 << 4;
    const PACKED: u32 = 2 << 4;

    fn check(csw: u32, tar: u32, writes: &[u32], at: u32, expected: &[u8], tar_after: u32) {
        let mut ram = Ram::new(0x1000);
        let mut ap = MemAp::default();
        ap.write(CSW, csw, &mut ram).unwrap();
        ap.write(TAR, tar, &mut ram).unwrap();
        for value in writes {
            ap.write(DRW, *value, &mut ram).unwrap();
        }
        assert_eq!(&ram.bytes[at as usize..][..expected.len()], expected);
        assert_eq!(ap.read(TAR, &mut ram), Ok(tar_after));
        // The same accesses read back what they wrote last, in the same lanes.
        ap.write(TAR, tar, &mut ram).unwrap();
        for value in writes {
            let shift = lane(ap.read(TAR, &mut ram).unwrap());
            let lanes = match csw & 7 {
                _ if csw & PACKED != 0 => u32::MAX,
                0 => 0xff << shift,
                1 => 0xffff << shift,
                _ => u32::MAX,
            };
            let expected = if csw & SINGLE == 0 && csw & PACKED == 0 {
                writes.last().unwrap()
            } else {
                value
            };
            assert_eq!(ap.read(DRW, &mut ram), Ok(expected & lanes));
        }
    }

    #[test]
    fn data_register() {
        check(
            2,
            0x10,
            &[0x1122_3344, 0x5566_7788],
            0x10,
            &[0x88, 0x77, 0x66, 0x55, 0],
            0x10,
        );
        check(
            2 | SINGLE,
            0x10,
            &[1, 2],
            0x10,
            &[1, 0, 0, 0, 2, 0, 0, 0],
            0x18,
        );
        check(
            SINGLE,
            0x11,
            &[0xaabb_ccdd, 0x1122_3344],
            0x10,
            &[0, 0xcc, 0x22, 0],
            0x13,
        );
        check(
            1 | SINGLE,
            0x12,
            &[0xaabb_ccdd, 0x1122_3344],
            0x12,
            &[0xbb, 0xaa, 0x44, 0x33],
            0x16,
        );
        check(
            PACKED,
            0x10,
            &[0x1122_3344],
            0x10,
            &[0x44, 0x33, 0x22, 0x11],
            0x14,
        );
        check(
            1 | PACKED,
            0x10,
            &[0x1122_3344],
            0x10,
            &[0x44, 0x33, 0x22, 0x11],
            0x14,
        );
        check(
            2 | PACKED,
            0x10,
            &[0x1122_3344],
            0x10,
            &[0x44, 0x33, 0x22, 0x11],
            0x14,
        );
    }

    #[test]
    fn increment_wraps_within_one_kibibyte() {
        check(2 | SINGLE, 0x7fc, &[7, 8], 0x400, &[8, 0, 0, 0], 0x404);
        check(SINGLE, 0x3ff, &[9 << 24, 8], 0, &[8], 0x001);
    }

    #[test]
    fn banked_data_registers_ignore_the_low_address_bits() {
        let mut ram = Ram::new(0x100);
        let mut ap = MemAp::default();
        ap.write(TAR, 0x47, &mut ram).unwrap();
        ap.write(0x18, 0xdead_beef, &mut ram).unwrap();
        assert_eq!(ram.bytes[0x48..0x4c], 0xdead_beef_u32.to_le_bytes());
        assert_eq!(ap.read(0x18, &mut ram), Ok(0xdead_beef));
        assert_eq!(ap.read(TAR, &mut ram), Ok(0x47));
    }

    #[test]
    fn failed_transfer_keeps_the_address() {
        let mut ram = Ram::new(0x100);
        let mut ap = MemAp::default();
        ap.write(CSW, 2 | SINGLE, &mut ram).unwrap();
        ap.write(TAR, 0x100, &mut ram).unwrap();
        assert_eq!(ap.read(DRW, &mut ram), Err(BusError));
        assert_eq!(ap.read(TAR, &mut ram), Ok(0x100));
    }

    #[test]
    fn identification() {
        let mut ram = Ram::new(0);
        let mut ap = MemAp::default();
        let mut read = |address| ap.read(address, &mut ram).unwrap();
        assert_eq!(
            [read(0xfc), read(0xf8), read(0xf4), read(0xf0)],
            [0x2477_0011, 0xE00F_F003, 0, 0]
        );
        assert_eq!(read(0x00), 0x2300_0042);
    }
}
