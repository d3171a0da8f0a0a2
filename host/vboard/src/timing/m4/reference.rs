//! The rules a second time, literally: absolute times, look-ahead at the next instruction,
//! a whole run at once. [`Pipeline`](super::Pipeline) carries relative times and looks
//! back; both must agree.

use proptest::prelude::*;

use super::kernels::{any_block, time};
use crate::core::insn::{Class, Cond, Insn, Op, RegSet};

/// What the rules ask about an instruction.
struct Facts {
    class: Class,
    halfwords: i64,
    misaligned_wide: bool,
    base: RegSet,
    writes: RegSet,
    writeback: RegSet,
}

impl Facts {
    fn loads(&self) -> bool {
        matches!(self.class, Class::Load { .. })
    }

    fn stores(&self) -> bool {
        matches!(self.class, Class::Store { .. })
    }

    fn computes(&self) -> bool {
        matches!(self.class, Class::Alu | Class::Multiply | Class::Divide)
    }

    fn base(&self) -> RegSet {
        let many = matches!(self.class, Class::LoadMany { .. } | Class::StoreMany { .. });
        if self.loads() || self.stores() || many {
            self.base
        } else {
            0
        }
    }

    fn loaded(&self) -> RegSet {
        if self.loads() {
            self.writes & !self.writeback
        } else {
            0
        }
    }
}

fn facts(address: u32, insns: &[Insn]) -> Vec<Facts> {
    let mut at = address;
    let facts = insns.iter().map(|insn| {
        let misaligned_wide = insn.halfwords == 2 && at & 2 != 0;
        at += 2 * u32::from(insn.halfwords);
        Facts {
            class: insn.op.class(),
            halfwords: insn.halfwords.into(),
            misaligned_wide,
            base: insn.op.address_registers(),
            writes: insn.op.writes(),
            writeback: insn.op.writeback(),
        }
    });
    facts.collect()
}

/// R6: whether `insns[i]` uses the base that the load just before wrote back.
fn chained(insns: &[Facts], i: usize) -> bool {
    i > 0 && insns[i - 1].loads() && insns[i - 1].writeback & insns[i].base() != 0
}

/// R11's queue.
struct Queue {
    halfwords: i64,
    in_flight: i64,
}

impl Queue {
    fn tick(&mut self, consumed: i64) {
        let issue = (self.halfwords + 1) / 2 + self.in_flight < 3;
        self.halfwords += 2 * self.in_flight - consumed;
        self.in_flight = i64::from(issue);
    }
}

/// Cycles of `insns` entered by a branch to `address`.
fn reference(address: u32, insns: &[Facts]) -> i64 {
    let mut queue = Queue {
        halfwords: if address & 2 != 0 { 1 } else { 2 },
        in_flight: 1,
    };
    let (mut time, mut added, mut run) = (0, 0, 0);
    let (mut bus_free, mut entry_free) = (0, 0);
    for (i, insn) in insns.iter().enumerate() {
        // R2, R3, R4, R6, R7, R9: what it takes.
        let pipelines = insns.get(i + 1).is_some_and(|next| {
            next.loads() && next.base() & insn.loaded() == 0 && !chained(insns, i + 1)
        });
        let cost = match insn.class {
            Class::Load { .. } if pipelines => 1,
            Class::Load { .. } | Class::Divide => 2,
            Class::Store { register_offset } => 1 + i64::from(register_offset),
            Class::LoadMany { words } | Class::StoreMany { words } => 1 + i64::from(words),
            _ => 1,
        };

        // R11: wait for the instruction. A load counts as single-cycle until it proves not
        // to be.
        let in_run = insn.misaligned_wide && (cost == 1 || insn.loads());
        run = if in_run { run } else { 0 };
        while queue.halfwords < insn.halfwords {
            if in_run && run == 4 {
                queue.halfwords += 2;
                queue.in_flight = 0;
            } else {
                queue.tick(0);
                time += 1;
                run += i64::from(in_run);
            }
        }

        // R4, R5, R5b, R6: hazards, on top.
        let base = insn.base();
        let computed = |j: usize| {
            if insns[j].computes() {
                insns[j].writes
            } else {
                0
            }
        };
        let before = if i > 0 { computed(i - 1) } else { 0 };
        let before_that = if i > 1 {
            computed(i - 2) & !insns[i - 1].writes
        } else {
            0
        };
        added += i64::from((before | before_that) & base != 0);
        added += i64::from(i > 0 && insns[i - 1].loaded() & base != 0);
        if chained(insns, i) {
            added += if chained(insns, i - 1) { 1 } else { 2 };
        }

        // R8: the store buffer.
        let mut stall = 0;
        if insn.stores() && bus_free > time {
            stall = (entry_free - time).max(0);
            let starts = bus_free.max(time + stall);
            entry_free = starts + 1;
            bus_free = starts + 2;
        } else if insn.stores() {
            bus_free = time + 2;
        } else if base != 0 {
            stall = (bus_free - time).max(0);
        }

        for cycle in 0..cost + stall {
            queue.tick(if cycle == 0 { insn.halfwords } else { 0 });
        }
        time += cost + stall;
        if matches!(insn.class, Class::StoreMany { .. }) {
            bus_free = time + 1;
        }
        run = if cost > 1 { 0 } else { run };
    }
    time + added
}

proptest! {
    #[test]
    fn the_model_is_what_the_rules_say((address, mut insns) in any_block()) {
        insns.retain(|insn| !matches!(insn.op, Op::FpBinary { .. }));
        // A last instruction that no load pipelines with.
        insns.push(Insn { op: Op::Nop, cond: Cond::Always, halfwords: 1, it: 0 });
        let expected = reference(address, &facts(address, &insns));
        prop_assert_eq!(i64::from(time(address, &insns).fall.cycles), expected);
    }
}
