//! The coprocessor space: the FPU, and everything else as absent.

use super::{bad, field, flag, literal_base, reg};
use crate::core::{
    insn::{Cond, FpBinary, FpConvert, FpDirection, FpRounding, FpUnary, Op},
    model::Fpu,
};

pub(super) fn decode(fpu: Option<Fpu>, address: u32, e: u32) -> Op {
    let coprocessor = field(e, 11, 8) as u8;
    if field(e, 25, 24) == 3 {
        return Op::Undefined;
    }
    if fpu.is_none() || coprocessor != 10 && coprocessor != 11 {
        return Op::Coprocessor { coprocessor };
    }
    if flag(e, 28) {
        return if fpu == Some(Fpu::Fpv5Sp) {
            unconditional(e)
        } else {
            Op::Undefined
        };
    }
    match (flag(e, 25), flag(e, 4)) {
        (false, _) => load_store(address, e),
        (true, false) => data_processing(fpu, e),
        (true, true) => transfer(e),
    }
}

/// The single register named by a 4-bit field at `lo` and its low bit at `bit`.
fn single(e: u32, lo: u32, bit: u32) -> u8 {
    (field(e, lo + 3, lo) << 1 | field(e, bit, bit)) as u8
}

/// The first single of the double register named likewise; `None`: D16 to D31.
fn double(e: u32, lo: u32, bit: u32) -> Option<u8> {
    (!flag(e, bit)).then(|| (field(e, lo + 3, lo) << 1) as u8)
}

fn load_store(address: u32, e: u32) -> Op {
    let (p, u, w, is_load) = (flag(e, 24), flag(e, 23), flag(e, 21), flag(e, 20));
    let is_double = flag(e, 8);
    let rn = reg(e, 16);
    let unpredictable = Op::Unpredictable { encoding: e };
    if !p && !u && !w {
        return if flag(e, 22) {
            move_pair(e)
        } else {
            Op::Undefined
        };
    }
    if p == u && w {
        return Op::Undefined;
    }
    let sd = if is_double {
        double(e, 12, 22)
    } else {
        Some(single(e, 12, 22))
    };
    let Some(sd) = sd else {
        return unpredictable;
    };
    let words = field(e, 7, 0) as u8;
    match (p, u, w) {
        (true, _, false) => {
            let imm = i16::from(words) * 4;
            let imm = if u { imm } else { -imm };
            match (is_load, rn) {
                (true, 15) => {
                    let address = literal_base(address).wrapping_add_signed(i32::from(imm));
                    Op::FpLoadLiteral {
                        double: is_double,
                        sd,
                        address,
                    }
                }
                (true, _) => Op::FpLoad {
                    double: is_double,
                    sd,
                    rn,
                    imm,
                },
                (false, 15) => unpredictable,
                (false, _) => Op::FpStore {
                    double: is_double,
                    sd,
                    rn,
                    imm,
                },
            }
        }
        (false, true, _) | (true, false, true) => {
            let odd = is_double && !words.is_multiple_of(2);
            if rn == 15 || words == 0 || words > 32 || odd || sd + words > 32 {
                unpredictable
            } else if is_load {
                Op::FpLoadMultiple {
                    sd,
                    words,
                    rn,
                    writeback: w,
                    before: p,
                }
            } else {
                Op::FpStoreMultiple {
                    sd,
                    words,
                    rn,
                    writeback: w,
                    before: p,
                }
            }
        }
        _ => Op::Undefined,
    }
}

fn move_pair(e: u32) -> Op {
    let (rt2, rt, to_core) = (reg(e, 16), reg(e, 12), flag(e, 20));
    if field(e, 7, 6) != 0 || !flag(e, 4) {
        return Op::Undefined;
    }
    let sm = if flag(e, 8) {
        double(e, 0, 5)
    } else {
        Some(single(e, 0, 5))
    };
    match sm {
        Some(sm) if sm < 31 && !bad(rt) && !bad(rt2) && (!to_core || rt != rt2) => Op::FpMovePair {
            to_core,
            sm,
            rt,
            rt2,
        },
        _ => Op::Unpredictable { encoding: e },
    }
}

fn transfer(e: u32) -> Op {
    let (rt, to_core) = (reg(e, 12), flag(e, 20));
    let unpredictable = Op::Unpredictable { encoding: e };
    if flag(e, 8) {
        // A word of a double register.
        if flag(e, 23) || flag(e, 22) || field(e, 6, 5) != 0 {
            return Op::Undefined;
        }
        return match double(e, 16, 7) {
            Some(sn) if !bad(rt) && field(e, 3, 0) == 0 => Op::FpMove {
                to_core,
                sn: sn + field(e, 21, 21) as u8,
                rt,
            },
            _ => unpredictable,
        };
    }
    let stray_bit = field(e, 6, 5) != 0 || field(e, 3, 0) != 0;
    match field(e, 23, 21) {
        0 if bad(rt) || stray_bit => unpredictable,
        0 => Op::FpMove {
            to_core,
            sn: single(e, 16, 7),
            rt,
        },
        7 if field(e, 19, 16) != 1 => Op::Undefined,
        7 if flag(e, 7) || stray_bit => unpredictable,
        7 if rt == 13 || rt == 15 && !to_core => unpredictable,
        7 if to_core => Op::FpReadStatus { rt },
        7 => Op::FpWriteStatus { rt },
        _ => Op::Undefined,
    }
}

