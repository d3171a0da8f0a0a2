//! Branches and system instructions.

use super::super::{bad, field, flag, reg, sign_extend};
use super::unpredictable;
use crate::core::{
    insn::{Cond, Op},
    model::Isa,
};

pub(super) fn branch_or_system(isa: Isa, address: u32, e: u32) -> Op {
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
        (false, false) => system(isa, e),
    }
}

fn system(isa: Isa, e: u32) -> Op {
    let special = e as u8;
    // Each has bits that should be zero, or one; an instruction in which they are not is
    // UNPREDICTABLE (A5.1.2).
    let as_it_should = |mask: u32, value: u32| e & mask == value;
    match field(e, 26, 20) {
        0b011_1000 | 0b011_1001 => {
            let (rn, mask) = (reg(e, 16), field(e, 11, 10) as u8);
            let odd_mask = match (isa.thumb2, isa.dsp) {
                (false, _) => mask != 2,
                // Only APSR has parts that are written one by one (B5.2.3).
                (true, true) => mask == 0 || mask != 2 && special > 3,
                // There are no GE bits to write.
                (true, false) => mask != 2,
            };
            let should = as_it_should(0x0010_2300, 0);
            if bad(rn) || odd_mask || !should || !is_special(isa, special) {
                unpredictable(e)
            } else {
                Op::WriteSpecial { rn, mask, special }
            }
        }
        0b011_1010 if !isa.thumb2 || field(e, 10, 8) != 0 => Op::Undefined,
        0b011_1010 if !as_it_should(0x000f_2800, 0x000f_0000) => unpredictable(e),
        0b011_1010 => match field(e, 7, 0) {
            2 => Op::WaitForEvent,
            3 => Op::WaitForInterrupt,
            4 => Op::SendEvent,
            _ => Op::Nop,
        },
        0b011_1011 => {
            let (op, low) = match field(e, 7, 4) {
                2 if isa.thumb2 => (Op::ClearExclusive, 15),
                4 => (Op::DataSyncBarrier, 0),
                5 => (Op::DataMemoryBarrier, 0),
                6 => (Op::InstructionSyncBarrier, 0),
                _ => return Op::Undefined,
            };
            if as_it_should(0x000f_2f00 | low, 0x000f_0f00 | low) {
                op
            } else {
                unpredictable(e)
            }
        }
        0b011_1110 | 0b011_1111 => {
            let rd = reg(e, 8);
            let should = as_it_should(0x001f_2000, 0x000f_0000);
            if bad(rd) || !should || !is_special(isa, special) {
                unpredictable(e)
            } else {
                Op::ReadSpecial { rd, special }
            }
        }
        _ => Op::Undefined,
    }
}

/// Whether there is a special register of this number (B5.2.2; DDI 0419, B4.2.2).
fn is_special(isa: Isa, special: u8) -> bool {
    match special {
        0..=3 | 5..=9 | 16 | 20 => true,
        17..=19 => isa.thumb2,
        _ => false,
    }
}
