//! Timer 2 as the STM32s have it that count 32 bits with it (RM0432, chapter 38): a 32-bit counter behind a 16-bit prescaler, counting up, with its update interrupt.
//!
//! Capture, compare, triggers and other ways of counting are refused.

use crate::memory::{AccessError, InterruptLines};

const CR1: u32 = 0x00;
const DIER: u32 = 0x0C;
const SR: u32 = 0x10;
const EGR: u32 = 0x14;
const CNT: u32 = 0x24;
const PSC: u32 = 0x28;
const ARR: u32 = 0x2C;

const CEN: u32 = 1 << 0;
const UDIS: u32 = 1 << 1;
const URS: u32 = 1 << 2;
const OPM: u32 = 1 << 3;
const ARPE: u32 = 1 << 7;
const UIF: u32 = 1 << 0;

/// Registers of what is refused; they read zero until then.
const REFUSED: [u32; 15] = [
    0x04, 0x08, 0x18, 0x1C, 0x20, 0x34, 0x38, 0x3C, 0x40, 0x48, 0x4C, 0x50, 0x60, 0x64, 0x68,
];

/// The timer. Its state is brought up to date whenever it is looked at.
#[derive(Debug, Clone)]
pub(crate) struct Tim2 {
    /// Number of its interrupt.
    interrupt: usize,
    control: u32,
    interrupts: u32,
    status: u32,
    counter: u32,
    prescaler: u32,
    reload: u32,
    /// What prescaler and reload are until the next update event.
    active_prescaler: u32,
    active_reload: u32,
    /// Timer clocks since the counter last moved.
    fraction: u32,
    /// Core cycle up to which the timer has counted, and core cycles beyond the last timer clock.
    now: u64,
    remainder: u64,
    /// Core cycles per timer clock, as a power of two.
    shift: u32,
}

impl Tim2 {
    /// After reset, at core cycle `now`, with this interrupt.
    pub(crate) fn new(interrupt: usize, now: u64, shift: u32) -> Self {
        Tim2 {
            interrupt,
            control: 0,
            interrupts: 0,
            status: 0,
            counter: 0,
            prescaler: 0,
            reload: u32::MAX,
            active_prescaler: 0,
            active_reload: u32::MAX,
            fraction: 0,
            now,
            remainder: 0,
            shift,
        }
    }

    /// The timer clock becomes the core clock divided by two to the power of `shift`.
    pub(crate) fn set_shift(&mut self, shift: u32, now: u64) {
        self.advance(now);
        if shift != self.shift {
            self.shift = shift;
            self.remainder = 0;
        }
    }

    /// Counts up to core cycle `now`.
    pub(crate) fn advance(&mut self, now: u64) {
        let elapsed = now.saturating_sub(self.now) + self.remainder;
        self.now = now;
        self.remainder = elapsed & ((1 << self.shift) - 1);
        if self.control & CEN == 0 {
            return;
        }
        let clocks = (elapsed >> self.shift) + u64::from(self.fraction);
        let divisor = u64::from(self.active_prescaler) + 1;
        self.fraction = (clocks % divisor) as u32;
        let mut counts = clocks / divisor;
        // Overflows are rare, except with a tiny reload value; then the rest of them is taken in one step.
        while counts > 0 && self.control & CEN != 0 {
            let to_overflow = u64::from(self.active_reload.wrapping_sub(self.counter)) + 1;
            if counts < to_overflow {
                self.counter = self.counter.wrapping_add(counts as u32);
                return;
            }
            counts -= to_overflow;
            self.overflow();
            if self.control & OPM == 0 {
                counts %= u64::from(self.active_reload) + 1;
            }
        }
    }

    fn overflow(&mut self) {
        self.counter = 0;
        if self.control & OPM != 0 {
            self.control &= !CEN;
        }
        if self.control & UDIS == 0 {
            self.status |= UIF;
            self.load();
        }
    }

    /// An update event takes over the preloaded values.
    fn load(&mut self) {
        self.active_prescaler = self.prescaler;
        self.active_reload = self.reload;
    }

    /// Core cycle of the next overflow, if its interrupt is wanted.
    pub(crate) fn next_event(&self) -> Option<u64> {
        if self.control & CEN == 0 || self.interrupts & self.control_allows() == 0 {
            return None;
        }
        let counts = u64::from(self.active_reload.wrapping_sub(self.counter)) + 1;
        let clocks = counts * (u64::from(self.active_prescaler) + 1) - u64::from(self.fraction);
        let cycles = clocks.checked_mul(1 << self.shift)? - self.remainder;
        self.now.checked_add(cycles)
    }

    fn control_allows(&self) -> u32 {
        if self.control & UDIS == 0 { UIF } else { 0 }
    }

