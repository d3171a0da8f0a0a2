//! The 32-bit encodings outside the coprocessor space. `e` has the first halfword on top.

use super::{bad, field, flag, float, literal_base, reg, sign_extend};
use crate::core::insn::{
    Alu, Carry, Cond, DspLong, DspMul, Extend, Index, LaneMode, Lanes, LongMul, Op, SatOp, Shift,
    Unary, Width,
};

pub(super) fn decode(address: u32, e: u32) -> Op {
    match field(e, 28, 25) {
        0b0100 if flag(e, 22) => dual_exclusive_table(address, e),
        0b0100 => multiple(e),
        0b0101 => shifted_register(e),
        0b0110 | 0b0111 | 0b1110 | 0b1111 => float::decode(address, e),
        0b1000..=0b1011 if flag(e, 15) => branch_or_system(address, e),
        0b1000 | 0b1010 => modified_immediate(e),
        0b1001 | 0b1011 => plain_immediate(address, e),
        0b1100 if flag(e, 20) => load(address, e),
        0b1100 if flag(e, 24) => Op::Undefined,
        0b1100 => store(e),
        0b1101 if !flag(e, 24) => register(e),
        0b1101 if !flag(e, 23) => multiply(e),
        0b1101 => multiply_long(e),
        _ => Op::Undefined,
    }
}

fn unpredictable(e: u32) -> Op {
    Op::Unpredictable { encoding: e }
}

// -- loads and stores ---------------------------------------------------------------------

fn multiple(e: u32) -> Op {
    let (rn, list) = (reg(e, 16), e as u16);
    let (load, writeback) = (flag(e, 20), flag(e, 21));
    let before = match field(e, 24, 23) {
        0b01 => false,
        0b10 => true,
        _ => return Op::Undefined,
    };
    let forbidden = if load { 1 << 13 } else { 1 << 13 | 1 << 15 };
    if list & forbidden != 0
        || list.count_ones() < 2
        || list >> 14 == 3
        || rn == 15
        || writeback && list & 1 << rn != 0
    {
        unpredictable(e)
    } else if load {
        Op::LoadMultiple {
            rn,
            writeback,
            before,
            list,
        }
    } else {
        Op::StoreMultiple {
            rn,
            writeback,
            before,
            list,
        }
    }
}

fn dual_exclusive_table(address: u32, e: u32) -> Op {
    let (rn, rt, rt2) = (reg(e, 16), reg(e, 12), reg(e, 8));
    let (p, u, w, is_load) = (flag(e, 24), flag(e, 23), flag(e, 21), flag(e, 20));
    if p || w {
        return dual(address, e);
    }
    let imm = (field(e, 7, 0) * 4) as u16;
    if !u {
        // LDREX, STREX.
        return match is_load {
            _ if bad(rt) || rn == 15 => unpredictable(e),
            true if rt2 != 15 => unpredictable(e),
            true => Op::LoadExclusive {
                width: Width::Word,
                rt,
                rn,
                imm,
            },
            false if bad(rt2) || rt2 == rn || rt2 == rt => unpredictable(e),
            false => Op::StoreExclusive {
                width: Width::Word,
                rd: rt2,
                rt,
                rn,
                imm,
            },
        };
    }
    let rd = reg(e, 0);
    let width = if flag(e, 4) { Width::Half } else { Width::Byte };
    match (is_load, field(e, 7, 4)) {
        (true, 0b0000 | 0b0001) if rn == 13 || bad(rd) || field(e, 15, 8) != 0xf0 => {
            unpredictable(e)
        }
        (true, half @ (0b0000 | 0b0001)) => Op::TableBranch {
            half: half == 1,
            rn,
            rm: rd,
        },
        (true, 0b0100 | 0b0101) if bad(rt) || rn == 15 || field(e, 11, 8) != 15 || rd != 15 => {
            unpredictable(e)
        }
        (true, 0b0100 | 0b0101) => Op::LoadExclusive {
            width,
            rt,
            rn,
            imm: 0,
        },
        (false, 0b0100 | 0b0101)
            if bad(rt) || rn == 15 || bad(rd) || rd == rn || rd == rt || rt2 != 15 =>
        {
            unpredictable(e)
        }
        (false, 0b0100 | 0b0101) => Op::StoreExclusive {
            width,
            rd,
            rt,
            rn,
            imm: 0,
        },
        _ => Op::Undefined,
    }
}

