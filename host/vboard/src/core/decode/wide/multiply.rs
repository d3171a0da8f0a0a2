//! Multiplication and division.

use super::super::{bad, field, flag, reg};
use super::unpredictable;
use crate::core::insn::{DspLong, DspMul, LongMul, Op};

pub(super) fn multiply(e: u32) -> Op {
    let (rn, ra, rd, rm) = (reg(e, 16), reg(e, 12), reg(e, 8), reg(e, 0));
    let m = flag(e, 4);
    if field(e, 7, 6) != 0 {
        return Op::Undefined;
    }
    let dsp = |op| Op::MulDsp { op, rd, rn, rm, ra };
    let small = field(e, 5, 4) < 2;
    let op = match field(e, 22, 20) {
        0 => match (field(e, 5, 4), ra) {
            (0, 15) => Op::Mul {
                s: false,
                rd,
                rn,
                rm,
            },
            (0, _) => Op::Mla {
                subtract: false,
                rd,
                rn,
                rm,
                ra,
            },
            (1, 15) => unpredictable(e),
            (1, _) => Op::Mla {
                subtract: true,
                rd,
                rn,
                rm,
                ra,
            },
            _ => Op::Undefined,
        },
        1 => dsp(DspMul::Smlaxy(field(e, 5, 4) as u8)),
        2 if small => dsp(DspMul::Smlad(m)),
        3 if small => dsp(DspMul::Smlaw(m)),
        4 if small => dsp(DspMul::Smlsd(m)),
        5 if small => dsp(DspMul::Smmla(m)),
        6 if small && ra == 15 => unpredictable(e),
        6 if small => dsp(DspMul::Smmls(m)),
        7 if field(e, 5, 4) == 0 => Op::Usad8 { rd, rn, rm, ra },
        _ => Op::Undefined,
    };
    if op != Op::Undefined && (bad(rd) || bad(rn) || bad(rm) || ra == 13) {
        unpredictable(e)
    } else {
        op
    }
}

pub(super) fn multiply_long(e: u32) -> Op {
    let (rn, lo, hi, rm) = (reg(e, 16), reg(e, 12), reg(e, 8), reg(e, 0));
    let op2 = field(e, 7, 4);
    let op1 = field(e, 22, 20);
    if let (1 | 3, 15) = (op1, op2) {
        return if bad(hi) || bad(rn) || bad(rm) || lo != 15 {
            unpredictable(e)
        } else {
            Op::Divide {
                signed: op1 == 1,
                rd: hi,
                rn,
                rm,
            }
        };
    }
    let long = |op| Op::MulLong { op, lo, hi, rn, rm };
    let dsp = |op| Op::MulDspLong { op, lo, hi, rn, rm };
    let op = match (op1, op2) {
        (0, 0) => long(LongMul::Smull),
        (2, 0) => long(LongMul::Umull),
        (4, 0) => long(LongMul::Smlal),
        (4, 8..=11) => dsp(DspLong::Smlalxy((op2 & 3) as u8)),
        (4, 12 | 13) => dsp(DspLong::Smlald(op2 & 1 != 0)),
        (5, 12 | 13) => dsp(DspLong::Smlsld(op2 & 1 != 0)),
        (6, 0) => long(LongMul::Umlal),
        (6, 6) => long(LongMul::Umaal),
        _ => return Op::Undefined,
    };
    if bad(lo) || bad(hi) || bad(rn) || bad(rm) || lo == hi {
        unpredictable(e)
    } else {
        op
    }
}
