//! Semihosting calls, as a program makes them.

use std::io;

use onchip_vboard::machine::{Machine, Stop};
use onchip_vboard::semihosting::{Called, Console, HeapInfo, Semihosting, Setting};

use crate::common::*;
use crate::owner::{CALL, started};

#[derive(Default)]
struct Tape {
    output: Vec<u8>,
    error: Vec<u8>,
    input: Vec<u8>,
}

impl Console for Tape {
    fn output(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.extend(bytes);
        Ok(())
    }

    fn error(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.error.extend(bytes);
        Ok(())
    }

    fn input(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.input.len().min(bytes.len());
        bytes[..count].copy_from_slice(&self.input[..count]);
        self.input.drain(..count);
        Ok(count)
    }
}

const BLOCK: u32 = RAM + 0x100;
const BUFFER: u32 = RAM + 0x200;

/// A program that makes one call after another, its host, and what it sees.
struct Caller {
    machine: Machine,
    host: Semihosting,
    tape: Tape,
}

impl Caller {
    fn new() -> Self {
        let setting = Setting {
            command_line: b"prog one".to_vec(),
            heap: HeapInfo {
                heap_base: 1,
                heap_limit: 2,
                stack_base: 3,
                stack_limit: 4,
            },
            hertz: 100,
        };
        Self {
            machine: started(&[CALL; 64]),
            host: Semihosting::new(setting),
            tape: Tape::default(),
        }
    }

    fn put(&mut self, address: u32, bytes: &[u8]) {
        assert!(self.machine.set_memory(address, bytes));
    }

    /// Makes a call with R1 = `parameter`.
    fn raw(&mut self, operation: u32, parameter: u32) -> (Called, u32) {
        write(&mut self.machine, DHCSR, 0xa05f_0003);
        set_register(&mut self.machine, 0, operation);
        set_register(&mut self.machine, 1, parameter);
        write(&mut self.machine, DHCSR, 0xa05f_0000);
        assert_eq!(self.machine.run(100), Stop::Semihosting);
        let pc = self.machine.register(15);
        let called = self
            .host
            .serve(&mut self.machine, &mut self.tape)
            .expect("the tape does not fail");
        let moved = if called == Called::Answered { 2 } else { 0 };
        assert_eq!(self.machine.register(15), pc + moved);
        (called, self.machine.register(0))
    }

    /// Makes a call with a parameter block.
    fn call(&mut self, operation: u32, block: &[u32]) -> u32 {
        let bytes: Vec<u8> = block.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.put(BLOCK, &bytes);
        let (called, result) = self.raw(operation, BLOCK);
        assert_eq!(called, Called::Answered);
        result
    }

    fn open(&mut self, name: &str, mode: u32) -> u32 {
        self.put(BUFFER, name.as_bytes());
        self.put(BUFFER + name.len() as u32, &[0]);
        self.call(1, &[BUFFER, mode, name.len() as u32])
    }
}

#[test]
fn the_console_is_three_files() {
    let mut caller = Caller::new();
    let (input, output, error) = (
        caller.open(":tt", 0),
        caller.open(":tt", 4),
        caller.open(":tt", 8),
    );
    caller.put(BUFFER, b"hello\0");
    assert_eq!(caller.call(5, &[output, BUFFER, 5]), 0);
    assert_eq!(caller.call(5, &[error, BUFFER + 1, 3]), 0);
    assert_eq!(caller.call(5, &[input, BUFFER, 5]), 5, "nothing written");
    assert_eq!(caller.call(5, &[output, 0x9000_0000, 5]), 5, "no memory");
    caller.raw(4, BUFFER);
    caller.raw(3, BUFFER);
    assert_eq!(caller.tape.output, b"hellohelloh");
    assert_eq!(caller.tape.error, b"ell");
    caller.tape.input = b"abc".to_vec();
    assert_eq!(caller.call(6, &[input, BUFFER, 2]), 0);
    assert_eq!(caller.raw(7, 0).1, u32::from(b'c'));
    assert_eq!(caller.call(6, &[input, BUFFER, 2]), 2, "the end");
    assert_eq!(caller.machine.memory(BUFFER, 2), Some(&b"ab"[..]));
    assert_eq!(caller.call(9, &[output]), 1);
    assert_eq!(caller.call(0xc, &[output]), u32::MAX);
    assert_eq!(caller.call(2, &[output]), 0);
    assert_eq!(caller.call(2, &[output]), u32::MAX, "closed before");
    assert_eq!(caller.raw(0x13, 0).1, 9, "EBADF");
}

