//! Bit-band aliases: words that each stand for one bit of memory or of a peripheral.
//!
//! Cortex-M4 TRM 100166, section "Bit-banding", and Armv7-M (DDI 0403), B3.1: the two
//! alias regions of 32 MiB stand for the first MiB of SRAM and of the peripherals. The size
//! of the transfers to the target is that of the access to the alias (ST's PM0214, 2.2.5).
//! No document gives cycles for them: an access costs what it costs elsewhere.

use super::{AccessError, Size};

/// (alias, target) of each region.
const REGIONS: [(u32, u32); 2] = [(0x2200_0000, 0x2000_0000), (0x4200_0000, 0x4000_0000)];
/// The length of an alias region.
const LEN: u32 = 0x0200_0000;

/// The bit that an alias stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bit {
    /// Where its byte, halfword or word is, as wide as the access.
    pub(crate) address: u32,
    /// Its place therein.
    shift: u32,
}

/// Whether `address` lies in an alias region.
pub(crate) fn is_alias(address: u32) -> bool {
    REGIONS
        .iter()
        .any(|&(alias, _)| address.wrapping_sub(alias) < LEN)
}

impl Bit {
    /// The bit that an access of `size` to `address` means, `None` outside the alias
    /// regions.
    pub(crate) fn of(address: u32, size: Size) -> Result<Option<Self>, AccessError> {
        let Some((offset, target)) = REGIONS.iter().find_map(|&(alias, target)| {
            let offset = address.wrapping_sub(alias);
            (offset < LEN).then_some((offset, target))
        }) else {
            return Ok(None);
        };
        if !address.is_multiple_of(4) {
            // An alias is a word. What the other bytes of it are is written nowhere.
            return Err(AccessError::unmodelled(
                "the upper bytes of a bit-band alias",
            ));
        }
        let bit = offset >> 2;
        let lanes = 8 * size.bytes();
        Ok(Some(Self {
            address: target + bit / lanes * size.bytes(),
            shift: bit % lanes,
        }))
    }

    /// What is read, if `target` is what is read around the bit.
    pub(crate) fn get(self, target: u32) -> u32 {
        target >> self.shift & 1
    }

    /// `target` with the bit as the lowest bit of `value`, the only one that counts.
    pub(crate) fn put(self, target: u32, value: u32) -> u32 {
        target & !(1 << self.shift) | (value & 1) << self.shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: u32, size: Size, expected: Option<(u32, u32)>) {
        let expected = expected.map(|(address, shift)| Bit { address, shift });
        assert_eq!(Bit::of(address, size), Ok(expected), "{address:#x}");
        assert_eq!(is_alias(address), expected.is_some(), "{address:#x}");
    }

    #[test]
    fn aliases_stand_for_the_bits_that_the_manual_says() {
        // The examples of PM0214, figure 9.
        check(0x23ff_ffe0, Size::Byte, Some((0x200f_ffff, 0)));
        check(0x23ff_fffc, Size::Byte, Some((0x200f_ffff, 7)));
        check(0x2200_0000, Size::Byte, Some((0x2000_0000, 0)));
        check(0x2200_001c, Size::Byte, Some((0x2000_0000, 7)));
        check(0x23ff_fffc, Size::Word, Some((0x200f_fffc, 31)));
        check(0x23ff_fffc, Size::Half, Some((0x200f_fffe, 15)));
        check(0x4200_00a4, Size::Word, Some((0x4000_0004, 9)));
        check(0x4200_00a4, Size::Byte, Some((0x4000_0005, 1)));
        check(0x21ff_fffc, Size::Word, None);
        check(0x2400_0000, Size::Word, None);
        check(0x4400_0000, Size::Word, None);
        assert!(Bit::of(0x2200_0001, Size::Byte).is_err());
        assert!(Bit::of(0x4200_0002, Size::Half).is_err());
    }
}
