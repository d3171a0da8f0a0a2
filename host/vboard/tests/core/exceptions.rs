//! Exceptions: entry, return, priorities, faults and escalation.

use crate::common::{
    BELL, BRANCH_HERE, PROGRAM, RAM, RETURN, STACK, boot, handler_of, read, register, run_for,
    set_register, write,
};

const ICSR: u32 = 0xe000_ed04;
const CCR: u32 = 0xe000_ed14;
const SHPR2: u32 = 0xe000_ed1c;
const SHCSR: u32 = 0xe000_ed24;
const CFSR: u32 = 0xe000_ed28;
const HFSR: u32 = 0xe000_ed2c;
const BFAR: u32 = 0xe000_ed38;
const CPACR: u32 = 0xe000_ed88;
const ISER: u32 = 0xe000_e100;
const ISPR: u32 = 0xe000_e200;
const IPR: u32 = 0xe000_e400;

const FORCED: u32 = 1 << 30;
const XPSR: u32 = 16;

/// `mov r4, lr; mrs r5, ipsr; bx lr`
const WITNESS: [u16; 4] = [0x4674, 0xf3ef, 0x8505, RETURN];

#[test]
fn a_supervisor_call_stacks_and_returns() {
    // svc #1; movs r1, #7; b .
    let mut m = boot(&[0xdf01, 0x2107, BRANCH_HERE], &[(11, &WITNESS)]);
    for r in 0..4 {
        set_register(&mut m, r, 0x100 + r);
    }
    set_register(&mut m, XPSR, 0xa100_0000);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 4), 0xffff_fff9);
    assert_eq!(register(&mut m, 5), 11);
    assert_eq!(register(&mut m, 1), 7);
    assert_eq!(register(&mut m, 13), STACK);
    let frame: Vec<u32> = (0..8).map(|i| read(&mut m, STACK - 32 + 4 * i)).collect();
    assert_eq!(frame[..4], [0x100, 0x101, 0x102, 0x103]);
    assert_eq!(frame[6], PROGRAM + 2);
    assert_eq!(frame[7], 0xa100_0000);
}

#[test]
fn an_unaligned_stack_is_padded_and_restored() {
    let mut m = boot(&[0xdf01, BRANCH_HERE], &[(11, &[RETURN])]);
    set_register(&mut m, 13, STACK - 4);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 13), STACK - 4);
    assert_eq!(read(&mut m, STACK - 40 + 28) >> 9 & 1, 1);
}

#[test]
fn an_it_block_goes_on_after_an_exception() {
    // itte eq; svceq #0; moveq r1, #1; movne r2, #2; b .
    let mut m = boot(
        &[0xbf06, 0xdf00, 0x2101, 0x2202, BRANCH_HERE],
        &[(11, &WITNESS)],
    );
    set_register(&mut m, 1, 0);
    set_register(&mut m, 2, 0);
    set_register(&mut m, XPSR, 0x4100_0000);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 5), 11);
    assert_eq!((register(&mut m, 1), register(&mut m, 2)), (1, 0));
}

#[test]
fn threads_may_use_the_process_stack() {
    // svc #0; b .
    let mut m = boot(&[0xdf00, BRANCH_HERE], &[(11, &WITNESS)]);
    set_register(&mut m, 18, RAM + 0x4000);
    set_register(&mut m, 20, 2 << 24);
    assert_eq!(register(&mut m, 13), RAM + 0x4000);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 4), 0xffff_fffd);
    assert_eq!(read(&mut m, RAM + 0x4000 - 32 + 24), PROGRAM + 2);
    assert_eq!(register(&mut m, 17), STACK);
}

#[test]
fn the_more_urgent_interrupt_comes_first_and_the_other_is_chained() {
    // Each handler appends its number: adds r6, #n; lsls r6, #4; bx lr
    let (a, b): ([u16; 3], [u16; 3]) = ([0x360a, 0x0136, RETURN], [0x360b, 0x0136, RETURN]);
    let mut m = boot(&[BRANCH_HERE], &[(16, &a), (17, &b)]);
    set_register(&mut m, 6, 0);
    write(&mut m, ISER, 3);
    write(&mut m, IPR, 0x40_80);
    write(&mut m, ISPR, 3);
    run_for(&mut m, 200);
    assert_eq!(register(&mut m, 6), 0xba0);
    assert_eq!(register(&mut m, 15), PROGRAM);
}