#[test]
fn features_are_told_and_other_files_refused() {
    let mut caller = Caller::new();
    let file = caller.open(":semihosting-features", 0);
    assert_eq!(caller.call(0xc, &[file]), 5);
    assert_eq!(caller.call(9, &[file]), 0);
    assert_eq!(caller.call(0xa, &[file, 1]), 0);
    assert_eq!(caller.call(6, &[file, BUFFER, 8]), 4);
    assert_eq!(
        caller.machine.memory(BUFFER, 4),
        Some(&[0x48, 0x46, 0x42, 3][..])
    );
    for (name, mode, errno) in [
        ("/etc/passwd", 0, 13),
        ("out.txt", 4, 13),
        (":semihosting-features", 4, 22),
        (":tt", 12, 22),
    ] {
        assert_eq!(caller.open(name, mode), u32::MAX, "{name}");
        assert_eq!(caller.raw(0x13, 0).1, errno, "{name}");
    }
    assert_eq!(caller.call(0xe, &[BUFFER, 3]), 13);
    assert_eq!(caller.call(0xf, &[BUFFER, 3, BUFFER, 3]), 13);
    assert_eq!(caller.call(0xd, &[BUFFER, 1, 20]), u32::MAX);
    assert_eq!(caller.call(0x12, &[BUFFER, 3]), u32::MAX);
}

#[test]
fn the_program_is_told_its_arguments_memory_and_time() {
    let mut caller = Caller::new();
    assert_eq!(caller.call(0x15, &[BUFFER, 9]), 0);
    assert_eq!(caller.machine.memory(BUFFER, 9), Some(&b"prog one\0"[..]));
    assert_eq!(read(&mut caller.machine, BLOCK + 4), 8);
    assert_eq!(
        caller.call(0x15, &[BUFFER, 8]),
        u32::MAX,
        "no room for the zero"
    );
    caller.call(0x16, &[BUFFER]);
    let heap: Vec<u32> = (0..4)
        .map(|n| read(&mut caller.machine, BUFFER + 4 * n))
        .collect();
    assert_eq!(heap, [1, 2, 3, 4]);
    assert_eq!(caller.raw(0x31, 0).1, 100);
    assert_eq!(caller.call(0x30, &[7, 7]), 0);
    let elapsed = read(&mut caller.machine, BLOCK);
    assert_eq!(u64::from(elapsed) + 1, caller.machine.cycles());
    assert_eq!(read(&mut caller.machine, BLOCK + 4), 0);
    assert_eq!(
        u64::from(caller.raw(0x10, 0).1) + 1,
        caller.machine.cycles()
    );
    assert_eq!(caller.raw(0x11, 0).1, 0);
    assert_eq!(caller.call(8, &[5]), 0);
    assert_ne!(caller.call(8, &[u32::MAX]), 0);
}

#[test]
fn programs_end_with_a_status() {
    for (operation, parameter, block, expected) in [
        (0x18, 0x20026, [0, 0], Called::Exit(0)),
        (0x18, 0x20023, [0, 0], Called::Exit(1)),
        (0x20, BLOCK, [0x20026, 7], Called::Exit(7)),
        (0x20, BLOCK, [0x20024, 7], Called::Exit(1)),
        (0x99, 0, [0, 0], Called::Unknown(0x99)),
    ] {
        let mut caller = Caller::new();
        write(&mut caller.machine, BLOCK, block[0]);
        write(&mut caller.machine, BLOCK + 4, block[1]);
        assert_eq!(caller.raw(operation, parameter).0, expected);
    }
}