fn dual(address: u32, e: u32) -> Op {
    let (rn, rt, rt2) = (reg(e, 16), reg(e, 12), reg(e, 8));
    let (p, u, w, is_load) = (flag(e, 24), flag(e, 23), flag(e, 21), flag(e, 20));
    let imm = (field(e, 7, 0) * 4) as i16;
    let imm = if u { imm } else { -imm };
    let index = index(p, w);
    if bad(rt) || bad(rt2) || w && (rn == rt || rn == rt2) || is_load && rt == rt2 {
        return unpredictable(e);
    }
    match (is_load, rn) {
        (_, 15) if w || !is_load => unpredictable(e),
        (true, 15) => {
            let address = literal_base(address).wrapping_add_signed(i32::from(imm));
            Op::LoadDualLiteral { rt, rt2, address }
        }
        (true, _) => Op::LoadDual {
            index,
            rt,
            rt2,
            rn,
            imm,
        },
        (false, _) => Op::StoreDual {
            index,
            rt,
            rt2,
            rn,
            imm,
        },
    }
}

/// The addressing mode of bits P and W, of which one is set.
fn index(p: bool, w: bool) -> Index {
    match (p, w) {
        (true, false) => Index::Offset,
        (true, true) => Index::Pre,
        (false, _) => Index::Post,
    }
}

fn store(e: u32) -> Op {
    let (rn, rt) = (reg(e, 16), reg(e, 12));
    let width = match field(e, 22, 21) {
        0 => Width::Byte,
        1 => Width::Half,
        2 => Width::Word,
        _ => return Op::Undefined,
    };
    if rn == 15 {
        return Op::Undefined;
    }
    if rt == 15 || width != Width::Word && rt == 13 {
        return unpredictable(e);
    }
    if flag(e, 23) {
        let imm = field(e, 11, 0) as i32;
        return Op::StoreImm {
            width,
            index: Index::Offset,
            rt,
            rn,
            imm,
        };
    }
    if flag(e, 11) {
        return match immediate8(e) {
            Some((index, _)) if index != Index::Offset && rn == rt => unpredictable(e),
            Some((index, imm)) => Op::StoreImm {
                width,
                index,
                rt,
                rn,
                imm,
            },
            None if flag(e, 10) => unpredictable(e),
            None => Op::Undefined,
        };
    }
    let rm = reg(e, 0);
    match field(e, 11, 6) {
        0 if bad(rm) => unpredictable(e),
        0 => Op::StoreReg {
            width,
            rt,
            rn,
            rm,
            lsl: field(e, 5, 4) as u8,
        },
        _ => Op::Undefined,
    }
}

/// The 8-bit immediate forms; `None`: the unprivileged ones (P and U set, W clear), which
/// are not modelled, and undefined ones (P clear).
fn immediate8(e: u32) -> Option<(Index, i32)> {
    let (p, u, w) = (flag(e, 10), flag(e, 9), flag(e, 8));
    let imm = field(e, 7, 0) as i32;
    match (p, u, w) {
        (true, true, false) | (false, _, false) => None,
        _ => Some((index(p, w), if u { imm } else { -imm })),
    }
}

fn load(address: u32, e: u32) -> Op {
    let (rn, rt) = (reg(e, 16), reg(e, 12));
    let width = match (field(e, 22, 21), flag(e, 24)) {
        (0, false) => Width::Byte,
        (0, true) => Width::SignedByte,
        (1, false) => Width::Half,
        (1, true) => Width::SignedHalf,
        (2, false) => Width::Word,
        _ => return Op::Undefined,
    };
    let word = width == Width::Word;
    if rt == 13 && !word {
        return unpredictable(e);
    }
    // Narrow loads into the PC are memory hints.
    let hint = rt == 15 && !word;
    if rn == 15 {
        let imm = field(e, 11, 0);
        let base = literal_base(address);
        let address = if flag(e, 23) {
            base.wrapping_add(imm)
        } else {
            base.wrapping_sub(imm)
        };
        return if hint {
            Op::Preload
        } else {
            Op::LoadLiteral { width, rt, address }
        };
    }
    if flag(e, 23) {
        let imm = field(e, 11, 0) as i32;
        let op = Op::LoadImm {
            width,
            index: Index::Offset,
            rt,
            rn,
            imm,
        };
        return if hint { Op::Preload } else { op };
    }
    if flag(e, 11) {
        return match immediate8(e) {
            Some((Index::Offset, _)) if hint => Op::Preload,
            Some(_) if hint => unpredictable(e),
            Some((index, _)) if index != Index::Offset && rn == rt => unpredictable(e),
            Some((index, imm)) => Op::LoadImm {
                width,
                index,
                rt,
                rn,
                imm,
            },
            None if flag(e, 10) => unpredictable(e),
            None => Op::Undefined,
        };
    }
    let rm = reg(e, 0);
    match field(e, 11, 6) {
        0 if bad(rm) => unpredictable(e),
        0 if hint => Op::Preload,
        0 => Op::LoadReg {
            width,
            rt,
            rn,
            rm,
            lsl: field(e, 5, 4) as u8,
        },
        _ => Op::Undefined,
    }
}

