//! What Armv6-M does otherwise than Armv7-M.

use onchip_vboard::{
    core::model::{Core, Model},
    machine::{DebugError, Machine, Stop},
    memory::Size,
};

use crate::common::{
    BRANCH_HERE, FLASH, PROGRAM, RAM, STACK, boot_on, handler_of, read, register, resume, run_for,
    set_register, write,
};

/// As an STM32G0 has it.
const CORTEX_M0_PLUS: Core = Core {
    model: Model::CortexM0Plus,
    cpuid: 0x410c_c601,
    interrupts: 32,
    priority_bits: 2,
    bit_band: false,
    fpu: None,
    mpu_regions: 8,
    vectors: 0,
    io_port: None,
};

const CCR: u32 = 0xe000_ed14;
const CFSR: u32 = 0xe000_ed28;
const AIRCR: u32 = 0xe000_ed0c;
const VTOR: u32 = 0xe000_ed08;
const SHPR3: u32 = 0xe000_ed20;
const CPACR: u32 = 0xe000_ed88;
const NVIC_IPR: u32 = 0xe000_e400;
const XPSR: u32 = 16;
const PRIMASK: u32 = 20;

fn boot(program: &[u16]) -> Machine {
    boot_on(CORTEX_M0_PLUS, program, &[])
}

/// `program` with this in R1 ends in the handler of HardFault, its first instruction being
/// the one that faulted.
fn check_hard_fault(program: &[u16], r1: u32) {
    let mut m = boot(program);
    set_register(&mut m, 1, r1);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 15), handler_of(3), "{program:x?}");
    assert_eq!(register(&mut m, XPSR) & 0x1ff, 3);
    assert_eq!(register(&mut m, 13), STACK - 32);
    assert_eq!(read(&mut m, STACK - 8), PROGRAM, "the stacked PC");
}

#[test]
fn every_fault_is_a_hard_fault() {
    // udf #0
    check_hard_fault(&[0xde00], 0);
    // ldr r0, [r1], never unaligned; ldrh; str; ldm r1, {r0}
    check_hard_fault(&[0x6808], RAM + 2);
    check_hard_fault(&[0x8808], RAM + 1);
    check_hard_fault(&[0x6008], RAM + 1);
    check_hard_fault(&[0xc901], RAM + 2);
    // ldr r0, [r1] and str r0, [r1] of nothing; no write buffer makes this one imprecise
    check_hard_fault(&[0x6808], 0x3000_0000);
    check_hard_fault(&[0x6008], 0x3000_0000);
}

#[test]
fn instructions_of_armv7m_are_undefined() {
    let wide: [(u16, u16); 8] = [
        // udiv, add.w, ldr.w, b.w, mla, ldrex, vmov s0, r1, dbg
        (0xfbb1, 0xf0f2),
        (0xf100, 0x0001),
        (0xf8d1, 0x0000),
        (0xf000, 0xb800),
        (0xfb01, 0x2203),
        (0xe851, 0x0f00),
        (0xee00, 0x1a10),
        (0xf3af, 0x80f0),
    ];
    for (first, second) in wide {
        check_hard_fault(&[first, second], RAM);
    }
    // cbz r1, +4; it eq
    check_hard_fault(&[0xb101], 0);
    check_hard_fault(&[0xbf08], 0);
}

#[test]
fn the_wide_instructions_that_it_has() {
    // bl +4; dmb; dsb; isb; mrs r0, PRIMASK; msr PRIMASK, r0; b .
    let code = [
        0xf000,
        0xf800,
        0xf3bf,
        0x8f5f,
        0xf3bf,
        0x8f4f,
        0xf3bf,
        0x8f6f,
        0xf3ef,
        0x8010,
        0xf380,
        0x8810,
        BRANCH_HERE,
    ];
    let mut m = boot(&code);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 15), PROGRAM + 24);
    assert_eq!(register(&mut m, 14), PROGRAM + 5);
}

#[test]
fn there_are_no_masks_but_primask() {
    for code in [
        // cpsid f; mrs r0, BASEPRI; msr FAULTMASK, r0; msr APSR_g, r0
        [0xb671, BRANCH_HERE],
        [0xf3ef, 0x8011],
        [0xf380, 0x8813],
        [0xf380, 0x8400],
    ] {
        let mut m = boot(&code);
        assert_eq!(resume(&mut m, 100), Stop::Error, "{code:x?}");
    }
    let mut m = boot(&[BRANCH_HERE]);
    set_register(&mut m, PRIMASK, 0xff_ff_01);
    assert_eq!(register(&mut m, PRIMASK), 1);
}

#[test]
fn there_are_neither_q_nor_ge_nor_it() {
    let mut m = boot(&[BRANCH_HERE]);
    set_register(&mut m, XPSR, u32::MAX);
    assert_eq!(register(&mut m, XPSR), 0xf100_0000);
}

#[test]
fn registers_of_the_system_control_space() {
    let mut m = boot(&[BRANCH_HERE]);
    // What there is, as far as it is.
    for (address, written, kept) in [
        (CCR, 0, 0x208),
        (VTOR, u32::MAX, 0xffff_ff00),
        (AIRCR, 0x05fa_0700, 0xfa05_0000),
        (SHPR3, u32::MAX, 0xc0c0_0000),
        (NVIC_IPR, u32::MAX, 0xc0c0_c0c0),
        // What there is not is nothing to a debugger.
        (CPACR, u32::MAX, 0),
        (CFSR, u32::MAX, 0),
    ] {
        write(&mut m, address, written);
        assert_eq!(read(&mut m, address), kept, "{address:#x}");
    }
    // A program that means something by it is told so.
    let mut m = boot(&[0x6808]);
    set_register(&mut m, 1, CFSR);
    assert_eq!(resume(&mut m, 100), Stop::Error);
    let error = m.error().expect("it has stopped").to_string();
    assert!(error.contains("Armv6-M does not have"), "{error}");
}

#[test]
fn a_debugger_finds_four_breakpoints_and_no_cycle_counter() {
    const BP_CTRL: u32 = 0xe000_2000;
    const DWT_CTRL: u32 = 0xe000_1000;
    // movs r0, #1; movs r0, #2; b .
    let mut m = boot(&[0x2001, 0x2002, BRANCH_HERE]);
    assert_eq!(read(&mut m, BP_CTRL), 0x40);
    assert_eq!(read(&mut m, DWT_CTRL), 0x2000_0000);
    write(&mut m, BP_CTRL, 3);
    // The upper halfword of the program's first word, through the alias at zero.
    write(&mut m, BP_CTRL + 8, 2 << 30 | (PROGRAM - FLASH) | 1);
    set_register(&mut m, 15, PROGRAM - FLASH);
    assert_eq!(resume(&mut m, 100), Stop::Halted);
    assert_eq!(register(&mut m, 0), 1);
    let trace = m.debug_read(0xe000_0000, Size::Word);
    assert_eq!(
        trace,
        Err(DebugError::Fault(0xe000_0000)),
        "there is no ITM"
    );
    write(&mut m, DWT_CTRL, 0x003e_0001);
    assert_eq!(read(&mut m, DWT_CTRL), 0x2000_0000);
    let counter = m.debug_read(DWT_CTRL + 8, Size::Word);
    let error = counter.expect_err("nothing counts").to_string();
    assert!(error.contains("DWT register that Armv6-M lacks"), "{error}");
}
