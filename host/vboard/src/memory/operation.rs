//! What a flash controller does to its array, and what is left when it is cut short.
//!
//! Manuals promise nothing about flash whose programming or erasing a reset or the loss of power
//! interrupts (RM0432, 3.3.4: "the contents of the flash memory are not guaranteed if a device reset
//! occurs during a flash memory operation"; the manuals of the other STM32 say the same). What a program
//! may rely on is that what was finished before is there, and that nothing outside of the
//! operation's range has changed. Within that range the model makes one choice, always the same:
//!
//! - Programming clears the even bits first. A word that is cut short has those, and its odd bits are
//!   still set.
//! - Erasing goes row by row, in proportion to the time that has passed. Rows behind are
//!   erased, rows ahead are as they were, and in the row under way every second bit is already set.
//!
//! What is neither old nor new is *torn*: see [`Flash::tear`].

use std::ops::Range;

use super::Flash;

/// Bytes that are erased at the same time.
const ROW: usize = 512;
/// The bits that are programmed or erased first.
const EARLY: u8 = 0x55;

/// A change of the array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The bytes at an offset are programmed, all at the same time.
    Program {
        /// Offset of the first byte.
        offset: usize,
        /// What they are to be.
        data: Vec<u8>,
    },
    /// A range becomes 0xFF.
    Erase(Range<usize>),
}

impl Change {
    /// The bytes that it is about.
    pub fn range(&self) -> Range<usize> {
        match self {
            Change::Program { offset, data } => *offset..offset + data.len(),
            Change::Erase(range) => range.clone(),
        }
    }
}

/// A change under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What is being done.
    pub change: Change,
    /// The core cycle at which it began.
    pub begun: u64,
    /// The core cycle at which it is over.
    pub end: u64,
}

impl Operation {
    /// Makes the change: its time is over.
    pub fn finish(self, flash: &mut Flash) {
        match self.change {
            Change::Program { offset, data } => flash.write(offset, &data),
            Change::Erase(range) => flash.erase(range),
        }
    }

    /// Leaves in the array what the operation has come to at cycle `now`. Returns the range that is
    /// neither old nor new.
    pub fn cut_short(self, now: u64, flash: &mut Flash) -> Range<usize> {
        let passed = now.saturating_sub(self.begun);
        match self.change {
            Change::Program { offset, data } => {
                let torn = offset..offset + data.len();
                flash.blend(torn.clone(), |at, old| old & (data[at - offset] | !EARLY));
                torn
            }
            Change::Erase(range) => {
                let rows = range.len().div_ceil(ROW) as u64;
                let time = self.end.saturating_sub(self.begun).max(1);
                let done = (u128::from(rows) * u128::from(passed) / u128::from(time)) as u64;
                let behind = range.start + ROW * done.min(rows - 1) as usize;
                flash.erase(range.start..behind);
                let torn = behind..range.end.min(behind + ROW);
                flash.blend(torn.clone(), |_, old| old | EARLY);
                torn
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timing::FlashGeometry;

    fn check(change: Change, passed: u64, torn: Range<usize>, expected: &[(usize, u8)]) {
        let mut flash = Flash::new(0x2000, FlashGeometry::STM32L4);
        flash.write(0x1000, &[0; 0x1000]);
        let operation = Operation {
            change,
            begun: 50,
            end: 1050,
        };
        assert_eq!(operation.cut_short(50 + passed, &mut flash), torn);
        for &(at, byte) in expected {
            assert_eq!(flash.bytes()[at], byte, "{at:#x} after {passed}");
        }
    }

    #[test]
    fn a_program_leaves_early_bits() {
        let program = |byte| Change::Program {
            offset: 8,
            data: vec![byte; 8],
        };
        for passed in [0, 500, 999] {
            check(
                program(0x00),
                passed,
                8..16,
                &[(7, 0xFF), (8, 0xAA), (15, 0xAA), (16, 0xFF)],
            );
        }
        check(program(0x0F), 1, 8..16, &[(8, 0xAF)]);
        check(program(0xAA), 1, 8..16, &[(8, 0xAA)]);
    }

    #[test]
    fn an_erase_leaves_a_prefix() {
        let page = Change::Erase(0x1000..0x2000);
        check(
            page.clone(),
            0,
            0x1000..0x1200,
            &[(0x1000, 0x55), (0x1200, 0)],
        );
        check(
            page.clone(),
            500,
            0x1800..0x1A00,
            &[(0x17FF, 0xFF), (0x1800, 0x55), (0x1A00, 0), (0x1FFF, 0)],
        );
        check(
            page,
            2000,
            0x1E00..0x2000,
            &[(0x1DFF, 0xFF), (0x1E00, 0x55), (0x1FFF, 0x55)],
        );
    }
}
