//! Blocks of straight-line code and the contract with the timing model.
//!
//! Code is executed block by block. A block starts where something branched to (or fell
//! into) and ends with the first instruction for which [`Op::ends_block`] holds, or after
//! [`MAX_BLOCK`] instructions. It is always entered at its first instruction with an
//! empty IT state; code in the middle of an IT block (after an exception return, or while
//! stepping) is executed as blocks of one instruction.
//!
//! # What the timing model does
//!
//! For each block and each [`PipelineState`] in which it is entered, the executor asks
//! [`crate::timing::Pipeline::time_block`] **once** and keeps the [`BlockTiming`] with the
//! block. Running the block then costs:
//!
//! * on entry: [`FlashAccelerator::fetch`](crate::timing::FlashAccelerator::fetch) for the
//!   block's [`fetches`](BlockTiming::fetches), only if the block lies in flash;
//! * at the end: the [`Exit`] that was taken: `fall` if control goes on behind the last
//!   instruction, `taken` if it branched;
//! * and, if the block ends with a branch that the core has to predict, what
//!   `Pipeline::resolve_branch` says was lost: what follows a
//!   misprediction is entered in [`PipelineState::BRANCHED`];
//! * for each predicated instruction whose condition fails: `skip[i]` is added (it is
//!   usually negative: one minus what the model charged);
//! * for each division: [`Pipeline::divide_extra`](crate::timing::Pipeline::divide_extra);
//! * for each data access that is not naturally aligned:
//!   [`Pipeline::misaligned_extra`](crate::timing::Pipeline::misaligned_extra);
//! * for each data access to flash, literals included:
//!   [`FlashAccelerator::data`](crate::timing::FlashAccelerator::data);
//! * for exception entry and return: [`Pipeline::exception_entry`] and friends.
//!
//! An access of instruction `i` to a peripheral or to the cycle counter happens at
//! `start[i]` plus what has been added so far, so a counter read in the middle of a block
//! sees the cycle it would see if instructions were timed one by one.
//!
//! [`Op::ends_block`]: crate::core::insn::Op::ends_block
//! [`Pipeline::exception_entry`]: crate::timing::Pipeline::exception_entry

use std::cell::{Ref, RefCell, RefMut};

use crate::timing::{Ledger, Memos};

/// The most instructions in a block.
pub const MAX_BLOCK: usize = 64;

/// What the pipeline, fetch queue and store buffer carry from one block into the next.
///
/// Its meaning is the timing model's own; the executor only compares it. The model must
/// keep the number of distinct states small (each one costs a [`BlockTiming`] per block it
/// enters).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PipelineState(pub u32);

impl PipelineState {
    /// Right after a taken branch, an exception entry or return, or a resume from halt:
    /// nothing is carried over, and the fetch queue starts at the block's first address.
    pub const BRANCHED: Self = Self(0);
}

/// One way to leave a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// Cycles from entering the block until the next instruction (wherever it is) starts.
    pub cycles: u32,
    /// What the next block is entered with.
    pub state: PipelineState,
}

/// One 32-bit word that the core fetches while a block executes, in cycles from entering
/// the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// When it could be executed from, had the memory no wait states.
    pub ready: u16,
    /// When it is executed from; [`Fetch::NEVER`] if the core only reads ahead.
    pub need: u16,
    /// Whether the block before has asked for it: it is in the fetch queue or on its way.
    pub queued: bool,
}

impl Fetch {
    /// [`Fetch::need`] of a word that the block itself does not execute.
    pub const NEVER: u16 = u16::MAX;
}

/// The words that a block fetches, in order of address, beginning with the one that holds the
/// first instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetches {
    words: Box<[Fetch]>,
    /// How many of the first ones are queued.
    queued: u32,
    /// [`Fetch::ready`] of the last.
    last: u32,
    /// No word is needed before it is ready, and they become ready and are needed in order.
    never_starves: bool,
    memos: Remembered,
}

