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
        // There is no FAULTMASK.
        Op::ChangeState {
            faultmask: true, ..
        } if !isa.thumb2 => Op::Unpredictable { encoding },
        // There are no GE bits to write.
        Op::WriteSpecial { mask, .. } if !isa.dsp && mask != 2 => Op::Unpredictable { encoding },
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
