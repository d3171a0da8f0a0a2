//! Faults whose own entry fails.

mod common;

use common::{FLASH, RAM, load_code, load_words, read, register, resume, unstarted};
use onchip_vboard::machine::{Machine, Stop};

const CFSR: u32 = 0xe000_ed28;
const HFSR: u32 = 0xe000_ed2c;
const UNDEFINSTR: u32 = 1 << 16;
const STKERR: u32 = 1 << 12;
const FORCED: u32 = 1 << 30;

const RESET: u32 = FLASH + 0x100;
const HARD_FAULT: u32 = FLASH + 0x200;

/// Runs `code` from reset with the stack pointer at `stack`, until `HARD_FAULT`'s bkpt.
fn run(stack: u32, code: &[u16]) -> Machine {
    let mut machine = unstarted();
    load_words(&mut machine, FLASH, &[stack, RESET | 1, 0, HARD_FAULT | 1]);
    load_code(&mut machine, RESET, code);
    load_code(&mut machine, HARD_FAULT, &[0xbe00]);
    machine.set_reset_pin(true);
    machine.set_reset_pin(false);
    assert_eq!(resume(&mut machine, 1000), Stop::Halted);
    assert_eq!(register(&mut machine, 15), HARD_FAULT);
    machine
}

/// As hardware does it, which is what stacks at the bottom of RAM rely on: the handler of a
/// stack overflow runs, though its frame could not be written.
#[test]
fn a_hard_fault_without_room_for_its_frame_is_taken() {
    let mut machine = run(RAM + 8, &[0xde00]);
    assert_eq!(read(&mut machine, CFSR), UNDEFINSTR | STKERR);
    assert_eq!(read(&mut machine, HFSR), FORCED);
    assert_eq!(register(&mut machine, 13), RAM + 8 - 0x20);
}
