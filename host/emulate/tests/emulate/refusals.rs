//! Files that cannot run, and what is said about them.

use crate::elf::{Elf, FLASH, RAM, STACK};
use crate::programs::run;
use onchip_emulate::Program;

fn check(bytes: &[u8], expected: &str) {
    let error = Program::parse(bytes).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn files_of_another_kind() {
    let sound = Elf::program(FLASH, STACK, &[0xe7fe]).bytes();
    let with = |at: usize, byte: u8| {
        let mut bytes = sound.clone();
        bytes[at] = byte;
        bytes
    };
    check(b"", "no ELF file");
    check(b":10000000", "no ELF file");
    check(&sound[..40], "no ELF file");
    check(&with(4, 2), "64-bit");
    check(&with(5, 2), "big-endian");
    check(&with(16, 3), "of type 3");
    check(&with(18, 62), "for machine 62");
    check(&with(52, 2), "no loadable segment");
    check(&with(52 + 5, 0xff), "ends behind the file");
}

fn check_load(elf: &Elf, expected: &str) {
    let error = run(elf, |_, _| {}).err().unwrap().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn programs_for_another_chip() {
    let code = [0xe7fe];
    let sound = Elf::program(FLASH, STACK, &code);
    let far = sound.clone().segment(0x6000_0000, b"data");
    check_load(
        &far,
        "segment 1, 4 bytes at 0x60000000 (where it is loaded)",
    );
    check_load(&far, "flash 0x08000000 to 0x081fffff");
    let far = sound.clone().moved(FLASH + 0x100, 0x3000_0000, b"data", 8);
    check_load(&far, "segment 1, 8 bytes at 0x30000000 (where it runs)");
    let far = sound.clone().moved(0, RAM + 0xa_0000 - 4, b"", 8);
    check_load(&far, "8 bytes at 0x2009fffc (where it runs)");
    check_load(&Elf::program(FLASH, 0x3000_0000, &code), "no vector table");
    let mut arm = Elf::default();
    let words = [STACK, FLASH + 0x40];
    let bytes: Vec<u8> = words
        .iter()
        .flat_map(|word: &u32| word.to_le_bytes())
        .collect();
    arm = arm.segment(FLASH, &[bytes, vec![0; 0x80]].concat());
    check_load(&arm, "only executes Thumb");
}

#[test]
fn marks_where_no_code_is() {
    let elf = Elf::program(FLASH, STACK, &[0xe7fe]);
    let marks = |program: &Program, options: &mut onchip_emulate::Options| {
        options.begin = Some(program.place("0x70000000").unwrap());
    };
    let error = run(&elf, marks).err().unwrap().to_string();
    assert!(error.contains("no instruction can be"), "{error}");
}
