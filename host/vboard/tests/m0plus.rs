//! An STM32G0B1 runs programs that time themselves with TIM2, and programs that go wrong.

use onchip_vboard::{
    chips,
    machine::{Machine, Stop},
    memory::Size,
};

const FLASH: u32 = 0x0800_0000;
const RAM: u32 = 0x2000_0000;
const FLASH_ACR: u32 = 0x4002_2000;

/// No wait states, after reset.
const ACR_RESET: u32 = 0x0004_0600;

/// Registers of the programs.
const TIM2: u16 = 4;
const GPIO: u16 = 6;
const RESULT: u16 = 7;

const NOP: u16 = 0xBF00;
const ADDS: u16 = 0x3001; // adds r0, #1
const HERE: u16 = 0xE7FE; // b .

const fn movs(rd: u16, value: u16) -> u16 {
    0x2000 | rd << 8 | value
}

const fn lsls(rd: u16, by: u16) -> u16 {
    by << 6 | rd << 3 | rd
}

const fn ldr(rt: u16, rn: u16, offset: u16) -> u16 {
    0x6800 | (offset / 4) << 6 | rn << 3 | rt
}

const fn str(rt: u16, rn: u16, offset: u16) -> u16 {
    0x6000 | (offset / 4) << 6 | rn << 3 | rt
}

/// TIM2 and port A on, the counter running; the registers set.
const SETUP: &[u16] = &[
    movs(TIM2, 0x40),
    lsls(TIM2, 24),
    movs(GPIO, 0x50),
    lsls(GPIO, 24),
    movs(RESULT, 0x20),
    lsls(RESULT, 24),
    movs(0, 0x21),
    lsls(0, 12),
    0x1900, // adds r0, r0, r4: RCC
    movs(1, 1),
    str(1, 0, 0x3C),
    str(1, 0, 0x34),
    str(1, TIM2, 0),
    NOP,
];
/// Twice, so that the second round finds what the first has left behind.
const ROUNDS: &[u16] = &[movs(2, 2), NOP];
const START: u16 = ldr(5, TIM2, 0x24);
const END: &[u16] = &[
    ldr(3, TIM2, 0x24),
    0x1B5B, // subs r3, r3, r5
    str(3, RESULT, 0),
    0x3A01, // subs r2, #1
];

/// Runs `code` from flash with `handler` for all exceptions.
fn run(code: &[u16], handler: &[u16], acr: u32) -> Machine {
    const CODE: usize = 0x80;
    const HANDLER: usize = 0x60;
    let mut image = vec![0; CODE];
    image[..4].copy_from_slice(&(RAM + 0x1000).to_le_bytes());
    image[4..8].copy_from_slice(&(FLASH + CODE as u32 + 1).to_le_bytes());
    for vector in image[8..HANDLER].chunks_exact_mut(4) {
        vector.copy_from_slice(&(FLASH + HANDLER as u32 + 1).to_le_bytes());
    }
    let bytes = |code: &[u16]| {
        code.iter()
            .flat_map(|half| half.to_le_bytes())
            .collect::<Vec<_>>()
    };
    let handler = bytes(handler);
    image[HANDLER..HANDLER + handler.len()].copy_from_slice(&handler);
    image.extend(bytes(code));

    let chip = chips::by_name("STM32G0B1RETx").expect("the chip is there");
    let mut machine = Machine::new(chip).expect("its map is sound");
    machine.load_flash(0, &image);
    machine.set_reset_pin(true);
    machine.set_reset_pin(false);
    machine
        .debug_write(FLASH_ACR, Size::Word, acr)
        .expect("the debugger sets wait states");
    assert_eq!(machine.run(4000), Stop::CycleLimit, "{:?}", machine.error());
    machine
}

fn word(machine: &mut Machine, address: u32) -> u32 {
    machine
        .debug_read(address, Size::Word)
        .expect("it can be read")
}

/// Cycles from one read of the timer to the next one with `kernel` between them.
fn measure(kernel: &[u16], acr: u32) -> u32 {
    let round = [&[START], kernel, END].concat();
    let back = 0x100 - (round.len() as u16 + 2);
    let code = [SETUP, ROUNDS, &round, &[0xD100 | back, HERE]].concat();
    // The handler returns: bx lr.
    word(&mut run(&code, &[0x4770], acr), RAM)
}