    /// Drives the interrupt.
    pub(crate) fn drive(&self, lines: &mut InterruptLines) {
        lines.set(self.interrupt, self.status & self.interrupts & UIF != 0);
    }

    /// Reads a register.
    pub(crate) fn read(&mut self, offset: u32, now: u64) -> Result<u32, AccessError> {
        self.advance(now);
        Ok(match offset {
            CR1 => self.control,
            DIER => self.interrupts,
            SR => self.status,
            EGR => 0,
            CNT => self.counter,
            PSC => self.prescaler,
            ARR => self.reload,
            _ if REFUSED.contains(&offset) => 0,
            _ => {
                return Err(AccessError::unmodelled(format!(
                    "TIM2 register at offset {offset:#05x}"
                )));
            }
        })
    }

    /// Writes a register.
    pub(crate) fn write(&mut self, offset: u32, value: u32, now: u64) -> Result<(), AccessError> {
        self.advance(now);
        let refuse = |what: &str| Err(AccessError::unmodelled(format!("TIM2 {what}")));
        match offset {
            CR1 if value & !(CEN | UDIS | URS | OPM | ARPE) != 0 => {
                return refuse("CR1: counting mode or filter");
            }
            CR1 => self.control = value,
            DIER if value & !UIF != 0 => return refuse("DIER: anything but the update interrupt"),
            DIER => self.interrupts = value,
            // Flags are cleared by writing zero.
            SR => self.status &= value,
            EGR if value & !1 != 0 => return refuse("EGR: anything but an update"),
            EGR if value & 1 != 0 => {
                self.counter = 0;
                self.fraction = 0;
                if self.control & UDIS == 0 {
                    self.load();
                    if self.control & URS == 0 {
                        self.status |= UIF;
                    }
                }
            }
            EGR => {}
            CNT => self.counter = value,
            PSC => self.prescaler = value & 0xFFFF,
            ARR if value == 0 => return refuse("ARR of zero, which blocks the counter"),
            ARR => {
                self.reload = value;
                if self.control & ARPE == 0 {
                    self.active_reload = value;
                }
            }
            _ if REFUSED.contains(&offset) && value == 0 => {}
            _ => return refuse(&format!("register at offset {offset:#05x}")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERRUPT: usize = 28;

    fn timer(writes: &[(u32, u32)]) -> Tim2 {
        let mut timer = Tim2::new(INTERRUPT, 0, 0);
        for &(offset, value) in writes {
            timer.write(offset, value, 0).unwrap();
        }
        timer
    }

    fn check(writes: &[(u32, u32)], now: u64, count: u32, status: u32) {
        let mut timer = timer(writes);
        assert_eq!(timer.read(CNT, now), Ok(count));
        assert_eq!(timer.read(SR, now), Ok(status));
    }

    #[test]
    fn counting() {
        check(&[], 1000, 0, 0);
        check(&[(CR1, CEN)], 1000, 1000, 0);
        check(&[(CR1, CEN)], (1 << 32) + 5, 5, UIF);
        check(&[(ARR, 99), (CR1, CEN)], 1005, 5, UIF);
        check(&[(ARR, 99), (CR1, CEN | OPM)], 1005, 0, UIF);
        check(&[(ARR, 99), (CR1, CEN | UDIS)], 1005, 5, 0);
        check(&[(CNT, 7), (CR1, CEN)], 3, 10, 0);
        // The prescaler is taken over at the next update.
        check(&[(PSC, 9), (CR1, CEN)], 1000, 1000, 0);
        check(&[(PSC, 9), (EGR, 1), (SR, 0), (CR1, CEN)], 1009, 100, 0);
        check(&[(EGR, 1)], 0, 0, UIF);
        check(&[(CR1, URS), (EGR, 1)], 0, 0, 0);
    }

    #[test]
    fn division_of_the_core_clock_loses_no_cycle() {
        let mut timer = timer(&[(CR1, CEN)]);
        timer.set_shift(2, 0);
        for now in 0..=401 {
            assert_eq!(timer.read(CNT, now), Ok(now as u32 / 4));
        }
    }

    #[test]
    fn interrupt_is_foretold_to_the_cycle() {
        let mut timer = timer(&[(ARR, 99), (PSC, 3), (EGR, 1), (SR, 0), (CR1, CEN)]);
        timer.set_shift(1, 0);
        assert_eq!(timer.next_event(), None, "not enabled");
        timer.write(DIER, UIF, 333).unwrap();
        assert_eq!(timer.next_event(), Some(800));
        let mut lines = InterruptLines::default();
        timer.advance(799);
        timer.drive(&mut lines);
        assert!(!lines.level(INTERRUPT));
        timer.advance(800);
        timer.drive(&mut lines);
        assert!(lines.level(INTERRUPT));
        assert_eq!(timer.next_event(), Some(1600));
    }
}
