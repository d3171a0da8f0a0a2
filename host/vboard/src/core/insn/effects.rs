//! What an instruction does to registers and what kind of work it is, for those who time it.

use super::{Alu, FpBinary, FpUnary, Index, LongMul, Op, Reg};

/// What kind of work an instruction is, as far as its timing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// One-cycle integer work (including multiplies' relatives that are not multiplies).
    Alu,
    /// Any integer multiply.
    Multiply,
    /// SDIV, UDIV.
    Divide,
    /// One load of at most a word (LDREX too); `literal`: PC-relative.
    Load {
        /// The address is a literal's.
        literal: bool,
    },
    /// One store of at most a word; `register_offset`: `[rn, rm]`.
    Store {
        /// The address has a register offset.
        register_offset: bool,
    },
    /// LDRD, LDM, POP, VLDR, VLDM of `words` words.
    LoadMany {
        /// Words transferred.
        words: u8,
    },
    /// STRD, STM, PUSH, VSTR, VSTM of `words` words.
    StoreMany {
        /// Words transferred.
        words: u8,
    },
    /// A branch; loads into the PC are loads, see [`Op::writes_pc`].
    Branch(BranchKind),
    /// IT.
    IfThen,
    /// NOP and hints.
    Hint,
    /// Barriers, CPS, MRS, MSR.
    System,
    /// Floating-point arithmetic, compare, convert, move within the FPU.
    Float,
    /// FPU division or square root.
    FloatDivide,
    /// Moves between core and FPU registers.
    FloatMove,
    /// Ends in an exception, a halt or a machine error.
    Raise,
}

/// How a branch finds its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BranchKind {
    /// B.
    Direct,
    /// `B<cond>`.
    Conditional,
    /// CBZ, CBNZ.
    Compare,
    /// BL.
    Call,
    /// BLX register.
    CallRegister,
    /// BX register.
    Register,
    /// TBB, TBH.
    Table,
    /// MOV PC or ADD PC.
    ComputedPc,
}

/// A set of core registers, bit n = Rn.
pub type RegSet = u16;

const fn bit(r: Reg) -> RegSet {
    1 << (r & 15)
}

/// `r` unless it is 15, which stands for "none" in the forms that use it so.
const fn optional(r: Reg) -> RegSet {
    if r == 15 { 0 } else { bit(r) }
}

const fn indexed(index: Index, rn: Reg) -> RegSet {
    match index {
        Index::Offset => 0,
        Index::Pre | Index::Post => bit(rn),
    }
}

impl Op {
    /// The kind of work this is.
    pub fn class(&self) -> Class {
        match *self {
            Op::AluImm { .. }
            | Op::AluReg { .. }
            | Op::AluShift { .. }
            | Op::ShiftReg { .. }
            | Op::MovTop { .. }
            | Op::Unary { .. }
            | Op::Extend { .. }
            | Op::Extract { .. }
            | Op::Insert { .. }
            | Op::Pack { .. }
            | Op::Select { .. }
            | Op::Saturate { .. }
            | Op::Saturate16 { .. }
            | Op::SatArith { .. }
            | Op::Parallel { .. }
            | Op::Usad8 { .. } => Class::Alu,
            Op::Mul { .. }
            | Op::Mla { .. }
            | Op::MulLong { .. }
            | Op::MulDsp { .. }
            | Op::MulDspLong { .. } => Class::Multiply,
            Op::Divide { .. } => Class::Divide,
            Op::LoadImm { .. }
            | Op::LoadReg { .. }
            | Op::LoadUnprivileged { .. }
            | Op::LoadExclusive { .. } => Class::Load { literal: false },
            Op::LoadLiteral { .. } => Class::Load { literal: true },
            Op::StoreImm { .. } | Op::StoreUnprivileged { .. } | Op::StoreExclusive { .. } => {
                Class::Store {
                    register_offset: false,
                }
            }
            Op::StoreReg { .. } => Class::Store {
                register_offset: true,
            },
            Op::LoadDual { .. } | Op::LoadDualLiteral { .. } => Class::LoadMany { words: 2 },
            Op::StoreDual { .. } => Class::StoreMany { words: 2 },
            Op::LoadMultiple { list, .. } => Class::LoadMany {
                words: list.count_ones() as u8,
            },
            Op::StoreMultiple { list, .. } => Class::StoreMany {
                words: list.count_ones() as u8,
            },
            Op::FpLoad { double, .. } | Op::FpLoadLiteral { double, .. } => Class::LoadMany {
                words: 1 + u8::from(double),
            },
            Op::FpStore { double, .. } => Class::StoreMany {
                words: 1 + u8::from(double),
            },
            Op::FpLoadMultiple { words, .. } => Class::LoadMany { words },
            Op::FpStoreMultiple { words, .. } => Class::StoreMany { words },
            Op::Branch { .. } => Class::Branch(BranchKind::Direct),
            Op::BranchIf { .. } => Class::Branch(BranchKind::Conditional),
            Op::Call { .. } => Class::Branch(BranchKind::Call),
            Op::CallReg { .. } => Class::Branch(BranchKind::CallRegister),
            Op::BranchReg { .. } => Class::Branch(BranchKind::Register),
            Op::CompareBranch { .. } => Class::Branch(BranchKind::Compare),
            Op::TableBranch { .. } => Class::Branch(BranchKind::Table),
            Op::MovPc { .. } | Op::AddPc { .. } => Class::Branch(BranchKind::ComputedPc),
            Op::IfThen { .. } => Class::IfThen,
            Op::Nop | Op::Preload | Op::SendEvent => Class::Hint,
            Op::WaitForEvent
            | Op::WaitForInterrupt
            | Op::ClearExclusive
            | Op::ChangeState { .. }
            | Op::ReadSpecial { .. }
            | Op::WriteSpecial { .. }
            | Op::DataMemoryBarrier
            | Op::DataSyncBarrier
            | Op::InstructionSyncBarrier => Class::System,
            Op::FpBinary {
                op: FpBinary::Div, ..
            }
            | Op::FpUnary {
                op: FpUnary::Sqrt, ..
            } => Class::FloatDivide,
            Op::FpBinary { .. }
            | Op::FpUnary { .. }
            | Op::FpRound { .. }
            | Op::FpSelect { .. }
            | Op::FpConstant { .. }
            | Op::FpCompare { .. }
            | Op::FpConvert { .. }
            | Op::FpFixed { .. } => Class::Float,
            Op::FpMove { .. }
            | Op::FpMovePair { .. }
            | Op::FpReadStatus { .. }
            | Op::FpWriteStatus { .. } => Class::FloatMove,
            Op::Supervisor { .. }
            | Op::Breakpoint { .. }
            | Op::Coprocessor { .. }
            | Op::Undefined
            | Op::Unpredictable { .. }
            | Op::FetchFault
            | Op::Mark => Class::Raise,
        }
    }

