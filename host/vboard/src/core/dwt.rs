//! The data watchpoint and trace unit: the cycle counter.

use crate::memory::AccessError;

/// Four comparators, no external trace of any kind.
const CTRL: u32 = 0x4000_0000;
/// Counters and events that would feed a trace port.
const TRACE_BITS: u32 = 0x003f_1000;

#[derive(Clone, Debug, Default)]
pub(crate) struct Dwt {
    /// CTRL bits 11 to 0.
    control: u32,
    /// DEMCR.TRCENA.
    trace_enabled: bool,
    /// The counter at `since`.
    count: u32,
    since: u64,
    comparators: [[u32; 2]; 4],
}

impl Dwt {
    fn counting(&self) -> bool {
        self.trace_enabled && self.control & 1 != 0
    }

    pub(crate) fn cycle_count(&self, now: u64) -> u32 {
        if self.counting() {
            self.count.wrapping_add(now.wrapping_sub(self.since) as u32)
        } else {
            self.count
        }
    }

    fn restart(&mut self, now: u64) {
        self.count = self.cycle_count(now);
        self.since = now;
    }

    /// Moves the counter's past forward by `cycles` in which it did not count.
    pub(crate) fn skip(&mut self, cycles: u64) {
        self.since += cycles;
    }

    /// DEMCR.TRCENA changes.
    pub(crate) fn set_trace_enabled(&mut self, enabled: bool, now: u64) {
        self.restart(now);
        self.trace_enabled = enabled;
    }

    /// Reads the word at `offset`; `pc` is what a PC sample shows.
    pub(crate) fn read(&self, offset: u32, now: u64, pc: u32) -> Result<u32, AccessError> {
        Ok(match offset {
            0x00 => CTRL | self.control,
            0x04 => self.cycle_count(now),
            // The event counters, none of which counts.
            0x08..=0x18 => 0,
            0x1c => pc,
            0x20..0x60 => match offset & 0xc {
                0x0 => self.comparators[(offset as usize - 0x20) / 16][0],
                0x4 => self.comparators[(offset as usize - 0x20) / 16][1],
                _ => 0,
            },
            _ => return Err(AccessError::unmodelled("DWT")),
        })
    }

    pub(crate) fn write(&mut self, offset: u32, value: u32, now: u64) -> Result<(), AccessError> {
        match offset {
            0x00 if value & TRACE_BITS != 0 => {
                return Err(AccessError::unmodelled("DWT event counters and trace"));
            }
            0x00 => {
                self.restart(now);
                self.control = value & 0xfff;
            }
            0x04 => {
                self.count = value;
                self.since = now;
            }
            0x08..=0x18 => {}
            0x20..0x60 => match offset & 0xc {
                0x0 => self.comparators[(offset as usize - 0x20) / 16][0] = value,
                0x4 => self.comparators[(offset as usize - 0x20) / 16][1] = value & 0x1f,
                0x8 if value & 0xf != 0 => {
                    return Err(AccessError::unmodelled("DWT comparators"));
                }
                _ => {}
            },
            // Lock access: the core is not locked.
            0xfb0 => {}
            _ => return Err(AccessError::unmodelled("DWT")),
        }
        Ok(())
    }
}
