//! LDRT, STRT and their narrow relatives.

use onchip_vboard::machine::Stop;

use crate::common::{
    BRANCH_HERE, RAM, boot, handler_of, read, register, resume, run_for, set_register, write,
};

const CFSR: u32 = 0xe000_ed28;
const BFAR: u32 = 0xe000_ed38;
const SHCSR: u32 = 0xe000_ed24;
const SYST_LOAD: u32 = 0xe000_e014;

/// The first halfword of each instruction, without its base register.
const LDRT: u16 = 0xf850;
const LDRHT: u16 = 0xf830;
const LDRBT: u16 = 0xf810;
const LDRSHT: u16 = 0xf930;
const LDRSBT: u16 = 0xf910;
const STRT: u16 = 0xf840;
const STRHT: u16 = 0xf820;
const STRBT: u16 = 0xf800;

const WORD: u32 = 0xf3e2_91c0;

/// `first` with R1 as its base and R2 transferred, at offset 4: what R2 and the word there
/// become.
fn check(first: u16, transferred: u32, stored: u32) {
    let mut m = boot(&[first | 1, 0x2e04, BRANCH_HERE], &[]);
    set_register(&mut m, 1, RAM);
    set_register(&mut m, 2, 0x0102_0384);
    write(&mut m, RAM + 4, WORD);
    run_for(&mut m, 50);
    let got = (register(&mut m, 2), read(&mut m, RAM + 4));
    assert_eq!(got, (transferred, stored), "{first:#x}");
    assert_eq!(register(&mut m, 1), RAM, "{first:#x} writes nothing back");
}

#[test]
fn they_transfer_what_their_privileged_forms_do() {
    check(LDRT, WORD, WORD);
    check(LDRHT, 0x91c0, WORD);
    check(LDRBT, 0xc0, WORD);
    check(LDRSHT, 0xffff_91c0, WORD);
    check(LDRSBT, 0xffff_ffc0, WORD);
    check(STRT, 0x0102_0384, 0x0102_0384);
    check(STRHT, 0x0102_0384, 0xf3e2_0384);
    check(STRBT, 0x0102_0384, 0xf3e2_9184);
}

/// Instruction `first` with base R1, then `second`, is one that the manual leaves open.
fn check_unpredictable(first: u16, second: u16) {
    let mut m = boot(&[first | 1, second], &[]);
    set_register(&mut m, 1, RAM);
    assert_eq!(resume(&mut m, 100), Stop::Error, "{first:#x}");
    let encoding = u32::from(first | 1) << 16 | u32::from(second);
    let error = m.error().expect("the machine has stopped").to_string();
    assert!(error.contains(&format!("{encoding:#x}")), "{error}");
}

#[test]
fn neither_sp_nor_pc_is_transferred() {
    for first in [LDRT, LDRHT, LDRBT, LDRSHT, LDRSBT, STRT, STRHT, STRBT] {
        check_unpredictable(first, 0xde04);
        check_unpredictable(first, 0xfe04);
    }
}

#[test]
fn privileged_code_gives_up_its_rights_for_one_access() {
    // ldrt r2, [r1]; then ldr r2, [r1] alone
    for (program, faults) in [([0xf851, 0x2e00], true), ([0xf8d1, 0x2000], false)] {
        let mut m = boot(&[program[0], program[1], 0x680b, BRANCH_HERE], &[]);
        write(&mut m, SYST_LOAD, 0x1234);
        write(&mut m, SHCSR, 0x7_0000);
        set_register(&mut m, 1, SYST_LOAD);
        run_for(&mut m, 100);
        if faults {
            assert_eq!(register(&mut m, 15), handler_of(5));
            assert_eq!(read(&mut m, CFSR), 1 << 15 | 1 << 9, "BFARVALID, PRECISERR");
            assert_eq!(read(&mut m, BFAR), SYST_LOAD);
        } else {
            assert_eq!((register(&mut m, 2), register(&mut m, 3)), (0x1234, 0x1234));
        }
    }
    // strt r2, [r1] to a register of the core changes nothing; the handler may read it.
    // handler: ldr r3, [r1]; b .
    let mut m = boot(&[0xf841, 0x2e00], &[(5, &[0x680b, BRANCH_HERE])]);
    write(&mut m, SYST_LOAD, 0x1234);
    write(&mut m, SHCSR, 0x7_0000);
    set_register(&mut m, 1, SYST_LOAD);
    set_register(&mut m, 2, 0x99);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 3), 0x1234);
}