#[test]
fn an_urgent_interrupt_preempts_a_handler() {
    // Interrupt 0 rings interrupt 1: str r1, [r0]; dsb; mov r8, r7; bx lr
    let low = [0x6001, 0xf3bf, 0x8f4f, 0x46b8, RETURN];
    // movs r7, #5; mov r9, lr; bx lr
    let high = [0x2705, 0x46f1, RETURN];
    let mut m = boot(&[BRANCH_HERE], &[(16, &low), (17, &high)]);
    set_register(&mut m, 0, ISPR);
    set_register(&mut m, 1, 2);
    write(&mut m, ISER, 3);
    write(&mut m, IPR, 0x40_80);
    write(&mut m, ISPR, 1);
    run_for(&mut m, 200);
    assert_eq!(register(&mut m, 8), 5);
    assert_eq!(register(&mut m, 9), 0xffff_fff1);
}

#[test]
fn masks_hold_interrupts_back() {
    // nop; nop; cpsie i; nop; b .
    let program = [0xbf00, 0xbf00, 0xb662, 0xbf00, BRANCH_HERE];
    let mut m = boot(&program, &[(16, &WITNESS)]);
    write(&mut m, ISER, 1);
    set_register(&mut m, 5, 0);
    set_register(&mut m, 20, 1);
    write(&mut m, ISPR, 1);
    run_for(&mut m, 1);
    assert_eq!(register(&mut m, 5), 0, "PRIMASK");
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 5), 16);

    let mut m = boot(&[BRANCH_HERE], &[(16, &WITNESS)]);
    write(&mut m, ISER, 1);
    write(&mut m, IPR, 0x80);
    set_register(&mut m, 5, 0);
    set_register(&mut m, 20, 0x80 << 8);
    write(&mut m, ISPR, 1);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 5), 0, "BASEPRI");
    set_register(&mut m, 20, 0x90 << 8);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 5), 16);
}

#[test]
fn a_level_that_stays_high_interrupts_again() {
    // adds r6, #1; bx lr
    let mut m = boot(&[BRANCH_HERE], &[(16, &[0x3601, RETURN])]);
    set_register(&mut m, 6, 0);
    write(&mut m, ISER, 1);
    write(&mut m, BELL, 1);
    run_for(&mut m, 200);
    assert!(register(&mut m, 6) > 3);
    write(&mut m, BELL, 0);
    run_for(&mut m, 50);
    let count = register(&mut m, 6);
    run_for(&mut m, 200);
    assert_eq!(register(&mut m, 6), count);
}

/// Runs `program` with R1 and R2 set and a status register configured; expects the fault.
fn check_fault(program: &[u16], registers: (u32, u32), setup: (u32, u32), status: u32) {
    for enabled in [false, true] {
        let mut m = boot(program, &[]);
        write(&mut m, CPACR, 0x00f0_0000);
        write(&mut m, setup.0, setup.1);
        if enabled {
            write(&mut m, SHCSR, 0x7_0000);
        }
        set_register(&mut m, 1, registers.0);
        set_register(&mut m, 2, registers.1);
        run_for(&mut m, 100);
        let exception = match status {
            0..0x100 => 4,
            0x100..0x1_0000 => 5,
            _ => 6,
        };
        let exception = if enabled { exception } else { 3 };
        assert_eq!(register(&mut m, 15), handler_of(exception), "{program:x?}");
        assert_eq!(read(&mut m, CFSR), status, "{program:x?}");
        assert_eq!(read(&mut m, HFSR), if enabled { 0 } else { FORCED });
    }
}

#[test]
fn faults_are_told_apart_and_escalate_when_disabled() {
    let none = (0xe000_ed08, 0);
    check_fault(&[0xde00], (0, 0), none, 1 << 16);
    // bx r1 to ARM state
    check_fault(&[0x4708], (PROGRAM, 0), none, 1 << 17);
    // mcr p0
    check_fault(&[0xee00, 0x0010], (0, 0), none, 1 << 19);
    // vmov s0, r1 with the FPU off
    check_fault(&[0xee00, 0x1a10], (0, 0), (CPACR, 0), 1 << 19);
    // udiv r0, r1, r2
    check_fault(&[0xfbb1, 0xf0f2], (1, 0), (CCR, 0x210), 1 << 25);
    // ldr r0, [r1]
    check_fault(&[0x6808], (RAM + 1, 0), (CCR, 0x208), 1 << 24);
    // ldrd r0, r2, [r1]: never unaligned
    check_fault(&[0xe9d1, 0x0200], (RAM + 2, 0), none, 1 << 24);
    // ldr r0, [r1] of nothing
    check_fault(&[0x6808], (0x3000_0000, 0), none, 1 << 9 | 1 << 15);
    // str r0, [r1] to nothing, buffered
    check_fault(&[0x6008, BRANCH_HERE], (0x3000_0000, 0), none, 1 << 10);
    // bx r1 to nothing, and to a peripheral
    check_fault(&[0x4708], (0x3000_0001, 0), none, 1 << 8);
    check_fault(&[0x4708], (BELL | 1, 0), none, 1);
    // bx r1 with an EXC_RETURN in thread mode is an ordinary branch
    check_fault(&[0x4708], (0xffff_fff9, 0), none, 1);
}

