//! The profiling counters: known answers, the identity with the instructions executed, and that
//! counting changes nothing.

use onchip_vboard::{
    chips,
    core::model::{Core, Fpu, Model},
    machine::{DebugError, Machine, Stop},
    memory::Size,
    timing::Counter,
};

use crate::common::{
    BELL, BRANCH_HERE, CORTEX_M4, DEMCR, DHCSR, RAM, RETURN, boot, boot_on, chip, read, register,
    resume, run_for, set_register, step, write,
};

const DWT: u32 = 0xe000_1000;
/// CYCCNT, CPICNT, EXCCNT, SLEEPCNT, LSUCNT, FOLDCNT.
const COUNTERS: [u32; 6] = [
    DWT + 4,
    DWT + 8,
    DWT + 0xc,
    DWT + 0x10,
    DWT + 0x14,
    DWT + 0x18,
];
/// The enable bits of the last five, and CYCCNTENA.
const EVENTS: u32 = 0x003e_0000;
const ALL: u32 = EVENTS | 1;
const TRCENA: u32 = 1 << 24;
const CPACR: u32 = 0xe000_ed88;
const ISER: u32 = 0xe000_e100;

const BREAKPOINT: u16 = 0xbe00;
const NOP: u16 = 0xbf00;

const CORTEX_M7: Core = Core {
    model: Model::CortexM7,
    cpuid: 0x411f_c270,
    fpu: Some(Fpu::Fpv5Sp),
    bit_band: false,
    ..CORTEX_M4
};

/// Lets all of them count from 0.
fn start_counting(m: &mut Machine) {
    write(m, DEMCR, TRCENA);
    write(m, DWT, 0);
    write(m, DWT + 4, 0);
    write(m, DWT, ALL);
}

fn counts(m: &mut Machine) -> [u32; 6] {
    COUNTERS.map(|counter| read(m, counter))
}

/// The low byte of the instructions that the counters tell of.
fn executed([cycles, cpi, exceptions, sleep, memory, folded]: [u32; 6]) -> u8 {
    let others = cpi + exceptions + sleep + memory;
    cycles.wrapping_sub(others).wrapping_add(folded) as u8
}

/// Runs `program` to its breakpoint with R1 = 3, R2 = RAM and R7 = 0x8000_0000: what it
/// executed, and the counters.
fn count_on(core: Core, program: &[u16]) -> (u64, [u32; 6]) {
    let program = [program, &[BREAKPOINT]].concat();
    let mut m = boot_on(core, &program, &[(11, &[RETURN])]);
    for (selector, value) in [(1, 3), (2, RAM), (7, 0x8000_0000)] {
        set_register(&mut m, selector, value);
    }
    start_counting(&mut m);
    let before = m.instructions();
    assert_eq!(resume(&mut m, 10_000), Stop::Halted);
    let executed = m.instructions() - before;
    (executed, counts(&mut m))
}

/// `expected`: the cycles beyond one for each instruction, as the counters tell them.
fn check(what: &str, core: Core, program: &[u16], expected: [u32; 5]) {
    let (instructions, counts) = count_on(core, program);
    let [cycles, others @ ..] = counts;
    assert_eq!(others, expected, "{what}");
    assert_eq!(executed(counts), instructions as u8, "{what}");
    let [cpi, exceptions, sleep, memory, folded] = expected.map(u64::from);
    let beyond = cpi + exceptions + sleep + memory;
    assert_eq!(u64::from(cycles) + folded, instructions + beyond, "{what}");
}

