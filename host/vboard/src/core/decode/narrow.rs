//! The 16-bit encodings.

use super::{field, flag, literal_base, sign_extend};
use crate::core::insn::{Alu, Carry, Cond, Extend, Index, Op, Shift, Unary, Width};

/// Decodes `e` at `address`; `s`: flag-setting forms set flags (outside IT blocks).
pub(super) fn decode(address: u32, e: u32, s: bool) -> Op {
    match e >> 11 {
        0b00000..=0b00010 => shift(e, s),
        0b00011 => add_subtract(e, s),
        0b00100..=0b00111 => immediate(e, s),
        0b01000 if flag(e, 10) => special(address, e),
        0b01000 => data_processing(e, s),
        0b01001 => Op::LoadLiteral {
            width: Width::Word,
            rt: low(e, 8),
            address: literal_base(address).wrapping_add(field(e, 7, 0) * 4),
        },
        0b01010 | 0b01011 => register_offset(e),
        0b01100..=0b10011 => immediate_offset(e),
        0b10100 => mov(
            low(e, 8),
            literal_base(address).wrapping_add(field(e, 7, 0) * 4),
        ),
        0b10101 => sp_plus(low(e, 8), field(e, 7, 0) * 4),
        0b10110 | 0b10111 => miscellaneous(address, e),
        0b11000 => multiple(e, false),
        0b11001 => multiple(e, true),
        0b11010 | 0b11011 => conditional(address, e),
        _ => Op::Branch {
            target: address
                .wrapping_add(4)
                .wrapping_add(sign_extend(field(e, 10, 0) << 1, 12)),
        },
    }
}

fn low(e: u32, lo: u32) -> u8 {
    field(e, lo + 2, lo) as u8
}

fn mov(rd: u8, imm: u32) -> Op {
    Op::AluImm {
        op: Alu::Mov,
        s: false,
        rd,
        rn: 0,
        carry: Carry::Keep,
        imm,
    }
}

fn sp_plus(rd: u8, imm: u32) -> Op {
    Op::AluImm {
        op: Alu::Add,
        s: false,
        rd,
        rn: 13,
        carry: Carry::Keep,
        imm,
    }
}

fn shift(e: u32, s: bool) -> Op {
    let (rd, rm, amount) = (low(e, 0), low(e, 3), field(e, 10, 6) as u8);
    let (shift, amount) = match (e >> 11 & 3, amount) {
        (0, 0) => {
            return Op::AluReg {
                op: Alu::Mov,
                s,
                rd,
                rn: 0,
                rm,
            };
        }
        (0, n) => (Shift::Lsl, n),
        (1, 0) => (Shift::Lsr, 32),
        (1, n) => (Shift::Lsr, n),
        (_, 0) => (Shift::Asr, 32),
        (_, n) => (Shift::Asr, n),
    };
    Op::AluShift {
        op: Alu::Mov,
        s,
        rd,
        rn: 0,
        rm,
        shift,
        amount,
    }
}

fn add_subtract(e: u32, s: bool) -> Op {
    let (rd, rn, third) = (low(e, 0), low(e, 3), low(e, 6));
    let op = if flag(e, 9) { Alu::Sub } else { Alu::Add };
    if flag(e, 10) {
        Op::AluImm {
            op,
            s,
            rd,
            rn,
            carry: Carry::Keep,
            imm: u32::from(third),
        }
    } else {
        Op::AluReg {
            op,
            s,
            rd,
            rn,
            rm: third,
        }
    }
}

fn immediate(e: u32, s: bool) -> Op {
    let (rd, imm) = (low(e, 8), field(e, 7, 0));
    let (op, s) = match e >> 11 & 3 {
        0 => (Alu::Mov, s),
        1 => (Alu::Cmp, true),
        2 => (Alu::Add, s),
        _ => (Alu::Sub, s),
    };
    Op::AluImm {
        op,
        s,
        rd,
        rn: rd,
        carry: Carry::Keep,
        imm,
    }
}

