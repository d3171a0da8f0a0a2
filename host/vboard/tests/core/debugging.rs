//! Halting debug, as probe-rs uses it.

use onchip_vboard::chips::stm32l4r5;
use onchip_vboard::machine::Stop;

use crate::common::{
    BRANCH_HERE, DCRDR, DCRSR, DEMCR, DFSR, DHCSR, PROGRAM, RAM, RETURN, boot, boot_chip,
    handler_of, read, register, resume, run_for, set_register, step, unstarted, write,
};

const AIRCR: u32 = 0xe000_ed0c;
const NVIC_IABR0: u32 = 0xe000_e300;
const SCR: u32 = 0xe000_ed10;
const RCC_APB1ENR1: u32 = 0x4002_1058;
const FP_CTRL: u32 = 0xe000_2000;
const FP_COMP0: u32 = 0xe000_2008;

const HALTED: u32 = 1;
const BKPT: u32 = 2;
const VCATCH: u32 = 8;

/// `adds r0, #1; adds r0, #2; adds r0, #4; b .`
const COUNT: [u16; 4] = [0x3001, 0x3002, 0x3004, BRANCH_HERE];

#[test]
fn a_step_executes_one_instruction() {
    let mut m = boot(&COUNT, &[]);
    set_register(&mut m, 0, 0);
    for (pc, sum) in [(2, 1), (4, 3), (6, 7), (6, 7)] {
        write(&mut m, DFSR, 0x1f);
        assert_eq!(step(&mut m), Stop::Halted);
        assert_eq!(
            (register(&mut m, 15), register(&mut m, 0)),
            (PROGRAM + pc, sum)
        );
        assert_eq!(read(&mut m, DFSR), HALTED);
    }
}

#[test]
fn stepping_through_an_it_block_keeps_its_state() {
    // ite eq; moveq r0, #1; movne r0, #2; b .
    let mut m = boot(&[0xbf0c, 0x2001, 0x2002, BRANCH_HERE], &[]);
    set_register(&mut m, 0, 0);
    set_register(&mut m, 16, 0x0100_0000);
    for (pc, r0) in [(2, 0), (4, 0), (6, 2), (6, 2)] {
        step(&mut m);
        assert_eq!(
            (register(&mut m, 15), register(&mut m, 0)),
            (PROGRAM + pc, r0)
        );
    }
}

#[test]
fn a_step_with_interrupts_unmasked_goes_into_the_handler() {
    let mut m = boot(&COUNT, &[(16, &[RETURN])]);
    set_register(&mut m, 0, 0);
    write(&mut m, 0xe000_e100, 1);
    write(&mut m, 0xe000_e200, 1);
    step(&mut m);
    assert_eq!(register(&mut m, 15), PROGRAM + 2, "masked");
    write(&mut m, DHCSR, 0xa05f_0005);
    m.run(100);
    assert_eq!(register(&mut m, 15), handler_of(16));
    assert_eq!(register(&mut m, 0), 1);
}

#[test]
fn breakpoints_halt_before_the_instruction_and_can_be_removed() {
    let mut m = boot(&COUNT, &[]);
    run_for(&mut m, 20);
    set_register(&mut m, 0, 0);
    set_register(&mut m, 15, PROGRAM);
    // The upper halfword of the first word, after the code has been decoded.
    write(&mut m, FP_COMP0, 2 << 30 | PROGRAM & 0x1fff_fffc | 1);
    write(&mut m, FP_CTRL, 3);
    assert_eq!(read(&mut m, FP_CTRL), 0x261);
    write(&mut m, DFSR, 0x1f);
    assert_eq!(resume(&mut m, 1000), Stop::Halted);
    assert_eq!(
        (register(&mut m, 15), register(&mut m, 0)),
        (PROGRAM + 2, 1)
    );
    assert_eq!(read(&mut m, DFSR), BKPT);
    assert_eq!(resume(&mut m, 1000), Stop::Halted, "it is still there");
    write(&mut m, FP_CTRL, 2);
    run_for(&mut m, 20);
    assert_eq!(register(&mut m, 0), 7);
}

#[test]
fn a_breakpoint_instruction_halts_at_itself() {
    let mut m = boot(&[0x3001, 0xbe00, BRANCH_HERE], &[]);
    write(&mut m, DFSR, 0x1f);
    assert_eq!(resume(&mut m, 1000), Stop::Halted);
    assert_eq!(register(&mut m, 15), PROGRAM + 2);
    assert_eq!(read(&mut m, DFSR), BKPT);
}