// -- data processing ----------------------------------------------------------------------

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

fn shifted_register(e: u32) -> Op {
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
        if rd == 15 || rm == 15 || sp && (s || rd == rm) {
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

fn modified_immediate(e: u32) -> Op {
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

fn plain_immediate(address: u32, e: u32) -> Op {
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
            if bad(rd) =>
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

fn register(e: u32) -> Op {
    let (rn, rd, rm) = (reg(e, 16), reg(e, 8), reg(e, 0));
    let (op1, op2) = (field(e, 23, 20), field(e, 7, 4));
    if field(e, 15, 12) != 15 {
        return Op::Undefined;
    }
    if bad(rd) || bad(rm) {
        return unpredictable(e);
    }
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
        return if rn == 13 {
            unpredictable(e)
        } else {
            Op::Extend {
                op,
                rd,
                rn,
                rm,
                rotate,
            }
        };
    }
    if bad(rn) {
        return unpredictable(e);
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
        (9, 8..=11) | (11, 8) if rn != rm => unpredictable(e),
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

// -- multiply, divide ---------------------------------------------------------------------

fn multiply(e: u32) -> Op {
    let (rn, ra, rd, rm) = (reg(e, 16), reg(e, 12), reg(e, 8), reg(e, 0));
    let m = flag(e, 4);
    if field(e, 7, 6) != 0 {
        return Op::Undefined;
    }
    if bad(rd) || bad(rn) || bad(rm) || ra == 13 {
        return unpredictable(e);
    }
    let dsp = |op| Op::MulDsp { op, rd, rn, rm, ra };
    let small = field(e, 5, 4) < 2;
    match field(e, 22, 20) {
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
    }
}

fn multiply_long(e: u32) -> Op {
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

// -- branches and system ------------------------------------------------------------------

fn branch_or_system(address: u32, e: u32) -> Op {
    let (s, j1, j2) = (field(e, 26, 26), field(e, 13, 13), field(e, 11, 11));
    let imm11 = field(e, 10, 0);
    let next = address.wrapping_add(4);
    let near = s << 20 | j2 << 19 | j1 << 18 | field(e, 21, 16) << 12 | imm11 << 1;
    let (i1, i2) = (1 ^ j1 ^ s, 1 ^ j2 ^ s);
    let far = s << 24 | i1 << 23 | i2 << 22 | field(e, 25, 16) << 12 | imm11 << 1;
    let far = next.wrapping_add(sign_extend(far, 25));
    match (flag(e, 14), flag(e, 12)) {
        (false, true) => Op::Branch { target: far },
        (true, true) => Op::Call { target: far },
        (true, false) => Op::Undefined,
        (false, false) if field(e, 25, 23) != 7 => Op::BranchIf {
            cond: Cond::from_bits(field(e, 25, 22)),
            target: next.wrapping_add(sign_extend(near, 21)),
        },
        (false, false) => system(e),
    }
}

fn system(e: u32) -> Op {
    let special = e as u8;
    match field(e, 26, 20) {
        0b011_1000 => {
            let (rn, mask) = (reg(e, 16), field(e, 11, 10) as u8);
            if bad(rn) || field(e, 13, 12) != 0 || field(e, 9, 8) != 0 {
                unpredictable(e)
            } else {
                Op::WriteSpecial { rn, mask, special }
            }
        }
        0b011_1010 => match field(e, 10, 0) {
            2 => Op::WaitForEvent,
            3 => Op::WaitForInterrupt,
            4 => Op::SendEvent,
            0..=255 => Op::Nop,
            _ => Op::Undefined,
        },
        0b011_1011 => match field(e, 7, 4) {
            2 => Op::ClearExclusive,
            4 => Op::DataSyncBarrier,
            5 => Op::DataMemoryBarrier,
            6 => Op::InstructionSyncBarrier,
            _ => Op::Undefined,
        },
        0b011_1110 => {
            let rd = reg(e, 8);
            if bad(rd) {
                unpredictable(e)
            } else {
                Op::ReadSpecial { rd, special }
            }
        }
        _ => Op::Undefined,
    }
}
