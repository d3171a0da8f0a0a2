//! The Cortex-M7's data cache, and what a miss costs.
//!
//! Only tags are kept: data is where it belongs at any time, so what a program forgets to clean or to
//! invalidate does no harm here.
//!
//! Standing as in `m7/rules.rs`: **D** — documented: Arm's *Cortex-M7 Technical Reference Manual*, DDI 0489F,
//! and ST's reference manuals; **A** — assumed, for want of a source.
//!
//! | rule | what | standing |
//! | --- | --- | --- |
//! | M1 | 4 KiB in four ways of 32 sets of 32 bytes on an STM32F745 or F746 | D (RM0385; CCSIDR in DDI 0489, section 3.3.5) |
//! | M2 | normal memory is write-back and allocates on reads and writes | D (DDI 0403, B3.1; DDI 0489, 5.9) |
//! | M3 | a miss fetches the whole line, the word wanted first; the core goes on when that has come | D (DDI 0489, 5.9 "critical word first") |
//! | M4 | two lines can be on their way; who wants a third waits for the first | A |
//! | M5 | a word asked for comes after 3 cycles of AXI master, bridge and bus matrix, and the wait states of its memory | A |
//! | M6 | a line comes in 8 words from SRAM (32-bit AHB), in 4 double words from flash (64-bit AHB); lines come one after the other | D (RM0385, 2.1 "AXI to multi-AHB bridge"); the pace A |
//! | M7 | a store never waits for its own line, only for room (M4) | A: the store buffer's depth is not published |
//! | M8 | a dirty line that is replaced goes out in 8 words, behind the line that replaces it | A |
//! | M9 | the ways of a set are replaced in turn, in the order in which they were filled | A: the policy is not published |
//! | M10 | with the cache off every load takes M5, and stores are buffered | A |
//!
//! Left out: that a word of a line may be asked for before it has come; the dynamic read-allocate mode
//! that long runs of stores switch to (DDI 0489, 5.9.1); memory that the MPU makes uncached or
//! write-through; DMA and its contention.

/// Sets, ways and bytes of a line (M1).
const SETS: usize = 32;
const WAYS: usize = 4;
const LINE_SHIFT: u32 = 5;

/// M5, without wait states.
pub(super) const BUS: u32 = 3;

/// M6: cycles from a line's first part to its last.
const SRAM_LINE: u64 = 7;
const FLASH_LINE: u64 = 3;
/// M8.
const WRITE_BACK: u64 = 8;

/// No line has this number.
const NO_LINE: u32 = u32::MAX;

/// The tags, and the lines on their way.
#[derive(Clone, Debug)]
pub(super) struct DataCache {
    ways: [[Way; WAYS]; SETS],
    /// Which way of a set is replaced next.
    next: [u8; SETS],
    /// The line accessed last, if it is there, and whether it is dirty.
    last: Way,
    /// When the last two lines fetched are complete, and their victims gone; the older first.
    busy: [u64; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Way {
    line: u32,
    dirty: bool,
}

const EMPTY: Way = Way {
    line: NO_LINE,
    dirty: false,
};

/// What maintenance does to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maintenance {
    /// Its data goes to memory, and it stays.
    Clean,
    /// It is thrown away; its data goes to memory if that is asked for.
    Invalidate {
        /// Whether it is.
        clean: bool,
    },
}

impl DataCache {
    pub(super) fn new() -> Self {
        Self {
            ways: [[EMPTY; WAYS]; SETS],
            next: [0; SETS],
            last: EMPTY,
            busy: [0; 2],
        }
    }

    /// Whether an access to `address` finds what the one before found: it changes nothing.
    #[inline(always)]
    pub(super) fn is_at_hand(&self, address: u32, write: bool) -> bool {
        self.last.line == address >> LINE_SHIFT && (self.last.dirty || !write)
    }

    /// Looks `address` up; whether its line is there. A write makes it dirty.
    pub(super) fn hit(&mut self, address: u32, write: bool) -> bool {
        let line = address >> LINE_SHIFT;
        let set = &mut self.ways[line as usize % SETS];
        let Some(way) = set.iter_mut().find(|way| way.line == line) else {
            return false;
        };
        way.dirty |= write;
        self.last = *way;
        true
    }

    /// The first cycle from `now` on in which a line can be asked for (M4).
    pub(super) fn free(&self, now: u64) -> u64 {
        self.busy[0].max(now)
    }

    /// Fetches the line of `address`, whose first word its memory has at cycle `at` if the bus is free;
    /// when that word is here.
    pub(super) fn fetch(&mut self, address: u32, at: u64, write: bool, flash: bool) -> u64 {
        let line = address >> LINE_SHIFT;
        let set = line as usize % SETS;
        let next = &mut self.next[set];
        let place = self.ways[set].iter().position(|way| *way == EMPTY);
        let place = place.unwrap_or_else(|| {
            let place = usize::from(*next);
            *next = (*next + 1) % WAYS as u8;
            place
        });
        let new = Way { line, dirty: write };
        let victim = std::mem::replace(&mut self.ways[set][place], new);
        self.last = new;
        let first = (at + u64::from(BUS)).max(self.busy[1] + 1);
        let complete = first + if flash { FLASH_LINE } else { SRAM_LINE };
        let gone = complete + if victim.dirty { WRITE_BACK } else { 0 };
        self.busy = [self.busy[1], gone];
        first
    }