#[test]
fn a_breakpoint_without_debugger_is_a_hard_fault() {
    let mut m = boot(&[0xbe00], &[]);
    write(&mut m, DHCSR, 0xa05f_0000);
    m.run(100);
    assert_eq!(read(&mut m, 0xe000_ed2c), 1 << 31);
}

#[test]
fn a_system_reset_can_be_caught() {
    let mut m = boot(&COUNT, &[]);
    run_for(&mut m, 50);
    write(&mut m, FP_CTRL, 3);
    write(&mut m, DEMCR, 1);
    write(&mut m, DFSR, 0x1f);
    read(&mut m, DHCSR);
    assert_eq!(read(&mut m, DHCSR) >> 25 & 1, 0);
    write(&mut m, AIRCR, 0x05fa_0004);
    assert_eq!(read(&mut m, DHCSR) >> 25 & 1, 1, "S_RESET_ST");
    assert_eq!(read(&mut m, DHCSR) >> 25 & 1, 0, "cleared by the read");
    assert!(m.is_halted());
    assert_eq!(read(&mut m, DFSR), VCATCH);
    assert_eq!(register(&mut m, 15), PROGRAM);
    assert_eq!(register(&mut m, 16) >> 24, 1);
    assert_eq!(read(&mut m, FP_CTRL), 0x260);
    assert_eq!(read(&mut m, DEMCR), 1);
}

#[test]
fn a_debugger_can_reset_the_core_alone() {
    const TIM2_ARR: u32 = 0x4000_002c;
    let mut m = boot_chip(stm32l4r5::chip(), &COUNT, &[]);
    write(&mut m, RCC_APB1ENR1, 1);
    write(&mut m, TIM2_ARR, 77);
    run_for(&mut m, 50);
    write(&mut m, SCR, 4);
    write(&mut m, DEMCR, 1);
    write(&mut m, AIRCR, 0x05fa_0001);
    assert!(m.is_halted());
    assert_eq!(register(&mut m, 15), PROGRAM);
    assert_eq!(read(&mut m, SCR), 0);
    assert_eq!(read(&mut m, TIM2_ARR), 77, "the chip goes on");
}

#[test]
fn a_debugger_can_leave_all_handlers() {
    let mut m = boot(&COUNT, &[(16, &[BRANCH_HERE])]);
    write(&mut m, 0xe000_e100, 1);
    write(&mut m, 0xe000_e200, 1);
    write(&mut m, DHCSR, 0xa05f_0001);
    m.run(100);
    write(&mut m, DHCSR, 0xa05f_0003);
    assert_eq!(register(&mut m, 16) & 0x1ff, 16);
    assert_eq!(read(&mut m, NVIC_IABR0), 1);
    write(&mut m, AIRCR, 0x05fa_0002);
    assert_eq!(register(&mut m, 16) & 0x1ff, 0);
    assert_eq!(read(&mut m, NVIC_IABR0), 0);
}

#[test]
fn a_program_cannot_reset_its_core_alone() {
    for bit in [1, 2] {
        // str r2, [r1]; b .
        let mut m = boot(&[0x600a, BRANCH_HERE], &[]);
        set_register(&mut m, 1, AIRCR);
        set_register(&mut m, 2, 0x05fa_0000 | bit);
        assert_eq!(resume(&mut m, 1000), Stop::Error);
        let error = m.error().expect("it has stopped").to_string();
        assert!(error.contains("outside Debug state"), "{error}");
    }
}

#[test]
fn a_reset_that_is_not_caught_runs() {
    let mut m = boot(&COUNT, &[]);
    write(&mut m, AIRCR, 0x05fa_0004);
    assert!(!m.is_halted());
    m.run(50);
    write(&mut m, DHCSR, 0xa05f_0003);
    assert_eq!(register(&mut m, 0), 7);
}

