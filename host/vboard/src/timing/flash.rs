//! The flash accelerator: wait states, prefetch, instruction and data cache.
//!
//! ST's "adaptive real-time memory accelerator" (ART) of the STM32L4, L4+ and G4. What is
//! known of it is section 3.3.4 of their reference manuals. RM0440 (STM32G4, dual-bank
//! like the L4+) was read word for word; RM0432 (STM32L4+) could not be, but ST's driver
//! for both L4 lines states the same caches ("32 cache lines of 4*64 bits on I-Code, 8 cache
//! lines of 4*64 bits on D-Code"). From RM0440:
//!
//! * a read of the array delivers 64 bits in dual-bank mode, 128 bits in single-bank mode,
//!   into a *current buffer* (one for ICode, one for DCode); code that stays in the
//!   current buffer needs no read;
//! * prefetch reads "the next sequential instruction line while the current instruction
//!   line is being requested";
//! * a miss (neither in the current nor in the prefetched line nor in the cache) costs "at
//!   least" the wait states, and the line read is copied into the cache;
//! * what is in a cache is delivered without delay; replacement is least recently used;
//! * the data cache works likewise, and is filled by the core's DCode reads;
//! * DCode accesses have priority over ICode accesses;
//! * CoreMark runs as if there were no wait states.
//!
//! Decided here, for want of a statement:
//!
//! * the caches are fully associative (LRU over all lines); a line of 4 * 64 bits has one
//!   tag and a valid bit for each 64 bits, so a miss costs one read and not four;
//! * a prefetch starts when the core enters a new line, right after the read that brought
//!   it, unless the next line is cached; one is under way or kept at a time;
//! * a prefetched line is not copied into the cache if it was there in time (that is no
//!   miss), and is copied if the core had to wait for it (that is one). Were it never
//!   copied, loops would run at the speed of the array and CoreMark would suffer;
//! * a read under way is not aborted: whoever needs the array next waits for its end.
//!   There is one array for both banks. Of the reads that one block's code causes only the
//!   last is remembered as occupying it, and data reads do not hold up code reads of the
//!   same block;
//! * what the core fetches ahead and never executes is read and cached like anything else.
//!
//! The STM32G0's interface has the same current buffer, prefetch and miss rule in front of
//! one bus, two cache lines of 64 bits for instructions, and no data cache (RM0444, sections
//! "Instruction prefetch" and "Cache memory"). Its manual does not say what becomes of the
//! 64 bits that a data read brings; they are kept as on the L4.
//!
//! The STM32F7's array is read through two interfaces. Over AXI there is no accelerator, only the core's caches:
//! reads of 256 bits, which pass the bus (`data_cache.rs`, M5), fill a line of the instruction cache or
//! go through the data cache. Its instruction cache of two ways is taken as fully associative. At
//! 0x0020_0000, behind the core's ITCM interface, there is ST's accelerator, with prefetch.
//!
//! None of this has been validated on silicon with wait states.

mod core;
mod geometry;
mod memo;

pub use geometry::{FlashConfig, FlashGeometry};
pub(crate) use memo::Memos;

use super::{
    data_cache::{self, DataCache},
    lines::Lines,
};
use crate::core::block::{Fetch, Fetches};

/// The accelerator's state. Addresses are offsets into the flash array.
#[derive(Clone, Debug)]
pub struct FlashAccelerator {
    config: FlashConfig,
    /// What software has set the flash interface to.
    asked: FlashConfig,
    /// Which caches are on, if they are the core's.
    geometry: FlashGeometry,
    core_caches: (bool, bool),
    /// The core's data cache, if the caches are the core's.
    core: Option<Box<DataCache>>,
    instruction: Lines,
    data: Lines,
    /// The instruction line in use, and when it is or was delivered.
    current: Delivery,
    /// The instruction line read ahead.
    prefetched: Delivery,
    /// The data line last read.
    current_data: u32,
    array: Array,
    /// Neither the array nor the way to it makes anybody wait.
    never_waits: bool,
    /// A read of the array delivers 2^this bytes.
    read_shift: u32,
    /// The configuration and the geometry as a number that no others have.
    settings: u32,
    /// The offset and length of the code that was fetched last, if all of it was there at
    /// once. To fetch it again right away changes nothing.
    again: Option<(u32, u32)>,
}