    /// Throws everything away.
    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    /// Does so to the line that `set_way` names as DCISW and its relatives do, at cycle `now`.
    pub(super) fn maintain(&mut self, what: Maintenance, set_way: u32, now: u64) {
        let set = set_way as usize >> LINE_SHIFT;
        let set = set % SETS;
        let way = &mut self.ways[set][(set_way >> 30) as usize];
        let cleans = what != Maintenance::Invalidate { clean: false };
        if cleans && way.dirty {
            let free = self.busy[1].max(now);
            self.busy = [self.busy[1], free + WRITE_BACK];
        }
        match what {
            Maintenance::Clean => way.dirty = false,
            Maintenance::Invalidate { .. } => *way = EMPTY,
        }
        if self.ways[set] == [EMPTY; WAYS] {
            self.next[set] = 0;
        }
        self.last = EMPTY;
    }
}

#[cfg(test)]
mod tests {
    use super::{BUS, DataCache, Maintenance};

    const RAM: u32 = 0x2001_0000;
    /// Addresses so far apart share a set.
    const WAY: u32 = 1024;

    /// An access, made when the one before has ended.
    #[derive(Debug)]
    enum Access {
        Load(u32),
        Store(u32),
    }
    use Access::{Load, Store};

    /// The cycles that it waits.
    fn run(cache: &mut DataCache, now: &mut u64, access: &Access) -> u64 {
        let (address, write) = match *access {
            Load(address) => (address, false),
            Store(address) => (address, true),
        };
        let mut waited = 0;
        if !cache.is_at_hand(address, write) && !cache.hit(address, write) {
            let at = cache.free(*now);
            let there = cache.fetch(address, at, write, false);
            waited = if write { at } else { there } - *now;
        }
        *now += waited + 1;
        waited
    }

    fn check(what: &str, accesses: &[(Access, u64)]) {
        let mut cache = DataCache::new();
        let mut now = 100;
        for (turn, (access, expected)) in accesses.iter().enumerate() {
            let waited = run(&mut cache, &mut now, access);
            assert_eq!(waited, *expected, "{what}, {turn}: {access:x?}");
        }
    }

    #[test]
    fn a_line_is_fetched_once() {
        let miss = u64::from(BUS);
        check(
            "words of a line",
            &[(Load(RAM), miss), (Load(RAM + 4), 0), (Load(RAM + 31), 0)],
        );
        check(
            "four lines of a set, and a fifth in the first's place",
            &[
                (Load(RAM), miss),
                (Load(RAM + WAY), 7),
                (Load(RAM + 2 * WAY), 7),
                (Load(RAM + 3 * WAY), 7),
                (Load(RAM + 3 * WAY), 0),
                (Load(RAM), 0),
                (Load(RAM + 4 * WAY), 5),
                (Load(RAM + WAY), 0),
                (Load(RAM), 6),
            ],
        );
        check(
            "a neighbouring line comes behind the first",
            &[(Load(RAM), miss), (Load(RAM + 32), 7)],
        );
    }

    #[test]
    fn stores_wait_for_room_only() {
        check(
            "a store, and a load of its line",
            &[(Store(RAM), 0), (Load(RAM), 0), (Store(RAM + 4), 0)],
        );
        // The lines are complete 10 and 18 cycles after the first store.
        check(
            "stores to four lines",
            &[
                (Store(RAM), 0),
                (Store(RAM + 32), 0),
                (Store(RAM + 64), 8),
                (Store(RAM + 96), 7),
            ],
        );
    }

    #[test]
    fn a_dirty_line_has_to_leave() {
        for (what, dirty, waits) in [("clean", false, 7), ("dirty", true, 7 + 8)] {
            let mut cache = DataCache::new();
            let mut now = 0;
            for way in 0..4 {
                let access = if dirty {
                    Store(RAM + way * WAY)
                } else {
                    Load(RAM + way * WAY)
                };
                run(&mut cache, &mut now, &access);
            }
            now += 1000;
            run(&mut cache, &mut now, &Load(RAM + 4 * WAY));
            // The next line comes when the victim of this one has gone.
            assert_eq!(run(&mut cache, &mut now, &Load(RAM + 32)), waits, "{what}");
        }
    }

    #[test]
    fn maintenance_names_a_set_and_a_way() {
        let (set_way, other) = (5 << 5, 1 << 30 | 5 << 5);
        let address = RAM + 5 * 32;
        for (what, maintenance, named, stays, leaves) in [
            ("clean", Maintenance::Clean, set_way, true, 8),
            (
                "invalidate",
                Maintenance::Invalidate { clean: false },
                set_way,
                false,
                0,
            ),
            (
                "both",
                Maintenance::Invalidate { clean: true },
                set_way,
                false,
                8,
            ),
            (
                "another way",
                Maintenance::Invalidate { clean: true },
                other,
                true,
                0,
            ),
        ] {
            let mut cache = DataCache::new();
            let mut now = 0;
            run(&mut cache, &mut now, &Store(address));
            cache.maintain(maintenance, named, 1000);
            assert_eq!(cache.hit(address, false), stays, "{what}");
            let free = cache.busy[1].saturating_sub(1000);
            assert_eq!(free, leaves, "{what}");
        }
    }
}
