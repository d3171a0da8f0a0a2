//! Loads, stores and table branches.

use super::super::{bad, field, flag, literal_base, reg};
use super::unpredictable;
use crate::core::insn::{Index, Op, Width};

pub(super) fn multiple(e: u32) -> Op {
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

pub(super) fn dual_exclusive_table(address: u32, e: u32) -> Op {
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

pub(super) fn store(e: u32) -> Op {
    let (rn, rt) = (reg(e, 16), reg(e, 12));
    let width = match field(e, 22, 21) {
        0 => Width::Byte,
        1 => Width::Half,
        2 => Width::Word,
        _ => return Op::Undefined,
    };
    if rn == 15 || has_no_form(e) {
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
            // STRT and the narrow forms.
            None if flag(e, 10) && bad(rt) => unpredictable(e),
            None if flag(e, 10) => Op::StoreUnprivileged {
                width,
                rt,
                rn,
                imm: field(e, 7, 0) as u8,
            },
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

/// Whether the second halfword is of none of the forms: 12 or 8 bits of offset, or a register.
fn has_no_form(e: u32) -> bool {
    !flag(e, 23)
        && if flag(e, 11) {
            !flag(e, 10) && !flag(e, 8)
        } else {
            field(e, 10, 6) != 0
        }
}

/// The 8-bit immediate forms; `None`: the unprivileged ones (P and U set, W clear) and
/// undefined ones (P clear).
fn immediate8(e: u32) -> Option<(Index, i32)> {
    let (p, u, w) = (flag(e, 10), flag(e, 9), flag(e, 8));
    let imm = field(e, 7, 0) as i32;
    match (p, u, w) {
        (true, true, false) | (false, _, false) => None,
        _ => Some((index(p, w), if u { imm } else { -imm })),
    }
}

pub(super) fn load(address: u32, e: u32) -> Op {
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
    if rn != 15 && has_no_form(e) {
        return Op::Undefined;
    }
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
            // LDRT and the narrow forms; none of them is a hint.
            None if flag(e, 10) && bad(rt) => unpredictable(e),
            None if flag(e, 10) => Op::LoadUnprivileged {
                width,
                rt,
                rn,
                imm: field(e, 7, 0) as u8,
            },
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
