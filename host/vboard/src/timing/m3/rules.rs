//! What the core takes for an instruction, where it is not what a Cortex-M4 takes.
//!
//! Standing: **D** — documented: Arm's *Cortex-M3 Technical Reference Manual*, DDI 0337: table 3-1 of
//! instruction cycles (revisions H and I), chapter 18 on instruction timing (revision E); **M** — measured
//! and published by *jnk0le*, `cortex_m3m4.md` (STM32F103); **4** — as in a Cortex-M4, whose table says
//! the same, with the standing that it has there; **A** — assumed, for want of a source.
//!
//! | rule | what | standing |
//! | --- | --- | --- |
//! | T1 | data processing, MUL: 1 | D |
//! | T2 | MLA, MLS: 2 | D |
//! | T3 | UMULL, SMULL: 3 to 5; UMLAL, SMLAL: 4 to 7; "depending on the size of the source values" | D |
//! | T3 | … one cycle for each operand of more than 16 significant bits, and one more to accumulate if both are | A |
//! | T4 | SDIV, UDIV: 2 to 12 | D; between the ends as the Cortex-M4's model |
//! | T5 | a load of at most a word: 2, or 1 behind it if the next is such a load, too | D, 4 |
//! | T6 | a load that writes its base back never pipelines behind another load | M |
//! | T7 | stores 1, with a register offset 2; LDM, STM, PUSH, POP, LDRD, STRD 1 + N | D, 4 |
//! | T8 | branches 1 + P, POP {.., pc} 1 + N + P, LDR pc 2 + P, P being 1 to 3 | D; P as in a Cortex-M4 |
//! | T9 | TBB, TBH: 2 + P | D |
//! | T10 | MRS, MSR, CPS: 2, the upper end of the table's 1 to 2 | D |
//! | T11 | misaligned data, exceptions, barriers, the fetch queue, the store buffer | 4 |

use crate::{
    core::insn::{Class, Insn, LongMul, Op},
    timing::m4::Step,
};

/// T2.
const MULTIPLY_ACCUMULATE: u8 = 2;
/// T3: the least that long multiplications take.
const LONG: u8 = 3;
const LONG_ACCUMULATE: u8 = 4;
/// T9, without the refill.
const TABLE_BRANCH: u8 = 2;

/// `step`, which is what a Cortex-M4 makes of `insn`, as this core has it.
pub(super) fn step(mut step: Step, insn: &Insn) -> Step {
    step.cycles = match insn.op {
        Op::Mla { .. } => MULTIPLY_ACCUMULATE,
        Op::MulLong {
            op: LongMul::Umull | LongMul::Smull,
            ..
        } => LONG,
        Op::MulLong { .. } => LONG_ACCUMULATE,
        Op::TableBranch { .. } => TABLE_BRANCH,
        _ => step.cycles,
    };
    if matches!(insn.op.class(), Class::Load { .. }) && insn.op.writeback() != 0 {
        step.pipelines = false;
    }
    step
}

/// T3: cycles of multiplying `n` by `m` beyond the least.
pub(in crate::timing) fn multiply_extra(op: LongMul, n: u32, m: u32) -> u32 {
    let is_wide = |value: u32| match op {
        LongMul::Smull | LongMul::Smlal => i16::try_from(value as i32).is_err(),
        LongMul::Umull | LongMul::Umlal | LongMul::Umaal => u16::try_from(value).is_err(),
    };
    let wide = u32::from(is_wide(n)) + u32::from(is_wide(m));
    match op {
        LongMul::Umull | LongMul::Smull => wide,
        _ => wide + wide / 2,
    }
}