#[test]
fn a_precise_bus_fault_tells_where() {
    let mut m = boot(&[0xbf00, 0x6808], &[]);
    set_register(&mut m, 1, 0x3000_0040);
    run_for(&mut m, 100);
    assert_eq!(read(&mut m, BFAR), 0x3000_0040);
    assert_eq!(read(&mut m, STACK - 32 + 24), PROGRAM + 2);
}

#[test]
fn a_fault_in_the_hard_fault_handler_locks_up() {
    let mut m = boot(&[0xde00], &[(3, &[0xde01])]);
    crate::common::resume(&mut m, 200);
    let dhcsr = read(&mut m, crate::common::DHCSR);
    assert_eq!(dhcsr >> 17 & 7, 4, "S_LOCKUP alone");
    write(&mut m, crate::common::DHCSR, 0xa05f_0003);
    assert_eq!(
        read(&mut m, crate::common::DHCSR) >> 17 & 7,
        1,
        "S_HALT alone"
    );
    assert_eq!(register(&mut m, 15), 0xffff_fffe);
}

/// As hardware does it, which is what stacks at the bottom of RAM rely on: the handler of a
/// stack overflow runs, though its frame could not be written.
#[test]
fn a_hard_fault_without_room_for_its_frame_is_taken() {
    // udf #0
    let mut m = boot(&[0xde00], &[(3, &[BRANCH_HERE])]);
    set_register(&mut m, 13, RAM + 8);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 15), handler_of(3));
    assert_eq!(read(&mut m, CFSR), 1 << 16 | 1 << 12, "UNDEFINSTR, STKERR");
    assert_eq!(read(&mut m, HFSR), FORCED);
    assert_eq!(register(&mut m, 13), RAM + 8 - 32);
}

#[test]
fn a_return_that_does_not_fit_is_a_usage_fault() {
    // Interrupt 0 returns to a handler that is not there.
    // movw/movt r0, #0xfffffff1; bx r0
    let handler = [0xf64f, 0x70f1, 0xf6cf, 0x70ff, 0x4700];
    let mut m = boot(&[BRANCH_HERE], &[(16, &handler)]);
    write(&mut m, SHCSR, 0x7_0000);
    write(&mut m, ISER, 1);
    write(&mut m, ISPR, 1);
    run_for(&mut m, 200);
    assert_eq!(register(&mut m, 15), handler_of(6));
    assert_eq!(read(&mut m, CFSR), 1 << 18);
}

#[test]
fn floating_point_registers_are_stacked_lazily() {
    // vadd.f32 s0, s0, s1; svc #0; vmov r0, s0; b .
    let program = [0xee30, 0x0a20, 0xdf00, 0xee10, 0x0a10, BRANCH_HERE];
    // mov r4, lr; vsub.f32 s0, s1, s1; bx lr
    let handler = [0x4674, 0xee30, 0x0ae0, RETURN];
    for touches in [false, true] {
        let mut m = boot(&program, &[(11, if touches { &handler } else { &WITNESS })]);
        write(&mut m, CPACR, 0x00f0_0000);
        set_register(&mut m, 0x40, 1.0f32.to_bits());
        set_register(&mut m, 0x41, 2.0f32.to_bits());
        write(&mut m, STACK - 104 + 32, 0xdead);
        run_for(&mut m, 200);
        assert_eq!(register(&mut m, 4), 0xffff_ffe9);
        assert_eq!(register(&mut m, 0), 3.0f32.to_bits());
        assert_eq!(register(&mut m, 13), STACK);
        let stored = if touches { 3.0f32.to_bits() } else { 0xdead };
        assert_eq!(read(&mut m, STACK - 104 + 32), stored);
    }
}

#[test]
fn pendsv_waits_for_everything_else() {
    // adds r6, #n; lsls r6, #4; bx lr
    let handlers: [(u32, &[u16]); 2] = [
        (14, &[0x360e, 0x0136, RETURN]),
        (16, &[0x360a, 0x0136, RETURN]),
    ];
    let mut m = boot(&[BRANCH_HERE], &handlers);
    set_register(&mut m, 6, 0);
    write(&mut m, SHPR2 + 4, 0x00ff_0000);
    assert_eq!(read(&mut m, SHPR2 + 4), 0x00f0_0000, "four priority bits");
    write(&mut m, ISER, 1);
    write(&mut m, ICSR, 1 << 28);
    write(&mut m, ISPR, 1);
    assert_eq!(read(&mut m, ICSR) >> 12 & 0x1ff, 16);
    run_for(&mut m, 200);
    assert_eq!(register(&mut m, 6), 0xae0);
}
