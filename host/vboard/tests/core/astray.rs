//! Programs that have lost their way: into nothing, into data, off their stack.

use onchip_vboard::machine::{Machine, Stop};

use crate::common::{
    BELL, BRANCH_HERE, DARK, DHCSR, PROGRAM, RAM, RETURN, boot, handler_of, read, register, resume,
    run_for, set_register, step, write,
};

const SHCSR: u32 = 0xe000_ed24;
const CFSR: u32 = 0xe000_ed28;
const HFSR: u32 = 0xe000_ed2c;
const ALL_FAULTS: u32 = 7 << 16;

const IACCVIOL: u32 = 1 << 0;
const IBUSERR: u32 = 1 << 8;
const IMPRECISERR: u32 = 1 << 10;
const STKERR: u32 = 1 << 12;
const INVSTATE: u32 = 1 << 17;
const FORCED: u32 = 1 << 30;

const HARD_FAULT: u32 = 3;
const MEM_MANAGE: u32 = 4;
const BUS_FAULT: u32 = 5;
const USAGE_FAULT: u32 = 6;

/// `bx r1`
const JUMP: [u16; 1] = [0x4708];

fn assert_in_handler(m: &mut Machine, exception: u32, what: &str) {
    assert_eq!(register(m, 16) & 0x1ff, exception, "{what}");
    assert_eq!(register(m, 15), handler_of(exception), "{what}");
}

/// A jump to `target` raises `fault` with `status`, or HardFault if that is not enabled; the
/// frame's return address is where there is no code.
fn check_jump(target: u32, fault: u32, status: u32) {
    for enabled in [true, false] {
        let what = format!("jump to {target:#x}, enabled: {enabled}");
        let mut m = boot(&JUMP, &[]);
        write(&mut m, SHCSR, if enabled { ALL_FAULTS } else { 0 });
        set_register(&mut m, 1, target);
        run_for(&mut m, 200);
        assert_in_handler(&mut m, if enabled { fault } else { HARD_FAULT }, &what);
        assert_eq!(read(&mut m, CFSR), status, "{what}");
        assert_eq!(
            read(&mut m, HFSR),
            if enabled { 0 } else { FORCED },
            "{what}"
        );
        let frame = register(&mut m, 13);
        assert_eq!(read(&mut m, frame + 24), target & !1, "{what}");
    }
}

#[test]
fn execute_never_regions_fault_without_an_mpu() {
    // Peripherals, modelled, unmodelled and absent; external devices; the system space.
    for region in [
        BELL,
        DARK,
        0x5fff_0000,
        0xa000_0000,
        0xdfff_fff0,
        0xe000_0000,
        0xe010_0000,
    ] {
        check_jump(region | 1, MEM_MANAGE, IACCVIOL);
    }
}

#[test]
fn fetches_from_nothing_are_bus_faults() {
    for hole in [
        0x1000_0000,
        0x3000_0000,
        0x6000_0000,
        0x9fff_fff0,
        RAM - 4,
        RAM + 0x1_0000,
    ] {
        check_jump(hole | 1, BUS_FAULT, IBUSERR);
    }
}

#[test]
fn jumps_that_leave_thumb_state_fault() {
    for target in [0, PROGRAM, RAM, 0xe000_0000] {
        check_jump(target, USAGE_FAULT, INVSTATE);
    }
}

/// At address 0 there is flash: the vector table's words are executed as they stand.
#[test]
fn a_null_function_is_the_vector_table() {
    let mut m = boot(&JUMP, &[]);
    set_register(&mut m, 0, RAM + 0x10);
    set_register(&mut m, 1, 1);
    write(&mut m, RAM + 0x10, u32::MAX);
    step(&mut m);
    assert_eq!(register(&mut m, 15), 0);
    // 0x2000_8000: strh r0, [r0]; movs r0, #0.
    step(&mut m);
    assert_eq!(read(&mut m, RAM + 0x10), 0xffff_0010);
    step(&mut m);
    assert_eq!((register(&mut m, 15), register(&mut m, 0)), (4, 0));
    // 0x0800_0101: lsls r1, r0, #4; lsrs r0, r0, #32.
    step(&mut m);
    assert_eq!((register(&mut m, 15), register(&mut m, 1)), (6, 0));
}

#[test]
fn an_exception_without_room_for_its_frame_becomes_a_fault() {
    // svc #0
    for (enabled, fault) in [(true, BUS_FAULT), (false, HARD_FAULT)] {
        let mut m = boot(&[0xdf00, BRANCH_HERE], &[(11, &[RETURN])]);
        write(&mut m, SHCSR, if enabled { ALL_FAULTS } else { 0 });
        // SVCall gives way to the fault.
        write(&mut m, 0xe000_ed1c, 0xff00_0000);
        set_register(&mut m, 13, RAM + 0x10);
        run_for(&mut m, 200);
        assert_in_handler(&mut m, fault, "no room");
        assert_eq!(read(&mut m, CFSR), STKERR);
        assert_eq!(register(&mut m, 13), RAM - 0x10, "moved all the same");
    }
}

#[test]
fn a_push_below_the_stack_is_found_late_and_leaves_no_frame() {
    // push {r1}; nop; nop; b .
    let mut m = boot(&[0xb402, 0xbf00, 0xbf00, BRANCH_HERE], &[]);
    set_register(&mut m, 13, RAM);
    run_for(&mut m, 200);
    assert_in_handler(&mut m, HARD_FAULT, "push");
    assert_eq!(read(&mut m, CFSR), IMPRECISERR | STKERR);
    assert_eq!(read(&mut m, HFSR), FORCED);
}

#[test]
fn a_handler_of_hard_faults_that_uses_such_a_stack_locks_up() {
    // svc #0, and a handler that pops from below RAM.
    let mut m = boot(&[0xdf00], &[(HARD_FAULT, &[0xbc02])]);
    set_register(&mut m, 13, RAM + 8);
    assert_eq!(resume(&mut m, 1000), Stop::Sleep);
    assert_eq!(read(&mut m, DHCSR) & 1 << 19, 1 << 19, "S_LOCKUP");
    write(&mut m, DHCSR, 0xa05f_0003);
    assert_eq!(register(&mut m, 15), 0xffff_fffe);
}
