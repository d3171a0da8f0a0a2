//! Data processing.

use super::super::{bad, field, flag, literal_base, reg};
use super::unpredictable;
use crate::core::insn::{Alu, Carry, Extend, LaneMode, Lanes, Op, SatOp, Shift, Unary};

/// The operation that bits 24 to 21 name, given which of `rn`, `rd` are 15. The second
/// result tells whether `rn` (else `rd`) stands for no register. `None`: undefined.
fn alu(op: u32, s: bool, rd: u8, rn: u8) -> Option<Alu> {
    let test = rd == 15 && s;
    Some(match op {
        0 if test => Alu::Tst,
        0 => Alu::And,
        1 => Alu::Bic,
        2 if rn == 15 => Alu::Mov,
        2 => Alu::Orr,
        3 if rn == 15 => Alu::Mvn,
        3 => Alu::Orn,
        4 if test => Alu::Teq,
        4 => Alu::Eor,
        8 if test => Alu::Cmn,
        8 => Alu::Add,
        10 => Alu::Adc,
        11 => Alu::Sbc,
        13 if test => Alu::Cmp,
        13 => Alu::Sub,
        14 => Alu::Rsb,
        _ => return None,
    })
}

/// Whether the registers are ones that the manual allows. ADD and SUB may work on SP; CMP
/// and CMN may read it; MOV of a whole register may read or write it.
fn registers_allowed(op: Alu, rd: u8, rn: u8) -> bool {
    let rd_ok = match op {
        Alu::Tst | Alu::Teq | Alu::Cmp | Alu::Cmn => true,
        Alu::Add | Alu::Sub => rd != 15 && (rd != 13 || rn == 13),
        _ => !bad(rd),
    };
    let rn_ok = match op {
        Alu::Mov | Alu::Mvn => true,
        Alu::Add | Alu::Sub | Alu::Cmp | Alu::Cmn => rn != 15,
        _ => !bad(rn),
    };
    rd_ok && rn_ok
}

pub(super) fn shifted_register(e: u32) -> Op {
    let (rn, rd, rm, s) = (reg(e, 16), reg(e, 8), reg(e, 0), flag(e, 20));
    let imm5 = (field(e, 14, 12) << 2 | field(e, 7, 6)) as u8;
    if field(e, 24, 21) == 6 {
        let top = flag(e, 5);
        let amount = if top && imm5 == 0 { 32 } else { imm5 };
        return match () {
            () if s || flag(e, 4) => Op::Undefined,
            () if bad(rd) || bad(rn) || bad(rm) || flag(e, 15) => unpredictable(e),
            () => Op::Pack {
                top,
                rd,
                rn,
                rm,
                amount,
            },
        };
    }
    let Some(op) = alu(field(e, 24, 21), s, rd, rn) else {
        return Op::Undefined;
    };
    let shift = immediate_shift(field(e, 5, 4), imm5);
    if op == Alu::Mov && shift.is_none() {
        // MOV (register) allows SP on one side, without setting flags.
        let sp = rd == 13 || rm == 13;
        if rd == 15 || rm == 15 || flag(e, 15) || sp && (s || rd == rm) {
            return unpredictable(e);
        }
    } else {
        let far = !matches!(shift, None | Some((Shift::Lsl, 0..=3)));
        let sp_far = rd == 13 && takes_rd(op) && far;
        if bad(rm) || !registers_allowed(op, rd, rn) || flag(e, 15) || sp_far {
            return unpredictable(e);
        }
    }
    match shift {
        None => Op::AluReg { op, s, rd, rn, rm },
        Some((shift, amount)) => Op::AluShift {
            op,
            s,
            rd,
            rn,
            rm,
            shift,
            amount,
        },
    }
}

fn takes_rd(op: Alu) -> bool {
    !matches!(op, Alu::Tst | Alu::Teq | Alu::Cmp | Alu::Cmn)
}

/// The shift of type `kind` by `imm5`; `None`: no shift.
fn immediate_shift(kind: u32, imm5: u8) -> Option<(Shift, u8)> {
    Some(match (kind, imm5) {
        (0, 0) => return None,
        (0, n) => (Shift::Lsl, n),
        (1, 0) => (Shift::Lsr, 32),
        (1, n) => (Shift::Lsr, n),
        (2, 0) => (Shift::Asr, 32),
        (2, n) => (Shift::Asr, n),
        (_, 0) => (Shift::Rrx, 1),
        (_, n) => (Shift::Ror, n),
    })
}

