//! Micro-kernels with the cycles that were measured and published.

use super::Pipeline;
use crate::core::{
    block::{BlockTiming, PipelineState},
    decode::decode,
    insn::Insn,
    model::{Fpu, Isa},
};

const AT: u32 = 0x0800_0000;

const ISA: Isa = Isa {
    thumb2: true,
    dsp: true,
    fpu: Some(Fpu::Fpv5Sp),
};

/// `code`, so many times one after the other.
fn insns(at: u32, code: &[u16], times: usize) -> Vec<Insn> {
    let mut insns = Vec::new();
    let mut at = at;
    for _ in 0..times {
        let mut rest = code;
        while let [first, behind @ ..] = rest {
            let second = behind.first().copied().unwrap_or(0);
            let insn = decode(ISA, at, 0, *first, second);
            at += 2 * u32::from(insn.halfwords);
            rest = &rest[usize::from(insn.halfwords)..];
            insns.push(insn);
        }
    }
    insns
}

/// Cycles of `code`, repeated eight times, per repetition, if it goes on behind itself.
fn check(what: &str, code: &[u16], expected: f64) {
    let insns = insns(AT, code, 8);
    let mut pipeline = Pipeline::default();
    let timing = pipeline.time_block(AT, &insns, PipelineState::BRANCHED);
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
        let before = pipeline.causes_before(&insns, PipelineState::BRANCHED, index);
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

/// Two blocks, the second entered by the branch that ends the first. Cycles of the second.
fn check_carry(what: &str, first: &[u16], second: &[u16], expected: u32) {
    let mut pipeline = Pipeline::default();
    let first = pipeline.time_block(AT, &insns(AT, first, 1), PipelineState::BRANCHED);
    let code = insns(AT, second, 1);
    let entry = first.taken.state;
    let timing: BlockTiming = pipeline.time_block(AT, &code, entry);
    assert_eq!(timing.taken.cycles, expected, "{what}");
    assert_eq!(timing.causes.taken.total(), i64::from(expected), "{what}");
    for (index, &start) in timing.start.iter().enumerate() {
        let before = pipeline.causes_before(&code, entry, index);
        assert_eq!(before.total(), i64::from(start), "{what}, {index}");
    }
}

#[test]
fn the_next_block_waits_for_results() {
    // ldr r0, [r4]; b: a word is there for the late ALU in the next cycle, for an address one later
    check_carry("a word", &[0x6820, 0xe7fe], &[0x4050], 1);
    check_carry("an address", &[0x6820, 0xe7fe], &[0x6801], 2);
    check_carry("another address", &[0x6820, 0xe7fe], &[0x6811], 1);
    // ldrb r0, [r4]; b
    check_carry("a byte", &[0x7820, 0xe7fe], &[0x4050], 2);
    check_carry("a byte's address", &[0x7820, 0xe7fe], &[0x6801], 3);
    // … and a NOP and an addition between them, which take a cycle
    check_carry(
        "a byte's address, later",
        &[0x7820, 0xe7fe],
        &[0x3101, 0xbf00, 0x6802],
        3,
    );
    // mul r0, r4, r5; b; eors r0, r2
    check_carry("a product", &[0xfb04, 0xf005, 0xe7fe], &[0x4050], 2);
    // vadd.f32 s0, s1, s2; b; vadd.f32 s0, s0, s1
    check_carry("a sum", &[0xee30, 0x0a81, 0xe7fe], &[0xee30, 0x0a20], 3);
    // vfma.f32 s0, s1, s2; b; vmul.f32 s3, s0, s1
    check_carry(
        "a fused sum",
        &[0xeea0, 0x0a81, 0xe7fe],
        &[0xee60, 0x1a20],
        5,
    );
}

#[test]
fn what_the_predictor_is_told() {
    for (what, code, expected, penalty) in [
        ("b", &[0xe000][..], true, 8),
        ("bl", &[0xf000, 0xf800], true, 8),
        ("bne, back", &[0xd1fd], true, 8),
        ("beq, forward", &[0xd002], false, 8),
        ("cbz, forward", &[0xb100], false, 8),
        ("bx lr", &[0x4770], false, 8),
        ("pop {pc}", &[0xbd00], false, 8),
        // subs r0, #1; bne
        ("flags set just before", &[0x3801, 0xd1fd], true, 8),
        // subs r0, #1; ldr r1, [r4] four times; bne
        (
            "flags set three cycles before",
            &[0x3801, 0x6821, 0x6821, 0x6821, 0x6821, 0xd1f9],
            true,
            6,
        ),
    ] {
        let code = insns(AT, code, 1);
        let timing = Pipeline::default().time_block(AT, &code, PipelineState::BRANCHED);
        let branch = timing.branch.expect(what);
        assert_eq!(
            (branch.expected, branch.penalty),
            (expected, penalty),
            "{what}"
        );
        let last = code.last().map_or(0, |insn| 2 * u32::from(insn.halfwords));
        let end = code
            .iter()
            .map(|insn| 2 * u32::from(insn.halfwords))
            .sum::<u32>();
        assert_eq!(branch.address, AT + end - last, "{what}");
    }
    // adds r0, #1
    let timing =
        Pipeline::default().time_block(AT, &insns(AT, &[0x3001], 1), PipelineState::BRANCHED);
    assert_eq!(timing.branch, None);
}
