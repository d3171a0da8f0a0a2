//! Where cycles go.

use std::ops::{AddAssign, Index, Sub, SubAssign};

/// Why a cycle passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// Further cycles of divisions, multiplications, barriers and accesses to special registers,
    /// and waiting for what is computed late.
    Compute,
    /// Further cycles of floating-point instructions, and waiting for their results.
    Float,
    /// Wait states of code in flash.
    FlashCode,
    /// Wait states of data in flash.
    FlashData,
    /// Waiting for RAM that is not tightly coupled, behind the core's own data cache.
    Cache,
    /// Data accesses that were not aligned.
    Misaligned,
    /// Entering and leaving exception handlers.
    Exception,
    /// Sleep, and being held in reset.
    Sleep,
}

impl Cause {
    /// All of them, in order.
    pub const ALL: [Cause; 14] = [
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
        }
    }

    /// The profiling counter of Armv7-M that counts its cycles (DDI 0403E, C1.8.4); none counts
    /// the first cycle of an instruction.
    pub fn counter(self) -> Option<Counter> {
        match self {
            Cause::Issue => None,
            Cause::Fetch | Cause::Branch | Cause::Compute | Cause::Float | Cause::FlashCode => {
                Some(Counter::Cpi)
            }
            Cause::Exception => Some(Counter::Exception),
            Cause::Sleep => Some(Counter::Sleep),
            Cause::Memory
            | Cause::Hazard
            | Cause::StoreBuffer
            | Cause::FlashData
            | Cause::Cache
            | Cause::Misaligned => Some(Counter::LoadStore),
        }
    }
}

/// A profiling counter of Armv7-M that counts cycles. (The fifth counts instructions.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Counter {
    /// CPICNT: further cycles of instructions, and waiting for code.
    Cpi,
    /// EXCCNT: entering exceptions and returning from them.
    Exception,
    /// SLEEPCNT.
    Sleep,
    /// LSUCNT: further cycles of loads and stores.
    LoadStore,
}

/// Cycles by cause. Their sum is the cycles that passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger([i64; Cause::ALL.len()]);

impl Ledger {
    /// Adds `cycles` for `cause`.
    pub fn add(&mut self, cause: Cause, cycles: impl Into<i64>) {
        self.0[cause as usize] += cycles.into();
    }

    /// Says of `cycles` noted for `from` that they were spent on `to`.
    pub(crate) fn shift(&mut self, from: Cause, to: Cause, cycles: i64) {
        self.add(from, -cycles);
        self.add(to, cycles);
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
        self -= &other;
        self
    }
}

impl SubAssign<&Ledger> for Ledger {
    fn sub_assign(&mut self, other: &Ledger) {
        for (sum, cycles) in self.0.iter_mut().zip(other.0) {
            *sum -= cycles;
        }
    }
}

impl AddAssign<&Ledger> for Ledger {
    fn add_assign(&mut self, other: &Ledger) {
        for (sum, cycles) in self.0.iter_mut().zip(other.0) {
            *sum += cycles;
        }
    }
}
