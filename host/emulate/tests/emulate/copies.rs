//! The kept image's functions that copy and fill memory, called one by one.

use onchip_emulate::Program;
use onchip_vboard::chips;
use onchip_vboard::machine::{Machine, Stop};
use onchip_vboard::memory::Size;

const RAM: u32 = 0x2000_0000;
/// `bkpt`, where each function returns to.
const RETURN: u32 = RAM + 0x1000;
const STACK: u32 = RAM + 0x2000;
const DHCSR: u32 = 0xe000_edf0;

/// What a call works on: the first bytes of RAM.
const LEN: usize = 256;

struct Image {
    program: Program,
    machine: Machine,
}

impl Image {
    fn new() -> Self {
        let file = include_bytes!("../../../../firmware/images/nucleo-l4r5zi.elf");
        let program = Program::parse(file).unwrap();
        let mut machine = Machine::new(chips::by_name("STM32L4R5ZITx").unwrap()).unwrap();
        program.load(&mut machine).unwrap();
        assert!(machine.set_memory(RETURN, &0xbe00_u16.to_le_bytes()));
        Self { program, machine }
    }

    /// What `function` makes of `bytes`, which are where its operands point to.
    fn call(&mut self, function: &str, operands: [u32; 3], bytes: &[u8]) -> Vec<u8> {
        let machine = &mut self.machine;
        let halt = machine.debug_write(DHCSR, Size::Word, 0xa05f_0003);
        halt.unwrap();
        assert!(machine.set_memory(RAM, bytes));
        let mut state = machine.core_state();
        state.r[..3].copy_from_slice(&operands);
        state.r[13] = STACK;
        state.r[14] = RETURN | 1;
        state.r[15] = self.program.place(function).unwrap().address & !1;
        state.xpsr = 1 << 24;
        machine.set_core_state(&state);
        let run = machine.debug_write(DHCSR, Size::Word, 0xa05f_0001);
        run.unwrap();
        assert_eq!(machine.run(10_000), Stop::Halted, "{function} {operands:?}");
        let state = machine.core_state();
        assert_eq!(state.r[13], STACK, "{function} {operands:?}");
        assert_eq!(state.r[15], RETURN, "{function} {operands:?}");
        machine.memory(RAM, bytes.len()).unwrap().to_vec()
    }
}

fn pattern() -> Vec<u8> {
    (0..LEN).map(|i| (i * 37 + 11) as u8).collect()
}

/// Copies of all lengths up to `longest` from each of `from` to each of `to`.
fn check_copies(function: &str, from: &[usize], to: &[usize], longest: usize) {
    let mut image = Image::new();
    let bytes = pattern();
    for (&from, &to) in from
        .iter()
        .flat_map(|from| to.iter().map(move |to| (from, to)))
    {
        for len in 0..=longest {
            let operands = [RAM + to as u32, RAM + from as u32, len as u32];
            let mut expected = bytes.clone();
            expected.copy_within(from..from + len, to);
            let found = image.call(function, operands, &bytes);
            assert_eq!(found, expected, "{function} of {len} from {from} to {to}");
        }
    }
}

/// Fills of all lengths up to `longest`, from each place in a word on.
fn check_fills(function: &str, value: Option<u8>, longest: usize) {
    let mut image = Image::new();
    let bytes = pattern();
    for start in 40..44 {
        for len in 0..=longest {
            // What is above the byte does not count.
            let word = value.map_or(0xdead_beef, |value| 0xabcd_ef00 | u32::from(value));
            let mut expected = bytes.clone();
            expected[start..start + len].fill(value.unwrap_or(0));
            let found = image.call(function, [RAM + start as u32, len as u32, word], &bytes);
            assert_eq!(found, expected, "{function} of {len} at {start}");
        }
    }
}

#[test]
fn the_image_copies_and_fills_memory_of_all_lengths_anywhere() {
    let apart = &[0, 1, 2, 3];
    check_copies("__aeabi_memcpy", apart, &[128, 129, 130, 131], 70);
    check_copies("__aeabi_memcpy", &[128, 129, 130, 131], apart, 20);
    // Within each other, both ways, and onto itself.
    let near = &[64, 65, 66, 67, 68, 69, 71, 72, 80, 81, 95];
    check_copies("__aeabi_memmove", near, &[64, 67, 70, 77, 80, 82], 70);
    check_fills("__aeabi_memset", Some(0xa5), 70);
    check_fills("__aeabi_memclr", None, 70);
}
