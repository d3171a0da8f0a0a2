//! Which instructions a core with fewer of them has.

use crate::core::{
    insn::{Extend, LongMul, Op},
    model::Isa,
};

/// What `op` is to a core that has `isa`: itself, or UNDEFINED.
pub(super) fn restrict(isa: Isa, op: Op, wide: bool, encoding: u32) -> Op {
    let armv6m = if wide {
        is_wide_armv6m(&op)
    } else {
        !matches!(op, Op::CompareBranch { .. } | Op::IfThen { .. })
    };
    if !isa.thumb2 && !armv6m || !isa.dsp && is_dsp(&op) {
        return Op::Undefined;
    }
    match op {
        // What would be UNPREDICTABLE if there were such an instruction.
        Op::Unpredictable { .. } if !isa.thumb2 && encoding >> 8 == 0xbf => Op::Undefined,
        Op::Unpredictable { .. } if !isa.dsp && wide && in_dsp_space(encoding) => Op::Undefined,
        // There is no FAULTMASK, and PRIMASK is always meant (DDI 0419, B4.2.1).
        Op::ChangeState {
            primask, faultmask, ..
        } if !isa.thumb2 && (faultmask || !primask) => Op::Unpredictable { encoding },
        _ => op,
    }
}

/// The wide instructions of Armv6-M (DDI 0419, A5.3).
fn is_wide_armv6m(op: &Op) -> bool {
    matches!(
        op,
        Op::Call { .. }
            | Op::ReadSpecial { .. }
            | Op::WriteSpecial { .. }
            | Op::DataMemoryBarrier
            | Op::DataSyncBarrier
            | Op::InstructionSyncBarrier
            | Op::Unpredictable { .. }
    )
}

/// What the DSP extension adds to Armv7-M (DDI 0403, A1.4.3).
fn is_dsp(op: &Op) -> bool {
    match *op {
        Op::Pack { .. }
        | Op::Select { .. }
        | Op::Saturate16 { .. }
        | Op::SatArith { .. }
        | Op::Parallel { .. }
        | Op::Usad8 { .. }
        | Op::MulDsp { .. }
        | Op::MulDspLong { .. }
        | Op::MulLong {
            op: LongMul::Umaal, ..
        } => true,
        Op::Extend { op, rn, .. } => rn != 15 || matches!(op, Extend::Sxtb16 | Extend::Uxtb16),
        _ => false,
    }
}

/// Whether a wide encoding is one of an instruction that the DSP extension adds.
fn in_dsp_space(e: u32) -> bool {
    let (op1, op2) = (e >> 20 & 15, e >> 4 & 15);
    match e >> 24 {
        // PKHBT, PKHTB.
        0xea => op1 == 12,
        // SSAT16, USAT16.
        0xf3 | 0xf7 => matches!(op1, 2 | 10) && e & 0xf0c0 == 0,
        // Extension with addition and of two bytes.
        0xfa if op1 < 8 => op2 >= 8 && (e >> 16 & 15 != 15 || matches!(op1, 2 | 3)),
        // All but REV and its relatives and CLZ.
        0xfa => !matches!((op1, op2), (9, 8..=11) | (11, 8)),
        // Multiplication.
        0xfb if op1 < 8 => op1 != 0,
        0xfb => op1 >= 12 && op2 != 0,
        _ => false,
    }
}
