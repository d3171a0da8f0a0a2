//! What the owner of a machine sees from outside: marks, stack pointers, faults, excused
//! accesses.

use onchip_vboard::machine::{Machine, MachineError, Stop};

use crate::common::*;

/// `bkpt 0xab`
pub(crate) const CALL: u16 = 0xbeab;

/// A machine that runs `program` from reset, no debugger being there.
pub(crate) fn started(program: &[u16]) -> Machine {
    let mut machine = boot(program, &[]);
    write(&mut machine, DHCSR, 0xa05f_0000);
    machine.set_semihosting(true);
    machine
}

#[test]
fn a_mark_is_told_of_before_its_instruction_and_each_time() {
    // movs r0, #3; loop: adds r1, #2; subs r0, #1; bne loop; b .
    let program = [0x2003, 0x3102, 0x3801, 0xd1fc, BRANCH_HERE];
    let mut machine = started(&program);
    machine.set_marks(&[PROGRAM + 4, PROGRAM + 8]);
    let mut seen = Vec::new();
    for _ in 0..4 {
        assert_eq!(machine.run(1000), Stop::Mark);
        seen.push((
            machine.register(15),
            machine.register(1),
            machine.instructions(),
        ));
    }
    let expected = [
        (PROGRAM + 4, 2, 2),
        (PROGRAM + 4, 4, 5),
        (PROGRAM + 4, 6, 8),
        (PROGRAM + 8, 6, 10),
    ];
    assert_eq!(seen, expected);
    machine.set_marks(&[]);
    assert_eq!(machine.run(1000), Stop::CycleLimit);
}

/// Runs `program` to its end at `last` with and without marks on every instruction: time
/// must be the same.
fn check_time(program: &[u16], last: u32) {
    let ends = |marks: &[u32]| {
        let mut machine = started(program);
        machine.set_marks(marks);
        while machine.register(15) != last {
            assert_eq!(machine.run(100_000), Stop::Mark);
        }
        (machine.instructions(), machine.cycles())
    };
    let all: Vec<u32> = (0..program.len() as u32).map(|n| PROGRAM + 2 * n).collect();
    assert_eq!(ends(&all), ends(&[last]));
}

#[test]
fn marks_take_no_time() {
    // As above, with loads, stores, a multiplication and a conditional instruction.
    let program = [
        0x2003,
        0x6848,
        0x4348,
        0x6088,
        0x2203, // movs, ldr, muls, str, movs r2, #3
        0x1c5b,
        0x3a01,
        0xd1fc, // adds r3, r3, #1; subs r2, #1; bne
        0xbf08,
        0x3401, // it eq; addeq r4, #1
        BRANCH_HERE,
    ];
    let mut program = program.to_vec();
    // R1 points to RAM: mov.w r1, #0x20000000
    program.splice(0..0, [0xf04f, 0x5100]);
    check_time(&program, PROGRAM + 2 * (program.len() as u32 - 1));
}

#[test]
fn marks_inside_an_it_block_and_in_ram_are_told_of() {
    // cmp r0, r0; itt eq; moveq r1, #1; moveq r2, #2; b .
    let mut machine = started(&[0x4280, 0xbf04, 0x2101, 0x2202, BRANCH_HERE]);
    machine.set_marks(&[PROGRAM + 6]);
    assert_eq!(machine.run(1000), Stop::Mark);
    assert_eq!((machine.register(1), machine.register(2)), (1, 0));
    assert_eq!(machine.run(1000), Stop::CycleLimit);
    assert_eq!(machine.register(2), 2);
}

#[test]
fn the_lowest_stack_pointer_is_that_within_blocks_and_handlers() {
    // push {r4-r7, lr}; sub sp, #32; add sp, #32; pop {r4-r7}; add sp, #4; svc 0; b .
    let program = [0xb5f0, 0xb088, 0xb008, 0xbcf0, 0xb001, 0xdf00, BRANCH_HERE];
    let handler = [0xb410, 0xbc10, RETURN];
    let mut machine = boot(&program, &[(11, &handler)]);
    write(&mut machine, DHCSR, 0xa05f_0000);
    machine.track(true);
    machine.set_marks(&[PROGRAM + 10]);
    assert_eq!(machine.run(1000), Stop::Mark);
    assert_eq!(machine.take_stack_low().main, STACK - 20 - 32);
    assert_eq!(machine.run(1000), Stop::CycleLimit);
    assert_eq!(
        machine.take_stack_low().main,
        STACK - 32 - 4,
        "frame and push"
    );
    assert_eq!(machine.take_stack_low().main, STACK);
}

#[test]
fn without_semihosting_a_call_is_a_breakpoint() {
    let mut machine = started(&[CALL, BRANCH_HERE]);
    machine.set_semihosting(false);
    machine.run(1000);
    let fault = machine.last_fault().unwrap();
    assert_eq!((fault.pc, fault.hfsr), (PROGRAM, 1 << 31));
    let mut machine = boot(&[CALL], &[]);
    machine.set_semihosting(true);
    assert_eq!(resume(&mut machine, 100), Stop::Halted, "the debugger's");
}

#[test]
fn unmodelled_registers_are_excused_on_request_and_counted() {
    // ldr r1, [pc, #8]; ldr r0, [r1]; str r1, [r1, #4]; ldr r0, [r1]; b .
    let dark = DARK.to_le_bytes();
    let literal = [0, 2].map(|n| u16::from_le_bytes([dark[n], dark[n + 1]]));
    let program = [
        0x4902,
        0x6808,
        0x6049,
        0x6808,
        BRANCH_HERE,
        0xbf00,
        literal[0],
        literal[1],
    ];
    let mut machine = started(&program);
    machine.set_lenient(true);
    assert_eq!(machine.run(1000), Stop::CycleLimit);
    assert_eq!(machine.register(0), 0);
    let excused: Vec<_> = machine
        .excused()
        .map(|one| (one.address, one.write, one.first_pc, one.count))
        .collect();
    let expected = [
        (DARK, false, PROGRAM + 2, 2),
        (DARK + 4, true, PROGRAM + 4, 1),
    ];
    assert_eq!(excused, expected);
    let mut machine = started(&program);
    assert_eq!(machine.run(1000), Stop::Error);
    assert!(matches!(
        machine.error(),
        Some(MachineError::Unmodelled { .. })
    ));
}

#[test]
fn a_program_starts_from_vectors_anywhere() {
    let mut machine = unstarted();
    let words = [STACK - 8, RAM + 0x301];
    let bytes: Vec<u8> = words.iter().flat_map(|w: &u32| w.to_le_bytes()).collect();
    assert!(machine.set_memory(RAM + 0x200, &bytes));
    assert!(machine.set_memory(RAM + 0x300, &[0xfe, 0xe7]));
    assert!(!machine.set_memory(0x9000_0000, &bytes), "no memory");
    machine.start_at(RAM + 0x200);
    assert_eq!(machine.run(100), Stop::CycleLimit);
    assert_eq!(machine.register(15), RAM + 0x300);
    assert_eq!(machine.register(13), STACK - 8);
    assert_eq!(machine.vector_table(), RAM + 0x200);
}