#[test]
fn each_cause_has_its_counter() {
    let m4 = |what, program: &[u16], expected| check(what, CORTEX_M4, program, expected);
    m4("no time but its own", &[NOP; 20], [0, 0, 0, 0, 0]);
    // udiv r0, r7, r1: a quotient of 30 bits
    m4("a division", &[0xfbb7, 0xf0f1], [11, 0, 0, 0, 0]);
    // b .+2: the target's instruction is refetched.
    m4("a branch", &[0xe7ff, NOP], [1, 0, 0, 0, 0]);
    // ldr r0, [r2] (four times); nop: pipelined but for the last.
    let loads = [0x6810, 0x6810, 0x6810, 0x6810, NOP];
    m4("loads", &loads, [0, 0, 0, 1, 0]);
    // ldr.w r0, [r2, #1]; nop
    let unaligned = [0xf8d2, 0x0001, NOP];
    m4("an unaligned load", &unaligned, [0, 0, 0, 3, 0]);
    // push {r0, r3}; nop; pop {r0, r3}
    m4("several words", &[0xb409, NOP, 0xbc09], [0, 0, 0, 4, 0]);
    // cmp r7, r7; it ne; ldrne r0, [r2]; nop: what is skipped does not load.
    let skipped = [0x42bf, 0xbf18, 0x6810, NOP];
    m4("a load skipped", &skipped, [0, 0, 0, 0, 0]);
    // The TRM's 12 cycles in and 10 out, of which SVC and BX have one each.
    m4("a call to the supervisor", &[0xdf00, NOP], [0, 20, 0, 0, 0]);
    let m7 = |what, program: &[u16], expected| check(what, CORTEX_M7, program, expected);
    m7("two at a time", &[NOP; 20], [0, 0, 0, 0, 10]);
    // cmp r7, r7; it eq; moveq r0, r0 (nop, nop): IT issues beside the comparison.
    let if_then = [0x42bf, 0xbf08, 0x4600, NOP];
    m7("IT", &if_then, [0, 0, 0, 0, 2]);
    m7("a division", &[0xfbb7, 0xf0f1], [11, 0, 0, 0, 0]);
}

#[test]
fn sleep_is_counted() {
    // wfi; nop; bkpt
    let mut m = boot(&[0xbf30, NOP, BREAKPOINT], &[(17, &[RETURN])]);
    start_counting(&mut m);
    write(&mut m, ISER, 2);
    write(&mut m, BELL + 4, 200);
    assert_eq!(resume(&mut m, 10_000), Stop::Halted);
    // WFI takes one cycle of the 200.
    assert_eq!(counts(&mut m), [200 + 12 + 10 + 1, 0, 21, 199, 0, 0]);
    assert_eq!(m.instructions(), 3);
}