    /// The core registers that form a load's or store's address (base and index).
    pub fn address_registers(&self) -> RegSet {
        match *self {
            Op::LoadImm { rn, .. }
            | Op::StoreImm { rn, .. }
            | Op::LoadDual { rn, .. }
            | Op::StoreDual { rn, .. }
            | Op::LoadMultiple { rn, .. }
            | Op::StoreMultiple { rn, .. }
            | Op::LoadUnprivileged { rn, .. }
            | Op::StoreUnprivileged { rn, .. }
            | Op::LoadExclusive { rn, .. }
            | Op::StoreExclusive { rn, .. }
            | Op::FpLoad { rn, .. }
            | Op::FpStore { rn, .. }
            | Op::FpLoadMultiple { rn, .. }
            | Op::FpStoreMultiple { rn, .. } => bit(rn),
            Op::LoadReg { rn, rm, .. } | Op::StoreReg { rn, rm, .. } => bit(rn) | bit(rm),
            Op::TableBranch { rn, rm, .. } => optional(rn) | bit(rm),
            _ => 0,
        }
    }

    /// The base register that a load or store writes back, or none.
    pub fn writeback(&self) -> RegSet {
        match *self {
            Op::LoadImm { index, rn, .. }
            | Op::StoreImm { index, rn, .. }
            | Op::LoadDual { index, rn, .. }
            | Op::StoreDual { index, rn, .. } => indexed(index, rn),
            Op::LoadMultiple {
                rn,
                writeback: true,
                ..
            }
            | Op::StoreMultiple {
                rn,
                writeback: true,
                ..
            }
            | Op::FpLoadMultiple {
                rn,
                writeback: true,
                ..
            }
            | Op::FpStoreMultiple {
                rn,
                writeback: true,
                ..
            } => bit(rn),
            _ => 0,
        }
    }

