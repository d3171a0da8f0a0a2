//! The bus as a program sees it: bit bands, code that changes, what is not modelled.

use onchip_vboard::machine::Stop;

use crate::common::{
    BELL, BRANCH_HERE, DARK, FLASH, PROGRAM, RAM, boot, load_code, read, register, resume, run_for,
    set_register, write,
};

#[test]
fn bit_bands_alias_single_bits() {
    // str r1, [r0]; ldr r2, [r0]; b .
    let mut m = boot(&[0x6001, 0x6802, BRANCH_HERE], &[]);
    write(&mut m, RAM + 0x104, 0xf0);
    set_register(&mut m, 0, 0x2200_0000 + 0x104 * 32 + 2 * 4);
    set_register(&mut m, 1, 0xff);
    run_for(&mut m, 50);
    assert_eq!(read(&mut m, RAM + 0x104), 0xf4);
    assert_eq!(register(&mut m, 2), 1);
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
    assert!(
        m.debug_read(RAM, onchip_vboard::memory::Size::Word)
            .is_err()
    );
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
