//! Micro-kernels with the cycles that were measured and published.

use super::Pipeline;
use crate::core::{
    decode::decode,
    model::{Fpu, Isa},
};

const AT: u32 = 0x0800_0000;

const ISA: Isa = Isa {
    thumb2: true,
    dsp: true,
    fpu: Some(Fpu::Fpv5Sp),
};

/// Cycles of `code`, repeated eight times, per repetition, if it goes on behind itself.
fn check(what: &str, code: &[u16], expected: f64) {
    let mut insns = Vec::new();
    let mut at = AT;
    for _ in 0..8 {
        let mut rest = code;
        while let [first, behind @ ..] = rest {
            let second = behind.first().copied().unwrap_or(0);
            let insn = decode(ISA, at, 0, *first, second);
            at += 2 * u32::from(insn.halfwords);
            rest = &rest[usize::from(insn.halfwords)..];
            insns.push(insn);
        }
    }
    let timing = Pipeline.time_block(AT, &insns);
    assert_eq!(f64::from(timing.taken.cycles) / 8.0, expected, "{what}");
    assert_eq!(
        timing.causes.fall.total(),
        i64::from(timing.fall.cycles),
        "{what}"
    );
    assert_eq!(
        timing.causes.taken.total(),
        i64::from(timing.taken.cycles),
        "{what}"
    );
    assert!(timing.start.is_sorted(), "{what}");
    for (index, &start) in timing.start.iter().enumerate() {
        let before = Pipeline.causes_before(AT, &insns, index);
        assert_eq!(before.total(), i64::from(start), "{what}, {index}");
    }
}

#[test]
fn what_issues_together() {
    // adds r0, #1; adds r1, #1
    check("independent additions", &[0x3001, 0x3101], 1.0);
    // eors r0, r1; eors r0, r2: late after late
    check("dependent logic", &[0x4048, 0x4050], 2.0);
    // ldr r0, [r4]; adds r1, #1
    check("a load and an addition", &[0x6820, 0x3101], 1.0);
    // ldr r0, [r4]; ldr r1, [r4, #4]
    check("loads from two banks", &[0x6820, 0x6861], 1.0);
    // ldr r0, [r4]; ldr r1, [r4, #8]
    check("loads from one bank", &[0x6820, 0x68a1], 2.0);
    // str r0, [r4]; str r1, [r4, #4]
    check("stores", &[0x6020, 0x6061], 2.0);
    // ldr r0, [r4]; str r1, [r5]
    check("a load and a store", &[0x6820, 0x6029], 1.0);
    // mul r0, r4, r5; mul r1, r4, r5
    check("multiplies", &[0xfb04, 0xf005, 0xfb04, 0xf105], 2.0);
    // mul r0, r4, r5; str r1, [r6]
    check("a multiply and a store", &[0xfb04, 0xf005, 0x6031], 2.0);
    // ubfx r0, r4, #1, #2; ubfx r1, r4, #1, #2
    check("bit fields", &[0xf3c4, 0x0041, 0xf3c4, 0x0141], 2.0);
    // ldm r4, {r0-r3}
    check("four words", &[0xe894, 0x000f], 2.0);
    // push {r0-r2} takes two cycles
    check("three words", &[0xb407], 2.0);
}

#[test]
fn what_waits_for_what() {
    // add r0, r1, r2; eor r3, r0, r4, with the rest of the cycle: early to late at once
    check("early to late ALU", &[0xeb01, 0x0002, 0xea80, 0x0304], 1.0);
    // smlad r0, r4, r5, r0: accumulators are passed on
    check("accumulation", &[0xfb24, 0x0005], 1.0);
    // mul r0, r0, r4: the result is multiplied again
    check("dependent multiplies", &[0xfb00, 0xf004], 15.0 / 8.0);
    // vfma.f32 s0, s1, s2: one accumulator
    check("FP accumulation", &[0xeea0, 0x0a81], 22.0 / 8.0);
    // vadd.f32 s0, s0, s1
    check("dependent FP additions", &[0xee30, 0x0a20], 22.0 / 8.0);
    // vdiv.f32 s0, s1, s2
    check("FP division", &[0xee80, 0x0a81], 16.0);
}

#[test]
fn a_loop_that_ends_is_mispredicted() {
    // subs r0, #1; bne, to the one before
    let insns = [
        decode(ISA, AT, 0, 0x3801, 0),
        decode(ISA, AT + 2, 0, 0xd1fd, 0),
    ];
    let timing = Pipeline.time_block(AT, &insns);
    assert_eq!(timing.taken.cycles, 1);
    assert_eq!(timing.fall.cycles, 9);
}
