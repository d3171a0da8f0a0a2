//! Time: counters, timers, sleep, and that slicing a run changes nothing.

use onchip_vboard::machine::{Machine, Stop};

use crate::common::{
    BELL, BRANCH_HERE, DEMCR, DHCSR, RAM, RETURN, boot, read, register, resume, run_for,
    set_register, write,
};

const SYST_CTRL: u32 = 0xe000_e010;
const SYST_LOAD: u32 = 0xe000_e014;
const SYST_VAL: u32 = 0xe000_e018;
const DWT_CTRL: u32 = 0xe000_1000;
const DWT_CYCCNT: u32 = 0xe000_1004;
const ISER: u32 = 0xe000_e100;

fn start_counter(m: &mut Machine) {
    write(m, DEMCR, 1 << 24);
    write(m, DWT_CTRL, 1);
    write(m, DWT_CYCCNT, 0);
}

#[test]
fn the_cycle_counter_is_exact_within_a_block() {
    // ldr r0, [r1]; nop (n times); ldr r2, [r1]; subs r3, r2, r0; b .
    for nops in [0, 1, 10, 40] {
        let mut program = vec![0x6808];
        program.extend(vec![0xbf00; nops]);
        program.extend([0x680a, 0x1a13, BRANCH_HERE]);
        let mut m = boot(&program, &[]);
        start_counter(&mut m);
        set_register(&mut m, 1, DWT_CYCCNT);
        run_for(&mut m, 200);
        // A load of two cycles, pipelined with the next one if that follows at once.
        let expected = if nops == 0 { 1 } else { 2 + nops as u32 };
        assert!(
            register(&mut m, 3).abs_diff(expected) <= 1,
            "{nops}: {}",
            register(&mut m, 3)
        );
    }
}

#[test]
fn the_cycle_counter_stands_still_while_halted_and_time_does_not() {
    let mut m = boot(&[BRANCH_HERE], &[]);
    start_counter(&mut m);
    run_for(&mut m, 100);
    let (count, cycles) = (read(&mut m, DWT_CYCCNT), m.cycles());
    m.idle(1000);
    assert_eq!(read(&mut m, DWT_CYCCNT), count);
    assert_eq!(m.cycles(), cycles + 1000);
    run_for(&mut m, 100);
    assert!((count + 100..count + 110).contains(&read(&mut m, DWT_CYCCNT)));
}

#[test]
fn the_first_block_may_skip_more_than_has_passed() {
    // itttt eq; four loads that are skipped; a load, a division or an undefined instruction.
    for last in [
        vec![0x6801],
        vec![0xfbb0, 0xf0f1],
        vec![0xde00],
        vec![0xe7fe],
    ] {
        let mut program = vec![0xbf01, 0x6800, 0x6800, 0x6800, 0x6800];
        program.extend(last);
        program.push(BRANCH_HERE);
        let mut m = boot(&program, &[]);
        assert_eq!(m.cycles(), 0);
        set_register(&mut m, 0, RAM + 1);
        set_register(&mut m, 1, 3);
        set_register(&mut m, 16, 1 << 24);
        run_for(&mut m, 100);
        assert!(m.error().is_none());
        assert!((100..200).contains(&m.cycles()), "{}", m.cycles());
    }
}

#[test]
fn the_system_timer_counts_and_interrupts() {
    // adds r6, #1; bx lr
    let mut m = boot(&[BRANCH_HERE], &[(15, &[0x3601, RETURN])]);
    set_register(&mut m, 6, 0);
    write(&mut m, SYST_LOAD, 99);
    write(&mut m, SYST_VAL, 0);
    write(&mut m, SYST_CTRL, 7);
    resume(&mut m, 1040);
    let value = read(&mut m, SYST_VAL);
    assert!(value <= 99 && value > 40, "{value}");
    write(&mut m, DHCSR, 0xa05f_0003);
    assert_eq!(register(&mut m, 6), 10);
    assert_eq!(read(&mut m, SYST_CTRL), 1 << 16 | 7);
    assert_eq!(
        read(&mut m, SYST_CTRL),
        7,
        "COUNTFLAG is cleared by the read"
    );
}

#[test]
fn sleep_ends_with_an_interrupt_even_if_it_is_masked() {
    // cpsid i; wfi; adds r5, #1; b .
    let mut m = boot(
        &[0xb672, 0xbf30, 0x3501, BRANCH_HERE],
        &[(17, &[0x3601, RETURN])],
    );
    set_register(&mut m, 5, 0);
    set_register(&mut m, 6, 0);
    write(&mut m, ISER, 2);
    write(&mut m, BELL + 4, 5000);
    let before = m.cycles();
    assert_eq!(resume(&mut m, 4000), Stop::CycleLimit);
    assert_eq!(read(&mut m, DHCSR) >> 18 & 1, 1);
    m.run(2000);
    assert!(m.cycles() - before < 6100);
    write(&mut m, DHCSR, 0xa05f_0003);
    assert_eq!((register(&mut m, 5), register(&mut m, 6)), (1, 0));
    set_register(&mut m, 20, 0);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 6), 1);
}

#[test]
fn wait_for_event_takes_one_event() {
    // sev; wfe; adds r5, #1; wfe; adds r5, #1; b .
    let mut m = boot(&[0xbf40, 0xbf20, 0x3501, 0xbf20, 0x3501, BRANCH_HERE], &[]);
    set_register(&mut m, 5, 0);
    assert_eq!(resume(&mut m, 100), Stop::Sleep);
    write(&mut m, DHCSR, 0xa05f_0003);
    assert_eq!(register(&mut m, 5), 1);
}

#[test]
fn slicing_a_run_changes_nothing() {
    // Interrupts, stores, loads, a division: the same cycle counts however the run is cut.
    // loop: adds r0, #7; udiv r3, r0, r2; str r3, [r4]; ldr r5, [r4]; adds r7, r7, r5; b loop
    let program = [0x3007, 0xfbb0, 0xf3f2, 0x6023, 0x6825, 0x197f, 0xe7f8];
    let mut seen = Vec::new();
    for slice in [1, 7, 100, 20_000] {
        let mut m = boot(&program, &[(15, &[0x3601, RETURN])]);
        for (r, value) in [(0, 0), (2, 3), (4, 0x2000_0100), (6, 0), (7, 0)] {
            set_register(&mut m, r, value);
        }
        start_counter(&mut m);
        write(&mut m, SYST_LOAD, 333);
        write(&mut m, SYST_VAL, 0);
        write(&mut m, SYST_CTRL, 7);
        write(&mut m, DHCSR, 0xa05f_0001);
        let end = m.cycles() + 20_000;
        while m.cycles() < end {
            m.run(slice.min(end - m.cycles()));
        }
        write(&mut m, DHCSR, 0xa05f_0003);
        let registers: Vec<u32> = (0..17).map(|r| register(&mut m, r)).collect();
        seen.push((m.cycles(), m.instructions(), registers));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:#?}");
}