fn check(what: &str, kernel: &[u16], cycles: u32) {
    const READ: u32 = 2;
    assert_eq!(measure(kernel, ACR_RESET), READ + cycles, "{what}");
}

#[test]
fn instructions_take_what_the_manual_says() {
    check("nothing", &[], 0);
    check("four adds", &[ADDS; 4], 4);
    check("muls r0, r1", &[0x4348], 1);
    check("ldr from RAM", &[ldr(0, RESULT, 4)], 2);
    check("str to RAM", &[str(0, RESULT, 4)], 2);
    check("literal", &[0x4800], 2);
    check("push, pop of four", &[0xB40F, 0xBC0F], 5 + 5);
    check("b over a nop", &[0xE000, NOP, NOP], 2 + 1);
    // bl f; b end; f: bx lr; end: nop
    check(
        "bl, bx lr, b",
        &[0xF000, 0xF801, 0xE000, 0x4770, NOP],
        3 + 2 + 2 + 1,
    );
    // 1: subs r0, #1; bne 1b, with r0 = 3
    check("delay loop", &[movs(0, 3), 0x3801, 0xD1FD], 1 + 3 + 3 + 2);
    check("mrs r0, primask", &[0xF3EF, 0x8010], 3);
    check("dsb", &[0xF3BF, 0x8F4F], 3);
    check("svc, bx lr", &[0xDF00], 15 + 11);
}

#[test]
fn the_io_port_takes_one_cycle() {
    check("ldr from GPIOA_IDR", &[ldr(0, GPIO, 0x10)], 1);
    check("four stores to GPIOA_BSRR", &[str(0, GPIO, 0x18); 4], 4);
    // movs r0, r6; stmia r0!, {r1}: GPIOA_MODER is left without a change.
    let multiple = [ldr(1, GPIO, 0), 0x0030, 0xC002];
    check("stm to GPIOA", &multiple, 1 + 1 + 2);
    check(
        "a store to TIM2_EGR, which is on the bus",
        &[movs(0, 0), str(0, TIM2, 0x14)],
        1 + 2,
    );
}

#[test]
fn wait_states_cost_what_the_cache_does_not_hide() {
    // 60 narrow adds between two branches to the next instruction (the waits of a block of code all pass when it is
    // entered): 15 lines of 64 bits, four cycles of work each.
    let kernel = [vec![0xE7FF], vec![ADDS; 60], vec![0xE7FF]].concat();
    let fast = measure(&kernel, ACR_RESET);
    assert_eq!(fast, 2 + 2 + 60 + 2);
    let slow = measure(&kernel, 0x0004_0602);
    assert!((fast + 15 * 2..=fast + 17 * 2).contains(&slow), "{slow}");
    let prefetched = measure(&kernel, 0x0004_0702);
    assert!((fast..=fast + 3 * 2).contains(&prefetched), "{prefetched}");
    // Two reads of tables in flash, far apart: ldr r0, [r1]; ldr r0, [r1, #64], with r1 = 0.
    let reads = [movs(1, 0), ldr(0, 1, 0), ldr(0, 1, 64)];
    let extra = measure(&reads, 0x0004_0702) - measure(&reads, ACR_RESET);
    assert_eq!(extra, 2 * 2);
}

/// The handler leaves the exception's number, and `code` never goes on.
fn check_hard_fault(what: &str, code: &[u16]) {
    let handler = [
        0xF3EF,
        0x8005,
        movs(7, 0x20),
        lsls(7, 24),
        str(0, 7, 4),
        HERE,
    ];
    let after = [movs(7, 0x20), lsls(7, 24), movs(0, 1), str(0, 7, 8), HERE];
    let mut machine = run(&[code, &after].concat(), &handler, ACR_RESET);
    assert_eq!(word(&mut machine, RAM + 4), 3, "{what}");
    assert_eq!(word(&mut machine, RAM + 8), 0, "{what}: went on");
}

#[test]
fn what_goes_wrong_is_a_hard_fault() {
    check_hard_fault("misaligned", &[movs(0, 2), ldr(0, 0, 0)]);
    check_hard_fault("nothing there", &[movs(0, 0x30), lsls(0, 24), ldr(0, 0, 0)]);
    check_hard_fault("undefined", &[0xDE00]);
    check_hard_fault("wide instruction of Armv7-M", &[0xF04F, 0x0001]);
    check_hard_fault("not Thumb", &[movs(0, 0), 0x4700]);
}
