//! Loads and stores of several registers.

use super::{Flow, Outcome, Trap};
use crate::core::{access::Place, system::System};

impl System {
    #[inline(always)]
    pub(super) fn load_multiple(
        &mut self,
        place: Place<'_>,
        rn: u8,
        writeback: bool,
        before: bool,
        list: u16,
    ) -> Outcome {
        let base = self.regs.get(rn);
        let count = list.count_ones();
        let (address, moved) = if before {
            (base.wrapping_sub(4 * count), base.wrapping_sub(4 * count))
        } else {
            (base, base.wrapping_add(4 * count))
        };
        let mut values = [0; 16];
        self.load_words(place, address, &mut values[..count as usize])?;
        if writeback {
            self.regs.set(rn, moved);
        }
        let mut rest = list & 0x7fff;
        for &value in &values {
            if rest == 0 {
                break;
            }
            self.regs.r[(rest.trailing_zeros() & 15) as usize] = value;
            rest &= rest - 1;
        }
        if list >> 15 != 0 {
            return self.branch_to_loaded(values[(count as usize - 1) & 15]);
        }
        Ok(Flow::Next)
    }

    #[inline(always)]
    pub(super) fn store_multiple(
        &mut self,
        place: Place<'_>,
        rn: u8,
        writeback: bool,
        before: bool,
        list: u16,
    ) -> Result<(), Trap> {
        let base = self.regs.get(rn);
        let count = list.count_ones();
        let (address, moved) = if before {
            (base.wrapping_sub(4 * count), base.wrapping_sub(4 * count))
        } else {
            (base, base.wrapping_add(4 * count))
        };
        let mut values = [0; 16];
        let mut rest = list;
        for value in &mut values {
            if rest == 0 {
                break;
            }
            *value = self.regs.r[(rest.trailing_zeros() & 15) as usize];
            rest &= rest - 1;
        }
        self.store_words(place, address, &values[..count as usize])?;
        if writeback {
            self.regs.set(rn, moved);
        }
        Ok(())
    }
}