fn data_processing(e: u32, s: bool) -> Op {
    let (rd, rm) = (low(e, 0), low(e, 3));
    let alu = |op| Op::AluReg {
        op,
        s,
        rd,
        rn: rd,
        rm,
    };
    let test = |op| Op::AluReg {
        op,
        s: true,
        rd,
        rn: rd,
        rm,
    };
    let shift = |shift| Op::ShiftReg {
        shift,
        s,
        rd,
        rn: rd,
        rm,
    };
    match field(e, 9, 6) {
        0 => alu(Alu::And),
        1 => alu(Alu::Eor),
        2 => shift(Shift::Lsl),
        3 => shift(Shift::Lsr),
        4 => shift(Shift::Asr),
        5 => alu(Alu::Adc),
        6 => alu(Alu::Sbc),
        7 => shift(Shift::Ror),
        8 => test(Alu::Tst),
        9 => Op::AluImm {
            op: Alu::Rsb,
            s,
            rd,
            rn: rm,
            carry: Carry::Keep,
            imm: 0,
        },
        10 => test(Alu::Cmp),
        11 => test(Alu::Cmn),
        12 => alu(Alu::Orr),
        13 => Op::Mul {
            s,
            rd,
            rn: rm,
            rm: rd,
        },
        14 => alu(Alu::Bic),
        _ => alu(Alu::Mvn),
    }
}

/// Operations on any register, and branches through one.
fn special(address: u32, e: u32) -> Op {
    let rm = field(e, 6, 3) as u8;
    let rd = (field(e, 7, 7) << 3 | field(e, 2, 0)) as u8;
    let pc = address.wrapping_add(4);
    match field(e, 9, 8) {
        0 if rd == 15 && rm == 15 => Op::Unpredictable { encoding: e },
        0 if rd == 15 => Op::AddPc { rm },
        0 if rm == 15 => Op::AluImm {
            op: Alu::Add,
            s: false,
            rd,
            rn: rd,
            carry: Carry::Keep,
            imm: pc,
        },
        0 => Op::AluReg {
            op: Alu::Add,
            s: false,
            rd,
            rn: rd,
            rm,
        },
        1 if rd == 15 || rm == 15 || rd < 8 && rm < 8 => Op::Unpredictable { encoding: e },
        1 => Op::AluReg {
            op: Alu::Cmp,
            s: true,
            rd,
            rn: rd,
            rm,
        },
        2 if rd == 15 => Op::MovPc { rm },
        2 if rm == 15 => mov(rd, pc),
        2 => Op::AluReg {
            op: Alu::Mov,
            s: false,
            rd,
            rn: 0,
            rm,
        },
        _ if field(e, 2, 0) != 0 => Op::Unpredictable { encoding: e },
        _ if flag(e, 7) && rm == 15 => Op::Unpredictable { encoding: e },
        _ if flag(e, 7) => Op::CallReg { rm },
        _ => Op::BranchReg { rm },
    }
}

fn register_offset(e: u32) -> Op {
    let (rt, rn, rm, lsl) = (low(e, 0), low(e, 3), low(e, 6), 0);
    let load = |width| Op::LoadReg {
        width,
        rt,
        rn,
        rm,
        lsl,
    };
    let store = |width| Op::StoreReg {
        width,
        rt,
        rn,
        rm,
        lsl,
    };
    match field(e, 11, 9) {
        0 => store(Width::Word),
        1 => store(Width::Half),
        2 => store(Width::Byte),
        3 => load(Width::SignedByte),
        4 => load(Width::Word),
        5 => load(Width::Half),
        6 => load(Width::Byte),
        _ => load(Width::SignedHalf),
    }
}

fn immediate_offset(e: u32) -> Op {
    let imm5 = field(e, 10, 6) as i32;
    let (width, rt, rn, imm) = match e >> 12 {
        0b0110 => (Width::Word, low(e, 0), low(e, 3), imm5 * 4),
        0b0111 => (Width::Byte, low(e, 0), low(e, 3), imm5),
        0b1000 => (Width::Half, low(e, 0), low(e, 3), imm5 * 2),
        _ => (Width::Word, low(e, 8), 13, field(e, 7, 0) as i32 * 4),
    };
    let index = Index::Offset;
    if flag(e, 11) {
        Op::LoadImm {
            width,
            index,
            rt,
            rn,
            imm,
        }
    } else {
        Op::StoreImm {
            width,
            index,
            rt,
            rn,
            imm,
        }
    }
}