/// What the flash accelerator remembers of fetching them: no part of their value.
#[derive(Clone, Debug, Default)]
struct Remembered(RefCell<Memos>);

impl PartialEq for Remembered {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Remembered {}

impl Fetches {
    /// How many bytes from the first word on are in the fetch queue or on their way when the
    /// block is entered.
    #[inline(always)]
    pub fn bytes_queued(&self) -> u32 {
        4 * self.queued
    }

    /// How many bytes the block fetches, those that are queued included.
    #[inline(always)]
    pub fn bytes(&self) -> u32 {
        4 * self.words.len() as u32
    }

    /// How many bytes of them are not queued.
    #[inline(always)]
    pub fn bytes_not_queued(&self) -> u32 {
        self.bytes() - self.bytes_queued()
    }

    /// What the flash accelerator remembers of fetching them.
    #[inline(always)]
    pub(crate) fn memos(&self) -> Ref<'_, Memos> {
        self.memos.0.borrow()
    }

    /// The same, to remember more.
    pub(crate) fn memos_mut(&self) -> RefMut<'_, Memos> {
        self.memos.0.borrow_mut()
    }

    /// Whether no word is needed before it is ready, and they become ready and are needed in
    /// order.
    #[inline(always)]
    pub fn never_starves(&self) -> bool {
        self.never_starves
    }

    /// When the last word could be executed from, had the memory no wait states.
    #[inline(always)]
    pub fn last_ready(&self) -> u32 {
        self.last
    }
}

impl From<Vec<Fetch>> for Fetches {
    fn from(words: Vec<Fetch>) -> Self {
        let in_order =
            words.is_sorted_by_key(|word| word.ready) && words.is_sorted_by_key(|word| word.need);
        Self {
            never_starves: in_order && words.iter().all(|word| word.ready <= word.need),
            queued: words.iter().take_while(|word| word.queued).count() as u32,
            last: words.last().map_or(0, |word| word.ready.into()),
            words: words.into(),
            memos: Remembered::default(),
        }
    }
}

impl std::ops::Deref for Fetches {
    type Target = [Fetch];

    fn deref(&self) -> &[Fetch] {
        &self.words
    }
}

/// The branch that ends a block, for a core that predicts what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Where it is.
    pub address: u32,
    /// Whether it is expected to be taken by one that sees it for the first time.
    pub expected: bool,
    /// Cycles lost when it does what was not expected.
    pub penalty: u8,
}

/// The static timing of a block entered in one [`PipelineState`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockTiming {
    /// For each instruction, cycles from entering the block until it starts to execute.
    pub start: Box<[u32]>,
    /// For each instruction, what to add if it is predicated and its condition fails.
    pub skip: Box<[i8]>,
    /// The words fetched.
    pub fetches: Fetches,
    /// If control goes on behind the last instruction.
    pub fall: Exit,
    /// If the last instruction branched.
    pub taken: Exit,
    /// The branch that may end it, if the core predicts branches.
    pub branch: Option<Branch>,
    /// What the cycles of both exits are made of.
    pub causes: Box<Causes>,
}

/// What the cycles of a block's exits are made of: the ledgers' totals are [`Exit::cycles`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Causes {
    /// Of [`BlockTiming::fall`].
    pub fall: Ledger,
    /// Of [`BlockTiming::taken`].
    pub taken: Ledger,
    /// What is not spent if the condition fails of a predicated instruction, by its number: the
    /// negative of [`BlockTiming::skip`]. Those that save nothing are left out.
    pub skip: Box<[(u8, Ledger)]>,
}

impl Causes {
    /// What instruction number `index` does not spend if its condition fails.
    pub fn saved(&self, index: usize) -> Option<&Ledger> {
        let mut saved = self.skip.iter();
        saved
            .find(|(number, _)| usize::from(*number) == index)
            .map(|(_, saved)| saved)
    }
}
