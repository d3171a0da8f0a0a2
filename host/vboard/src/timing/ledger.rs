//! Where cycles go.

use std::ops::{AddAssign, Index, Sub};

/// Why a cycle passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// Instructions began to execute: the one cycle that each takes at least, or two together
    /// where the core issues two.
    Issue,
    /// Code was on its way, though memory has no wait states: the fetch queue was empty.
    Fetch,
    /// The pipeline was filled again after a branch or ISB.
    Branch,
    /// Further cycles of loads and stores.
    Memory,
    /// An address, or the base of a load before, was not there yet.
    Hazard,
    /// The store buffer or the data bus was taken.
    StoreBuffer,
    /// Further cycles of divisions, multiplications, barriers and accesses to special registers.
    Compute,
    /// Further cycles of floating-point instructions, and waiting for their results.
    Float,
    /// Wait states of code in flash.
    FlashCode,
    /// Wait states of data in flash.
    FlashData,
    /// Misses of the core's own caches, and wait states of memory behind them.
    Cache,
    /// Data accesses that were not aligned.
    Misaligned,
    /// Entering and leaving exception handlers.
    Exception,
    /// Sleep, and being held in reset.
    Sleep,
    /// Code that an exception, a fault or a debugger left in its middle, up to there.
    Left,
    /// What instructions did not take whose predicate failed: negative.
    Skipped,
}

impl Cause {
    /// All of them, in order.
    pub const ALL: [Cause; 16] = [
        Cause::Issue,
        Cause::Fetch,
        Cause::Branch,
        Cause::Memory,
        Cause::Hazard,
        Cause::StoreBuffer,
        Cause::Compute,
        Cause::Float,
        Cause::FlashCode,
        Cause::FlashData,
        Cause::Cache,
        Cause::Misaligned,
        Cause::Exception,
        Cause::Sleep,
        Cause::Left,
        Cause::Skipped,
    ];

    /// A name for tables.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Issue => "issue",
            Cause::Fetch => "fetch",
            Cause::Branch => "branches",
            Cause::Memory => "loads and stores",
            Cause::Hazard => "address hazards",
            Cause::StoreBuffer => "store buffer",
            Cause::Compute => "multiply, divide, system",
            Cause::Float => "floating point",
            Cause::FlashCode => "flash, code",
            Cause::FlashData => "flash, data",
            Cause::Cache => "caches and buses",
            Cause::Misaligned => "misaligned data",
            Cause::Exception => "exceptions",
            Cause::Sleep => "sleep",
            Cause::Left => "code left by exceptions",
            Cause::Skipped => "predicated, not executed",
        }
    }
}

/// Cycles by cause. Their sum is the cycles that passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger([i64; Cause::ALL.len()]);

impl Ledger {
    /// Adds `cycles` for `cause`.
    pub fn add(&mut self, cause: Cause, cycles: impl Into<i64>) {
        self.0[cause as usize] += cycles.into();
    }

    /// All cycles.
    pub fn total(&self) -> i64 {
        self.0.iter().sum()
    }

    /// The cycles of each cause, in the order of [`Cause::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Cause, i64)> {
        Cause::ALL.into_iter().zip(self.0)
    }
}

impl Index<Cause> for Ledger {
    type Output = i64;

    fn index(&self, cause: Cause) -> &i64 {
        &self.0[cause as usize]
    }
}

impl Sub for Ledger {
    type Output = Ledger;

    fn sub(mut self, other: Ledger) -> Ledger {
        for (sum, cycles) in self.0.iter_mut().zip(other.0) {
            *sum -= cycles;
        }
        self
    }
}

impl AddAssign<&Ledger> for Ledger {
    fn add_assign(&mut self, other: &Ledger) {
        for (sum, cycles) in self.0.iter_mut().zip(other.0) {
            *sum += cycles;
        }
    }
}