pub(super) fn modified_immediate(e: u32) -> Op {
    let (rn, rd, s) = (reg(e, 16), reg(e, 8), flag(e, 20));
    let Some(op) = alu(field(e, 24, 21), s, rd, rn) else {
        return Op::Undefined;
    };
    if !registers_allowed(op, rd, rn) {
        return unpredictable(e);
    }
    let imm12 = field(e, 26, 26) << 11 | field(e, 14, 12) << 8 | field(e, 7, 0);
    match expand_immediate(imm12) {
        Some((imm, carry)) => Op::AluImm {
            op,
            s,
            rd,
            rn,
            carry,
            imm,
        },
        None => unpredictable(e),
    }
}

/// ThumbExpandImm_C; `None`: UNPREDICTABLE.
fn expand_immediate(imm12: u32) -> Option<(u32, Carry)> {
    let byte = imm12 & 0xff;
    if imm12 >> 10 == 0 {
        let imm = match imm12 >> 8 {
            0 => byte,
            _ if byte == 0 => return None,
            1 => byte << 16 | byte,
            2 => byte << 24 | byte << 8,
            _ => byte * 0x0101_0101,
        };
        return Some((imm, Carry::Keep));
    }
    let imm = (0x80 | imm12 & 0x7f).rotate_right(imm12 >> 7);
    Some((
        imm,
        if imm >> 31 != 0 {
            Carry::Set
        } else {
            Carry::Clear
        },
    ))
}

pub(super) fn plain_immediate(address: u32, e: u32) -> Op {
    let (rn, rd) = (reg(e, 16), reg(e, 8));
    let imm12 = field(e, 26, 26) << 11 | field(e, 14, 12) << 8 | field(e, 7, 0);
    let imm16 = field(e, 19, 16) << 12 | imm12;
    let imm5 = (field(e, 14, 12) << 2 | field(e, 7, 6)) as u8;
    let low5 = field(e, 4, 0) as u8;
    let plain = |op, rn, imm| Op::AluImm {
        op,
        s: false,
        rd,
        rn,
        carry: Carry::Keep,
        imm,
    };
    let op = field(e, 24, 20);
    // From SSAT on there is no i, and bit 5 is nothing: they should be zero (A5.1.2).
    let stray_bit = matches!(op, 0b10000..=0b11100) && (flag(e, 26) || flag(e, 5));
    match op {
        0b00000 | 0b01010 if rn == 15 && !bad(rd) => {
            let base = literal_base(address);
            let add = op == 0;
            let imm = if add {
                base.wrapping_add(imm12)
            } else {
                base.wrapping_sub(imm12)
            };
            plain(Alu::Mov, 0, imm)
        }
        0b00000 | 0b01010 if rd == 15 || rd == 13 && rn != 13 => unpredictable(e),
        0b00000 => plain(Alu::Add, rn, imm12),
        0b01010 => plain(Alu::Sub, rn, imm12),
        0b00100 | 0b01100 | 0b10000 | 0b10010 | 0b10100 | 0b10110 | 0b11000 | 0b11010 | 0b11100
            if bad(rd) || stray_bit =>
        {
            unpredictable(e)
        }
        0b00100 => plain(Alu::Mov, 0, imm16),
        0b01100 => Op::MovTop {
            rd,
            imm: imm16 as u16,
        },
        0b10110 if rn == 13 => unpredictable(e),
        0b10110 => match low5.checked_sub(imm5) {
            Some(n) => Op::Insert {
                rd,
                rn,
                lsb: imm5,
                width: n + 1,
            },
            None => unpredictable(e),
        },
        0b10000 | 0b10010 | 0b10100 | 0b11000 | 0b11010 | 0b11100 if bad(rn) => unpredictable(e),
        0b10010 | 0b11010 if imm5 == 0 && low5 > 15 => unpredictable(e),
        0b10010 | 0b11010 if imm5 == 0 => {
            let signed = op == 0b10010;
            Op::Saturate16 {
                signed,
                rd,
                rn,
                bits: (low5 & 15) + u8::from(signed),
            }
        }
        0b10000 | 0b10010 | 0b11000 | 0b11010 => {
            let signed = op >> 3 == 0b10;
            let asr = flag(e, 21);
            Op::Saturate {
                signed,
                rd,
                rn,
                bits: low5 + u8::from(signed),
                asr,
                amount: imm5,
            }
        }
        0b10100 | 0b11100 if imm5 + low5 > 31 => unpredictable(e),
        0b10100 | 0b11100 => Op::Extract {
            signed: op == 0b10100,
            rd,
            rn,
            lsb: imm5,
            width: low5 + 1,
        },
        _ => Op::Undefined,
    }
}

