//! The 32-bit encodings outside the coprocessor space. `e` has the first halfword on top.

mod data;
mod memory;
mod multiply;
mod system;

use self::{
    data::{modified_immediate, plain_immediate, register, shifted_register},
    memory::{dual_exclusive_table, load, multiple, store},
    multiply::{multiply, multiply_long},
    system::branch_or_system,
};
use super::{field, flag, float};
use crate::core::{insn::Op, model::Isa};

pub(super) fn decode(isa: Isa, address: u32, e: u32) -> Op {
    match field(e, 28, 25) {
        0b1000..=0b1011 if flag(e, 15) => branch_or_system(isa, address, e),
        _ if !isa.thumb2 => Op::Undefined,
        0b0100 if flag(e, 22) => dual_exclusive_table(address, e),
        0b0100 => multiple(e),
        0b0101 => shifted_register(e),
        0b0110 | 0b0111 | 0b1110 | 0b1111 => float::decode(isa.fpu, address, e),
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