    /// The core registers read, address registers included.
    pub fn reads(&self) -> RegSet {
        let data = match *self {
            Op::AluImm {
                op: Alu::Mov | Alu::Mvn,
                ..
            } => 0,
            Op::AluImm { rn, .. } => bit(rn),
            Op::AluReg {
                op: Alu::Mov | Alu::Mvn,
                rm,
                ..
            }
            | Op::AluShift {
                op: Alu::Mov | Alu::Mvn,
                rm,
                ..
            } => bit(rm),
            Op::AluReg { rn, rm, .. }
            | Op::AluShift { rn, rm, .. }
            | Op::ShiftReg { rn, rm, .. }
            | Op::Pack { rn, rm, .. }
            | Op::Select { rn, rm, .. }
            | Op::SatArith { rn, rm, .. }
            | Op::Parallel { rn, rm, .. }
            | Op::Mul { rn, rm, .. }
            | Op::Divide { rn, rm, .. } => bit(rn) | bit(rm),
            Op::MovTop { rd, .. } => bit(rd),
            Op::Unary { rm, .. } => bit(rm),
            Op::Extend { rn, rm, .. } => optional(rn) | bit(rm),
            Op::Extract { rn, .. } | Op::Saturate { rn, .. } | Op::Saturate16 { rn, .. } => bit(rn),
            Op::Insert { rd, rn, .. } => bit(rd) | optional(rn),
            Op::Usad8 { rn, rm, ra, .. } | Op::MulDsp { rn, rm, ra, .. } => {
                bit(rn) | bit(rm) | optional(ra)
            }
            Op::Mla { rn, rm, ra, .. } => bit(rn) | bit(rm) | bit(ra),
            Op::MulLong {
                op: LongMul::Umull | LongMul::Smull,
                rn,
                rm,
                ..
            } => bit(rn) | bit(rm),
            Op::MulLong { lo, hi, rn, rm, .. } | Op::MulDspLong { lo, hi, rn, rm, .. } => {
                bit(lo) | bit(hi) | bit(rn) | bit(rm)
            }
            Op::StoreImm { rt, .. }
            | Op::StoreReg { rt, .. }
            | Op::StoreUnprivileged { rt, .. }
            | Op::StoreExclusive { rt, .. } => bit(rt),
            Op::StoreDual { rt, rt2, .. } => bit(rt) | bit(rt2),
            Op::StoreMultiple { list, .. } => list,
            Op::CallReg { rm } | Op::BranchReg { rm } | Op::MovPc { rm } | Op::AddPc { rm } => {
                bit(rm)
            }
            Op::CompareBranch { rn, .. } => bit(rn),
            Op::WriteSpecial { rn, .. } => bit(rn),
            Op::FpMove {
                to_core: false, rt, ..
            }
            | Op::FpWriteStatus { rt } => bit(rt),
            Op::FpMovePair {
                to_core: false,
                rt,
                rt2,
                ..
            } => bit(rt) | bit(rt2),
            _ => 0,
        };
        data | self.address_registers()
    }

    /// The core registers written, write-back and (as bit 15) the PC included.
    pub fn writes(&self) -> RegSet {
        let data = match *self {
            Op::AluImm { op, rd, .. } | Op::AluReg { op, rd, .. } | Op::AluShift { op, rd, .. } => {
                match op {
                    Alu::Tst | Alu::Teq | Alu::Cmp | Alu::Cmn => 0,
                    _ => bit(rd),
                }
            }
            Op::ShiftReg { rd, .. }
            | Op::MovTop { rd, .. }
            | Op::Unary { rd, .. }
            | Op::Extend { rd, .. }
            | Op::Extract { rd, .. }
            | Op::Insert { rd, .. }
            | Op::Pack { rd, .. }
            | Op::Select { rd, .. }
            | Op::Saturate { rd, .. }
            | Op::Saturate16 { rd, .. }
            | Op::SatArith { rd, .. }
            | Op::Parallel { rd, .. }
            | Op::Usad8 { rd, .. }
            | Op::Mul { rd, .. }
            | Op::Mla { rd, .. }
            | Op::MulDsp { rd, .. }
            | Op::Divide { rd, .. }
            | Op::StoreExclusive { rd, .. }
            | Op::ReadSpecial { rd, .. } => bit(rd),
            Op::MulLong { lo, hi, .. } | Op::MulDspLong { lo, hi, .. } => bit(lo) | bit(hi),
            Op::LoadImm { rt, .. }
            | Op::LoadReg { rt, .. }
            | Op::LoadLiteral { rt, .. }
            | Op::LoadUnprivileged { rt, .. }
            | Op::LoadExclusive { rt, .. } => bit(rt),
            Op::LoadDual { rt, rt2, .. } | Op::LoadDualLiteral { rt, rt2, .. } => {
                bit(rt) | bit(rt2)
            }
            Op::LoadMultiple { list, .. } => list,
            Op::Call { .. } | Op::CallReg { .. } => bit(14) | bit(15),
            Op::Branch { .. }
            | Op::BranchIf { .. }
            | Op::BranchReg { .. }
            | Op::CompareBranch { .. }
            | Op::TableBranch { .. }
            | Op::MovPc { .. }
            | Op::AddPc { .. } => bit(15),
            Op::FpMove {
                to_core: true, rt, ..
            } => bit(rt),
            Op::FpReadStatus { rt } => optional(rt),
            Op::FpMovePair {
                to_core: true,
                rt,
                rt2,
                ..
            } => bit(rt) | bit(rt2),
            _ => 0,
        };
        data | self.writeback()
    }

    /// Whether this may write the PC other than by falling through.
    pub fn writes_pc(&self) -> bool {
        self.writes() & bit(15) != 0
    }

    /// Whether a block of straight-line code ends after this instruction: it may branch,
    /// raise, wait, or change what must be looked at before the next one.
    pub fn ends_block(&self) -> bool {
        self.writes_pc()
            || matches!(
                self,
                Op::WaitForEvent
                    | Op::WaitForInterrupt
                    | Op::SendEvent
                    | Op::ChangeState { .. }
                    | Op::WriteSpecial { .. }
                    | Op::DataSyncBarrier
                    | Op::InstructionSyncBarrier
            )
            || self.class() == Class::Raise
    }
}
