//! Doing again what was done with a few lines next to each other.

use super::{ENDS, Lines, append, take_out, touch};

/// The most lines of a passage.
const MOST_LINES: usize = 16;

/// In the ring of slots, what was the newest when a passage began. It is no slot's number.
const MARK: u8 = ENDS + 1;

/// What a run of accesses found of lines next to each other, and what it made of them.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::timing) struct Passage {
    first: u32,
    count: u8,
    /// How many lines were given slots.
    replaced: u8,
    /// A bit for each line that was used.
    used: u16,
    /// The parts of each line that were there, before and after. (A line that has a slot has at
    /// least one.)
    before: [u8; MOST_LINES],
    after: [u8; MOST_LINES],
}

impl Lines {
    /// Whether there are lines enough for [`Self::observe`].
    #[inline(always)]
    pub(in crate::timing) fn is_observable(&self) -> bool {
        usize::from(self.count) > MOST_LINES
    }

    /// Begins to observe accesses, which must all be to the lines from that of `first` to that of
    /// `last`. Nothing if those are too many.
    pub(in crate::timing) fn observe(&mut self, first: u32, last: u32) -> Option<Passage> {
        let (first, last) = (self.line(first), self.line(last));
        let count = (last - first + 1) as usize;
        // Where there are not more slots than lines, the mark might be the oldest.
        if count > MOST_LINES || !self.is_observable() {
            return None;
        }
        if self.held.len() <= last as usize {
            self.held.resize(last as usize + 1, Default::default());
        }
        let mut passage = Passage {
            first,
            count: count as u8,
            before: self.parts_of(first, count),
            ..Passage::default()
        };
        // How often until now; what it is at the end less this.
        passage.replaced = self.replacements;
        append(&mut self.slots, MARK);
        Some(passage)
    }

    /// Ends it; what to [`Self::repeat`], if that is possible.
    pub(in crate::timing) fn observed(&mut self, mut passage: Passage) -> Option<Passage> {
        passage.after = self.parts_of(passage.first, passage.count.into());
        passage.replaced = self.replacements.wrapping_sub(passage.replaced);
        // From the newest to the mark: what was used.
        let mut slot = self.slot(ENDS).older;
        let mut in_order = true;
        while slot != MARK {
            let at = self.slot(slot).line.wrapping_sub(passage.first);
            let bit = 1u16.checked_shl(at).unwrap_or(0);
            in_order &=
                bit != 0 && (passage.used == 0 || bit < passage.used & passage.used.wrapping_neg());
            passage.used |= bit;
            slot = self.slot(slot).older;
        }
        take_out(&mut self.slots, MARK);
        let lines = passage.before.into_iter().zip(passage.after).enumerate();
        let mut found = 0;
        let mut lost = false;
        for (at, (before, after)) in lines {
            found += u8::from(before == 0 && passage.used >> at & 1 != 0);
            lost |= before != 0 && after == 0;
        }
        // None of them was replaced, and used again or not.
        (in_order && !lost && found == passage.replaced).then_some(passage)
    }

    /// Does the same again, if the lines are as they were then and none of them would be replaced.
    #[inline(never)]
    pub(in crate::timing) fn repeat(&mut self, passage: &Passage) -> bool {
        let (first, count) = (passage.first as usize, usize::from(passage.count));
        let Some(held) = self.held.get_mut(first..first + count) else {
            return false;
        };
        if held
            .iter()
            .zip(&passage.before)
            .any(|(held, &before)| held.valid != before)
        {
            return false;
        }
        if passage.replaced == 0 {
            for (at, held) in held.iter_mut().enumerate() {
                if passage.used >> at & 1 != 0 {
                    held.valid |= passage.after[at & (MOST_LINES - 1)];
                    touch(&mut self.slots, held.place.wrapping_sub(1));
                }
            }
            return true;
        }
        let mut oldest = self.slot(ENDS).newer;
        for _ in 0..passage.replaced {
            let slot = *self.slot(oldest);
            if slot.line.wrapping_sub(passage.first) < count as u32 {
                return false;
            }
            oldest = slot.newer;
        }
        for (line, at) in (passage.first..).zip(0..count) {
            if passage.used >> at & 1 != 0 {
                self.fill_line(line, passage.after[at & (MOST_LINES - 1)]);
            }
        }
        true
    }

    /// The parts that are there of the `count` lines from `first` on.
    fn parts_of(&self, first: u32, count: usize) -> [u8; MOST_LINES] {
        let mut parts = [0; MOST_LINES];
        for (parts, line) in parts.iter_mut().take(count).zip(first..) {
            *parts = self.held(line).valid;
        }
        parts
    }
}
