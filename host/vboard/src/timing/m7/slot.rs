//! An instruction as the issue stage sees it.

use super::rules;
use crate::core::insn::{
    Alu, BranchKind, Class, Extend, FpBinary, FpUnary, Index, Insn, Op, RegSet, SReg, Unary, Width,
};

/// What a unit it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// The early ALU if it issues first, else the late one: ADD, SUB, MOV.
    Either,
    /// The late ALU.
    Late,
    /// The early ALU's shifter: shifts by a constant.
    Shift,
    /// The late ALU with an operand through the early shifter.
    ShiftedLate,
    /// Bit fields and DSP.
    Field,
    Multiply,
    Load,
    Store,
    /// Several words, or anything else that issues alone.
    Alone,
    Branch,
    Float,
    /// Moves and loads of the FPU are told apart by [`Slot::float_mover`].
    FloatMove,
    Hint,
}

/// One instruction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) unit: Unit,
    /// Cycles in which nothing issues behind it, its own included.
    pub(super) cycles: u32,
    /// Registers needed by the early stage: addresses, and operands that are shifted or extracted.
    pub(super) early: RegSet,
    /// Registers needed by the late ALU.
    pub(super) late: RegSet,
    /// The accumulator of a multiply.
    pub(super) accumulator: RegSet,
    /// Registers written, and cycles until the late ALU can have them.
    pub(super) writes: RegSet,
    pub(super) latency: u32,
    /// The base written back, by the address unit.
    pub(super) writeback: RegSet,
    /// FP registers read, accumulated to, and written with their latency.
    pub(super) float_reads: u32,
    pub(super) float_accumulator: u32,
    pub(super) float_writes: u32,
    pub(super) float_latency: u32,
    /// It is a multiply-accumulate of the FPU.
    pub(super) float_accumulates: bool,
    /// It moves, loads or stores an FP register.
    pub(super) float_mover: bool,
    /// The bank that a load of a word goes to, if that is known: base and parity of the word.
    pub(super) bank: Option<(u8, u32)>,
    /// It sets condition flags.
    pub(super) sets_flags: bool,
}

fn single(s: SReg) -> u32 {
    1u32.checked_shl(s.into()).unwrap_or(0)
}

fn singles(first: SReg, count: u8) -> u32 {
    (0..count).fold(0, |set, i| set | single(first + i))
}

impl Slot {
    /// What `insn` is.
    pub(super) fn new(insn: &Insn) -> Self {
        let op = &insn.op;
        let (unit, cycles, latency) = unit(op);
        let addresses = op.address_registers();
        let early = addresses | early_operands(op);
        let accumulator = accumulator(op);
        let writeback = op.writeback();
        let (float_reads, float_accumulator, float_writes, float_latency) = float(op);
        Self {
            unit,
            cycles,
            early,
            late: if stores(op) {
                // Stored data may come from the same cycle: it is none of the operands.
                0
            } else {
                op.reads() & !early & !accumulator
            },
            accumulator,
            writes: op.writes() & !writeback & !(1 << 15),
            latency,
            writeback,
            float_reads,
            float_accumulator,
            float_writes,
            float_latency,
            float_accumulates: float_accumulator != 0,
            float_mover: matches!(
                op,
                Op::FpMove { .. }
                    | Op::FpLoad { .. }
                    | Op::FpLoadLiteral { .. }
                    | Op::FpStore { .. }
                    | Op::FpUnary {
                        op: FpUnary::Mov,
                        ..
                    }
            ),
            bank: bank(op),
            sets_flags: sets_flags(op),
        }
    }

    /// Whether `self` may issue in the cycle in which `older` does, dependencies aside.
    pub(super) fn pairs_behind(&self, older: &Slot) -> bool {
        use Unit::{Alone, Branch, Field, Float, Load, Multiply, Shift, ShiftedLate, Store};
        if self.unit == Alone || older.unit == Alone || older.cycles > 1 {
            return false;
        }
        let shifter = |slot: &Slot| matches!(slot.unit, ShiftedLate | Field);
        match (older.unit, self.unit) {
            // A branch that was not taken may be followed, but not by another.
            (Branch, Branch) => false,
            (_, Field) => false,
            (Load, Load) => match (older.bank, self.bank) {
                (Some((base, word)), Some((other, next))) => {
                    base == other && (word ^ next) & 1 != 0
                }
                _ => false,
            },
            (Multiply, Multiply) | (Store, Store) => false,
            (Multiply, Store) | (Store, Multiply) => false,
            (Float, Float) => false,
            (Shift, _) | (_, Shift) => !(shifter(older) || shifter(self)) || older.unit == Shift,
            _ if shifter(older) && shifter(self) => false,
            _ => {
                !(older.float_accumulates && self.float_mover
                    || self.float_accumulates && older.float_mover)
            }
        }
    }

