//! A fully associative cache's tags: which parts of the flash array it holds.

/// Bytes per valid bit.
const PART: u32 = 8;

/// The tags of a cache with LRU replacement.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    /// A line has 2^this bytes.
    line_shift: u32,
    slots: Vec<Slot>,
    /// For each line of the array the slot that holds it, plus one; grown as needed.
    places: Vec<u8>,
    clock: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    line: u32,
    /// Which parts of the line are there, bit n = its n-th 8 bytes; 0: the slot is empty.
    valid: u8,
    used: u64,
}

impl Lines {
    /// `count` empty lines (fewer than 256) of `line_bytes` (8 to 64).
    pub(super) fn new(count: u8, line_bytes: u8) -> Self {
        Self {
            line_shift: u32::from(line_bytes).clamp(PART, 8 * PART).ilog2(),
            slots: vec![Slot::default(); count.into()],
            places: Vec::new(),
            clock: 0,
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.slots.fill(Slot::default());
        self.places.clear();
    }

    /// Whether all of the `bytes` (more than 0) from `offset` on are there. The lines
    /// found are marked as used.
    #[inline]
    pub(super) fn hit(&mut self, offset: u32, bytes: u32) -> bool {
        let end = offset + bytes;
        let mut at = offset;
        while at < end {
            let line = at >> self.line_shift;
            let line_end = (line + 1) << self.line_shift;
            let wanted = self.parts(at, end.min(line_end));
            let Some(slot) = self.slot(line) else {
                return false;
            };
            self.clock += 1;
            let slot = &mut self.slots[slot];
            slot.used = self.clock;
            if slot.valid & wanted != wanted {
                return false;
            }
            at = line_end;
        }
        true
    }

    /// Whether the part at `offset` is there, without using it.
    #[inline]
    pub(super) fn contains(&self, offset: u32) -> bool {
        let wanted = self.parts(offset, offset + 1);
        self.slot(offset >> self.line_shift)
            .is_some_and(|slot| self.slots[slot].valid & wanted != 0)
    }

    /// Puts the `bytes` from `offset` on there (within one line).
    pub(super) fn fill(&mut self, offset: u32, bytes: u32) {
        let line = offset >> self.line_shift;
        let parts = self.parts(offset, (offset + bytes).min((line + 1) << self.line_shift));
        let slot = self.slot(line).or_else(|| self.replace(line));
        self.clock += 1;
        if let Some(slot) = slot {
            let slot = &mut self.slots[slot];
            slot.valid |= parts;
            slot.used = self.clock;
        }
    }

    /// Gives `line` the slot used least recently; `None` if the cache has no lines at all.
    fn replace(&mut self, line: u32) -> Option<usize> {
        let (index, slot) = self
            .slots
            .iter_mut()
            .enumerate()
            .min_by_key(|(_, slot)| slot.used)?;
        if slot.valid != 0 {
            self.places[slot.line as usize] = 0;
        }
        *slot = Slot {
            line,
            ..Slot::default()
        };
        if self.places.len() <= line as usize {
            self.places.resize(line as usize + 1, 0);
        }
        self.places[line as usize] = index as u8 + 1;
        Some(index)
    }

    #[inline]
    fn slot(&self, line: u32) -> Option<usize> {
        match self.places.get(line as usize) {
            None | Some(0) => None,
            Some(&place) => Some(usize::from(place) - 1),
        }
    }

    /// The valid bits of the parts that `[from, to)`, within one line, touches.
    #[inline]
    fn parts(&self, from: u32, to: u32) -> u8 {
        let within = (1 << self.line_shift) - 1;
        let first = (from & within) / PART;
        let last = ((to - 1) & within) / PART;
        (0xffu8 << first) & (0xff >> (7 - last))
    }
}
