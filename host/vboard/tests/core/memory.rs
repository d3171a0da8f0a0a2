//! The bus as a program sees it: bit bands, code that changes, what is not modelled.

use onchip_vboard::{
    machine::{DebugError, Machine, Stop},
    memory::{RamMap, Size},
};

use crate::common::{
    BELL, BRANCH_HERE, DARK, FLASH, PROGRAM, RAM, boot, boot_chip, chip, handler_of, load_code,
    read, register, resume, run_for, set_register, write,
};

const ACTLR: u32 = 0xe000_e008;
const CPACR: u32 = 0xe000_ed88;
const ISER: u32 = 0xe000_e100;

/// The alias of bit `bit` of the byte at `address`.
fn alias(address: u32, bit: u32) -> u32 {
    (address & 0xf000_0000) + 0x0200_0000 + (address & 0xf_ffff) * 32 + bit * 4
}

/// The instruction `store` of R1 to the alias in R0, then `load` of it into R2: with `value`
/// stored, the word at `target` becomes `after`.
fn check_alias(code: [u16; 2], at: (u32, u32), value: u32, (target, after): (u32, u32)) {
    let mut m = boot(&[code[0], code[1], BRANCH_HERE], &[]);
    write(&mut m, target, 0x1234_56f0);
    set_register(&mut m, 0, alias(at.0, at.1));
    set_register(&mut m, 1, value);
    run_for(&mut m, 50);
    assert_eq!(read(&mut m, target), after, "{code:x?} {at:x?} {value:x}");
    assert_eq!(register(&mut m, 2), value & 1);
    assert_eq!(read(&mut m, alias(at.0, at.1)), value & 1, "the debugger");
}

#[test]
fn bit_bands_alias_single_bits() {
    let words = [0x6001, 0x6802];
    let halves = [0x8001, 0x8802];
    let bytes = [0x7001, 0x7802];
    for code in [words, halves, bytes] {
        check_alias(code, (RAM + 0x104, 2), 0xff, (RAM + 0x104, 0x1234_56f4));
        check_alias(code, (RAM + 0x104, 4), 0xfe, (RAM + 0x104, 0x1234_56e0));
        check_alias(code, (RAM + 0x106, 0), 1, (RAM + 0x104, 0x1235_56f0));
        check_alias(code, (RAM + 0x107, 7), 1, (RAM + 0x104, 0x9234_56f0));
    }
    check_alias(words, (BELL, 1), 1, (BELL, 0x1234_56f2));
    // This peripheral keeps what it is given: the lane that was transferred.
    check_alias(halves, (BELL, 1), 1, (BELL, 0x56f2));
    check_alias(bytes, (BELL, 1), 1, (BELL, 0xf2));
}

#[test]
fn a_write_by_a_bit_band_alias_may_interrupt() {
    // str r1, [r0]; b .
    let mut m = boot(&[0x6001, BRANCH_HERE], &[]);
    write(&mut m, ISER, 1);
    set_register(&mut m, 0, alias(BELL, 5));
    set_register(&mut m, 1, 1);
    run_for(&mut m, 50);
    assert_eq!(register(&mut m, 15), handler_of(16));
}

#[test]
fn what_no_manual_says_of_bit_band_aliases_stops_the_machine() {
    // ldr r2, [r0]; ldrb r2, [r0]; strh r2, [r0]
    for (code, offset, what) in [
        (0x6802, 2, "unaligned access to a bit-band alias"),
        (0x6802, 1, "unaligned access to a bit-band alias"),
        (0x7802, 1, "the upper bytes of a bit-band alias"),
        (0x8002, 2, "the upper bytes of a bit-band alias"),
    ] {
        let mut m = boot(&[code], &[]);
        set_register(&mut m, 0, alias(RAM, 0) + offset);
        assert_eq!(resume(&mut m, 100), Stop::Error, "{code:#x}");
        let text = m.error().unwrap().to_string();
        assert!(text.contains(what), "{text}");
    }
}

#[test]
fn a_core_may_lack_bit_band_aliases() {
    let mut chip = chip();
    chip.core.bit_band = false;
    let mut m = Machine::new(chip).unwrap();
    for address in [alias(RAM, 0), alias(BELL, 0)] {
        let result = m.debug_read(address, Size::Word);
        assert_eq!(result, Err(DebugError::Fault(address)));
    }
}

#[test]
fn unaligned_words_are_assembled() {
    // ldr r2, [r0, #1]; str r2, [r0, #6]; b .
    let mut m = boot(&[0xf8d0, 0x2001, 0xf8c0, 0x2006, BRANCH_HERE], &[]);
    write(&mut m, RAM, 0x3322_1100);
    write(&mut m, RAM + 4, 0x7766_5544);
    write(&mut m, RAM + 8, 0);
    set_register(&mut m, 0, RAM);
    run_for(&mut m, 50);
    assert_eq!(register(&mut m, 2), 0x4433_2211);
    assert_eq!(read(&mut m, RAM + 4), 0x2211_5544);
    assert_eq!(read(&mut m, RAM + 8), 0x4433);
}

