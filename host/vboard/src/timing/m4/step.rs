//! An instruction as the timing model sees it.

use super::{
    float::{Float, accumulates},
    rules,
};
use crate::core::insn::{BranchKind, Class, Insn, Op, RegSet};

/// End of the code region, which the core reads through its ICode and DCode buses;
/// everything above it goes through the System bus.
pub(super) const CODE_REGION_END: u32 = 0x2000_0000;

const PC: RegSet = 1 << 15;

/// How an instruction takes part in the hazards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Data processing or a multiply: its results reach an address late (R5).
    Compute,
    /// A load of at most a word: may pipeline (R2, R4, R6).
    Load,
    /// A store of at most a word: goes through the store buffer (R8).
    Store,
    /// A transfer of several words, or one that ends in a branch (R9).
    LoadMany,
    /// A store of several words (R9).
    StoreMany,
    /// Waits for the store buffer to drain (DMB, DSB).
    Barrier,
    /// Anything else.
    Other,
}

/// What happens to control after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// It goes on.
    Next,
    /// It goes on, but what was fetched is thrown away (ISB).
    Refetch,
    /// It may branch.
    Branch {
        /// Whether not branching is an outcome of the instruction itself (B\<cond\>, CBZ)
        /// and not only of its predicate.
        may_fall: bool,
    },
}

/// One instruction of a block.
#[derive(Clone, Copy, Debug)]
pub(in crate::timing) struct Step {
    /// Where it is.
    pub(super) address: u32,
    /// Its length in halfwords.
    pub(super) halfwords: u8,
    /// How it takes part in hazards.
    pub(super) work: Work,
    /// Cycles of execution if it executes and nothing stalls it (R1, R2, R7, R9). Of a
    /// [`Work::Load`] the second cycle is counted when the next instruction is known.
    pub(in crate::timing) cycles: u8,
    /// Cycles to refill the pipeline if it branches (R10).
    pub(super) refill: u8,
    /// What happens to control.
    pub(super) flow: Flow,
    /// Registers that form an address.
    pub(super) base: RegSet,
    /// Registers written.
    pub(super) writes: RegSet,
    /// The base it writes back.
    pub(super) writeback: RegSet,
    /// Whether it reads a literal next to the code.
    pub(super) literal: bool,
    /// Whether a load may pipeline behind another.
    pub(in crate::timing) pipelines: bool,
    /// Its use of the FPU.
    pub(super) float: Float,
}

impl Step {
    /// `insn` at `address`.
    pub(super) fn new(address: u32, insn: &Insn) -> Self {
        let op = &insn.op;
        let loads_pc = op.writes_pc() && !matches!(op.class(), Class::Branch(_));
        let (work, cycles, refill) = cost(op, loads_pc);
        let flow = match op.class() {
            _ if matches!(op, Op::InstructionSyncBarrier) => Flow::Refetch,
            Class::Branch(BranchKind::Conditional | BranchKind::Compare) => {
                Flow::Branch { may_fall: true }
            }
            _ if op.writes_pc() => Flow::Branch { may_fall: false },
            _ => Flow::Next,
        };
        Self {
            address,
            halfwords: insn.halfwords,
            work,
            cycles,
            refill,
            flow,
            base: op.address_registers(),
            writes: op.writes() & !PC,
            writeback: op.writeback(),
            pipelines: true,
            literal: literal_address(op).is_some_and(|a| a < CODE_REGION_END),
            float: Float::of(op),
        }
    }

    /// Whether it reads or writes memory.
    pub(super) fn accesses_memory(&self) -> bool {
        matches!(
            self.work,
            Work::Load | Work::Store | Work::LoadMany | Work::StoreMany
        )
    }

    /// Whether it is a 32-bit instruction across a word boundary.
    pub(super) fn misaligned_wide(&self) -> bool {
        self.halfwords == 2 && self.address & 2 != 0
    }
}

/// The work, the cycles and the refill of `op`.
fn cost(op: &Op, loads_pc: bool) -> (Work, u8, u8) {
    match op.class() {
        Class::Alu | Class::Multiply => (Work::Compute, 1, 0),
        Class::Divide => (Work::Compute, rules::DIVIDE_MIN, 0),
        Class::Load { .. } if loads_pc => (Work::LoadMany, rules::LOAD, rules::REFILL_LOADED),
        // The TRM treats STREX "more like an LDR", and pipelines it as one.
        Class::Load { .. } => (Work::Load, rules::LOAD - 1, 0),
        Class::Store { .. } if matches!(op, Op::StoreExclusive { .. }) => {
            (Work::Load, rules::LOAD - 1, 0)
        }
        Class::Store { register_offset } => (Work::Store, 1 + u8::from(register_offset), 0),
        Class::LoadMany { words } => (
            Work::LoadMany,
            1 + words,
            if loads_pc { rules::REFILL_LOADED } else { 0 },
        ),
        Class::StoreMany { words } => (Work::StoreMany, 1 + words, 0),
        Class::Branch(BranchKind::Direct | BranchKind::Conditional | BranchKind::Compare) => {
            (Work::Other, 1, rules::REFILL_DIRECT)
        }
        Class::Branch(BranchKind::Table) => {
            (Work::LoadMany, rules::TABLE_BRANCH, rules::REFILL_LOADED)
        }
        Class::Branch(_) => (Work::Other, 1, rules::REFILL_LATE),
        Class::IfThen | Class::Hint | Class::Raise => (Work::Other, 1, 0),
        Class::System => match op {
            Op::DataMemoryBarrier | Op::DataSyncBarrier => (Work::Barrier, 1, 0),
            Op::InstructionSyncBarrier => (Work::Barrier, 1, rules::REFILL_LATE),
            Op::ChangeState { .. } | Op::ReadSpecial { .. } | Op::WriteSpecial { .. } => {
                (Work::Other, rules::SPECIAL, 0)
            }
            _ => (Work::Other, 1, 0),
        },
        Class::Float if accumulates(op) => (Work::Other, rules::FLOAT_MULTIPLY_ACCUMULATE, 0),
        Class::Float | Class::FloatDivide | Class::FloatMove => (Work::Other, 1, 0),
    }
}

/// The address of the literal that `op` loads.
fn literal_address(op: &Op) -> Option<u32> {
    match *op {
        Op::LoadLiteral { address, .. }
        | Op::LoadDualLiteral { address, .. }
        | Op::FpLoadLiteral { address, .. } => Some(address),
        _ => None,
    }
}