pub(super) fn register(e: u32) -> Op {
    let (rn, rd, rm) = (reg(e, 16), reg(e, 8), reg(e, 0));
    let op = match field(e, 15, 12) {
        15 => operation(e),
        _ => Op::Undefined,
    };
    let wrong_rn = match op {
        Op::Undefined => return op,
        // Bit 6 should be zero (A5.1.2).
        Op::Extend { .. } => rn == 13 || flag(e, 6),
        Op::Unary { .. } => rn != rm,
        _ => bad(rn),
    };
    if bad(rd) || bad(rm) || wrong_rn {
        unpredictable(e)
    } else {
        op
    }
}

/// What [`register`] decodes, whichever the registers.
fn operation(e: u32) -> Op {
    let (rn, rd, rm) = (reg(e, 16), reg(e, 8), reg(e, 0));
    let (op1, op2) = (field(e, 23, 20), field(e, 7, 4));
    if op1 < 8 && op2 >= 8 {
        let op = match op1 {
            0 => Extend::Sxth,
            1 => Extend::Uxth,
            2 => Extend::Sxtb16,
            3 => Extend::Uxtb16,
            4 => Extend::Sxtb,
            5 => Extend::Uxtb,
            _ => return Op::Undefined,
        };
        let rotate = (field(e, 5, 4) * 8) as u8;
        return Op::Extend {
            op,
            rd,
            rn,
            rm,
            rotate,
        };
    }
    match (op1, op2) {
        (0..=7, 0) => {
            let shift = [Shift::Lsl, Shift::Lsr, Shift::Asr, Shift::Ror][(op1 >> 1) as usize];
            Op::ShiftReg {
                shift,
                s: op1 & 1 != 0,
                rd,
                rn,
                rm,
            }
        }
        (8.., 0..=7) => parallel(op1 & 7, op2, rd, rn, rm),
        (8, 8) => Op::SatArith {
            op: SatOp::Qadd,
            rd,
            rn,
            rm,
        },
        (8, 9) => Op::SatArith {
            op: SatOp::Qdadd,
            rd,
            rn,
            rm,
        },
        (8, 10) => Op::SatArith {
            op: SatOp::Qsub,
            rd,
            rn,
            rm,
        },
        (8, 11) => Op::SatArith {
            op: SatOp::Qdsub,
            rd,
            rn,
            rm,
        },
        (10, 8) => Op::Select { rd, rn, rm },
        (9, 8) => Op::Unary {
            op: Unary::Rev,
            rd,
            rm,
        },
        (9, 9) => Op::Unary {
            op: Unary::Rev16,
            rd,
            rm,
        },
        (9, 10) => Op::Unary {
            op: Unary::Rbit,
            rd,
            rm,
        },
        (9, 11) => Op::Unary {
            op: Unary::Revsh,
            rd,
            rm,
        },
        (11, 8) => Op::Unary {
            op: Unary::Clz,
            rd,
            rm,
        },
        _ => Op::Undefined,
    }
}

fn parallel(op1: u32, op2: u32, rd: u8, rn: u8, rm: u8) -> Op {
    let op = match op1 {
        0 => Lanes::Add8,
        1 => Lanes::Add16,
        2 => Lanes::Asx,
        4 => Lanes::Sub8,
        5 => Lanes::Sub16,
        6 => Lanes::Sax,
        _ => return Op::Undefined,
    };
    let mode = match op2 {
        0 => LaneMode::Signed,
        1 => LaneMode::Saturate,
        2 => LaneMode::Halve,
        4 => LaneMode::Unsigned,
        5 => LaneMode::UnsignedSaturate,
        6 => LaneMode::UnsignedHalve,
        _ => return Op::Undefined,
    };
    Op::Parallel {
        op,
        mode,
        rd,
        rn,
        rm,
    }
}