    /// Whether it executes in the early ALU when it issues as the `first` of a cycle or not.
    pub(super) fn is_early(&self, first: bool) -> bool {
        match self.unit {
            Unit::Either => first,
            Unit::Shift => true,
            _ => false,
        }
    }
}

fn sets_flags(op: &Op) -> bool {
    match *op {
        Op::AluImm { op, s, .. } | Op::AluReg { op, s, .. } | Op::AluShift { op, s, .. } => {
            s || matches!(op, Alu::Tst | Alu::Teq | Alu::Cmp | Alu::Cmn)
        }
        Op::ShiftReg { s, .. } | Op::Mul { s, .. } => s,
        _ => false,
    }
}

fn stores(op: &Op) -> bool {
    matches!(op.class(), Class::Store { .. } | Class::StoreMany { .. })
}

/// Unit, cycles and latency of an instruction.
fn unit(op: &Op) -> (Unit, u32, u32) {
    if op.writes_pc() && !matches!(op.class(), Class::Branch(_)) {
        let words = match op.class() {
            Class::LoadMany { words } => u32::from(words),
            _ => 1,
        };
        return (Unit::Alone, words.div_ceil(2), 0);
    }
    match op.class() {
        Class::Alu => (alu(op), 1, 1),
        Class::Multiply => (Unit::Multiply, 1, rules::MULTIPLY),
        Class::Divide => (Unit::Alone, rules::DIVIDE, 1),
        Class::Load { .. } => (Unit::Load, 1, rules::LOAD + narrow(op)),
        Class::Store { .. } => (Unit::Store, 1, 1),
        Class::LoadMany { .. } if matches!(op, Op::FpLoad { double: false, .. }) => {
            (Unit::Load, 1, rules::LOAD)
        }
        Class::StoreMany { .. } if matches!(op, Op::FpStore { double: false, .. }) => {
            (Unit::Store, 1, 1)
        }
        Class::LoadMany { words } | Class::StoreMany { words } => {
            (Unit::Alone, u32::from(words).div_ceil(2), rules::LOAD)
        }
        Class::Branch(BranchKind::Table) => (Unit::Alone, 2, 0),
        Class::Branch(_) | Class::IfThen => (Unit::Branch, 1, 1),
        Class::Hint => (Unit::Hint, 1, 0),
        Class::System => (Unit::Alone, rules::SYSTEM, 1),
        Class::Float => (Unit::Float, 1, 0),
        Class::FloatDivide if matches!(op, Op::FpUnary { .. }) => {
            (Unit::Float, rules::FLOAT_ROOT, 0)
        }
        Class::FloatDivide => (Unit::Float, rules::FLOAT_DIVIDE, 0),
        Class::FloatMove if matches!(op, Op::FpMovePair { .. }) => (Unit::Alone, 1, 2),
        Class::FloatMove => (Unit::FloatMove, 1, 2),
        Class::Raise => (Unit::Alone, 1, 0),
    }
}

fn alu(op: &Op) -> Unit {
    let plain = |op: Alu| matches!(op, Alu::Add | Alu::Sub | Alu::Mov);
    match *op {
        Op::AluImm { op, .. } | Op::AluReg { op, .. } if plain(op) => Unit::Either,
        Op::MovTop { .. } => Unit::Either,
        Op::AluImm { .. } | Op::AluReg { .. } => Unit::Late,
        Op::AluShift { op: Alu::Mov, .. } => Unit::Shift,
        Op::AluShift { .. } => Unit::ShiftedLate,
        Op::ShiftReg { .. } => Unit::Shift,
        Op::Extend {
            op: Extend::Sxtb | Extend::Sxth | Extend::Uxtb | Extend::Uxth,
            rn: 15,
            ..
        } => Unit::Field,
        _ => Unit::Field,
    }
}