fn miscellaneous(address: u32, e: u32) -> Op {
    let (rd, rm) = (low(e, 0), low(e, 3));
    let extend = |op| Op::Extend {
        op,
        rd,
        rn: 15,
        rm,
        rotate: 0,
    };
    match field(e, 11, 8) {
        0b0000 => {
            let imm = field(e, 6, 0) * 4;
            let op = if flag(e, 7) { Alu::Sub } else { Alu::Add };
            Op::AluImm {
                op,
                s: false,
                rd: 13,
                rn: 13,
                carry: Carry::Keep,
                imm,
            }
        }
        0b0001 | 0b0011 | 0b1001 | 0b1011 => Op::CompareBranch {
            nonzero: flag(e, 11),
            rn: rd,
            target: address.wrapping_add(4 + (field(e, 9, 9) << 6 | field(e, 7, 3) << 1)),
        },
        0b0010 => match field(e, 7, 6) {
            0 => extend(Extend::Sxth),
            1 => extend(Extend::Sxtb),
            2 => extend(Extend::Uxth),
            _ => extend(Extend::Uxtb),
        },
        0b0100 | 0b0101 => {
            let list = (field(e, 7, 0) | field(e, 8, 8) << 14) as u16;
            block_of(
                e,
                list,
                Op::StoreMultiple {
                    rn: 13,
                    writeback: true,
                    before: true,
                    list,
                },
            )
        }
        // Bits that should be zero (A5.1.2).
        0b0110 if field(e, 7, 5) == 0b011 && field(e, 3, 2) != 0 => {
            Op::Unpredictable { encoding: e }
        }
        0b0110 if field(e, 7, 5) == 0b011 => Op::ChangeState {
            disable: flag(e, 4),
            primask: flag(e, 1),
            faultmask: flag(e, 0),
        },
        0b1010 => match field(e, 7, 6) {
            0 => Op::Unary {
                op: Unary::Rev,
                rd,
                rm,
            },
            1 => Op::Unary {
                op: Unary::Rev16,
                rd,
                rm,
            },
            3 => Op::Unary {
                op: Unary::Revsh,
                rd,
                rm,
            },
            _ => Op::Undefined,
        },
        0b1100 | 0b1101 => {
            let list = (field(e, 7, 0) | field(e, 8, 8) << 15) as u16;
            block_of(
                e,
                list,
                Op::LoadMultiple {
                    rn: 13,
                    writeback: true,
                    before: false,
                    list,
                },
            )
        }
        0b1110 => Op::Breakpoint {
            imm: field(e, 7, 0) as u8,
        },
        0b1111 => hint(e),
        _ => Op::Undefined,
    }
}

/// `op`, unless its register list is empty.
fn block_of(e: u32, list: u16, op: Op) -> Op {
    if list == 0 {
        Op::Unpredictable { encoding: e }
    } else {
        op
    }
}

fn hint(e: u32) -> Op {
    if field(e, 3, 0) != 0 {
        let cond = field(e, 7, 4);
        let lone = field(e, 3, 0).count_ones() == 1;
        if cond == 15 || cond == 14 && !lone {
            return Op::Unpredictable { encoding: e };
        }
        return Op::IfThen {
            firstcond_mask: field(e, 7, 0) as u8,
        };
    }
    match field(e, 7, 4) {
        2 => Op::WaitForEvent,
        3 => Op::WaitForInterrupt,
        4 => Op::SendEvent,
        _ => Op::Nop,
    }
}

fn multiple(e: u32, load: bool) -> Op {
    let (rn, list) = (low(e, 8), field(e, 7, 0) as u16);
    let listed = list & 1 << rn != 0;
    let op = if load {
        Op::LoadMultiple {
            rn,
            writeback: !listed,
            before: false,
            list,
        }
    } else if listed && list & ((1 << rn) - 1) != 0 {
        // The value stored for a base that is not the lowest register is UNKNOWN.
        Op::Unpredictable { encoding: e }
    } else {
        Op::StoreMultiple {
            rn,
            writeback: true,
            before: false,
            list,
        }
    };
    block_of(e, list, op)
}

fn conditional(address: u32, e: u32) -> Op {
    match field(e, 11, 8) {
        14 => Op::Undefined,
        15 => Op::Supervisor {
            imm: field(e, 7, 0) as u8,
        },
        cond => Op::BranchIf {
            cond: Cond::from_bits(cond),
            target: address
                .wrapping_add(4)
                .wrapping_add(sign_extend(field(e, 7, 0) << 1, 9)),
        },
    }
}
