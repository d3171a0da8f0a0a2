//! Watchpoints: the comparators of the data watchpoint and trace unit (DDI 0403, C1.8).
//!
//! Modelled are the functions that make a debug event: on the execution of an instruction, on a
//! read, a write, or either. They act on the core's own loads and stores; exception frames, vector
//! fetches and the debugger's accesses are not watched. The event is taken after the instruction that
//! caused it. Comparing data values or the cycle counter and feeding a trace port are refused.
//!
//! While something is watched, data accesses leave the direct path. Code runs in blocks as ever, up to an
//! instruction whose access matches: that one is given up and executed anew, alone.

use super::{debug::DFSR_DWTTRAP, exception::DEBUG_MONITOR, execute::Trap, system::System};
use crate::memory::{AccessError, Size};

/// Function: a debug event when the instruction at the address is executed.
const INSTRUCTION: u32 = 4;
/// Function: a debug event on reads; with [`WRITE`], on both.
const READ: u32 = 5;
const WRITE: u32 = 6;
const EITHER: u32 = 7;
/// What of FUNCTION selects what is compared and emitted: EMITRANGE, CYCMATCH, DATAVMATCH,
/// DATAVSIZE, DATAVADDR0 and 1.
const VARIANTS: u32 = 0x000f_fda0;

#[derive(Clone, Copy, Debug, Default)]
struct Comparator {
    address: u32,
    /// Low bits of the address that do not count.
    ignored: u32,
    function: u32,
    matched: bool,
}

/// The comparators.
#[derive(Clone, Debug, Default)]
pub(crate) struct Comparators {
    all: [Comparator; 4],
}

impl Comparator {
    /// Whether an access of `bytes` at `address` touches what is watched.
    fn touched(&self, address: u32, bytes: u32) -> bool {
        let low = (1_u32 << self.ignored).wrapping_sub(1);
        let first = self.address & !low;
        address <= first | low && first <= address.saturating_add(bytes - 1)
    }
}

impl Comparators {
    /// Reads the register at `offset` from DWT_COMP0; FUNCTION forgets that it has matched.
    pub(crate) fn read(&mut self, offset: u32) -> u32 {
        let one = &mut self.all[offset as usize / 16];
        match offset & 0xc {
            0x0 => one.address,
            0x4 => one.ignored,
            0x8 => one.function | u32::from(std::mem::take(&mut one.matched)) << 24,
            _ => 0,
        }
    }

    /// Writes the register at `offset` from DWT_COMP0.
    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Result<(), AccessError> {
        let one = &mut self.all[offset as usize / 16];
        match offset & 0xc {
            0x0 => one.address = value,
            0x4 => one.ignored = value & 0x1f,
            0x8 => match value & 0xf {
                0 => one.function = 0,
                function @ INSTRUCTION..=EITHER if value & VARIANTS == 0 => one.function = function,
                _ => {
                    return Err(AccessError::unmodelled(
                        "DWT comparators of data values and cycles, and their trace",
                    ));
                }
            },
            _ => {}
        }
        Ok(())
    }

    /// Whether a comparator watches data.
    pub(crate) fn any_data(&self) -> bool {
        self.all.iter().any(|one| one.function >= READ)
    }

    /// Whether a comparator watches instructions.
    pub(crate) fn any_code(&self) -> bool {
        self.all.iter().any(|one| one.function == INSTRUCTION)
    }

    fn note(&mut self, address: u32, bytes: u32, functions: &[u32]) -> bool {
        let mut any = false;
        for one in &mut self.all {
            if functions.contains(&one.function) && one.touched(address, bytes) {
                one.matched = true;
                any = true;
            }
        }
        any
    }
}

impl System {
    /// An instruction is about to access `address`. If that is watched, the instruction is given
    /// up, unless it is being executed alone.
    pub(super) fn watch_access(
        &mut self,
        address: u32,
        size: Size,
        write: bool,
    ) -> Result<(), Trap> {
        if !self.dwt.watches_data() {
            return Ok(());
        }
        let functions = [if write { WRITE } else { READ }, EITHER];
        if self.dwt.comparators.note(address, size.bytes(), &functions) {
            if !self.alone {
                return Err(Trap::Watched);
            }
            self.watch_hit = true;
        }
        Ok(())
    }

    /// The instruction at `pc` is about to be executed alone.
    pub(crate) fn watch_instruction(&mut self, pc: u32) {
        if self.dwt.watches_code() && self.dwt.comparators.note(pc, 1, &[INSTRUCTION]) {
            self.watch_hit = true;
        }
    }

    /// Takes the debug event of an instruction that has met a watchpoint.
    pub(crate) fn take_watchpoint(&mut self) {
        if !std::mem::take(&mut self.watch_hit) {
            return;
        }
        if self.debug.enabled() {
            self.debug.halt(DFSR_DWTTRAP);
        } else if self.debug.monitor_enabled() {
            self.debug.dfsr |= DFSR_DWTTRAP;
            self.nvic.set_pending(DEBUG_MONITOR, true);
        }
    }
}
