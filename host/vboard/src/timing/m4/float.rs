//! What an instruction does to the FPU, as far as timing goes.

use crate::core::insn::{Class, FpBinary, FpUnary, Op, SReg};

/// A set of single-precision registers, bit n = Sn.
pub(super) type FloatSet = u32;

/// An instruction's use of the FPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Float {
    /// It needs the FPU at all, if only to move a register.
    pub(super) uses: bool,
    /// It divides or takes a root: the FPU is busy after the core has gone on.
    pub(super) divides: bool,
    /// Registers it reads in its first cycle.
    pub(super) reads: FloatSet,
    /// The register whose result is ready one cycle late; 0 if there is none.
    pub(super) late_result: FloatSet,
}

fn range(first: SReg, count: u8) -> FloatSet {
    (0..count).fold(0, |set, i| {
        set | 1u32.checked_shl((first + i).into()).unwrap_or(0)
    })
}

impl Float {
    /// The use that `op` makes of the FPU.
    pub(super) fn of(op: &Op) -> Self {
        let one = |s: SReg| range(s, 1);
        let words = |double: bool| 1 + u8::from(double);
        let (reads, late_result) = match *op {
            // The addend of a multiply-accumulate is read one cycle later, when a result
            // of the instruction before is there: it is none of the `reads`.
            Op::FpBinary { sd, sn, sm, .. } | Op::FpSelect { sd, sn, sm, .. } => {
                (one(sn) | one(sm), one(sd))
            }
            Op::FpUnary {
                op: FpUnary::Sqrt,
                sd,
                sm,
            }
            | Op::FpConvert { sd, sm, .. }
            | Op::FpRound { sd, sm, .. } => (one(sm), one(sd)),
            Op::FpFixed { sd, .. } => (one(sd), one(sd)),
            Op::FpUnary { sm, .. } => (one(sm), 0),
            Op::FpCompare { sd, zero: true, .. } => (one(sd), 0),
            Op::FpCompare { sd, sm, .. } => (one(sd) | one(sm), 0),
            Op::FpMove {
                to_core: true, sn, ..
            } => (one(sn), 0),
            Op::FpMovePair {
                to_core: true, sm, ..
            } => (range(sm, 2), 0),
            Op::FpStore { double, sd, .. } => (range(sd, words(double)), 0),
            Op::FpStoreMultiple { sd, words, .. } => (range(sd, words), 0),
            _ => (0, 0),
        };
        let class = op.class();
        let uses = matches!(class, Class::Float | Class::FloatDivide | Class::FloatMove)
            || matches!(
                op,
                Op::FpLoad { .. }
                    | Op::FpLoadLiteral { .. }
                    | Op::FpStore { .. }
                    | Op::FpLoadMultiple { .. }
                    | Op::FpStoreMultiple { .. }
            );
        Self {
            uses,
            divides: class == Class::FloatDivide,
            reads,
            late_result,
        }
    }
}

/// Whether `op` is one of the multiply-accumulates.
pub(super) fn accumulates(op: &Op) -> bool {
    matches!(
        op,
        Op::FpBinary {
            op: FpBinary::Mla
                | FpBinary::Mls
                | FpBinary::Nmla
                | FpBinary::Nmls
                | FpBinary::Fma
                | FpBinary::Fms
                | FpBinary::Fnma
                | FpBinary::Fnms,
            ..
        }
    )
}
