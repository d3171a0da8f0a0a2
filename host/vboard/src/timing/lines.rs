//! A fully associative cache's tags: which parts of the flash array it holds.

mod passage;

pub(super) use passage::Passage;

/// Bytes per valid bit.
const PART: u32 = 8;

/// The most lines a cache can have.
const MOST: u8 = 128;

/// In the ring of slots, what is between the newest and the oldest.
const ENDS: u8 = MOST;

/// The tags of a cache with LRU replacement.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    /// A line has 2^this parts.
    line_shift: u32,
    count: u8,
    /// A bit for each part of a line.
    all_parts: u8,
    /// What is there of each line of the array; grown as needed.
    held: Vec<Held>,
    /// For each slot the line in it and its place in the order of use, which is a ring through
    /// [`ENDS`]. (So many that any number is one's.)
    slots: Box<[Slot; 256]>,
    /// Counts how often a line was given a slot.
    replacements: u8,
}

/// What is there of a line of the array.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    /// A bit for each part; none unless the line has a slot.
    valid: u8,
    /// The slot plus one, or 0.
    place: u8,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    line: u32,
    /// The slot that was used before this one, and the one after it.
    older: u8,
    newer: u8,
}

impl Lines {
    /// `count` empty lines (at most 128) of `line_bytes` (8 to 64).
    pub(super) fn new(count: u8, line_bytes: u8) -> Self {
        let parts = (u32::from(line_bytes) / PART).clamp(1, 8);
        let mut lines = Self {
            line_shift: parts.ilog2(),
            count: count.min(MOST),
            all_parts: low_bits(1 << parts.ilog2()),
            held: Vec::new(),
            slots: Box::new([Slot::default(); 256]),
            replacements: 0,
        };
        lines.clear();
        lines
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.held.clear();
        // Slots are taken in the order of their numbers.
        let mut last = ENDS;
        for slot in (0..self.count).chain([ENDS]) {
            self.slot(last).newer = slot;
            self.slot(slot).older = last;
            last = slot;
        }
    }

    /// Whether all of the `bytes` (more than 0) from `offset` on are there. The lines
    /// found are marked as used, up to the first of which something is missing.
    #[inline]
    pub(super) fn hit(&mut self, offset: u32, bytes: u32) -> bool {
        let end = offset + bytes - 1;
        let mut wanted = self.all_parts << self.part(offset);
        for line in self.line(offset)..self.line(end) {
            if !self.use_line(line, wanted & self.all_parts) {
                return false;
            }
            wanted = self.all_parts;
        }
        let last_part = self.part(end);
        self.use_line(self.line(end), wanted & low_bits(last_part + 1))
    }

    /// Whether the part at `offset` is there. Its line is marked as used in any case.
    #[inline]
    pub(super) fn hit_part(&mut self, offset: u32) -> bool {
        self.use_line(self.line(offset), 1 << self.part(offset))
    }

    /// Whether the part at `offset` is there, without using it.
    #[inline]
    pub(super) fn contains(&self, offset: u32) -> bool {
        self.held(self.line(offset)).valid >> self.part(offset) & 1 != 0
    }

    /// Puts the aligned `bytes`, a power of two, from `offset` on there, as far as they lie in
    /// the same line.
    #[inline]
    pub(super) fn fill(&mut self, offset: u32, bytes: u32) {
        let parts = (bytes / PART).min(1 << self.line_shift);
        self.fill_line(self.line(offset), low_bits(parts) << self.part(offset));
    }

    /// Uses `line`, of which `parts` are there now.
    #[inline]
    fn fill_line(&mut self, line: u32, parts: u8) {
        let mut held = self.held(line);
        if held.place == 0 {
            if self.count == 0 {
                return;
            }
            held.place = self.replace(line) + 1;
        }
        touch(&mut self.slots, held.place - 1);
        held.valid |= parts;
        if let Some(there) = self.held.get_mut(line as usize) {
            *there = held;
        }
    }

    /// Gives `line` the slot used least recently; nothing of it is there yet.
    #[inline(never)]
    fn replace(&mut self, line: u32) -> u8 {
        self.replacements = self.replacements.wrapping_add(1);
        let slot = self.slot(ENDS).newer;
        let old = std::mem::replace(&mut self.slot(slot).line, line);
        if self.held(old).place == slot + 1 {
            self.held[old as usize] = Held::default();
        }
        if self.held.len() <= line as usize {
            self.held.resize(line as usize + 1, Held::default());
        }
        slot
    }

