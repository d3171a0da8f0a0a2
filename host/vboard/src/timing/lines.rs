//! A fully associative cache's tags: which parts of the flash array it holds.

/// Bytes per valid bit.
const PART: u32 = 8;

/// The most lines a cache can have: a power of two.
const MOST: usize = 128;

/// The tags of a cache with LRU replacement.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    /// A line has 2^this parts.
    line_shift: u32,
    count: usize,
    /// A bit for each part of the array that is there; grown as needed.
    valid: Vec<u64>,
    /// For each line of the array the slot that holds it, plus one; grown as needed.
    places: Vec<u8>,
    /// The line in each slot.
    lines: [u32; MOST],
    /// For each slot when it was used last, and in the low byte its own number, so that the
    /// least of these names the slot not used for longest.
    used: [u64; MOST],
    clock: u64,
}

impl Lines {
    /// `count` empty lines (at most 128) of `line_bytes` (8 to 64).
    pub(super) fn new(count: u8, line_bytes: u8) -> Self {
        let mut lines = Self {
            line_shift: (u32::from(line_bytes) / PART).clamp(1, 8).ilog2(),
            count: usize::from(count).min(MOST),
            valid: Vec::new(),
            places: Vec::new(),
            lines: [0; MOST],
            used: [0; MOST],
            clock: 0,
        };
        lines.clear();
        lines
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.valid.clear();
        self.places.clear();
        self.clock = 0;
        self.used = std::array::from_fn(|slot| slot as u64);
    }

    /// Whether all of the `bytes` (more than 0) from `offset` on are there. The lines
    /// found are marked as used, up to the first of which something is missing.
    #[inline]
    pub(super) fn hit(&mut self, offset: u32, bytes: u32) -> bool {
        let (first, last) = (offset / PART, (offset + bytes - 1) / PART);
        let missing = self.first_missing(first, last);
        let until = missing.unwrap_or(last) >> self.line_shift;
        for line in first >> self.line_shift..=until {
            if let Some(slot) = self.slot(line) {
                self.touch(slot);
            }
        }
        missing.is_none()
    }

    /// Whether the part at `offset` is there. Its line is marked as used in any case.
    #[inline]
    pub(super) fn hit_part(&mut self, offset: u32) -> bool {
        if let Some(slot) = self.slot((offset / PART) >> self.line_shift) {
            self.touch(slot);
        }
        self.contains(offset)
    }

    /// Whether the part at `offset` is there, without using it.
    #[inline]
    pub(super) fn contains(&self, offset: u32) -> bool {
        self.word(offset / PART) & bit(offset / PART) != 0
    }

    /// Puts the aligned `bytes`, a power of two, from `offset` on there, as far as they lie in
    /// the same line.
    pub(super) fn fill(&mut self, offset: u32, bytes: u32) {
        let line = (offset / PART) >> self.line_shift;
        let slot = match self.slot(line) {
            Some(slot) => slot,
            None if self.count == 0 => return,
            None => self.replace(line),
        };
        self.touch(slot);
        let parts = (bytes / PART).min(1 << self.line_shift);
        self.valid[(offset / PART / 64) as usize] |= mask(parts) << (offset / PART % 64);
    }

    /// The first part from `first` to `last` that is not there.
    #[inline]
    fn first_missing(&self, first: u32, last: u32) -> Option<u32> {
        let mut at = first;
        loop {
            let end = last.min(at | 63);
            let wanted = u64::MAX << (at % 64) & u64::MAX >> (63 - end % 64);
            let missing = !self.word(at) & wanted;
            if missing != 0 {
                return Some(at / 64 * 64 + missing.trailing_zeros());
            }
            if end == last {
                return None;
            }
            at = end + 1;
        }
    }

    /// The valid bits of the parts around `part`.
    #[inline]
    fn word(&self, part: u32) -> u64 {
        self.valid.get((part / 64) as usize).copied().unwrap_or(0)
    }

    /// Gives `line` the slot used least recently.
    fn replace(&mut self, line: u32) -> usize {
        let oldest = self.used[..self.count].iter().min();
        let slot = oldest.map_or(0, |oldest| (oldest & 0xff) as usize % MOST);
        let old = std::mem::replace(&mut self.lines[slot], line);
        if self.slot(old) == Some(slot) {
            self.places[old as usize] = 0;
            let part = old << self.line_shift;
            self.valid[(part / 64) as usize] &= !(mask(1 << self.line_shift) << (part % 64));
        }
        if self.places.len() <= line as usize {
            self.places.resize(line as usize + 1, 0);
            let parts = (line + 1) << self.line_shift;
            self.valid.resize(parts.div_ceil(64) as usize, 0);
        }
        self.places[line as usize] = slot as u8 + 1;
        slot
    }

    /// Makes `slot` the one used last.
    #[inline]
    fn touch(&mut self, slot: usize) {
        self.clock += 0x100;
        self.used[slot % MOST] = self.clock | slot as u64;
    }

    #[inline]
    fn slot(&self, line: u32) -> Option<usize> {
        match self.places.get(line as usize) {
            None | Some(0) => None,
            Some(&place) => Some(usize::from(place) - 1),
        }
    }
}

/// The low `bits` bits, of which there are fewer than 64.
fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

/// The bit of `part` in its word.
fn bit(part: u32) -> u64 {
    1 << (part % 64)
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