fn data_processing(fpu: Option<Fpu>, e: u32) -> Op {
    // There is no double precision.
    if flag(e, 8) {
        return Op::Undefined;
    }
    let (sd, sn, sm) = (single(e, 12, 22), single(e, 16, 7), single(e, 0, 5));
    let op = flag(e, 6);
    let binary = match (flag(e, 23), field(e, 21, 20), op) {
        (false, 0, false) => FpBinary::Mla,
        (false, 0, true) => FpBinary::Mls,
        (false, 1, false) => FpBinary::Nmls,
        (false, 1, true) => FpBinary::Nmla,
        (false, 2, false) => FpBinary::Mul,
        (false, 2, true) => FpBinary::Nmul,
        (false, _, false) => FpBinary::Add,
        (false, _, true) => FpBinary::Sub,
        (true, 0, false) => FpBinary::Div,
        (true, 0, true) => return Op::Undefined,
        (true, 1, false) => FpBinary::Fnms,
        (true, 1, true) => FpBinary::Fnma,
        (true, 2, false) => FpBinary::Fma,
        (true, 2, true) => FpBinary::Fms,
        // Bits that should be zero (A5.1.2).
        (true, _, false) if flag(e, 7) || flag(e, 5) => return Op::Unpredictable { encoding: e },
        (true, _, false) => {
            return Op::FpConstant {
                sd,
                bits: constant(e),
            };
        }
        (true, _, true) => return one_operand(fpu, e, sd, sm),
    };
    Op::FpBinary {
        op: binary,
        sd,
        sn,
        sm,
    }
}

/// VFPExpandImm for singles.
fn constant(e: u32) -> u32 {
    let imm8 = field(e, 19, 16) << 4 | field(e, 3, 0);
    let sign = imm8 >> 7 << 31;
    let exponent = if imm8 & 0x40 != 0 {
        0x3e00_0000
    } else {
        0x4000_0000
    };
    sign | exponent | (imm8 & 0x3f) << 19
}

fn one_operand(fpu: Option<Fpu>, e: u32, sd: u8, sm: u8) -> Op {
    let (opc2, top) = (field(e, 19, 16), flag(e, 7));
    let unary = |op| Op::FpUnary { op, sd, sm };
    let convert = |op| Op::FpConvert { op, sd, sm };
    match (opc2, top) {
        (0, false) => unary(FpUnary::Mov),
        (0, true) => unary(FpUnary::Abs),
        (1, false) => unary(FpUnary::Neg),
        (1, true) => unary(FpUnary::Sqrt),
        (2, top) => convert(FpConvert::FromHalf(top)),
        (3, top) => convert(FpConvert::ToHalf(top)),
        (4, quiet_raises) => Op::FpCompare {
            sd,
            sm,
            zero: false,
            quiet_raises,
        },
        (5, _) if flag(e, 5) || field(e, 3, 0) != 0 => Op::Unpredictable { encoding: e },
        (5, quiet_raises) => Op::FpCompare {
            sd,
            sm,
            zero: true,
            quiet_raises,
        },
        (6 | 7, _) if fpu != Some(Fpu::Fpv5Sp) => Op::Undefined,
        (6, true) => Op::FpRound {
            how: FpRounding::Zero,
            sd,
            sm,
        },
        (6 | 7, false) => Op::FpRound {
            how: FpRounding::Current { exact: opc2 == 7 },
            sd,
            sm,
        },
        (8, signed) => convert(FpConvert::FromInt(signed)),
        (10 | 11 | 14 | 15, wide) => {
            let bits = if wide { 32 } else { 16 };
            let count = (field(e, 3, 0) << 1 | field(e, 5, 5)) as u8;
            match u8::checked_sub(bits, count) {
                Some(fraction) => Op::FpFixed {
                    to_fixed: opc2 & 4 != 0,
                    signed: opc2 & 1 == 0,
                    bits,
                    fraction,
                    sd,
                },
                None => Op::Unpredictable { encoding: e },
            }
        }
        (12 | 13, false) => convert(FpConvert::ToIntRounded(opc2 & 1 != 0)),
        (12 | 13, true) => convert(FpConvert::ToInt(opc2 & 1 != 0)),
        _ => Op::Undefined,
    }
}

/// What FPv5 adds where no condition is encoded (DDI 0403, A6.4, table A6-6 with T = 1).
fn unconditional(e: u32) -> Op {
    let (sd, sn, sm) = (single(e, 12, 22), single(e, 16, 7), single(e, 0, 5));
    let (op, top) = (flag(e, 6), flag(e, 7));
    // Double precision, or outside data processing.
    if flag(e, 8) || !flag(e, 25) || flag(e, 4) {
        return Op::Undefined;
    }
    match (flag(e, 23), field(e, 21, 20)) {
        (false, cc) if !op => Op::FpSelect {
            cond: [
                Cond::Equal,
                Cond::Overflow,
                Cond::GreaterOrEqual,
                Cond::Greater,
            ][cc as usize],
            sd,
            sn,
            sm,
        },
        (true, 0) => Op::FpBinary {
            op: if op {
                FpBinary::MinNum
            } else {
                FpBinary::MaxNum
            },
            sd,
            sn,
            sm,
        },
        (true, 3) if op => {
            let direction = match field(e, 17, 16) {
                0 => FpDirection::NearestAway,
                1 => FpDirection::NearestEven,
                2 => FpDirection::Up,
                _ => FpDirection::Down,
            };
            match field(e, 19, 18) {
                2 if !top => Op::FpRound {
                    how: FpRounding::Directed(direction),
                    sd,
                    sm,
                },
                3 => Op::FpConvert {
                    op: FpConvert::ToIntDirected(direction, top),
                    sd,
                    sm,
                },
                _ => Op::Undefined,
            }
        }
        _ => Op::Undefined,
    }
}
