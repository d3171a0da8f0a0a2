//! Remembering what fetching a block's code came to.
//!
//! Loops fetch the same code in the same situation over and over: after the first time nothing
//! has to be found out but that it is the same. A situation is what decides the outcome, with
//! times relative to the block's entry, since nothing depends on when that is; what has passed by
//! then counts as passing just then, since reads before it are never asked about.

use super::{Array, Delivery, FlashAccelerator, NO_READ};
use crate::{core::block::Fetches, timing::lines::Passage};

/// What the fetching of a block's code came to the last times that it was found out. Many a block
/// is reached in two ways by turns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memos {
    memos: [Memo; 2],
    /// Which of them is the older one.
    older: bool,
}

impl Memos {
    fn add(&mut self, memo: Memo) {
        self.memos[usize::from(self.older)] = memo;
        self.older = !self.older;
    }
}

/// What the fetching of a block's code came to in a situation.
#[derive(Clone, Copy, Debug, Default)]
struct Memo {
    situation: Situation,
    /// Nothing, if it is not to be repeated.
    passage: Option<Passage>,
    delay: u32,
    /// What became of the accelerator's, in so far as it has changed. Times are relative.
    current: Option<Delivery>,
    prefetched: Option<Delivery>,
    array: Option<Array>,
}

/// What decides the outcome, but for the lines that are cached. Two numbers each make one, so that
/// there is little to compare; cycles until something happens always fit half of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Situation {
    /// The settings, and where the first word is in the array.
    code: u64,
    /// The current line and the one read ahead, if they are among those that the block reads.
    current: u64,
    prefetched: u64,
    array: u64,
}

/// Two numbers in one.
#[inline(always)]
fn pair(high: u32, low: u64) -> u64 {
    u64::from(high) << 32 | low & u64::from(u32::MAX)
}

impl FlashAccelerator {
    /// The situation in which the words from `first` on are fetched.
    #[inline(always)]
    pub(super) fn situation(&self, first: u32, fetches: &Fetches, now: u64) -> Situation {
        // Whether the line behind is there is asked, too, before it is read ahead.
        let last = self.read_number(first + fetches.bytes().max(4) - 4) + 1;
        let among = |read: u32| (self.read_number(first)..=last).contains(&read);
        let current = self.current.relative_to(now);
        let prefetched = self.prefetched.relative_to(now);
        let array = self.array.relative_to(now);
        Situation {
            code: pair(self.settings, first.into()),
            current: if among(current.read) {
                pair(current.read, current.at)
            } else {
                // Whether it is on its way matters in any case.
                pair(NO_READ, current.at)
            },
            prefetched: if among(prefetched.read) {
                pair(prefetched.read, prefetched.at)
            } else {
                pair(NO_READ, 0)
            },
            array: pair(array.from as u32, array.until),
        }
    }

    /// The delay, if it is known what comes of the situation; everything is then as if the code
    /// had been fetched.
    #[inline(always)]
    pub(super) fn recall(&mut self, memos: &Memos, situation: &Situation, now: u64) -> Option<u32> {
        for memo in &memos.memos {
            if memo.situation == *situation
                && let Some(passage) = &memo.passage
                && self.instruction.repeat(passage)
            {
                self.take_over(memo, now);
                return Some(memo.delay);
            }
        }
        None
    }

    /// Everything but the lines becomes as noted.
    #[inline(always)]
    fn take_over(&mut self, memo: &Memo, now: u64) {
        if let Some(Delivery { read, at }) = memo.current {
            self.current = Delivery { read, at: now + at };
        }
        if let Some(Delivery { read, at }) = memo.prefetched {
            self.prefetched = Delivery { read, at: now + at };
        }
        if let Some(Array { from, until }) = memo.array {
            self.array = Array {
                from: now + from,
                until: now + until,
            };
        }
    }

    /// Fetches the code, and notes what comes of it.
    #[inline(never)]
    pub(super) fn fetch_and_note(
        &mut self,
        situation: Situation,
        first: u32,
        fetches: &Fetches,
        now: u64,
    ) -> u32 {
        let behind = self.read_number(first + fetches.bytes().max(4) - 4) + 1;
        let passage = self.instruction.observe(first, self.offset(behind));
        let (current, prefetched, array) = (self.current, self.prefetched, self.array);
        let delay = self.fetch_words(first, fetches, now);
        let Some(passage) = passage else {
            return delay;
        };
        fetches.memos_mut().add(Memo {
            situation,
            passage: self.instruction.observed(passage),
            delay,
            current: (self.current != current).then(|| self.current.relative_to(now)),
            prefetched: (self.prefetched != prefetched).then(|| self.prefetched.relative_to(now)),
            array: (self.array != array).then(|| self.array.relative_to(now)),
        });
        delay
    }
}
