//! What the owner of a machine watches from outside the emulated world: marks, taps, semihosting
//! calls, stack pointers, faults, and accesses that are excused. A program cannot tell.

use std::collections::BTreeMap;

use super::{access::Place, execute::Trap, registers::Registers, system::System};
use crate::{
    machine::{Excused, Fault, Glance, StackLow, Stop},
    memory::AccessError,
    timing::{Cause, Ledger},
};

/// The immediate of the `bkpt` that is a semihosting call ("Semihosting for AArch32 and
/// AArch64", the semihosting interface).
const SEMIHOSTING: u8 = 0xab;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Why to return to the owner before anything else happens.
    pub(crate) stop: Option<Stop>,
    /// Semihosting calls go to the owner.
    pub(crate) semihosting: bool,
    /// The owner has not answered the call at PC yet.
    pub(crate) called: bool,
    /// The mark at PC has been told of.
    pub(crate) told: bool,
    /// Whether to keep the lowest stack pointers, and what all cycles are spent on.
    pub(crate) tracks: bool,
    /// What cycles were spent on, of those that are noted without being tracked.
    pub(crate) ledger: Ledger,
    /// The lowest stack pointers since asked for.
    pub(crate) low: StackLow,
    /// The address of the register whose reads by the program are noted.
    pub(crate) tap: Option<u32>,
    /// Its reads since asked for.
    pub(crate) glances: Vec<Glance>,
    /// Accesses to unmodelled registers are excused.
    pub(crate) lenient: bool,
    /// Those that were, by address and whether they were writes.
    pub(crate) excused: BTreeMap<(u32, bool), Excused>,
    /// The core as the last fault found it.
    pub(crate) fault: Option<Fault>,
}

impl Watch {
    /// Keeps the lowest stack pointers.
    #[inline(always)]
    pub(crate) fn note_stack(&mut self, regs: &Registers) {
        let low = if regs.process_stack {
            &mut self.low.process
        } else {
            &mut self.low.main
        };
        *low = regs.r[13].min(*low);
    }

    /// The same for both, which an exception's entry may have moved.
    pub(crate) fn note_stacks(&mut self, regs: &Registers) {
        self.low.main = regs.msp().min(self.low.main);
        self.low.process = regs.psp().min(self.low.process);
    }
}

/// Whether registers are at `address`, and neither code nor data: the default memory map's
/// Peripheral, external device and system regions (Armv7-M, DDI 0403, B3.1).
fn holds_registers(address: u32) -> bool {
    matches!(address, 0x4000_0000..0x6000_0000 | 0xa000_0000..=u32::MAX)
}

impl System {
    /// The core has slept, or been held, since cycle `before`.
    pub(crate) fn note_sleep(&mut self, before: u64) {
        let cycles = self.cycles - before;
        self.watch.ledger.add(Cause::Sleep, cycles as i64);
    }

    /// The instruction at `place` reads the register at `address`, at cycle `now`.
    pub(super) fn note_glance(&mut self, place: Place<'_>, address: u32, now: u64) {
        if self.watch.tap != Some(address) {
            return;
        }
        let mut ledger = self.watch.ledger;
        ledger += &self.causes_before(place);
        self.watch.glances.push(Glance {
            cycle: now,
            instructions: self.instructions + place.index as u64,
            ledger,
        });
    }

    /// What a `bkpt` with this immediate is.
    pub(super) fn breakpoint_trap(&self, immediate: u8) -> Trap {
        if immediate == SEMIHOSTING && self.watch.semihosting && !self.debug.enabled() {
            Trap::Semihosting
        } else {
            Trap::Breakpoint
        }
    }

    /// Keeps the core's state for whoever asks what went wrong. The status registers have
    /// been set.
    pub(super) fn note_fault_state(&mut self) {
        let (regs, scb) = (&self.regs, &self.scb);
        self.watch.fault = Some(Fault {
            pc: regs.pc(),
            lr: regs.r[14],
            sp: regs.r[13],
            xpsr: regs.xpsr(),
            cfsr: scb.cfsr,
            hfsr: scb.hfsr,
            mmfar: scb.mmfar,
            bfar: scb.bfar,
        });
    }

    /// Excuses a program's access that is not modelled, if it is one to a register and the
    /// owner is lenient: a read gives zero, a write does nothing.
    pub(super) fn excuse(
        &mut self,
        result: Result<u32, AccessError>,
        address: u32,
        write: bool,
        pc: impl FnOnce() -> u32,
    ) -> Result<u32, AccessError> {
        match result {
            Err(AccessError::Unmodelled(what))
                if self.watch.lenient && holds_registers(address) =>
            {
                let excused = self.watch.excused.entry((address, write));
                let excused = excused.or_insert_with(|| Excused {
                    what,
                    address,
                    write,
                    first_pc: pc(),
                    count: 0,
                });
                excused.count += 1;
                Ok(0)
            }
            result => result,
        }
    }
}