/// A read of the array: its number (offset / bytes per read) and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Delivery {
    read: u32,
    at: u64,
}

/// No read: none has this number, since a read delivers several bytes.
const NO_READ: u32 = u32::MAX;

impl Delivery {
    const NONE: Self = Self {
        read: NO_READ,
        at: 0,
    };

    /// The same with cycles counted from `now` on, from when on it will be asked about.
    #[inline(always)]
    fn relative_to(self, now: u64) -> Self {
        Self {
            at: self.at.saturating_sub(now),
            ..self
        }
    }
}

impl Default for FlashAccelerator {
    fn default() -> Self {
        Self::new(FlashGeometry::STM32L4)
    }
}

impl FlashAccelerator {
    /// An accelerator just powered on.
    pub fn new(geometry: FlashGeometry) -> Self {
        Self {
            config: FlashConfig::default(),
            asked: FlashConfig::default(),
            geometry,
            core_caches: (false, false),
            core: geometry.of_the_core.then(|| Box::new(DataCache::new())),
            instruction: Lines::new(geometry.instruction_lines, geometry.line_bytes),
            data: Lines::new(geometry.data_lines, geometry.line_bytes),
            current: Delivery::NONE,
            prefetched: Delivery::NONE,
            current_data: NO_READ,
            array: Array::default(),
            never_waits: !geometry.of_the_core,
            read_shift: read_shift(FlashConfig::default()),
            settings: settings(FlashConfig::default(), geometry),
            again: None,
        }
    }

    /// The current configuration.
    pub fn config(&self) -> FlashConfig {
        self.config
    }

    /// Changes the configuration; cache contents stay.
    pub fn configure(&mut self, config: FlashConfig) {
        self.asked = config;
        self.apply();
    }

    /// The core's own caches are switched on or off.
    pub fn set_core_caches(&mut self, instructions: bool, data: bool) {
        self.core_caches = (instructions, data);
        self.apply();
    }

    fn apply(&mut self) {
        let mut config = self.asked;
        if self.geometry.of_the_core {
            (config.instruction_cache, config.data_cache) = self.core_caches;
            config.prefetch = false;
            self.current_data = NO_READ;
        }
        if config.read_bytes != self.config.read_bytes {
            self.drop_instruction_lines();
            self.current_data = NO_READ;
        }
        self.set(config);
    }

    fn set(&mut self, config: FlashConfig) {
        self.config = config;
        self.never_waits = config.wait_states == 0 && !self.geometry.of_the_core;
        self.read_shift = read_shift(config);
        self.settings = settings(config, self.geometry);
        self.again = None;
    }

    /// Empties the instruction cache.
    pub fn reset_instruction_cache(&mut self) {
        self.instruction.clear();
        self.drop_instruction_lines();
    }

    /// Empties the data cache.
    pub fn reset_data_cache(&mut self) {
        self.data.clear();
        self.current_data = NO_READ;
    }

    /// Power-on state: caches empty, reset configuration.
    pub fn reset(&mut self) {
        self.reset_instruction_cache();
        self.reset_data_cache();
        if let Some(core) = &mut self.core {
            core.clear();
        }
        self.array = Array::default();
        self.core_caches = (false, false);
        self.asked = FlashConfig::default();
        self.set(FlashConfig::default());
    }

    /// Cycles that fetching the code of a block at `first` (an offset into the array) adds
    /// when it is entered at cycle `now`.
    #[inline(always)]
    pub fn fetch(&mut self, first: u32, fetches: &Fetches, now: u64) -> u32 {
        if self.never_waits {
            return 0;
        }
        let offset = (first & !3) + fetches.bytes_queued();
        let bytes = fetches.bytes_not_queued();
        if self.again == Some((offset, bytes)) && !self.is_late(now) {
            return 0;
        }
        self.fetch_with_wait_states(offset, bytes, fetches, now)
    }

