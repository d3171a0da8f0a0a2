//! The data watchpoint and trace unit: the cycle counter, and the registers of the watchpoints.

use super::{model::Model, watchpoint::Comparators};
use crate::memory::AccessError;

/// DWT_CTRL of Armv7-M: four comparators, no external trace of any kind.
const CTRL: u32 = 0x4000_0000;
/// DWT_CTRL of a Cortex-M0+: two comparators, and nothing that counts.
const CTRL_ARMV6M: u32 = 0x2000_0000;
/// Counters and events that would feed a trace port.
const TRACE_BITS: u32 = 0x003f_1000;

#[derive(Clone, Debug)]
pub(crate) struct Dwt {
    /// What DWT_CTRL says of the unit.
    features: u32,
    /// CTRL bits 11 to 0.
    control: u32,
    /// DEMCR.TRCENA.
    trace_enabled: bool,
    /// The counter at `since`.
    count: u32,
    since: u64,
    pub(super) comparators: Comparators,
}

impl Dwt {
    pub(crate) fn new(model: Model) -> Self {
        Self {
            features: match model {
                Model::CortexM0Plus => CTRL_ARMV6M,
                _ => CTRL,
            },
            control: 0,
            trace_enabled: false,
            count: 0,
            since: 0,
            comparators: Comparators::default(),
        }
    }

    /// Whether there is a register at `offset`.
    fn exists(&self, offset: u32) -> bool {
        self.features == CTRL || matches!(offset, 0x00 | 0x1c..0x40 | 0xfb0)
    }

    /// Whether data accesses are watched.
    pub(crate) fn watches_data(&self) -> bool {
        self.trace_enabled && self.comparators.any_data()
    }

    /// Whether instructions are watched.
    pub(crate) fn watches_code(&self) -> bool {
        self.trace_enabled && self.comparators.any_code()
    }

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
    pub(crate) fn read(&mut self, offset: u32, now: u64, pc: u32) -> Result<u32, AccessError> {
        if !self.exists(offset) {
            return Err(AccessError::unmodelled("DWT register that Armv6-M lacks"));
        }
        Ok(match offset {
            0x00 => self.features | self.control,
            0x04 => self.cycle_count(now),
            // The event counters, none of which counts.
            0x08..=0x18 => 0,
            0x1c => pc,
            0x20..0x60 => self.comparators.read(offset - 0x20),
            _ => return Err(AccessError::unmodelled("DWT")),
        })
    }

    pub(crate) fn write(&mut self, offset: u32, value: u32, now: u64) -> Result<(), AccessError> {
        if !self.exists(offset) {
            return Err(AccessError::unmodelled("DWT register that Armv6-M lacks"));
        }
        match offset {
            0x00 if self.features == CTRL_ARMV6M => {}
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
            0x20..0x60 => self.comparators.write(offset - 0x20, value)?,
            // Lock access: the core is not locked.
            0xfb0 => {}
            _ => return Err(AccessError::unmodelled("DWT")),
        }
        Ok(())
    }
}