fn narrow(op: &Op) -> u32 {
    let width = match *op {
        Op::LoadImm { width, .. }
        | Op::LoadReg { width, .. }
        | Op::LoadLiteral { width, .. }
        | Op::LoadUnprivileged { width, .. }
        | Op::LoadExclusive { width, .. } => width,
        _ => Width::Word,
    };
    if width == Width::Word {
        0
    } else {
        rules::NARROW
    }
}

/// Operands that pass the early ALU: what is shifted in line, extracted or reversed.
fn early_operands(op: &Op) -> RegSet {
    let one = |r: u8| 1 << (r & 15);
    match *op {
        Op::AluShift { rm, .. } | Op::Extend { rm, .. } | Op::Pack { rm, .. } => one(rm),
        Op::Extract { rn, .. } => one(rn),
        Op::Insert { rn, .. } if rn != 15 => one(rn),
        Op::Unary {
            op: Unary::Rbit | Unary::Rev | Unary::Rev16 | Unary::Revsh,
            rm,
            ..
        } => one(rm),
        _ => 0,
    }
}

fn accumulator(op: &Op) -> RegSet {
    match *op {
        Op::Mla { ra, .. } => 1 << (ra & 15),
        Op::MulDsp { ra, .. } if ra != 15 => 1 << (ra & 15),
        Op::MulDspLong { lo, hi, .. } => 1 << (lo & 15) | 1 << (hi & 15),
        _ => 0,
    }
}

/// FP registers that `op` reads, accumulates to and writes, and the latency of what it writes.
fn float(op: &Op) -> (u32, u32, u32, u32) {
    match *op {
        Op::FpBinary { op, sd, sn, sm } => {
            let reads = single(sn) | single(sm);
            match op {
                FpBinary::Mla | FpBinary::Mls | FpBinary::Nmla | FpBinary::Nmls => {
                    (reads, single(sd), single(sd), rules::CHAINED)
                }
                FpBinary::Fma | FpBinary::Fms | FpBinary::Fnma | FpBinary::Fnms => {
                    (reads, single(sd), single(sd), rules::FUSED)
                }
                _ => (reads, 0, single(sd), rules::FLOAT),
            }
        }
        Op::FpSelect { sd, sn, sm, .. } => (single(sn) | single(sm), 0, single(sd), rules::FLOAT),
        Op::FpUnary { sd, sm, .. } | Op::FpConvert { sd, sm, .. } | Op::FpRound { sd, sm, .. } => {
            (single(sm), 0, single(sd), rules::FLOAT)
        }
        Op::FpConstant { sd, .. } => (0, 0, single(sd), rules::FLOAT),
        Op::FpFixed { sd, .. } => (single(sd), 0, single(sd), rules::FLOAT),
        Op::FpCompare { sd, sm, zero, .. } => {
            (single(sd) | if zero { 0 } else { single(sm) }, 0, 0, 0)
        }
        Op::FpMove {
            to_core: true, sn, ..
        } => (single(sn), 0, 0, 0),
        Op::FpMove { sn, .. } => (0, 0, single(sn), rules::FLOAT),
        Op::FpMovePair {
            to_core: true, sm, ..
        } => (singles(sm, 2), 0, 0, 0),
        Op::FpMovePair { sm, .. } => (0, 0, singles(sm, 2), rules::FLOAT),
        Op::FpLoad { double, sd, .. } | Op::FpLoadLiteral { double, sd, .. } => {
            (0, 0, singles(sd, 1 + u8::from(double)), 2)
        }
        Op::FpLoadMultiple { sd, words, .. } => (0, 0, singles(sd, words), 2),
        _ => (0, 0, 0, 0),
    }
}

/// Base and word of a load of a word at a constant offset.
fn bank(op: &Op) -> Option<(u8, u32)> {
    match *op {
        Op::LoadImm {
            width: Width::Word,
            index: Index::Offset,
            rn,
            imm,
            ..
        } => Some((rn, imm as u32 / 4)),
        Op::FpLoad {
            double: false,
            rn,
            imm,
            ..
        } => Some((rn, i32::from(imm) as u32 / 4)),
        Op::LoadLiteral {
            width: Width::Word,
            address,
            ..
        } => Some((15, address / 4)),
        _ => None,
    }
}