    /// Marks `line` as used, if it has a slot; whether its `wanted` parts are there.
    #[inline]
    fn use_line(&mut self, line: u32, wanted: u8) -> bool {
        let held = self.held(line);
        if held.place != 0 {
            touch(&mut self.slots, held.place - 1);
        }
        held.valid & wanted == wanted
    }

    #[inline(always)]
    fn slot(&mut self, slot: u8) -> &mut Slot {
        &mut self.slots[usize::from(slot)]
    }

    #[inline(always)]
    fn held(&self, line: u32) -> Held {
        self.held.get(line as usize).copied().unwrap_or_default()
    }

    /// The line that `offset` is in.
    #[inline(always)]
    fn line(&self, offset: u32) -> u32 {
        (offset / PART) >> self.line_shift
    }

    /// The part of its line that `offset` is in.
    #[inline(always)]
    fn part(&self, offset: u32) -> u32 {
        (offset / PART) & ((1 << self.line_shift) - 1)
    }
}

/// Makes `slot` the one used last.
#[inline(always)]
fn touch(slots: &mut [Slot; 256], slot: u8) {
    if slots[usize::from(ENDS)].older != slot {
        make_newest(slots, slot);
    }
}

/// The same, if it is not already.
#[inline(never)]
fn make_newest(slots: &mut [Slot; 256], slot: u8) {
    take_out(slots, slot);
    append(slots, slot);
}

/// Takes `slot` out of the ring.
#[inline(always)]
fn take_out(slots: &mut [Slot; 256], slot: u8) {
    let Slot { older, newer, .. } = slots[usize::from(slot)];
    slots[usize::from(older)].newer = newer;
    slots[usize::from(newer)].older = older;
}

/// Puts `slot`, which is not in the ring, there as the one used last.
#[inline(always)]
fn append(slots: &mut [Slot; 256], slot: u8) {
    let newest = std::mem::replace(&mut slots[usize::from(ENDS)].older, slot);
    slots[usize::from(newest)].newer = slot;
    let appended = &mut slots[usize::from(slot)];
    appended.older = newest;
    appended.newer = ENDS;
}

/// The low `bits` bits, of which there are at most 8.
#[inline(always)]
fn low_bits(bits: u32) -> u8 {
    ((1u32 << bits) - 1) as u8
}

#[cfg(test)]
mod tests {
    use super::{Lines, PART};
    use proptest::prelude::*;

    /// The same cache, as simple as can be: lines with their valid parts, the one used last in
    /// front.
    struct Model {
        count: usize,
        line: u32,
        used: Vec<(u32, Vec<u32>)>,
    }

    impl Model {
        fn parts(offset: u32, bytes: u32) -> Vec<u32> {
            (offset / PART..=(offset + bytes - 1) / PART).collect()
        }

        fn front(&mut self, line: u32) -> Option<&mut (u32, Vec<u32>)> {
            let at = self.used.iter().position(|(l, _)| *l == line)?;
            let found = self.used.remove(at);
            self.used.insert(0, found);
            self.used.first_mut()
        }

        fn hit(&mut self, offset: u32, bytes: u32) -> bool {
            let (first, last) = (offset / self.line, (offset + bytes - 1) / self.line);
            (first..=last).all(|line| {
                let wanted: Vec<_> = Self::parts(offset, bytes)
                    .into_iter()
                    .filter(|part| part * PART / self.line == line)
                    .collect();
                self.front(line)
                    .is_some_and(|(_, valid)| wanted.iter().all(|part| valid.contains(part)))
            })
        }

        fn fill(&mut self, offset: u32, bytes: u32) {
            let line = offset / self.line;
            if self.front(line).is_none() {
                self.used.insert(0, (line, Vec::new()));
                self.used.truncate(self.count);
            }
            let end = (offset + bytes).min((line + 1) * self.line);
            if let Some((_, valid)) = self.used.first_mut() {
                valid.extend(Self::parts(offset, end - offset));
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_a_cache_that_replaces_what_was_not_used_for_longest(
            count in 0u8..9,
            line in prop_oneof![Just(8u8), Just(16), Just(32), Just(64)],
            accesses in prop::collection::vec((0u32..64, 1u32..20, any::<bool>()), 0..300),
        ) {
            let mut lines = Lines::new(count, line);
            let mut model = Model {
                count: count.into(),
                line: line.into(),
                used: Vec::new(),
            };
            for (at, words, fills) in accesses {
                let (offset, bytes) = (8 * at, 4 * words);
                if fills {
                    let offset = offset / 16 * 16;
                    lines.fill(offset, 16);
                    model.fill(offset, 16);
                } else {
                    prop_assert_eq!(lines.hit(offset, bytes), model.hit(offset, bytes));
                }
            }
        }
    }
}