    /// Whether the line in use is still on its way.
    #[inline(always)]
    fn is_late(&self, now: u64) -> bool {
        self.current.at > now
    }

    /// Whether a data read of the word at `offset` adds nothing, because there are no wait
    /// states or the word came with the one before. Such a read changes nothing.
    #[inline(always)]
    pub fn has_data(&self, offset: u32) -> bool {
        self.never_waits || self.current_data == self.read_number(offset)
    }

    /// Cycles that a data read of the word at `offset` adds at cycle `now`.
    pub fn data(&mut self, offset: u32, now: u64) -> u32 {
        if self.geometry.of_the_core {
            return self.core_data(offset, now);
        }
        if self.has_data(offset) || self.config.data_cache && self.data_lines().hit_part(offset) {
            return 0;
        }
        let read = self.read_number(offset);
        let delivered = self.array.read(now, self.config.wait_states);
        if self.config.data_cache {
            let (offset, bytes) = (self.offset(read), self.read_bytes());
            self.data_lines().fill(offset, bytes);
        }
        self.current_data = read;
        (delivered - now) as u32
    }

    /// Where data is cached.
    fn data_lines(&mut self) -> &mut Lines {
        if self.geometry.data_lines == 0 {
            self.again = None;
            &mut self.instruction
        } else {
            &mut self.data
        }
    }

    /// `bytes` of code from `offset` on are not queued.
    #[inline(never)]
    fn fetch_with_wait_states(
        &mut self,
        offset: u32,
        bytes: u32,
        fetches: &Fetches,
        now: u64,
    ) -> u32 {
        if bytes == 0 && !self.is_late(now) {
            return 0;
        }
        self.again = None;
        let first = offset - fetches.bytes_queued();
        let cached = !self.is_late(now)
            && self.config.instruction_cache
            && self.instruction.hit(offset, bytes);
        if cached {
            self.again = Some((offset, bytes));
            let read = self.read_number(offset + bytes - 4);
            self.enter_line(read, now + u64::from(fetches.last_ready()));
            return 0;
        }
        self.fetch_missing(first, fetches, now)
    }

    /// Fetches code that is not there at once, unless it is known what comes of it.
    #[inline(never)]
    fn fetch_missing(&mut self, first: u32, fetches: &Fetches, now: u64) -> u32 {
        if !self.instruction.is_observable() {
            return self.fetch_words(first, fetches, now);
        }
        let situation = self.situation(first, fetches, now);
        if let Some(delay) = self.recall(&fetches.memos(), &situation, now) {
            return delay;
        }
        self.fetch_and_note(situation, first, fetches, now)
    }

    /// Fetches word by word, or read by read where that is the same.
    ///
    /// A word that could be had at cycle `asked` and is needed at `need` delays all that follows by
    /// `delivered - (now + need)` in all, if that is more than the delay so far. Where words become
    /// ready before they are needed, and both in order, those of a read behind its first come when
    /// the bus is free, in time or together: the one needed first decides.
    fn fetch_words(&mut self, first: u32, fetches: &Fetches, now: u64) -> u32 {
        let mut delay = 0;
        let mut bus_free = 0;
        let mut offset = first;
        let mut words: &[Fetch] = fetches;
        while let Some(word) = words.first() {
            let read = self.read_number(offset);
            let asked = (now + u64::from(word.ready) + delay).max(bus_free);
            let delivered = if self.current.read == read {
                self.current.at.max(asked)
            } else if word.queued {
                // It came before the line that is current now.
                asked
            } else {
                self.fetch_line(offset, asked)
            };
            if delivered > asked {
                bus_free = delivered + 1;
            }
            delay = delay.max(late(delivered, now, word));
            let mut done = 1;
            if self.current.read == read && fetches.never_starves() {
                done = ((self.offset(read + 1) - offset) / 4) as usize;
                if let (2.., Some(second)) = (done, words.get(1)) {
                    delay = delay.max(late(bus_free, now, second));
                }
            }
            offset += 4 * done as u32;
            words = words.get(done..).unwrap_or_default();
        }
        delay as u32
    }

