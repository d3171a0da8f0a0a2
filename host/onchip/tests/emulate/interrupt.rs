//! Ctrl-C.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::elf::{FLASH, call};
use crate::{Desk, calls_then, check, program};

fn send_interrupt(child: &Child) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
}

/// `main` says that it is ready, and goes on for ever: adds r0, #1; b .-2
fn endless() -> Vec<u16> {
    [call(4, FLASH + 0x1000), vec![0x3001, 0xe7fd]].concat()
}

fn spawn(mut command: Command) -> Child {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "ready\n");
    child
}

#[test]
fn what_was_measured_before_ctrl_c_is_reported() {
    let elf = calls_then(&endless()).segment(FLASH + 0x1000, b"ready\n\0");
    for (more, runs) in [(&[][..], 1), (&["--repeat", "3"], 1)] {
        let desk = Desk::new();
        let marks = ["--begin", "f", "--end", "f_end", "--json", "report.json"];
        let child = spawn(desk.prepare(&elf, &[&marks, more].concat()));
        send_interrupt(&child);
        let output = child.wait_with_output().unwrap();
        check(&output, 130, &["interrupted at 0x08000", "passage 2 "]);
        let json = desk.json();
        assert_eq!(json["runs"], runs);
        assert_eq!(json["report"]["end"]["kind"], "interrupted");
        let passages = json["report"]["passages"].as_array().unwrap();
        assert_eq!(passages.len(), 2);
        assert_eq!(passages[1]["instructions"], 4);
    }
}

#[test]
fn a_second_ctrl_c_ends_a_program_that_waits_for_input() {
    // It has said that it is ready, and reads a character that never comes.
    let code = [call(4, FLASH + 0x1000), call(7, 0)].concat();
    let elf = program(&code).segment(FLASH + 0x1000, b"ready\n\0");
    let desk = Desk::new();
    let mut child = spawn(desk.prepare(&elf, &[]));
    let status = loop {
        send_interrupt(&child);
        // Two that come at once count as one.
        std::thread::sleep(Duration::from_millis(20));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
    };
    assert_eq!(status.code(), Some(130));
}
