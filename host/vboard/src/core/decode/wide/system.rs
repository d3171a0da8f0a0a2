//! Branches and system instructions.

use super::super::{bad, field, flag, reg, sign_extend};
use super::unpredictable;
use crate::core::insn::{Cond, Op};

pub(super) fn branch_or_system(address: u32, e: u32) -> Op {
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
            // Only APSR has parts that are written one by one (B5.2.3).
            let odd_mask = mask == 0 || mask != 2 && special > 3;
            if bad(rn) || odd_mask || field(e, 13, 12) != 0 || field(e, 9, 8) != 0 {
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
