//! Steps that multiply.

use super::{Entered, Exit, Rest, Step, next};
use crate::core::{
    insn::{DspMul, LongMul, Op},
    system::System,
};

/// The step for `op`, if it is one of these.
pub(super) fn specialise(op: &Op) -> Option<Step> {
    Some(match *op {
        Op::Mul { s, rd, rn, rm } => Step {
            a: rd,
            b: rn,
            c: rm,
            ..Step::new(if s {
                multiply::<true>
            } else {
                multiply::<false>
            })
        },
        Op::Mla {
            subtract,
            rd,
            rn,
            rm,
            ra,
        } => Step {
            imm: ra.into(),
            a: rd,
            b: rn,
            c: rm,
            ..Step::new(if subtract {
                multiply_add::<true>
            } else {
                multiply_add::<false>
            })
        },
        Op::MulLong { op, lo, hi, rn, rm } => Step {
            imm: hi.into(),
            a: lo,
            b: rn,
            c: rm,
            ..Step::new(match op {
                LongMul::Umull => multiply_long::<0>,
                LongMul::Smull => multiply_long::<1>,
                LongMul::Umlal => multiply_long::<2>,
                LongMul::Smlal => multiply_long::<3>,
                LongMul::Umaal => multiply_long::<4>,
            })
        },
        Op::MulDsp { op, rd, rn, rm, ra } => Step {
            imm: ra.into(),
            a: rd,
            b: rn,
            c: rm,
            ..Step::new(match op {
                DspMul::Smlaxy(0) => multiply_dsp::<0>,
                DspMul::Smlaxy(1) => multiply_dsp::<1>,
                DspMul::Smlaxy(2) => multiply_dsp::<2>,
                DspMul::Smlaxy(3) => multiply_dsp::<3>,
                DspMul::Smlad(false) => multiply_dsp::<4>,
                DspMul::Smlad(true) => multiply_dsp::<5>,
                DspMul::Smmla(false) => multiply_dsp::<6>,
                DspMul::Smmla(true) => multiply_dsp::<7>,
                DspMul::Smmls(false) => multiply_dsp::<8>,
                DspMul::Smmls(true) => multiply_dsp::<9>,
                _ => return None,
            })
        },
        _ => return None,
    })
}

fn multiply<const S: bool>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    system.regs.multiply(S, step.a, step.b, step.c);
    next(system, rest, at)
}

fn multiply_add<const SUBTRACT: bool>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    system
        .regs
        .multiply_add(SUBTRACT, step.a, step.b, step.c, step.imm as u8);
    next(system, rest, at)
}

fn multiply_long<const OP: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    const LONG: [LongMul; 5] = [
        LongMul::Umull,
        LongMul::Smull,
        LongMul::Umlal,
        LongMul::Smlal,
        LongMul::Umaal,
    ];
    system.multiply_long(LONG[OP], step.a, step.imm as u8, step.b, step.c);
    next(system, rest, at)
}

fn multiply_dsp<const OP: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    const DSP: [DspMul; 10] = [
        DspMul::Smlaxy(0),
        DspMul::Smlaxy(1),
        DspMul::Smlaxy(2),
        DspMul::Smlaxy(3),
        DspMul::Smlad(false),
        DspMul::Smlad(true),
        DspMul::Smmla(false),
        DspMul::Smmla(true),
        DspMul::Smmls(false),
        DspMul::Smmls(true),
    ];
    system
        .regs
        .multiply_dsp(DSP[OP], step.a, step.b, step.c, step.imm as u8);
    next(system, rest, at)
}
