//! Watchpoints: what is watched halts the core after the instruction, and nothing else does.

use onchip_vboard::{
    machine::{DebugError, Machine, MachineError, Stop},
    memory::Size,
};

use crate::common::{
    BRANCH_HERE, DEMCR, DFSR, PROGRAM, RAM, RETURN, boot, handler_of, read, register, resume,
    set_register, step, write,
};

const COMP: u32 = 0xe000_1020;
const MASK: u32 = COMP + 4;
const FUNCTION: u32 = COMP + 8;
const TRCENA: u32 = 1 << 24;
const MON_EN: u32 = 1 << 16;
const MATCHED: u32 = 1 << 24;
const DWTTRAP: u32 = 4;

const CODE: u32 = 4;
const READ: u32 = 5;
const WRITE: u32 = 6;
const EITHER: u32 = 7;

/// With r0 = RAM and r1 = 7.
const PROGRAM_CODE: [u16; 8] = [
    0x3101, // 0: adds r1, #1
    0x6001, // 2: str  r1, [r0]
    0x6802, // 4: ldr  r2, [r0]
    0x7141, // 6: strb r1, [r0, #5]
    0xc80c, // 8: ldm  r0!, {r2, r3}
    0xb40e, // a: push {r1, r2, r3}
    0x3101, // c: adds r1, #1
    BRANCH_HERE,
];

fn machine() -> Machine {
    let mut m = boot(&PROGRAM_CODE, &[]);
    set_register(&mut m, 0, RAM);
    set_register(&mut m, 1, 7);
    write(&mut m, DFSR, 0x1f);
    write(&mut m, DEMCR, TRCENA);
    m
}

fn watch(m: &mut Machine, index: u32, address: u32, mask: u32, function: u32) {
    write(m, COMP + 16 * index, address);
    write(m, MASK + 16 * index, mask);
    write(m, FUNCTION + 16 * index, function);
}

/// The places, from the program's start, where the core halts.
fn check(address: u32, mask: u32, function: u32, halts: &[u32]) {
    for index in 0..4 {
        let mut m = machine();
        watch(&mut m, index, address, mask, function);
        for &at in halts {
            assert_eq!(
                resume(&mut m, 1000),
                Stop::Halted,
                "{address:#x} {function}"
            );
            assert_eq!(
                register(&mut m, 15),
                PROGRAM + at,
                "{address:#x} {function}"
            );
            assert_eq!(read(&mut m, DFSR), DWTTRAP);
            write(&mut m, DFSR, 0x1f);
            let function = FUNCTION + 16 * index;
            assert_eq!(read(&mut m, function) & MATCHED, MATCHED);
            assert_eq!(read(&mut m, function) & MATCHED, 0, "cleared by reading");
        }
        assert_eq!(
            resume(&mut m, 1000),
            Stop::CycleLimit,
            "{address:#x} {function}"
        );
    }
}

#[test]
fn what_is_watched_halts() {
    check(RAM, 0, READ, &[6, 0xa]);
    check(RAM, 0, WRITE, &[4]);
    check(RAM, 0, EITHER, &[4, 6, 0xa]);
    check(RAM + 4, 0, READ, &[0xa]);
    check(RAM + 5, 0, WRITE, &[8]);
    check(RAM + 4, 2, EITHER, &[8, 0xa]);
    check(RAM, 3, WRITE, &[4, 8]);
    check(RAM + 2, 0, WRITE, &[4]);
    check(RAM + 8, 2, EITHER, &[]);
    // The stack, pushed to.
    check(RAM + 0x7ff8, 0, WRITE, &[0xc]);
    check(PROGRAM + 6, 0, CODE, &[8]);
    check(PROGRAM + 0xc, 0, CODE, &[0xe]);
    check(PROGRAM + 0x20, 0, CODE, &[]);
}

#[test]
fn the_instruction_is_over_when_the_core_halts() {
    let mut m = machine();
    watch(&mut m, 0, RAM, 0, WRITE);
    resume(&mut m, 1000);
    assert_eq!((read(&mut m, RAM), register(&mut m, 1)), (8, 8));
    let instructions = m.instructions();
    watch(&mut m, 0, RAM + 4, 0, READ);
    resume(&mut m, 1000);
    assert_eq!(register(&mut m, 0), RAM + 8, "written back once");
    assert_eq!(m.instructions() - instructions, 3);
}

#[test]
fn a_step_may_meet_a_watchpoint() {
    let mut m = machine();
    watch(&mut m, 0, RAM, 0, WRITE);
    step(&mut m);
    assert_eq!(read(&mut m, DFSR) & DWTTRAP, 0);
    step(&mut m);
    assert_eq!(register(&mut m, 15), PROGRAM + 4);
    assert_eq!(read(&mut m, DFSR) & DWTTRAP, DWTTRAP);
}

#[test]
fn nothing_is_watched_without_trcena_nor_for_the_debugger() {
    let mut m = machine();
    watch(&mut m, 0, RAM, 0, EITHER);
    write(&mut m, RAM, 5);
    read(&mut m, RAM);
    assert_eq!(read(&mut m, FUNCTION), EITHER);
    write(&mut m, DEMCR, 0);
    assert_eq!(resume(&mut m, 1000), Stop::CycleLimit);
}

#[test]
fn the_monitor_takes_what_no_debugger_does() {
    let mut m = boot(&PROGRAM_CODE, &[(12, &[0x3510, RETURN])]);
    set_register(&mut m, 0, RAM);
    set_register(&mut m, 5, 0);
    write(&mut m, DEMCR, TRCENA | MON_EN);
    watch(&mut m, 0, RAM, 0, WRITE);
    write(&mut m, 0xe000_edf0, 0xa05f_0000);
    m.run(1000);
    write(&mut m, 0xe000_edf0, 0xa05f_0003);
    assert_eq!(register(&mut m, 5), 0x10, "once at {:#x}", handler_of(12));
}

#[test]
fn what_is_not_modelled_is_refused() {
    for function in [
        1,
        2,
        3,
        8,
        0xf,
        EITHER | 1 << 8,
        READ | 1 << 5,
        CODE | 1 << 7,
    ] {
        let mut m = machine();
        let refused = m.debug_write(FUNCTION, Size::Word, function);
        assert!(
            matches!(
                refused,
                Err(DebugError::Machine(MachineError::Unmodelled { .. }))
            ),
            "{function:#x}"
        );
    }
}

/// A watch costs nothing in what is computed.
#[test]
fn what_is_not_met_changes_nothing() {
    let run = |watched: bool| {
        let mut m = machine();
        if watched {
            watch(&mut m, 0, RAM + 0x100, 0, EITHER);
        }
        resume(&mut m, 100);
        let cycles = m.cycles();
        write(&mut m, 0xe000_edf0, 0xa05f_0003);
        let registers: Vec<u32> = (0..16).map(|n| register(&mut m, n)).collect();
        (cycles, registers)
    };
    assert_eq!(run(false), run(true));
}
