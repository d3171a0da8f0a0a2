//! From halfwords to [`Insn`].
//!
//! Encodings are those of the Armv7-M Architecture Reference Manual (DDI 0403), chapters
//! A5 to A7. Encodings that it calls UNPREDICTABLE become [`Op::Unpredictable`]: they stop
//! the machine if they are ever executed. Those with a bit in parentheses that is not as it should be
//! (A5.1.2) are among them.

mod float;
mod narrow;
mod subset;
mod verdict;
#[cfg(test)]
mod verdicts;
mod wide;

pub use verdict::{Verdict, verdict};

use super::{
    insn::{Cond, FpBinary, FpConvert, FpRounding, Insn, Op},
    model::Isa,
};

/// Whether `first` is the first halfword of a 32-bit instruction.
pub(crate) fn is_wide(first: u16) -> bool {
    first >> 11 >= 0b11101
}

/// Decodes the instruction at `address` whose halfwords are `first` and, if it is wide,
/// `second`, in IT state `it`, by a core that has `isa`.
pub(crate) fn decode(isa: Isa, address: u32, it: u8, first: u16, second: u16) -> Insn {
    let in_it = it & 0xf != 0;
    let wide = is_wide(first);
    let encoding = if wide {
        u32::from(first) << 16 | u32::from(second)
    } else {
        u32::from(first)
    };
    let op = if wide {
        wide::decode(isa, address, encoding)
    } else {
        narrow::decode(address, encoding, !in_it)
    };
    let mut op = subset::restrict(isa, op, wide, encoding);
    // MOV (register) T2, a shift by nothing, sets flags or is UNPREDICTABLE (A7.7.77).
    let sets_flags = !wide && first >> 6 == 0;
    if in_it && (sets_flags || !allowed_in_it(&op, it)) {
        op = Op::Unpredictable { encoding };
    }
    // BKPT is unconditional even in an IT block.
    let cond = if in_it && !matches!(op, Op::Breakpoint { .. } | Op::Unpredictable { .. }) {
        Cond::from_bits(u32::from(it >> 4))
    } else {
        Cond::Always
    };
    Insn {
        op,
        cond,
        halfwords: 1 + u8::from(wide),
        it: if in_it { it } else { 0 },
    }
}

/// EPSR.IT after an instruction that executed in IT state `it`.
pub(crate) fn advance_it(it: u8) -> u8 {
    if it & 7 == 0 {
        0
    } else {
        it & 0xe0 | it << 1 & 0x1f
    }
}

/// Branches may only end an IT block; some instructions may not be in one at all.
fn allowed_in_it(op: &Op, it: u8) -> bool {
    match op {
        Op::IfThen { .. }
        | Op::BranchIf { .. }
        | Op::CompareBranch { .. }
        | Op::ChangeState { .. }
        | Op::FpSelect { .. }
        | Op::FpBinary {
            op: FpBinary::MaxNum | FpBinary::MinNum,
            ..
        }
        | Op::FpRound {
            how: FpRounding::Directed(_),
            ..
        }
        | Op::FpConvert {
            op: FpConvert::ToIntDirected(..),
            ..
        } => false,
        _ => it & 7 == 0 || !op.writes_pc(),
    }
}

/// Bits `hi` down to `lo` of `value`.
fn field(value: u32, hi: u32, lo: u32) -> u32 {
    value >> lo & ((1 << (hi - lo + 1)) - 1)
}

/// Bits `lo` to `lo + 3` of `value`, as a register.
fn reg(value: u32, lo: u32) -> u8 {
    (value >> lo & 15) as u8
}

/// Bit `n` of `value`.
fn flag(value: u32, n: u32) -> bool {
    value >> n & 1 != 0
}

/// The low `bits` of `value` as a signed number.
fn sign_extend(value: u32, bits: u32) -> u32 {
    ((value << (32 - bits)) as i32 >> (32 - bits)) as u32
}

/// The PC as an instruction at `address` reads it for a literal.
fn literal_base(address: u32) -> u32 {
    address.wrapping_add(4) & !3
}

/// SP and PC may not be used as general operands of wide instructions.
fn bad(r: u8) -> bool {
    r == 13 || r == 15
}
