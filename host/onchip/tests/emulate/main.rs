//! `onchip emulate` as its users run it: exit codes, streams, reports. The programs are assembled by hand.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../../../emulate/tests/emulate/elf.rs"]
mod elf;
#[cfg(unix)]
mod interrupt;
mod outcomes;
mod reports;
mod uarts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use self::elf::{CODE, Elf, FLASH, STACK, call, exit};

/// A folder for programs and reports.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Desk {
        Desk {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, file: &Path, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onchip"));
        command
            .arg("emulate")
            .arg(file)
            .args(more)
            .current_dir(self.folder.path())
            .env_remove("RUST_LOG");
        command
    }

    /// The command for a program that is in the file `program.elf`.
    fn prepare(&self, elf: &Elf, more: &[&str]) -> Command {
        let file = self.path("program.elf");
        fs::write(&file, elf.bytes()).unwrap();
        self.command(&file, more)
    }

    fn run(&self, elf: &Elf, more: &[&str]) -> Output {
        self.prepare(elf, more).output().unwrap()
    }

    /// Runs a program and reads what it writes as JSON, which must go by itself well with 7.
    fn report(&self, elf: &Elf, more: &[&str]) -> (Output, Value) {
        let output = self.run(elf, &[more, &["--json", "report.json"]].concat());
        check(&output, 7, &[]);
        (output, self.json())
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("report.json")).unwrap()).unwrap()
    }
}

/// Checks the exit code, that stderr says each text, and that nothing panicked. Returns stderr.
fn check(output: &Output, code: i32, texts: &[&str]) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    for text in texts {
        assert!(stderr.contains(text), "no {text:?} in: {stderr}");
    }
    stderr
}

fn program(code: &[u16]) -> Elf {
    Elf::program(FLASH, STACK, code)
}

/// Calls `f` twice and ends with 7. `f` goes 32 bytes deep, writes 24 deep, and takes four instructions from `f` to `f_end`.
fn calls() -> Elf {
    calls_then(&exit(7))
}

/// The same with another end.
fn calls_then(end: &[u16]) -> Elf {
    let f = 8 + 2 * end.len() as u32;
    let mut code = Vec::new();
    for at in [0, 4] {
        // bl f
        let distance = f - (at + 4);
        code.extend([0xf000, 0xf800 | (distance / 2) as u16]);
    }
    code.extend(end);
    // push {r4, lr}; sub sp, #24; str r0, [sp, #8]; add sp, #24; pop {r4, pc}
    code.extend([0xb510, 0xb086, 0x9002, 0xb006, 0xbd10]);
    program(&code)
        .symbol("f", CODE + f)
        .symbol("f_end", CODE + f + 8)
        .symbol("__StackLimit", STACK - 256)
}

/// Writes `text` to standard output and ends with `status`.
fn says(text: &str, status: u32) -> Elf {
    let at = FLASH + 0x1000;
    let code = [call(4, at), exit(status)].concat();
    program(&code).segment(at, format!("{text}\0").as_bytes())
}
