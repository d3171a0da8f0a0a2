//! Micro-kernels whose cycles are the manual's sums.

use super::{multiply_extra, pipeline};
use crate::core::{block::PipelineState, decode::decode, insn::LongMul, model::Isa};

const AT: u32 = 0x0800_0000;

const ISA: Isa = Isa {
    thumb2: true,
    dsp: false,
    fpu: None,
};

/// Cycles of `code` if it falls through, and if its last instruction branches.
fn check(what: &str, code: &[u16], fall: u32, taken: u32) {
    let mut insns = Vec::new();
    let mut at = AT;
    let mut rest = code;
    while let [first, behind @ ..] = rest {
        let insn = decode(ISA, at, 0, *first, behind.first().copied().unwrap_or(0));
        at += 2 * u32::from(insn.halfwords);
        rest = &rest[usize::from(insn.halfwords)..];
        insns.push(insn);
    }
    let timing = pipeline().time_block(AT, &insns, PipelineState::BRANCHED);
    assert_eq!(timing.fall.cycles, fall, "{what}");
    assert_eq!(timing.taken.cycles, taken, "{what}, taken");
    assert_eq!(timing.causes.fall.total(), i64::from(fall), "{what}");
    assert_eq!(timing.causes.taken.total(), i64::from(taken), "{what}");
}

/// What does not branch takes the same either way. NOPs in front fill the fetch queue.
fn check_flat(what: &str, code: &[u16], cycles: u32) {
    let code = [&[0xbf00, 0xbf00], code, &[0xbf00]].concat();
    check(what, &code, cycles + 3, cycles + 3);
}

#[test]
fn instructions_take_what_the_table_says() {
    check_flat("adds r0, #1", &[0x3001], 1);
    check_flat("muls r0, r1", &[0x4348], 1);
    check_flat("mla r0, r1, r2, r3", &[0xfb01, 0x3002], 2);
    check_flat("mls r0, r1, r2, r3", &[0xfb01, 0x3012], 2);
    check_flat("umull r0, r1, r2, r3", &[0xfba2, 0x0103], 3);
    check_flat("smull r0, r1, r2, r3", &[0xfb82, 0x0103], 3);
    check_flat("umlal r0, r1, r2, r3", &[0xfbe2, 0x0103], 4);
    check_flat("smlal r0, r1, r2, r3", &[0xfbc2, 0x0103], 4);
    check_flat("udiv r0, r1, r2", &[0xfbb1, 0xf0f2], 2);
    check_flat("str r0, [r4]", &[0x6020], 1);
    check_flat("ldmia r4, {r0-r3}", &[0xe894, 0x000f], 5);
}

#[test]
fn loads_pipeline_unless_they_write_their_base_back() {
    // ldr r0, [r4]
    check_flat("a load", &[0x6820], 2);
    // ldr r0, [r4]; ldr r1, [r4, #4]; ldr r2, [r4, #8]
    check_flat("three loads", &[0x6820, 0x6861, 0x68a2], 4);
    // ldr r0, [r4], #4; ldr r1, [r5]
    check_flat("the first may", &[0xf854, 0x0b04, 0x6829], 3);
    // ldr r1, [r5]; ldr r0, [r4], #4
    check_flat("the second may not", &[0x6829, 0xf854, 0x0b04], 4);
}

#[test]
fn branches_refill_the_pipeline() {
    check("b", &[0xe7fe], 1, 2);
    check("bne", &[0xd1fe], 1, 2);
    check("bx lr", &[0x4770], 1, 3);
    check("pop {r4, pc}", &[0xbd10], 1, 1 + 2 + 3);
    check("tbb [r0, r1]", &[0xe8d0, 0xf001], 1, 2 + 3);
}

#[test]
fn long_multiplications_end_early() {
    use LongMul::{Smlal, Smull, Umlal, Umull};
    for (op, n, m, extra) in [
        (Umull, 0xffff, 0xffff, 0),
        (Umull, 0x1_0000, 1, 1),
        (Umull, u32::MAX, u32::MAX, 2),
        (Smull, u32::MAX, u32::MAX, 0),
        (Smull, 0x8000, 1, 1),
        (Umlal, 1, 1, 0),
        (Umlal, u32::MAX, u32::MAX, 3),
        (Smlal, 1 << 31, 2, 1),
    ] {
        assert_eq!(multiply_extra(op, n, m), extra, "{op:?} {n:#x} {m:#x}");
    }
}
