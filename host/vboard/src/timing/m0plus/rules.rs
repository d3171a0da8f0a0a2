//! The cycles of each instruction.
//!
//! From Arm's *Cortex-M0+ Technical Reference Manual*, DDI 0484C, table 3-1 "Cortex-M0+
//! instruction summary". It is about memories without wait states. The fast multiplier is
//! an option of the core that the STM32G0 has (PM0223, section 1.3).
//!
//! | instruction | cycles |
//! | --- | --- |
//! | data processing, MULS, extensions, REV | 1 |
//! | MOV PC, ADD PC | 2 |
//! | load or store of at most a word, literals included | 2 |
//! | … through the single-cycle I/O port | 1 |
//! | LDM, STM, PUSH, POP of *n* registers | 1 + *n* |
//! | POP of *n* registers, the PC among them | 3 + *n* |
//! | B, B\<cond\> taken | 2 |
//! | B\<cond\> not taken | 1 |
//! | BL | 3 |
//! | BX, BLX | 2 |
//! | MRS, MSR, DMB, DSB, ISB | 3 |
//! | CPS, SEV, NOP, YIELD | 1 |
//! | WFI, WFE, without the time they wait | 2 |
//! | exception entry | 15 |

use crate::{
    core::insn::{BranchKind, Class, Op},
    timing::{Cause, Ledger},
};

/// What a load or store through the single-cycle I/O port takes less than one over the bus.
pub(super) const IO_PORT_SAVING: u32 = 1;

/// From recognising an exception to the first instruction of its handler.
pub(super) const ENTRY: u32 = 15;

/// Words that an exception stacks.
pub(super) const FRAME: u32 = 8;

/// POP of registers and the PC takes this and one for each.
pub(super) const POP_PC: u32 = 3;

/// Cycles of `op` if it goes on behind itself, and if it branches.
pub(super) fn cycles(op: &Op) -> (u32, u32) {
    let loads_pc = op.writes_pc();
    let fall = match op.class() {
        Class::Load { .. } | Class::Store { .. } => 2,
        Class::LoadMany { words } if loads_pc => POP_PC + u32::from(words),
        Class::LoadMany { words } | Class::StoreMany { words } => 1 + u32::from(words),
        Class::Branch(BranchKind::Conditional) => return (1, 2),
        Class::Branch(BranchKind::Call) => 3,
        Class::Branch(_) => 2,
        Class::System => match op {
            Op::ChangeState { .. } => 1,
            Op::WaitForEvent | Op::WaitForInterrupt => 2,
            _ => 3,
        },
        // Multiplies are the fast multiplier's. What raises is charged with its exception.
        // The rest is data processing, hints, or nothing that Armv6-M has.
        _ => 1,
    };
    (fall, fall)
}

/// Notes what the `cycles` of `op` are spent on.
pub(super) fn note(op: &Op, cycles: u32, ledger: &mut Ledger) {
    let further = match op.class() {
        Class::Branch(_) => Cause::Branch,
        Class::Load { .. }
        | Class::Store { .. }
        | Class::LoadMany { .. }
        | Class::StoreMany { .. } => Cause::Memory,
        _ => Cause::Compute,
    };
    ledger.add(Cause::Issue, 1);
    ledger.add(further, cycles - 1);
}
