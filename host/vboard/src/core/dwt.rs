//! The data watchpoint and trace unit: the cycle counter, and the registers of the profiling
//! counters and the watchpoints.

use super::{
    model::Model,
    profile::{Counters, Totals},
    watchpoint::Comparators,
};
use crate::memory::AccessError;

/// DWT_CTRL of Armv7-M: four comparators, no external trace of any kind.
const CTRL: u32 = 0x4000_0000;
/// DWT_CTRL of a Cortex-M0+: two comparators, and nothing that counts.
const CTRL_ARMV6M: u32 = 0x2000_0000;
/// CTRL.CPIEVTENA to FOLDEVTENA: each lets a profiling counter count. (The packets in which a
/// counter's wrapping would be told need a trace port.)
const EVENT_BITS: u32 = 0x1f << EVENTS_AT;
const EVENTS_AT: u32 = 17;
/// CTRL.CYCEVTENA, EXCTRCENA and PCSAMPLENA, which do nothing but feed a trace port.
const TRACE_BITS: u32 = 0x0041_1000;
/// The rest of CTRL: CYCCNTENA, and settings of what TRACE_BITS would enable.
const PLAIN_BITS: u32 = 0xfff;

#[derive(Clone, Debug)]
pub(crate) struct Dwt {
    /// What DWT_CTRL says of the unit.
    features: u32,
    /// CTRL's [`PLAIN_BITS`] and [`EVENT_BITS`].
    control: u32,
    /// DEMCR.TRCENA.
    trace_enabled: bool,
    /// The counter at `since`.
    count: u32,
    since: u64,
    counters: Counters,
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
            counters: Counters::default(),
            comparators: Comparators::default(),
        }
    }

    /// Whether there is a register at `offset`.
    fn exists(&self, offset: u32) -> bool {
        self.has_counters() || matches!(offset, 0x00 | 0x1c..0x40 | 0xfb0)
    }

    /// Whether the unit has a cycle counter and profiling counters.
    pub(super) fn has_counters(&self) -> bool {
        self.features == CTRL
    }

    /// Whether any of the profiling counters counts.
    pub(super) fn counts_events(&self) -> bool {
        self.counters.any_running()
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
    pub(super) fn set_trace_enabled(&mut self, enabled: bool, now: u64, totals: Totals) {
        self.restart(now);
        self.trace_enabled = enabled;
        self.run_counters(totals);
    }

    fn run_counters(&mut self, totals: Totals) {
        let running = if self.trace_enabled {
            self.control >> EVENTS_AT & 0x1f
        } else {
            0
        };
        self.counters.run(running, totals);
    }

    /// Writes CTRL. A profiling counter starts from 0 when it is enabled.
    fn set_control(&mut self, value: u32, now: u64, totals: Totals) {
        self.restart(now);
        let enabled = value & !self.control & EVENT_BITS;
        self.control = value & (PLAIN_BITS | EVENT_BITS);
        self.run_counters(totals);
        for index in (0..5).filter(|index| enabled >> EVENTS_AT >> index & 1 != 0) {
            self.counters.set(index, 0, totals);
        }
    }

    /// Reads the word at `offset`; `pc` is what a PC sample shows.
    pub(super) fn read(
        &mut self,
        offset: u32,
        now: u64,
        totals: Totals,
        pc: u32,
    ) -> Result<u32, AccessError> {
        if !self.exists(offset) {
            return Err(AccessError::unmodelled("DWT register that Armv6-M lacks"));
        }
        Ok(match offset {
            0x00 => self.features | self.control,
            0x04 => self.cycle_count(now),
            0x08..=0x18 => {
                let index = (offset - 0x08) as usize / 4;
                self.counters.count(index, totals).into()
            }
            0x1c => pc,
            0x20..0x60 => self.comparators.read(offset - 0x20),
            _ => return Err(AccessError::unmodelled("DWT")),
        })
    }

    pub(super) fn write(
        &mut self,
        offset: u32,
        value: u32,
        now: u64,
        totals: Totals,
    ) -> Result<(), AccessError> {
        if !self.exists(offset) {
            return Err(AccessError::unmodelled("DWT register that Armv6-M lacks"));
        }
        match offset {
            0x00 if self.features == CTRL_ARMV6M => {}
            0x00 if value & TRACE_BITS != 0 => {
                return Err(AccessError::unmodelled(
                    "DWT trace (CTRL.CYCEVTENA, EXCTRCENA and PCSAMPLENA)",
                ));
            }
            0x00 => self.set_control(value, now, totals),
            0x04 => {
                self.count = value;
                self.since = now;
            }
            0x08..=0x18 => {
                let index = (offset - 0x08) as usize / 4;
                self.counters.set(index, value as u8, totals);
            }
            0x20..0x60 => self.comparators.write(offset - 0x20, value)?,
            // Lock access: the core is not locked.
            0xfb0 => {}
            _ => return Err(AccessError::unmodelled("DWT")),
        }
        Ok(())
    }
}
