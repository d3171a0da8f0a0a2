//! What programs do, and what is told of it.

use std::io;

use onchip_emulate::{
    Emulation, EmulationError, End, FaultOutcome, Options, Output, Program, Report, Spent,
};
use onchip_vboard::{
    semihosting::Console,
    timing::{Cause, Counter},
};

use crate::elf::{CODE, Elf, FLASH, RAM, STACK, call, exit, load, store};

const CHIP: &str = "STM32L4R5ZITx";
/// `b .`
const HERE: u16 = 0xe7fe;

#[derive(Default)]
pub(crate) struct Tape {
    pub(crate) output: Vec<u8>,
    pub(crate) serial: Vec<u8>,
}

impl Console for Tape {
    fn output(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.extend(bytes);
        Ok(())
    }

    fn error(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn input(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Output for Tape {
    fn serial(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.serial.extend(bytes);
        Ok(())
    }
}

/// Runs a program; `change` sets options beside a limit that keeps tests from hanging.
pub(crate) fn run(
    elf: &Elf,
    change: impl FnOnce(&Program, &mut Options),
) -> Result<(Report, Tape), EmulationError> {
    let program = Program::parse(&elf.bytes())?;
    let mut options = Options {
        limit: Some(1_000_000),
        hertz: 1000,
        ..Options::default()
    };
    change(&program, &mut options);
    let mut tape = Tape::default();
    let report = Emulation::new(CHIP, &program, &options)?.run(&mut tape, &|| false)?;
    check_causes(report.cycles, &report.causes);
    for passage in &report.passages {
        check_causes(passage.cycles, &passage.causes);
    }
    Ok((report, tape))
}

/// Every cycle was spent on something.
fn check_causes(cycles: u64, causes: &[Spent]) {
    let total: i64 = causes.iter().map(|spent| spent.cycles).sum();
    assert_eq!(total, cycles as i64, "{causes:?}");
}

/// The same with no options changed.
fn plain(elf: &Elf) -> (Report, Tape) {
    run(elf, |_, _| {}).unwrap()
}

fn program(code: &[u16]) -> Elf {
    Elf::program(FLASH, STACK, code)
}

#[test]
fn a_program_says_hello_and_ends_with_its_status() {
    let text = FLASH + 0x1000;
    let code = [call(4, text), exit(7)].concat();
    for at in [FLASH, FLASH + 0x4000, RAM + 0x4000] {
        let elf = Elf::program(at, STACK, &code).segment(text, b"hello\n\0");
        let (report, tape) = plain(&elf);
        assert_eq!(report.end, End::Exit { status: 7 }, "{at:#x}");
        assert_eq!(tape.output, b"hello\n");
        // Without the last call, which does not return.
        assert_eq!(report.instructions, 17, "{at:#x}");
    }
}

#[test]
fn passages_nest_and_are_exact() {
    // main: bl f; bl f; exit; f: push {r4, lr}; sub sp, #24; str r0, [sp, #8]; add sp, #24;
    // pop {r4, pc}
    let mut code = vec![0, 0, 0, 0];
    code.extend(exit(0));
    let f = code.len() as u32 * 2;
    for at in [0, 2] {
        let distance = f - (2 * at as u32 + 4);
        code[at] = 0xf000;
        code[at + 1] = 0xf800 | (distance / 2) as u16;
    }
    code.extend([0xb510, 0xb086, 0x9002, 0xb006, 0xbd10]);
    let elf = program(&code)
        .symbol("main", CODE)
        .symbol("f", CODE + f)
        .symbol("f_end", CODE + f + 8)
        .symbol("__StackLimit", STACK - 256);
    let passages = |begin: &str, end: &str| {
        let marks = |program: &Program, options: &mut Options| {
            options.begin = Some(program.place(begin).unwrap());
            options.end = Some(program.place(end).unwrap());
        };
        let (report, _) = run(&elf, marks).unwrap();
        assert_eq!(report.end, End::Exit { status: 0 });
        assert_eq!(report.stack_pointer, 32);
        let told = report.passages.iter().map(|one| {
            (
                one.depth,
                one.instructions,
                one.stack_pointer,
                one.stack_painted,
            )
        });
        (
            told.collect::<Vec<_>>(),
            report.unfinished,
            report.stray_ends,
        )
    };
    // The deepest byte written: R0 at SP + 8 after the push and the subtraction.
    let f = (0, 4, 32, Some(24));
    assert_eq!(passages("f", "f_end"), (vec![f, f], 0, 0));
    assert_eq!(
        passages("main", "main+8"),
        (vec![(0, 12, 32, Some(24))], 0, 0)
    );
    assert_eq!(passages("f", "f"), (vec![(0, 6, 32, Some(24))], 1, 0));
    assert_eq!(passages("main+8", "f_end"), (vec![], 1, 2));
}

#[test]
fn faults_that_nobody_handles_are_told_with_their_cause() {
    // ldr r1, [r0]
    let code = [load(0, 0x3000_0000).to_vec(), vec![0x6801]].concat();
    let elf = program(&code).symbol("culprit", CODE);
    let End::Fault(cause) = plain(&elf).0.end else {
        panic!("no fault");
    };
    assert_eq!(cause.outcome, FaultOutcome::HandlerLoops);
    assert_eq!((cause.pc, cause.bfar), (CODE + 8, Some(0x3000_0000)));
    assert!(cause.reasons[0].starts_with("PRECISERR"), "{cause}");

    // The stack lies nowhere: mov sp, r0; svc 0
    let code = [load(0, 0x3000_0000).to_vec(), vec![0x4685, 0xdf00]].concat();
    let End::Fault(cause) = plain(&program(&code)).0.end else {
        panic!("no fault");
    };
    assert!(cause.to_string().contains("STKERR"), "{cause}");
}

#[test]
fn a_program_that_never_ends_is_told_from_one_that_takes_long() {
    let place = |pc| (pc, None);
    let end = |code: &[u16]| plain(&program(code)).0.end;
    let (pc, function) = place(CODE);
    assert_eq!(end(&[HERE]), End::Endless { pc, function });
    // wfi
    let (pc, function) = place(CODE + 2);
    assert_eq!(end(&[0xbf30, HERE]), End::Asleep { pc, function });
    // adds r0, #1; b .-2
    let (report, _) = plain(&program(&[0x3001, 0xe7fd]));
    assert!(matches!(report.end, End::Limit { .. }));
    assert!(
        (1_000_000..1_000_064).contains(&report.instructions),
        "{}",
        report.instructions
    );
}

#[test]
fn serial_output_arrives() {
    // RCC_APB2ENR: USART1; BRR, CR1: TE, UE; TDR.
    let writes = [
        (0x4002_1060, 1 << 14),
        (0x4001_380c, 35),
        (0x4001_3800, 9),
        (0x4001_3828, 0x55),
    ];
    let code: Vec<u16> = writes
        .iter()
        .flat_map(|&(at, value)| store(at, value))
        .collect();
    let (report, tape) = plain(&program(&[code, exit(0)].concat()));
    assert_eq!(report.end, End::Exit { status: 0 });
    assert_eq!(tape.serial, b"U");
}

#[test]
fn the_console_among_the_stimulus_ports_is_shown() {
    // DEMCR.TRCENA; LAR; TCR; TER: ports 0 and 1. Then both are written to.
    let writes = [
        (0xe000_edfc, 1 << 24),
        (0xe000_0fb0, 0xc5ac_ce55),
        (0xe000_0e80, 1),
        (0xe000_0e00, 3),
        (0xe000_0000, u32::from_le_bytes(*b"word")),
        (0xe000_0004, u32::from_le_bytes(*b"none")),
    ];
    let stores = writes.iter().flat_map(|&(at, value)| store(at, value));
    let code: Vec<u16> = stores.collect();
    let (report, tape) = plain(&program(&[code, exit(0)].concat()));
    assert_eq!(report.end, End::Exit { status: 0 });
    assert_eq!(tape.serial, b"word");
    // Not turned on, it takes what it is given and is silent.
    let code = [store(0xe000_0000, 0x55), exit(0)].concat();
    let (report, tape) = plain(&program(&code));
    assert_eq!(report.end, End::Exit { status: 0 });
    assert_eq!(tape.serial, b"");
}

#[test]
fn a_passage_was_spent_on_what_the_counters_tell_the_program() {
    const DWT: u32 = 0xe000_1000;
    for (counter, number) in [
        (Counter::Cpi, 0),
        (Counter::Exception, 1),
        (Counter::Sleep, 2),
        (Counter::LoadStore, 3),
    ] {
        // Trace on; ITM: LAR, TCR, TER.
        let mut code = store(0xe000_edfc, 1 << 24);
        code.extend(store(0xe000_0fb0, 0xc5ac_ce55));
        code.extend(store(0xe000_0e80, 1));
        code.extend(store(0xe000_0e00, 1));
        let registers = [
            (4, DWT + 8 + 4 * number),
            (6, RAM),
            (0, DWT),
            (1, 0x3e_0001),
        ];
        code.extend(registers.iter().flat_map(|&(rd, value)| load(rd, value)));
        let begin = CODE + 2 * code.len() as u32;
        // str r1, [r0]; movs r3, #12; (ldr r5, [r6]; udiv r7, r3, r3; subs r3, #1; bne)
        code.extend([0x6001, 0x230c, 0x6835, 0xfbb3, 0xf7f3, 0x3b01, 0xd1fa]);
        let end = CODE + 2 * code.len() as u32;
        // ldr r2, [r4]; strb r2, [r0], to stimulus port 0
        code.push(0x6822);
        code.extend(load(0, 0xe000_0000));
        code.push(0x7002);
        code.extend(exit(0));
        let (report, tape) = run(&program(&code), |program, options| {
            options.begin = Some(program.place(&format!("{begin:#x}")).unwrap());
            options.end = Some(program.place(&format!("{end:#x}")).unwrap());
        })
        .unwrap();
        let cause = |spent: &Spent| Cause::ALL.into_iter().find(|one| one.name() == spent.on);
        let its = |spent: &&Spent| cause(spent).unwrap().counter() == Some(counter);
        let [passage] = &report.passages[..] else {
            panic!("{:?}", report.passages);
        };
        let cycles: i64 = passage
            .causes
            .iter()
            .filter(its)
            .map(|one| one.cycles)
            .sum();
        assert_eq!(tape.serial, [cycles as u8], "{counter:?}: {passage:?}");
        let busy = matches!(counter, Counter::Cpi | Counter::LoadStore);
        assert_eq!(cycles > 0, busy, "{counter:?}");
    }
}

#[test]
fn unmodelled_registers_end_the_run_or_are_listed() {
    // TIM3_CR1, twice.
    let code = [store(0x4000_0400, 1), store(0x4000_0400, 2), exit(0)].concat();
    let elf = program(&code);
    let End::Unmodelled { what, .. } = plain(&elf).0.end else {
        panic!("it went on");
    };
    assert!(what.contains("TIM3"), "{what}");
    let (report, _) = run(&elf, |_, options| options.lenient = true).unwrap();
    assert_eq!(report.end, End::Exit { status: 0 });
    let excused = &report.excused[0];
    assert_eq!(
        (excused.address, excused.write, excused.count),
        (0x4000_0400, true, 2)
    );
    assert_eq!(excused.first_pc, CODE + 16);
    assert_eq!(report.excused.len(), 1);
}

/// An RTT control block at `at` whose up-channel 0 has `text` in its buffer of 16 bytes, read
/// up to 12.
fn rtt(at: u32, text: &[u8]) -> Vec<u8> {
    let mut buffer = [0; 16];
    for (offset, byte) in text.iter().enumerate() {
        buffer[(12 + offset) % 16] = *byte;
    }
    let end = (12 + text.len() as u32) % 16;
    let mut bytes = b"SEGGER RTT\0\0\0\0\0\0".to_vec();
    for word in [1, 0, 0, at + 48, 16, end, 12, 0] {
        bytes.extend(u32::to_le_bytes(word));
    }
    bytes.extend(buffer);
    bytes
}

#[test]
fn text_by_rtt_arrives_with_and_without_a_symbol() {
    let at = RAM + 0x2004;
    let code = [exit(0), vec![HERE]].concat();
    let elf = program(&code).segment(at, &rtt(at, b"by RTT"));
    assert_eq!(plain(&elf).1.output, b"by RTT");
    assert_eq!(plain(&elf.symbol("_SEGGER_RTT", at)).1.output, b"by RTT");
}

#[test]
fn repeated_runs_are_the_same() {
    let code = [call(0x10, 0), exit(3)].concat();
    let elf = program(&code);
    assert_eq!(plain(&elf).0, plain(&elf).0);
}

#[test]
fn the_kept_image_says_by_defmt_that_nobody_has_ordered_anything() {
    let file = include_bytes!("../../../../firmware/images/nucleo-l4r5zi.elf");
    let program = Program::parse(file).unwrap();
    let options = Options {
        limit: Some(5_000_000),
        ..Options::default()
    };
    let mut tape = Tape::default();
    let emulation = Emulation::new(CHIP, &program, &options).unwrap();
    let report = emulation.run(&mut tape, &|| false).unwrap();
    assert!(matches!(report.end, End::Limit { .. }), "{}", report.end);
    let text = String::from_utf8(tape.output).unwrap();
    assert!(text.starts_with("onchip boot protocol="), "{text}");
    assert!(text.contains("\nonchip refused code="), "{text}");
}
