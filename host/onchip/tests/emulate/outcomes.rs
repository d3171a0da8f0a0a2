//! How a run ends, and what is said of it.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::elf::{CODE, Elf, RAM, STACK, call, exit, load, store};
use crate::{Desk, calls, check, program, says};

#[test]
fn the_exit_code_is_the_programs_own() {
    let desk = Desk::new();
    for (status, code) in [(0, 0), (7, 7), (255, 255), (256, 255)] {
        let output = desk.run(&says("hello\n", status), &[]);
        let told = format!("the program ended with status {status}\n");
        check(&output, code, &[&told, "program.elf on nucleo-l4r5zi"]);
        assert_eq!(output.stdout, b"hello\n");
    }
}

/// A program's code, more arguments, the exit code, what is said.
type Case<'a> = (&'a [u16], &'a [&'a str], i32, &'a [&'a str]);

#[test]
fn other_ends_have_exit_codes_of_their_own() {
    let lost = [load(0, 0x3000_0000).to_vec(), vec![0x6801]].concat();
    let desk = Desk::new();
    let ends: [Case<'_>; 6] = [
        // adds r0, #1; b .-2
        (
            &[0x3001, 0xe7fd],
            &["--limit", "10000"],
            124,
            &["the limit is reached at 0x0800004"],
        ),
        (
            &[0xe7fe],
            &[],
            125,
            &["the program loops at 0x08000042, and nothing will"],
        ),
        (
            &[0xbf30, 0xe7fe],
            &[],
            125,
            &["the program sleeps at 0x08000044, and nothing will"],
        ),
        (
            &lost,
            &[],
            3,
            &["PC 0x0800004a", "BFAR 0x30000000", "PRECISERR"],
        ),
        // bkpt 0xab with an operation that nobody has defined
        (&[0x20ff, 0xbeab], &[], 4, &["operation 0xff at 0x08000044"]),
        // udf
        (&[0xde00], &[], 3, &["UNDEFINSTR", "PC 0x08000042"]),
    ];
    for (code, more, status, texts) in ends {
        check(&desk.run(&program(code), more), status, texts);
    }
}

#[test]
fn unmodelled_registers_end_the_run_unless_it_is_lenient() {
    // TIM3_CR1 twice, TIM3_CR2 read: ldr r1, [r0, #4]
    let code = [
        store(0x4000_0400, 1),
        store(0x4000_0400, 2),
        vec![0x6841],
        exit(7),
    ];
    let elf = program(&code.concat()).symbol("main", CODE);
    let desk = Desk::new();
    let output = desk.run(&elf, &[]);
    let pc = format!("{:#010x}", CODE + 16);
    check(&output, 4, &["TIM3", "0x40000400", &pc]);

    let (output, json) = desk.report(&elf, &["--lenient"]);
    let stderr = check(&output, 7, &[]);
    let (_, list) = stderr.split_once("not modelled, read as zero").unwrap();
    let lines: Vec<&str> = list.lines().skip(1).collect();
    assert_eq!(lines.len(), 2, "{stderr}");
    let written = format!("0x40000400 written         2 times, first at {pc}: TIM3");
    assert!(lines[0].contains(&written), "{}", lines[0]);
    let read = format!(
        "0x40000404 read            1 times, first at {:#010x}",
        CODE + 36
    );
    assert!(lines[1].contains(&read), "{}", lines[1]);
    let excused = &json["report"]["excused"];
    assert_eq!(excused[0]["count"], 2);
    assert_eq!(excused[1]["write"], false);
}

#[test]
fn what_cannot_run_ends_with_2() {
    let sound = calls().bytes();
    let with = |at: usize, byte: u8| {
        let mut bytes = sound.clone();
        bytes[at] = byte;
        bytes
    };
    let desk = Desk::new();
    let outside = Elf::program(0x0900_0000, STACK, &[0xe7fe]).bytes();
    let files: [(&[u8], &[&str]); 5] = [
        (
            b":10000000",
            &["program.elf", "no ELF file", "linker's output"],
        ),
        (&with(18, 243), &["program.elf", "for machine 243", "Arm"]),
        (&with(4, 2), &["program.elf", "64-bit"]),
        (&sound[..40], &["program.elf", "no ELF file"]),
        (&outside, &["segment 0", "0x09000000", "flash 0x08000000"]),
    ];
    for (bytes, texts) in files {
        let file = desk.path("program.elf");
        std::fs::write(&file, bytes).unwrap();
        check(&desk.command(&file, &[]).output().unwrap(), 2, texts);
    }
    let arguments: [(&[&str], &str); 6] = [
        (&["--begin", "mian", "--end", "f_end"], "no symbol `mian`"),
        (
            &["--begin", "f", "--end", "0x70000000"],
            "no instruction can be",
        ),
        (&["--begin", "f"], "--end"),
        (&["--limit", "0"], "--limit"),
        (&["--repeat", "0"], "--repeat"),
        (&["--board", "nucleo"], "onchip knows nucleo-f446re, "),
    ];
    for (more, text) in arguments {
        check(&desk.run(&calls(), more), 2, &[text]);
    }
    // The report is not lost.
    let unwritten = desk.run(&calls(), &["--json", "nowhere/report.json"]);
    let told = ["nowhere/report.json cannot be written", "whole run"];
    check(&unwritten, 2, &told);
    let mut missing = desk.command(Path::new("missing.elf"), &[]);
    check(
        &missing.output().unwrap(),
        2,
        &["missing.elf cannot be read"],
    );
}

#[test]
fn a_program_is_told_its_arguments_and_reads_standard_input() {
    // SYS_GET_CMDLINE into a buffer, SYS_WRITE0 of it, exit with what SYS_READC returns: movs r4, r0; str r4, [r0]
    let (block, buffer) = (RAM + 0x100, RAM + 0x200);
    let code = [
        store(block, buffer),
        store(block + 4, 80),
        call(0x15, block),
        call(4, buffer),
        call(7, 0),
        vec![0x0004],
        store(RAM, 0x20026),
        load(0, RAM + 4).to_vec(),
        vec![0x6004],
        call(0x20, RAM),
    ];
    let desk = Desk::new();
    let more = ["--repeat", "2", "--", "first", "--second"];
    let mut child = desk
        .prepare(&program(&code.concat()), &more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"*input").unwrap();
    let output = child.wait_with_output().unwrap();
    check(&output, 42, &["2 runs from power-on, 1 distinct"]);
    assert_eq!(output.stdout, b"program.elf first --second");
}

#[test]
fn a_reader_who_leaves_ends_the_run() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let desk = Desk::new();
    let mut command = desk.prepare(&says("hello", 7), &[]);
    let stderr = check(&command.stdout(writer).output().unwrap(), 141, &[]);
    assert_eq!(stderr, "");
}

#[test]
fn help_teaches_with_examples() {
    let desk = Desk::new();
    let output = desk.command(Path::new("--help"), &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["Examples:", "--begin", "--lenient", "Exit codes"] {
        assert!(text.contains(part), "{part}");
    }
}