/// Instructions, and how many are executed if they are.
type Item = (&'static [u16], u8);

/// A bit of everything, in blocks long and short.
const ITEMS: &[Item] = &[
    (&[NOP], 1),
    (&[0x6810], 1),                         // ldr r0, [r2]
    (&[0x3001], 1),                         // adds r0, #1
    (&[0x6853], 1),                         // ldr r3, [r2, #4]
    (&[0x681b], 1),                         // ldr r3, [r3]
    (&[0x4613], 1),                         // mov r3, r2
    (&[0x6818], 1),                         // ldr r0, [r3]
    (&[0xfbb7, 0xf0f3], 1),                 // udiv r0, r7, r3
    (&[0x6090], 1),                         // str r0, [r2, #8]
    (&[0x60d0], 1),                         // str r0, [r2, #12]
    (&[0x42bf, 0xbf1c, 0x6810, 0x6853], 4), // cmp r7, r7; itt ne; two loads
    (&[0x42bf, 0xbf1c, 0x6090, 0x60d0], 4), // cmp r7, r7; itt ne; two stores
    (&[0x42bf, 0xbf08, 0x6810], 3),         // cmp r7, r7; it eq; ldr r0, [r2]
    (&[0x42bf, 0xbf18, 0xfbb7, 0xf0f7], 3), // cmp r7, r7; it ne; udiv r0, r7, r7
    (&[0xfb87, 0x0307], 1),                 // smull r0, r3, r7, r7
    (&[0x3001], 1),
    (&[0xf8d2, 0x0001], 1), // ldr.w r0, [r2, #1]
    (&[0xe892, 0x0009], 1), // ldm.w r2, {r0, r3}
    (&[0xb409], 1),         // push {r0, r3}
    (&[0xbc09], 1),         // pop {r0, r3}
    (&[0x4800], 1),         // ldr r0, [pc]
    (&[0xf3bf, 0x8f4f], 1), // dsb
    (&[0xe7ff], 1),         // b .+2
    (&[0xee80, 0x0a81], 1), // vdiv.f32 s0, s1, s2
    (&[0xee70, 0x1a01], 1), // vadd.f32 s3, s0, s2
    (&[0xed92, 0x0a00], 1), // vldr s0, [r2]
    (&[0xed82, 0x0a04], 1), // vstr s0, [r2, #16]
    (&[0x42bf, 0xd100], 2), // cmp r7, r7; bne
    (&[0xdf00], 2),         // svc, and the handler's bx lr
    (&[0xf3ef, 0x8003], 1), // mrs r0, xpsr
    (&[0xf000, 0xf800], 1), // bl .+4
    (&[NOP], 1),
];

/// A machine about to run them on `core` with a load of `counter` to R6 before item number `at`,
/// counting what `enabled` says from behind the first instructions.
fn loading_within(core: Core, at: usize, counter: u32, enabled: u32) -> Machine {
    // ldr r0, [r2]; adds r0, #1; cmp r7, r7; it ne; udivne r0, r7, r7; str r5, [r4]
    let mut program = vec![0x6810, 0x3001, 0x42bf, 0xbf18, 0xfbb7, 0xf0f7, 0x6025];
    for (number, (item, _)) in ITEMS.iter().enumerate() {
        if number == at {
            program.push(0x680e); // ldr r6, [r1]
        }
        program.extend(*item);
    }
    program.push(BREAKPOINT);
    let mut m = boot_on(core, &program, &[(11, &[RETURN])]);
    write(&mut m, CPACR, 0xf << 20);
    write(&mut m, RAM + 4, RAM);
    write(&mut m, DEMCR, TRCENA);
    write(&mut m, DWT + 4, 0);
    for (selector, value) in [(1, counter), (2, RAM), (4, DWT), (5, enabled), (7, 77_777)] {
        set_register(&mut m, selector, value);
    }
    m
}

/// The value that is loaded so, and the cycles of it all.
fn load_within(core: Core, at: usize, counter: u32, enabled: u32) -> (u32, u64) {
    let mut m = loading_within(core, at, counter, enabled);
    let before = m.cycles();
    assert_eq!(resume(&mut m, 10_000), Stop::Halted, "{at}");
    (register(&mut m, 6), m.cycles() - before)
}

#[test]
fn loads_within_blocks_tell_what_was_executed_before_them() {
    for core in [CORTEX_M4, CORTEX_M7] {
        let name = core.model;
        // The store that lets them count is the first that they tell of.
        let mut before = 1;
        for (at, (_, instructions)) in ITEMS.iter().enumerate() {
            let seen = COUNTERS.map(|counter| load_within(core, at, counter, ALL));
            let (_, cycles) = load_within(core, at, DWT + 4, 1);
            assert!(
                seen.iter().all(|&(_, c)| c == cycles),
                "{name} {at}: {seen:?}"
            );
            let counts = seen.map(|(count, _)| count);
            assert_eq!(executed(counts), before, "{name} {at}: {counts:?}");
            before += instructions;
        }
    }
}

#[test]
fn a_tap_knows_what_each_reading_stands_for() {
    const CYCCNT: u32 = DWT + 4;
    for core in [CORTEX_M4, CORTEX_M7] {
        let name = core.model;
        let mut before = 6;
        for (at, (_, instructions)) in ITEMS.iter().enumerate() {
            let mut m = loading_within(core, at, CYCCNT, 1);
            m.tap(Some(CYCCNT));
            m.track(true);
            let (ledger, cycles, executed) = (m.ledger(), m.cycles(), m.instructions());
            assert_eq!(resume(&mut m, 10_000), Stop::Halted, "{name} {at}");
            let all = m.cycles() - cycles;
            let glances = m.take_glances();
            let [glance] = glances[..] else {
                panic!("{name} {at}: {glances:?}");
            };
            let passed = glance.cycle - cycles;
            assert_eq!(
                (glance.ledger - ledger).total(),
                passed as i64,
                "{name} {at}"
            );
            assert_eq!(glance.instructions - executed, before, "{name} {at}");

            let (value, untapped) = load_within(core, at, CYCCNT, 1);
            assert_eq!(register(&mut m, 6), value, "{name} {at}");
            assert_eq!(all, untapped, "{name} {at}");
            before += u64::from(*instructions);
        }
    }
}

/// A dot product of 200 bytes, for ever: `movs r0, #0x20000000; movs r2, #200; ...; ldrsb.w r4,
/// [r0], #1; ldrsb.w r5, [r0, #256]; smlabb r3, r4, r5, r3; subs r2, #1; bne; b`.
const KERNEL: [u16; 14] = [
    0xf04f, 0x5000, 0x22c8, 0x2300, 0xf910, 0x4b01, 0xf990, 0x5100, 0xfb14, 0x3305, 0x3a01, 0xd1f7,
    0xe7f2, NOP,
];

/// A chip that runs the kernel from flash with wait states, set in the register at `acr`.
fn kernel_on(chip: &str, acr: u32, wait_states: u32, control: u32) -> Machine {
    let chip = chips::by_name(chip).expect("the chip is there");
    let mut m = Machine::new(chip).expect("its map is sound");
    let vectors = [RAM + 0x1000, 0x0800_0009].map(u32::to_le_bytes);
    let code = KERNEL.iter().flat_map(|half| half.to_le_bytes());
    let image: Vec<u8> = vectors.into_iter().flatten().chain(code).collect();
    m.load_flash(0, &image);
    write(&mut m, DHCSR, 0xa05f_0003);
    write(&mut m, acr, wait_states);
    write(&mut m, DEMCR, TRCENA);
    write(&mut m, DWT, control);
    write(&mut m, DHCSR, 0xa05f_0001);
    m
}

#[test]
fn a_kernel_is_counted_at_every_stop_and_not_disturbed() {
    for (chip, acr, wait_states) in [
        ("STM32L4R5ZITx", 0x4002_2000, 0x705),
        ("STM32F446RETx", 0x4002_3c00, 0x5),
        ("STM32F746ZGTx", 0x4002_3c00, 0x7),
    ] {
        let mut counted = kernel_on(chip, acr, wait_states, ALL);
        let mut plain = kernel_on(chip, acr, wait_states, 1);
        let mut last = [0; 6];
        let mut wraps = [0; 6];
        for stop in 0..2000 {
            let cycles = 1 + stop % 23;
            assert_eq!(counted.run(cycles), Stop::CycleLimit, "{chip}");
            plain.run(cycles);
            assert_eq!(counted.cycles(), plain.cycles(), "{chip}");
            assert_eq!(counted.instructions(), plain.instructions(), "{chip}");
            let counts = counts(&mut counted);
            let instructions = counted.instructions() as u8;
            assert_eq!(executed(counts), instructions, "{chip}: {counts:?}");
            for ((wraps, last), now) in wraps.iter_mut().zip(last).zip(counts) {
                *wraps += u32::from(now < last);
            }
            last = counts;
        }
        assert!(wraps[1] > 0 && wraps[4] > 0, "{chip}: {wraps:?}");
        assert_eq!([wraps[2], wraps[3]], [0, 0], "{chip}: {wraps:?}");
    }
}

#[test]
fn waiting_for_a_vector_belongs_to_the_exception() {
    let exceptions = |wait_states| {
        let chip = chips::by_name("STM32L4R5ZITx").expect("the chip is there");
        let mut m = Machine::new(chip).expect("its map is sound");
        let mut words = [0; 18];
        words[0] = RAM + 0x1000;
        words[1] = 0x0800_0041;
        words[11] = 0x0800_0045;
        // svc 0; bkpt; the handler: bx lr
        words[16] = u32::from(BREAKPOINT) << 16 | 0xdf00;
        words[17] = u32::from(RETURN);
        m.load_flash(0, &words.map(u32::to_le_bytes).concat());
        write(&mut m, DHCSR, 0xa05f_0003);
        write(&mut m, 0x4002_2000, wait_states);
        start_counting(&mut m);
        assert_eq!(resume(&mut m, 1000), Stop::Halted);
        let counts = counts(&mut m);
        assert_eq!(executed(counts), 2);
        assert_eq!(counts[4], 0, "nothing is loaded");
        counts[2]
    };
    assert_eq!((exceptions(0), exceptions(5)), (20, 25));
}

#[test]
fn counters_agree_with_the_ledger() {
    for core in [CORTEX_M4, CORTEX_M7] {
        let items = ITEMS.iter().flat_map(|(item, _)| item.iter().copied());
        let program: Vec<u16> = items.chain([BREAKPOINT]).collect();
        let mut m = boot_on(core, &program, &[(11, &[RETURN])]);
        write(&mut m, CPACR, 0xf << 20);
        write(&mut m, RAM + 4, RAM);
        set_register(&mut m, 2, RAM);
        start_counting(&mut m);
        m.track(true);
        let (before, cycles) = (m.ledger(), m.cycles());
        assert_eq!(resume(&mut m, 10_000), Stop::Halted);
        let ledger = m.ledger() - before;
        assert_eq!(ledger.total() as u64, m.cycles() - cycles);
        assert!(ledger.iter().all(|(_, cycles)| cycles >= 0), "{ledger:?}");
        let of = |counter: Counter| {
            let its = ledger.iter().filter(|(c, _)| c.counter() == Some(counter));
            its.map(|(_, cycles)| cycles as u32).sum::<u32>() & 0xff
        };
        let [_, cpi, exceptions, sleep, memory, _] = counts(&mut m);
        assert_eq!(cpi, of(Counter::Cpi));
        assert_eq!(exceptions, of(Counter::Exception));
        assert_eq!(sleep, of(Counter::Sleep));
        assert_eq!(memory, of(Counter::LoadStore));
        assert!(cpi > 0 && exceptions > 0 && memory > 0);
    }
}

#[test]
fn counters_wrap_are_written_and_start_from_zero() {
    let program = [vec![0xfbb7, 0xf0f1], vec![BREAKPOINT]].concat();
    let mut m = boot(&program, &[]);
    set_register(&mut m, 1, 3);
    set_register(&mut m, 7, 0x8000_0000);
    start_counting(&mut m);
    let cpi = DWT + 8;
    write(&mut m, cpi, 0x1fa);
    assert_eq!(read(&mut m, cpi), 0xfa, "eight bits");
    write(&mut m, DWT, ALL);
    assert_eq!(read(&mut m, cpi), 0xfa, "it was enabled before");
    resume(&mut m, 100);
    assert_eq!(read(&mut m, cpi), 0xfa + 11 - 256);
    m.idle(1000);
    assert_eq!(counts(&mut m)[1..], [5, 0, 0, 0, 0], "the core is halted");
    write(&mut m, DWT, ALL & !(1 << 17));
    assert_eq!(read(&mut m, DWT), 0x4000_0000 | ALL & !(1 << 17));
    assert_eq!(read(&mut m, cpi), 5, "disabled, it keeps its count");
    write(&mut m, DWT, ALL);
    assert_eq!(read(&mut m, cpi), 0, "enabled, it starts anew");
}

#[test]
fn what_is_not_enabled_does_not_count() {
    for (demcr, control, counting) in [
        (0, ALL, 0),
        (TRCENA, EVENTS & !(1 << 17), 0),
        (TRCENA, 1 << 17, 11),
        (TRCENA, 0, 0),
    ] {
        // udiv r0, r7, r1
        let mut m = boot(&[0xfbb7, 0xf0f1, BREAKPOINT], &[]);
        set_register(&mut m, 1, 3);
        set_register(&mut m, 7, 0x8000_0000);
        write(&mut m, DEMCR, demcr);
        write(&mut m, DWT, control);
        resume(&mut m, 100);
        assert_eq!(read(&mut m, DWT + 8), counting, "{demcr:#x} {control:#x}");
    }
}

#[test]
fn a_program_that_turns_trace_on_counts_from_there() {
    // str r6, [r5]; udiv r0, r7, r1; ldr r0, [r3]; bkpt
    let mut m = boot(&[0x602e, 0xfbb7, 0xf0f1, 0x6818, BREAKPOINT], &[]);
    write(&mut m, DWT, ALL);
    let registers = [(1, 3), (3, DWT + 8), (5, DEMCR), (6, TRCENA), (7, 1 << 31)];
    for (selector, value) in registers {
        set_register(&mut m, selector, value);
    }
    resume(&mut m, 100);
    assert_eq!(register(&mut m, 0), 11);
}

#[test]
fn a_cortex_m3_has_them() {
    let mut chip = chip();
    (chip.core.model, chip.core.fpu) = (Model::CortexM3, None);
    let mut m = Machine::new(chip).expect("the map is sound");
    write(&mut m, DHCSR, 0xa05f_0003);
    let program = [0xfbb7, 0xf0f1, BREAKPOINT].map(u16::to_le_bytes).concat();
    assert!(m.set_memory(RAM, &program));
    for (selector, value) in [(1, 3), (7, 1 << 31), (15, RAM), (16, 1 << 24)] {
        set_register(&mut m, selector, value);
    }
    start_counting(&mut m);
    assert_eq!(read(&mut m, DWT), 0x4000_0000 | ALL);
    assert_eq!(resume(&mut m, 100), Stop::Halted);
    // udiv r0, r7, r1, of which the first word is fetched through the System bus.
    assert_eq!(counts(&mut m)[1..], [11 + 1, 0, 0, 0, 0]);
}

#[test]
fn single_steps_count() {
    let mut m = boot(&[NOP, 0x6810, NOP, BRANCH_HERE], &[]);
    set_register(&mut m, 2, RAM);
    start_counting(&mut m);
    for instructions in 1..4 {
        step(&mut m);
        assert_eq!(executed(counts(&mut m)), instructions);
    }
    run_for(&mut m, 100);
    assert_eq!(executed(counts(&mut m)), m.instructions() as u8);
}

#[test]
fn what_feeds_a_trace_port_is_not_modelled() {
    for bit in [12, 16, 22] {
        let mut m = boot(&[BRANCH_HERE], &[]);
        let result = m.debug_write(DWT, Size::Word, 1 << bit);
        assert!(matches!(result, Err(DebugError::Machine(_))), "{result:?}");
        assert!(m.error().unwrap().to_string().contains("DWT trace"));
    }
}