#[test]
fn the_program_can_reset_itself() {
    // adds r0, #1; str r2, [r1]; b .
    let mut m = boot(&[0x3001, 0x600a, BRANCH_HERE], &[]);
    set_register(&mut m, 1, AIRCR);
    set_register(&mut m, 2, 0x05fa_0004);
    write(&mut m, DEMCR, 1);
    assert_eq!(resume(&mut m, 1000), Stop::Halted);
    assert_eq!(read(&mut m, DFSR) & VCATCH, VCATCH);
    assert_eq!(register(&mut m, 0), 0);
}

#[test]
fn attaching_under_reset_catches_it_although_debug_is_enabled_last() {
    let mut m = boot(&COUNT, &[]);
    write(&mut m, DHCSR, 0xa05f_0000);
    m.run(50);
    m.set_reset_pin(true);
    assert_eq!(m.run(50), Stop::Sleep);
    write(&mut m, DEMCR, 1);
    write(&mut m, DFSR, 0x1f);
    m.set_reset_pin(false);
    write(&mut m, DHCSR, 0xa05f_0001);
    assert!(m.is_halted());
    assert_eq!(read(&mut m, DFSR), VCATCH);
    assert_eq!(register(&mut m, 15), PROGRAM);
}

#[test]
fn a_halt_asked_for_under_reset_comes_with_its_end() {
    let mut m = boot(&COUNT, &[]);
    m.set_reset_pin(true);
    write(&mut m, DHCSR, 0xa05f_0003);
    assert!(!m.is_halted());
    write(&mut m, DFSR, 0x1f);
    m.set_reset_pin(false);
    assert!(m.is_halted());
    assert_eq!(read(&mut m, DFSR), HALTED);
    assert_eq!(register(&mut m, 15), PROGRAM);
}

#[test]
fn a_hard_fault_can_be_caught() {
    let mut m = boot(&[0xde00], &[]);
    write(&mut m, DEMCR, 1 << 10);
    write(&mut m, DFSR, 0x1f);
    assert_eq!(resume(&mut m, 1000), Stop::Halted);
    assert_eq!(register(&mut m, 15), handler_of(3));
    assert_eq!(read(&mut m, DFSR), VCATCH);
}

#[test]
fn writes_without_key_are_ignored() {
    let mut m = boot(&COUNT, &[]);
    write(&mut m, DHCSR, 0x0000_0001);
    assert!(m.is_halted());
    write(&mut m, FP_CTRL, 1);
    assert_eq!(read(&mut m, FP_CTRL), 0x260);
}

#[test]
fn a_sleeping_core_says_so_until_it_is_halted() {
    // wfi; b .
    let mut m = boot(&[0xbf30, BRANCH_HERE], &[]);
    assert_eq!(resume(&mut m, 100), Stop::Sleep);
    assert_eq!(read(&mut m, DHCSR) >> 17 & 7, 2, "S_SLEEP alone");
    write(&mut m, DHCSR, 0xa05f_0003);
    assert_eq!(read(&mut m, DHCSR) >> 17 & 7, 1, "S_HALT alone");
    assert_eq!(register(&mut m, 15), PROGRAM + 2);
}

#[test]
fn registers_are_transferred_only_while_halted() {
    let mut m = boot(&COUNT, &[]);
    set_register(&mut m, 0x5f, 0x1234_5678);
    assert_eq!(register(&mut m, 0x5f), 0x1234_5678);
    set_register(&mut m, 20, 0x0001_f001);
    assert_eq!(register(&mut m, 20), 0x0001_f001);
    set_register(&mut m, 20, 0);
    resume(&mut m, 10);
    write(&mut m, DCRDR, 0x55);
    write(&mut m, DCRSR, 0);
    assert_eq!(read(&mut m, DCRDR), 0x55);
}

#[test]
fn erased_flash_locks_up() {
    let mut m = unstarted();
    m.run(100);
    assert_eq!(read(&mut m, DHCSR) >> 17 & 7, 4);
}

#[test]
fn memory_is_accessible_while_the_core_runs() {
    let mut m = boot(&COUNT, &[]);
    resume(&mut m, 50);
    write(&mut m, RAM + 8, 0x0102_0304);
    use onchip_vboard::{machine::DebugError, memory::Size};
    assert_eq!(m.debug_read(RAM + 9, Size::Byte), Ok(3));
    assert_eq!(
        m.debug_read(0x3000_0000, Size::Word),
        Err(DebugError::Fault(0x3000_0000))
    );
    assert_eq!(m.run(10), Stop::CycleLimit, "a fault does no harm");
}