    /// When the word at `offset`, which is not in the current line and could be delivered
    /// at cycle `asked` had the array no wait states, is delivered.
    fn fetch_line(&mut self, offset: u32, asked: u64) -> u64 {
        let read = self.read_number(offset);
        let ahead = self.prefetched;
        let (delivered, miss) = if ahead.read == read {
            (ahead.at.max(asked), ahead.at > asked)
        } else if self.config.instruction_cache && self.instruction.hit_part(offset) {
            (asked, false)
        } else {
            let bus = if self.geometry.of_the_core {
                data_cache::BUS
            } else {
                0
            };
            let delivered = self.array.read(asked, self.config.wait_states);
            (delivered + u64::from(bus), true)
        };
        if miss && self.config.instruction_cache {
            self.instruction.fill(self.offset(read), self.read_bytes());
        }
        self.enter_line(read, delivered);
        delivered
    }

    /// Makes `read` the current line, delivered at cycle `at`, and reads the next one
    /// ahead.
    #[inline]
    fn enter_line(&mut self, read: u32, at: u64) {
        if self.current.read == read {
            return;
        }
        self.current = Delivery { read, at };
        let next = read + 1;
        if !self.config.prefetch
            || self.prefetched.read == next
            || (self.config.instruction_cache && self.instruction.contains(self.offset(next)))
        {
            return;
        }
        let at = self.array.read(at + 1, self.config.wait_states);
        self.prefetched = Delivery { read: next, at };
    }

    fn drop_instruction_lines(&mut self) {
        self.again = None;
        self.current = Delivery::NONE;
        self.prefetched = Delivery::NONE;
    }

    #[inline(always)]
    fn read_number(&self, offset: u32) -> u32 {
        offset >> self.read_shift
    }

    fn offset(&self, read: u32) -> u32 {
        read << self.read_shift
    }

    fn read_bytes(&self) -> u32 {
        1 << self.read_shift
    }
}

/// By how much a word delivered at cycle `at` is later than needed in a block entered at `now`.
#[inline(always)]
fn late(at: u64, now: u64, word: &Fetch) -> u64 {
    // What is never needed is needed later than anything can take.
    at.saturating_sub(now + u64::from(word.need))
}

/// A number for all of this that the delays of code depend on.
fn settings(config: FlashConfig, geometry: FlashGeometry) -> u32 {
    u32::from_le_bytes([
        config.wait_states,
        u8::from(config.prefetch) << 7
            | u8::from(config.instruction_cache) << 6
            | geometry.line_bytes >> 3,
        config.read_bytes,
        geometry.instruction_lines,
    ])
}

fn read_shift(config: FlashConfig) -> u32 {
    u32::from(config.read_bytes).max(8).ilog2()
}

/// When the array is busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Array {
    from: u64,
    until: u64,
}

impl Array {
    /// The same with cycles counted from `now` on, from when on it will be asked about.
    #[inline(always)]
    fn relative_to(self, now: u64) -> Self {
        Self {
            from: self.from.saturating_sub(now),
            until: self.until.saturating_sub(now),
        }
    }

    /// Reads as early as possible from cycle `at` on; the cycle of delivery.
    #[inline(always)]
    fn read(&mut self, at: u64, wait_states: u8) -> u64 {
        let start = if (self.from..self.until).contains(&at) {
            self.until
        } else {
            at
        };
        let delivered = start + u64::from(wait_states);
        // Code is timed when a block is entered, so a read may be asked for that comes
        // before one already noted: that one stays.
        if at >= self.from {
            *self = Self {
                from: start,
                until: delivered + 1,
            };
        }
        delivered
    }
}

#[cfg(test)]
mod tests;
