//! Programs that time themselves with DWT's cycle counter see what the timing rules say.

use onchip_vboard::{
    chips,
    machine::{Machine, Stop},
    memory::Size,
};

const RAM: u32 = 0x2000_0000;
const RESULT: u32 = RAM + 0x100;

const FLASH_ACR: u32 = 0x4002_2000;
const CACHES: u32 = 1 << 10 | 1 << 9;
const PREFETCH: u32 = 1 << 8;

/// Reset: FPU and cycle counter on; R4 = DWT, R8 = RAM (which holds its own address),
/// R9 = where the result goes.
const SETUP: &[u16] = &[
    0xf241, 0x0400, 0xf2ce, 0x0400, // movw/movt r4, 0xe0001000
    0xf64e, 0x50fc, 0xf2ce, 0x0000, // movw/movt r0, 0xe000edfc   DEMCR
    0xf04f, 0x7180, 0x6001, // mov r1, 1 << 24; str r1, [r0]
    0x2101, 0x6021, // movs r1, #1; str r1, [r4]                   CYCCNTENA
    0xf64e, 0x5088, 0xf2ce, 0x0000, // movw/movt r0, 0xe000ed88   CPACR
    0xf44f, 0x0170, 0x6001, // mov r1, 0xf << 20; str r1, [r0]
    0xf3bf, 0x8f4f, 0xf3bf, 0x8f6f, // dsb; isb
    0xf04f, 0x5800, 0xf8c8, 0x8000, // mov r8, 0x20000000; str.w r8, [r8]
    0xf508, 0x7980, // add.w r9, r8, #0x100
    0x2702, 0xbf00, // movs r7, #2; nop
];

const ROUND: &[u16] = &[
    0x2003, 0xbf00, // movs r0, #3; nop
    0xf8d4, 0x5004, // ldr.w r5, [r4, #4]
];
const END_OF_ROUND: &[u16] = &[
    0xf8d4, 0x6004, // ldr.w r6, [r4, #4]
    0x1b76, // subs r6, r6, r5
    0xf8c9, 0x6000, // str.w r6, [r9]
    0x3f01, // subs r7, #1
];

/// Runs `kernel` between two reads of the cycle counter, twice: the second difference,
/// which includes the first read itself. `acr` is what FLASH_ACR is set to.
fn measure(kernel: &[u16], acr: u32) -> u32 {
    const { assert!(SETUP.len().is_multiple_of(2), "the kernel starts aligned") };
    let round = [ROUND, kernel, END_OF_ROUND].concat();
    let back = 0x100 - (round.len() as u16 + 2);
    let loop_end = [0xd100 | back, 0xe7fe]; // bne; b .
    let mut image = Vec::new();
    image.extend((RAM + 0x1000).to_le_bytes());
    image.extend(0x0800_0009u32.to_le_bytes());
    image.extend(
        [SETUP, &round, &loop_end]
            .concat()
            .iter()
            .flat_map(|half| half.to_le_bytes()),
    );

    let chip = chips::by_name("STM32L4R5ZITx").expect("the chip is there");
    let mut machine = Machine::new(chip).expect("its map is sound");
    machine.load_flash(0, &image);
    machine.set_reset_pin(true);
    machine.set_reset_pin(false);
    machine
        .debug_write(FLASH_ACR, Size::Word, acr)
        .expect("the debugger sets wait states");
    assert_eq!(machine.run(2000), Stop::CycleLimit, "{:?}", machine.error());
    machine
        .debug_read(RESULT, Size::Word)
        .expect("RAM can be read")
}

fn check(what: &str, kernel: &[u16], expected: u32) {
    assert_eq!(measure(kernel, CACHES), expected, "{what}");
    // Once cached, code has no wait states.
    assert_eq!(
        measure(kernel, CACHES | PREFETCH | 5),
        expected,
        "{what}, 5 wait states"
    );
}

const NOP: u16 = 0xbf00;

#[test]
fn the_two_reads_pipeline() {
    check("nothing", &[], 1);
}

#[test]
fn data_processing_takes_a_cycle() {
    check("four adds", &[0x3001; 4], 2 + 4);
    check("udiv 100 / 7", &[0x2064, 0x2107, 0xfbb0, 0xf0f1], 2 + 2 + 4);
}

#[test]
fn loads_and_stores() {
    check("ldr", &[0xf8d8, 0x0000], 1 + 1);
    check(
        "ldr r0, [r8]; ldr r1, [r0]",
        &[0xf8d8, 0x0000, 0xf8d0, 0x1000],
        1 + 3 + 1,
    );
    check("ldr across words", &[0xf8d8, 0x0002], 1 + 1 + 1);
    check("str", &[0xf8c8, 0x0010], 2 + 1 + 1);
    check("str; str", &[0xf8c8, 0x0010, 0xf8c8, 0x0010], 2 + 2 + 2);
    check("ldrt", &[0xf858, 0x0e00], 1 + 1);
    check("strt", &[0xf848, 0x0e10], 2 + 1 + 1);
    check("ldmia r8, {r0-r3}", &[0xe898, 0x000f], 2 + 5);
}

#[test]
fn branches() {
    check("b over a nop", &[0xe000, NOP, NOP], 2 + 2 + 1);
    // bl f; b end; f: bx lr; end: nop
    check(
        "bl, bx lr, b",
        &[0xf000, 0xf801, 0xe000, 0x4770, NOP],
        2 + 3 + 3 + 2 + 1,
    );
    // 1: subs r0, #1; bne 1b; nop, with r0 = 3
    check("delay loop", &[0x3801, 0xd1fd, NOP, NOP], 2 + 3 + 3 + 2 + 2);
}

#[test]
fn without_cache_and_prefetch_every_line_costs_its_wait_states() {
    // 60 narrow adds between two branches to the next instruction (the waits of a block of
    // code all pass when it is entered): 15 lines of 64 bits, four cycles of work each.
    // The array takes six cycles for each line.
    let kernel = [vec![0xe7ff], vec![0x3001; 60], vec![0xe7ff]].concat();
    let fast = measure(&kernel, 0);
    let slow = measure(&kernel, 5);
    assert_eq!(fast, 2 + 2 + 60 + 2);
    assert!((fast + 15 * 2..=fast + 18 * 5).contains(&slow), "{slow}");
}

#[test]
fn it_blocks() {
    // cmp r4, r4; it eq; addeq r0, #1; nop
    check("passes", &[0x42a4, 0xbf08, 0x3001, NOP], 2 + 4);
    // cmp r4, r4; it ne; ldmiane r8, {r0-r3}
    check("fails", &[0x42a4, 0xbf18, 0xe898, 0x000f], 2 + 2 + 1);
}

#[test]
fn floating_point() {
    // vadd.f32 s0, s1, s2; vmul.f32 s3, s0, s2
    check(
        "result used at once",
        &[0xee30, 0x0a81, 0xee60, 0x1a01],
        2 + 1 + 1 + 1,
    );
    // vdiv.f32 s0, s1, s2; vadd.f32 s3, s0, s2
    check(
        "quotient used at once",
        &[0xee80, 0x0a81, 0xee70, 0x1a01],
        2 + 15 + 1,
    );
}