#[test]
fn what_is_not_modelled_stops_the_machine_and_says_where() {
    // nop; ldrb r2, [r0, #4]
    let mut m = boot(&[0xbf00, 0x7902], &[]);
    set_register(&mut m, 0, DARK);
    assert_eq!(resume(&mut m, 100), Stop::Error);
    let text = m.error().unwrap().to_string();
    assert_eq!(
        text,
        "8-bit read of 0x40001004 is not modelled (DARK); PC 0x08000102"
    );
    assert!(m.debug_read(RAM, Size::Word).is_err());
    assert_eq!(m.run(100), Stop::Error);

    // str r1, [r0, #12] to a register that the peripheral lacks
    let mut m = boot(&[0x60c1], &[]);
    set_register(&mut m, 0, BELL);
    set_register(&mut m, 1, 0x99);
    assert_eq!(resume(&mut m, 100), Stop::Error);
    let text = m.error().unwrap().to_string();
    assert_eq!(
        text,
        "32-bit write to 0x4000000c of 0x99 is not modelled (BELL register); PC 0x08000100"
    );
}

#[test]
fn unpredictable_instructions_stop_the_machine() {
    // mul r13, r0, r0
    let mut m = boot(&[0xfb00, 0xfd00], &[]);
    assert_eq!(resume(&mut m, 100), Stop::Error);
    assert!(
        m.error()
            .unwrap()
            .to_string()
            .contains("0xfb00fd00 at 0x08000100")
    );
}

#[test]
fn code_in_ram_may_change_under_way() {
    // In RAM: movs r0, #1; bx lr. In flash: blx r4; mov r5, r0; strh r6, [r7]; isb; blx r4; b .
    let program = [0x47a0, 0x4605, 0x803e, 0xf3bf, 0x8f6f, 0x47a0, BRANCH_HERE];
    let mut m = boot(&program, &[]);
    write(&mut m, RAM + 0x100, 0x4770_2001);
    set_register(&mut m, 4, RAM + 0x101);
    set_register(&mut m, 6, 0x2002);
    set_register(&mut m, 7, RAM + 0x100);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 5), 1);
    assert_eq!(register(&mut m, 0), 2);
    // And under the debugger's hands.
    write(&mut m, RAM + 0x100, 0x4770_2003);
    set_register(&mut m, 15, PROGRAM + 10);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 0), 3);
}

#[test]
fn code_in_flash_may_be_programmed() {
    // strh r1, [r2]; isb; nop: overwritten by movs r0, #7; b .
    let mut m = boot(&[0x8011, 0xf3bf, 0x8f6f, 0xbf00, BRANCH_HERE], &[]);
    set_register(&mut m, 0, 0);
    run_for(&mut m, 5);
    set_register(&mut m, 15, PROGRAM);
    set_register(&mut m, 1, 0x2007);
    set_register(&mut m, 2, PROGRAM + 6);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 0), 7);
    load_code(&mut m, PROGRAM + 6, &[0x2009]);
    set_register(&mut m, 15, PROGRAM + 6);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 0), 9);
}

#[test]
fn flash_is_seen_at_zero_too() {
    // ldr r1, [r0]; b .
    let mut m = boot(&[0x6801, BRANCH_HERE], &[]);
    set_register(&mut m, 0, PROGRAM - FLASH);
    set_register(&mut m, 15, PROGRAM - FLASH);
    run_for(&mut m, 50);
    assert_eq!(register(&mut m, 1), 0xe7fe_6801);
    assert_eq!(register(&mut m, 15), PROGRAM - FLASH + 2);
}

/// `program` moves words from or to the end of one RAM and beyond, where nothing is: it faults,
/// and another RAM, somewhere else, has no part in it.
fn check_end_of_ram(program: [u16; 2]) {
    const OTHER: u32 = 0x1000_0000;
    let mut chip = chip();
    chip.rams.push(RamMap {
        base: OTHER,
        len: 0x1000,
        cached_from: None,
        aliases: vec![],
    });
    let mut m = boot_chip(chip, &program, &[]);
    write(&mut m, ACTLR, 2);
    write(&mut m, CPACR, 0xf << 20);
    write(&mut m, OTHER, 0x1234_5678);
    set_register(&mut m, 0, RAM + 0x1_0000 - 4);
    resume(&mut m, 100);
    write(&mut m, 0xe000_edf0, 0xa05f_0003);
    assert_eq!(register(&mut m, 15), handler_of(3), "{program:x?}");
    assert_eq!(read(&mut m, OTHER), 0x1234_5678, "{program:x?}");
}

#[test]
fn accesses_of_several_words_end_where_memory_ends() {
    for program in [
        // ldm r0, {r1, r2}; stm r0!, {r1, r2}
        [0xc806, BRANCH_HERE],
        [0xc006, BRANCH_HERE],
        // ldrd r1, r2, [r0]; strd r1, r2, [r0]; vldr d0, [r0]; vstm r0, {s0, s1}
        [0xe9d0, 0x1200],
        [0xe9c0, 0x1200],
        [0xed90, 0x0b00],
        [0xec80, 0x0a02],
    ] {
        check_end_of_ram(program);
    }
}
