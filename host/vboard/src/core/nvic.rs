//! Which exceptions are pending, enabled and active, and which one comes first.

use super::{
    exception::{HARD_FAULT, NMI, RESET},
    model::Core,
};

/// A set of exception numbers.
type Set = [u64; 4];

/// The lowest execution priority: thread mode with nothing masked.
const IDLE: i16 = 256;

/// The state of all exceptions, by number: 1 to 15 the core's, 16 and up the chip's.
#[derive(Clone, Debug)]
pub(crate) struct Nvic {
    pending: Set,
    enabled: Set,
    active: Set,
    priority: [u8; 256],
    /// External interrupts.
    count: usize,
    /// The priority bits that exist.
    priority_mask: u8,
    /// The core's exceptions whose priority can be set, bit n for exception n.
    configurable: u16,
    /// AIRCR.PRIGROUP.
    pub(crate) group: u8,
}

fn has(set: &Set, n: u16) -> bool {
    set[usize::from(n) / 64] >> (n % 64) & 1 != 0
}

fn put(set: &mut Set, n: u16, value: bool) {
    let bit = 1 << (n % 64);
    let word = &mut set[usize::from(n) / 64];
    *word = if value { *word | bit } else { *word & !bit };
}

fn members(set: &Set) -> impl Iterator<Item = u16> {
    set.iter().enumerate().flat_map(|(i, &word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let bit = rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
            (bit < 64).then_some((64 * i) as u16 + bit as u16)
        })
    })
}

impl Nvic {
    pub(crate) fn new(core: &Core) -> Self {
        // SVCall, PendSV and SysTick; in Armv7-M also the faults and DebugMonitor.
        let configurable = if core.isa().thumb2 { 0xd870 } else { 0xc800 };
        let priority_mask = !(0xffu32 >> core.priority_bits.min(8)) as u8;
        Self::after_reset(core.interrupts.min(240), priority_mask, configurable)
    }

    fn after_reset(count: usize, priority_mask: u8, configurable: u16) -> Self {
        Self {
            pending: [0; 4],
            // The core's own exceptions cannot be disabled here.
            enabled: [0xffff, 0, 0, 0],
            active: [0; 4],
            priority: [0; 256],
            count,
            priority_mask,
            configurable,
            group: 0,
        }
    }

    pub(crate) fn reset(&mut self) {
        *self = Self::after_reset(self.count, self.priority_mask, self.configurable);
    }

    /// External interrupts.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The priority bits that exist.
    pub(crate) fn priority_mask(&self) -> u8 {
        self.priority_mask
    }

    pub(crate) fn is_pending(&self, n: u16) -> bool {
        has(&self.pending, n)
    }

    pub(crate) fn is_active(&self, n: u16) -> bool {
        has(&self.active, n)
    }

    pub(crate) fn set_pending(&mut self, n: u16, value: bool) {
        put(&mut self.pending, n, value);
    }

    pub(crate) fn set_active(&mut self, n: u16, value: bool) {
        put(&mut self.active, n, value);
    }

    pub(crate) fn clear_active(&mut self) {
        self.active = Set::default();
    }

    /// How many exceptions are active.
    pub(crate) fn active_count(&self) -> u32 {
        self.active.iter().map(|w| w.count_ones()).sum()
    }

    /// The priority that exception `n` is configured with.
    pub(crate) fn raw_priority(&self, n: u16) -> u8 {
        self.priority[usize::from(n) & 255]
    }

    pub(crate) fn set_raw_priority(&mut self, n: u16, value: u8) {
        let writable = match n {
            0..16 => self.configurable >> n & 1 != 0,
            _ => usize::from(n) < 16 + self.count,
        };
        if writable {
            self.priority[usize::from(n)] = value & self.priority_mask;
        }
    }

    /// The part of a priority that decides about preemption.
    fn group_priority(&self, priority: i16) -> i16 {
        if priority < 0 {
            priority
        } else {
            priority & !((2 << self.group) - 1)
        }
    }

    fn priority(&self, n: u16) -> i16 {
        match n {
            RESET => -3,
            NMI => -2,
            HARD_FAULT => -1,
            _ => i16::from(self.raw_priority(n)),
        }
    }

    /// The execution priority, by active exceptions and masks.
    pub(crate) fn execution_priority(&self, primask: bool, faultmask: bool, basepri: u8) -> i16 {
        let active = members(&self.active).map(|n| self.group_priority(self.priority(n)));
        let mut priority = active.min().unwrap_or(IDLE);
        if basepri != 0 {
            priority = priority.min(self.group_priority(i16::from(basepri)));
        }
        if primask {
            priority = priority.min(0);
        }
        if faultmask {
            priority = priority.min(-1);
        }
        priority
    }

    /// Whether exception `n` would preempt code that executes at `priority`.
    pub(crate) fn preempts(&self, n: u16, priority: i16) -> bool {
        self.group_priority(self.priority(n)) < priority
    }

    /// The pending and enabled exception that comes first, if `considered` holds for it.
    pub(crate) fn first_pending(&self, considered: impl Fn(u16) -> bool) -> Option<u16> {
        let mut ready = self.pending;
        for (word, enabled) in ready.iter_mut().zip(self.enabled) {
            *word &= enabled;
        }
        members(&ready)
            .filter(|&n| considered(n))
            .min_by_key(|&n| (self.priority(n), n))
    }

    /// Whether an exception is pending, by whatever priority.
    pub(crate) fn any_external_pending(&self) -> bool {
        members(&self.pending).any(|n| n >= 16)
    }

    /// Makes the interrupts in `rises` pending.
    pub(crate) fn rise(&mut self, rises: &[u32; 8]) {
        for (word, &bits) in rises.iter().enumerate() {
            for bit in (0..32).filter(|b| bits >> b & 1 != 0) {
                let number = 32 * word + bit;
                if number < self.count {
                    self.set_pending(16 + number as u16, true);
                }
            }
        }
    }

    /// Word `index` of one of the interrupt registers.
    pub(crate) fn word(&self, kind: Bank, index: usize) -> u32 {
        let set = match kind {
            Bank::Enabled => &self.enabled,
            Bank::Pending => &self.pending,
            Bank::Active => &self.active,
        };
        self.numbers(index).fold(0, |word, n| {
            word | u32::from(has(set, n)) << ((n - 16) % 32)
        })
    }

    /// Sets or clears the interrupts whose bits are in `bits` of word `index`.
    pub(crate) fn change(&mut self, kind: Bank, index: usize, bits: u32, value: bool) {
        for n in self.numbers(index) {
            if bits >> ((n - 16) % 32) & 1 != 0 {
                match kind {
                    Bank::Enabled => put(&mut self.enabled, n, value),
                    Bank::Pending => put(&mut self.pending, n, value),
                    Bank::Active => {}
                }
            }
        }
    }

    fn numbers(&self, index: usize) -> std::ops::Range<u16> {
        let first = (32 * index).min(self.count);
        let end = (32 * index + 32).min(self.count);
        16 + first as u16..16 + end as u16
    }
}

/// The registers with one bit for each interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bank {
    Enabled,
    Pending,
    Active,
}
