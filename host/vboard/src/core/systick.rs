//! The system timer.
//!
//! The counter is never decremented; it is computed from the cycle at which it was last
//! known.

/// Core clocks for each clock of the timer's external reference: HCLK / 8, as on all STM32.
const REFERENCE_DIVIDER: u64 = 8;

#[derive(Clone, Debug, Default)]
pub(crate) struct SysTick {
    enabled: bool,
    interrupt: bool,
    core_clock: bool,
    wrapped: bool,
    reload: u32,
    /// The counter at `since`.
    value: u32,
    since: u64,
}

impl SysTick {
    /// CTRL; reading it clears COUNTFLAG.
    pub(crate) fn control(&mut self, now: u64) -> u32 {
        self.settle(now);
        u32::from(std::mem::take(&mut self.wrapped)) << 16
            | u32::from(self.core_clock) << 2
            | u32::from(self.interrupt) << 1
            | u32::from(self.enabled)
    }

    pub(crate) fn set_control(&mut self, value: u32, now: u64) {
        self.settle(now);
        self.enabled = value & 1 != 0;
        self.interrupt = value & 2 != 0;
        self.core_clock = value & 4 != 0;
    }

    pub(crate) fn reload(&self) -> u32 {
        self.reload
    }

    pub(crate) fn set_reload(&mut self, value: u32, now: u64) {
        self.settle(now);
        self.reload = value & 0xff_ffff;
    }

    pub(crate) fn value(&mut self, now: u64) -> u32 {
        self.settle(now);
        self.value
    }

    /// Any write clears the counter and COUNTFLAG.
    pub(crate) fn clear(&mut self, now: u64) {
        self.settle(now);
        self.value = 0;
        self.wrapped = false;
    }

    fn divider(&self) -> u64 {
        if self.core_clock {
            1
        } else {
            REFERENCE_DIVIDER
        }
    }

    /// Brings the counter up to `now`; returns whether it reached zero by counting.
    fn settle(&mut self, now: u64) -> bool {
        let elapsed = now.saturating_sub(self.since);
        if !self.enabled {
            self.since = now;
            return false;
        }
        let mut ticks = elapsed / self.divider();
        self.since += ticks * self.divider();
        let value = u64::from(self.value);
        if ticks == 0 {
            return false;
        }
        let reached = value != 0 && ticks >= value;
        if ticks < value {
            self.value -= ticks as u32;
            return false;
        }
        // At zero; the next tick reloads.
        ticks -= value;
        let period = u64::from(self.reload) + 1;
        let again = self.reload != 0 && ticks >= period;
        self.value = match ticks % period {
            0 => 0,
            rest => (period - rest) as u32,
        };
        let reached = reached || again;
        self.wrapped |= reached;
        reached
    }

    /// Brings the timer up to `now`; returns whether its exception becomes pending.
    pub(crate) fn tick(&mut self, now: u64) -> bool {
        self.settle(now) && self.interrupt
    }

    /// The cycle at which the timer next reaches zero, if that matters.
    pub(crate) fn next_event(&self) -> u64 {
        if !self.enabled || !self.interrupt {
            return u64::MAX;
        }
        let ticks = match (self.value, self.reload) {
            (0, 0) => return u64::MAX,
            (0, reload) => u64::from(reload) + 1,
            (value, _) => u64::from(value),
        };
        self.since + ticks * self.divider()
    }

    /// Moves the timer's past forward by `cycles` in which it did not count.
    pub(crate) fn skip(&mut self, cycles: u64) {
        self.since += cycles;
    }
}
