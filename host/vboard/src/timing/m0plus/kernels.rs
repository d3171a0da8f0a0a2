//! Micro-kernels whose cycles follow from the manual's table: golden tables.

use super::{Pipeline, pipeline::WITHIN_WORD};
use crate::core::{
    block::{BlockTiming, Fetch, PipelineState},
    decode::decode,
    insn::Insn,
    model::Isa,
};

/// An aligned address in flash.
const AT: u32 = 0x0800_0000;

const ARMV6M: Isa = Isa {
    thumb2: false,
    dsp: false,
    fpu: None,
};

const NOP: u16 = 0xBF00;
const ADDS: u16 = 0x3001; // adds r0, #1
const LDR: u16 = 0x6808; // ldr r0, [r1]
const BNE_BACK: u16 = 0xD1FD; // bne, to two instructions before
const BL: [u16; 2] = [0xF000, 0xF801];

/// The instructions that `code` at `address` is.
fn decoded(address: u32, code: &[u16]) -> Vec<Insn> {
    let mut insns = Vec::new();
    let mut rest = code;
    let mut at = address;
    while let [first, behind @ ..] = rest {
        let second = behind.first().copied().unwrap_or(NOP);
        let insn = decode(ARMV6M, at, 0, *first, second);
        at += 2 * u32::from(insn.halfwords);
        rest = &rest[usize::from(insn.halfwords)..];
        insns.push(insn);
    }
    insns
}

fn time(address: u32, code: &[u16]) -> BlockTiming {
    Pipeline.time_block(address, &decoded(address, code), PipelineState::BRANCHED)
}

/// Cycles of `code` if it goes on behind itself, and if its end branches.
fn check(what: &str, code: &[u16], fall: u32, taken: u32) {
    for address in [AT, AT + 2] {
        let timing = time(address, code);
        assert_eq!(timing.fall.cycles, fall, "{what}");
        assert_eq!(timing.taken.cycles, taken, "{what}, taken");
        for (index, &start) in timing.start.iter().enumerate() {
            let before = Pipeline.causes_before(&decoded(address, code), index);
            assert_eq!(before.total(), i64::from(start), "{what}, {index}");
        }
        let causes = [timing.causes.fall.total(), timing.causes.taken.total()];
        assert_eq!(causes, [fall.into(), taken.into()], "{what}, causes");
    }
}

fn check_straight(what: &str, code: &[u16], cycles: u32) {
    check(what, code, cycles, cycles);
}

#[test]
fn one_cycle() {
    for code in [
        NOP, ADDS, 0x4348, // muls r0, r1
        0x0040, // lsls r0, r0, #1
        0xB240, // sxtb r0, r0
        0xBA00, // rev r0, r0
        0x4680, // mov r8, r0
        0xA001, // adr r0, .+8
        0xB082, // sub sp, #8
        0x4288, // cmp r0, r1
        0xB672, // cpsid i
        0xBF40, // sev
        0xBF10, // yield
    ] {
        check_straight(&format!("{code:#06x}"), &[code], 1);
    }
    check_straight("they do not wait for each other", &[ADDS; 20], 20);
}

#[test]
fn loads_and_stores() {
    for code in [
        LDR, 0x6008, // str r0, [r1]
        0x4800, // ldr r0, [pc]
        0x5688, // ldrsb r0, [r1, r2]
        0x9801, // ldr r0, [sp, #4]
        0x8008, // strh r0, [r1]
    ] {
        check_straight(&format!("{code:#06x}"), &[code], 2);
    }
    check_straight("loads do not pipeline", &[LDR; 5], 10);
    check_straight("nor do their results wait", &[LDR, ADDS], 3);
    for n in 1..=8u32 {
        let list = (1u16 << n) - 1;
        check_straight("ldmia r0!", &[0xC800 | list], 1 + n);
        check_straight("stmia r0!", &[0xC000 | list], 1 + n);
        check_straight("push", &[0xB400 | list], 1 + n);
        check_straight("push with lr", &[0xB500 | list], 2 + n);
        check_straight("pop", &[0xBC00 | list], 1 + n);
        check_straight("pop with pc", &[0xBD00 | list], 4 + n);
    }
}

#[test]
fn branches() {
    check("b<cond>", &[BNE_BACK], 1, 2);
    check_straight("b", &[0xE000], 2);
    check_straight("bl", &BL, 3);
    check_straight("bx lr", &[0x4770], 2);
    check_straight("blx r3", &[0x4798], 2);
    check_straight("mov pc, r0", &[0x4687], 2);
    check_straight("add pc, r0", &[0x4487], 2);
}

/// The loop SUBS; BNE takes 3 cycles a round, which delay loops for this core rely on.
#[test]
fn delay_loop() {
    check("subs; bne", &[0x3801, BNE_BACK], 2, 3);
}

#[test]
fn system_instructions() {
    check_straight("mrs r0, primask", &[0xF3EF, 0x8010], 3);
    check_straight("msr primask, r0", &[0xF380, 0x8810], 3);
    check_straight("dmb", &[0xF3BF, 0x8F5F], 3);
    check_straight("dsb", &[0xF3BF, 0x8F4F], 3);
    check_straight("isb", &[0xF3BF, 0x8F6F], 3);
    check_straight("wfi", &[0xBF30], 2);
    check_straight("wfe", &[0xBF20], 2);
}

/// `[i]` of what is expected is the cycle at which word `i` is needed.
fn check_fetches(address: u32, entry: PipelineState, code: &[u16], queued: bool, needs: &[u16]) {
    let timing = Pipeline.time_block(address, &decoded(address, code), entry);
    let expected: Vec<_> = needs
        .iter()
        .enumerate()
        .map(|(i, &need)| Fetch {
            ready: need,
            need,
            queued: queued && i == 0,
        })
        .collect();
    assert_eq!(*timing.fetches, *expected, "{code:x?}");
}

#[test]
fn words_are_fetched_as_they_are_needed() {
    use PipelineState as State;
    check_fetches(AT, State::BRANCHED, &[ADDS; 5], false, &[0, 2, 4]);
    check_fetches(AT + 2, State::BRANCHED, &[ADDS; 4], false, &[0, 1, 3]);
    check_fetches(AT + 2, WITHIN_WORD, &[ADDS; 4], true, &[0, 1, 3]);
    check_fetches(AT, State::BRANCHED, &[LDR, LDR, ADDS], false, &[0, 4]);
    check_fetches(AT, State::BRANCHED, &[ADDS, BL[0], BL[1]], false, &[0, 1]);
}

#[test]
fn half_a_word_is_left_to_the_next_block() {
    let leaves = |code: &[u16]| time(AT, code).fall.state;
    assert_eq!(leaves(&[ADDS, BNE_BACK]), PipelineState::BRANCHED);
    assert_eq!(leaves(&[ADDS, ADDS, BNE_BACK]), WITHIN_WORD);
    let isb = [ADDS, 0xF3BF, 0x8F6F];
    assert_eq!(leaves(&isb), PipelineState::BRANCHED, "fetched anew");
    assert_eq!(
        time(AT, &[ADDS, ADDS, BNE_BACK]).taken.state,
        PipelineState::BRANCHED
    );
}

#[test]
fn exceptions() {
    assert_eq!(Pipeline.exception_entry(false), 15);
    assert_eq!(Pipeline.exception_entry(true), 7);
    assert_eq!(Pipeline.exception_return(), 11);
}
