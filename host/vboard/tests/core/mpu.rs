//! The memory protection unit: registers, regions, permissions, faults.

use onchip_vboard::{
    machine::{Machine, Stop},
    memory::Size,
};

use crate::common::{
    BELL, BRANCH_HERE, DHCSR, FLASH, PROGRAM, RAM, RETURN, STACK, boot, handler_of, load_code,
    read, register, resume, run_for, set_register, step, write,
};

const SHPR2: u32 = 0xe000_ed1c;
const SHCSR: u32 = 0xe000_ed24;
const CFSR: u32 = 0xe000_ed28;
const HFSR: u32 = 0xe000_ed2c;
const MMFAR: u32 = 0xe000_ed34;
const CPACR: u32 = 0xe000_ed88;
const SYST_LOAD: u32 = 0xe000_e014;
const TYPE: u32 = 0xe000_ed90;
const CTRL: u32 = 0xe000_ed94;
const RNR: u32 = 0xe000_ed98;
const RBAR: u32 = 0xe000_ed9c;
const RASR: u32 = 0xe000_eda0;

const ENABLE: u32 = 1;
const HFNMIENA: u32 = 2;
const PRIVDEFENA: u32 = 4;

/// Bits of CFSR.
const IACCVIOL: u32 = 1;
const DACCVIOL: u32 = 1 << 1;
const MUNSTKERR: u32 = 1 << 3;
const MSTKERR: u32 = 1 << 4;
const MLSPERR: u32 = 1 << 5;
const MMARVALID: u32 = 1 << 7;

/// MPU_RASR of an enabled region of normal memory, 2 to the power of `bits` bytes long.
const fn region(bits: u32, ap: u32) -> u32 {
    1 << 17 | ap << 24 | (bits - 1) << 1 | 1
}
const XN: u32 = 1 << 28;
const NONE: u32 = 0;
const FULL: u32 = 3;

/// Where regions under test lie, and what is there.
const PLACE: u32 = RAM + 0x1000;
const VALUE: u32 = 0x55aa_1234;

/// `ldr r2, [r1]` and `str r2, [r1]`; `ldrt` and `strt` likewise.
const LDR: [u16; 2] = [0xf8d1, 0x2000];
const STR: [u16; 2] = [0xf8c1, 0x2000];
const LDRT: [u16; 2] = [0xf851, 0x2e00];
const STRT: [u16; 2] = [0xf841, 0x2e00];

/// A machine with all of flash and RAM open to everyone by regions 0 and 1, and with
/// `regions` behind them.
fn guarded(program: &[u16], handlers: &[(u32, &[u16])], regions: &[(u32, u32)]) -> Machine {
    let mut m = boot(program, handlers);
    let open = [(FLASH, region(16, 6)), (RAM, region(16, FULL))];
    for (number, &(base, attributes)) in open.iter().chain(regions).enumerate() {
        write(&mut m, RBAR, base | 1 << 4 | number as u32);
        write(&mut m, RASR, attributes);
    }
    write(&mut m, CTRL, ENABLE);
    write(&mut m, SHCSR, 0x7_0000);
    m
}

fn drop_privilege(m: &mut Machine) {
    set_register(m, 20, 1 << 24);
}

/// `code` with R1 = `address`: whether the access is carried out or a MemManage fault tells
/// of it.
fn check_access(m: &mut Machine, code: [u16; 2], address: u32, allowed: bool, what: &str) {
    load_code(m, PROGRAM, &[code[0], code[1], BRANCH_HERE]);
    write(m, address, VALUE);
    set_register(m, 1, address);
    set_register(m, 2, 0);
    run_for(m, 100);
    let store = code == STR || code == STRT;
    if allowed {
        assert_eq!(register(m, 15), PROGRAM + 4, "{what}");
        assert_eq!(read(m, CFSR), 0, "{what}");
        let moved = if store { 0 } else { VALUE };
        assert_eq!((register(m, 2), read(m, address)), (moved, moved), "{what}");
    } else {
        assert_eq!(register(m, 15), handler_of(4), "{what}");
        assert_eq!(read(m, CFSR), DACCVIOL | MMARVALID, "{what}");
        assert_eq!(read(m, MMFAR), address, "{what}");
        assert_eq!((register(m, 2), read(m, address)), (0, VALUE), "{what}");
        assert_eq!(read(m, STACK - 32 + 24), PROGRAM, "{what}");
    }
}

#[test]
fn access_permissions_are_those_of_the_manual() {
    // AP: privileged code reads and writes, unprivileged code reads and writes.
    for (ap, allowed) in [
        (0, [false, false, false, false]),
        (1, [true, true, false, false]),
        (2, [true, true, true, false]),
        (3, [true, true, true, true]),
        (5, [true, false, false, false]),
        (6, [true, false, true, false]),
        (7, [true, false, true, false]),
    ] {
        let regions = [(PLACE, region(8, ap))];
        for (user, code, allowed) in [
            (false, LDR, allowed[0]),
            (false, STR, allowed[1]),
            (true, LDR, allowed[2]),
            (true, STR, allowed[3]),
            (false, LDRT, allowed[2]),
            (false, STRT, allowed[3]),
        ] {
            let mut m = guarded(&[], &[], &regions);
            if user {
                drop_privilege(&mut m);
            }
            let what = format!("AP {ap}, unprivileged {user}, {code:x?}");
            check_access(&mut m, code, PLACE + 4, allowed, &what);
        }
    }
}

/// With `regions` behind the two that open flash and RAM: whether `address` can be read.
fn check_regions(regions: &[(u32, u32)], control: u32, address: u32, allowed: bool) {
    for code in [LDR, STR] {
        let mut m = guarded(&[], &[], regions);
        write(&mut m, CTRL, control);
        let what = format!("{regions:x?}, CTRL {control}, {address:#x}");
        check_access(&mut m, code, address, allowed, &what);
    }
}

#[test]
fn regions_match_as_the_manual_says() {
    // Where they begin and end; the low bits of the base do not count.
    for base in [PLACE, PLACE + 0x20, PLACE + 0xe0] {
        let regions = [(base, region(8, NONE))];
        check_regions(&regions, ENABLE, PLACE - 4, true);
        check_regions(&regions, ENABLE, PLACE, false);
        check_regions(&regions, ENABLE, PLACE + 0xfc, false);
        check_regions(&regions, ENABLE, PLACE + 0x100, true);
    }
    let smallest = [(PLACE + 0x20, region(5, NONE))];
    check_regions(&smallest, ENABLE, PLACE + 0x1c, true);
    check_regions(&smallest, ENABLE, PLACE + 0x3c, false);
    check_regions(&smallest, ENABLE, PLACE + 0x40, true);
    // Subregions 0 and 6 of 32 bytes are left out.
    let holes = [(PLACE, region(8, NONE) | 0x41 << 8)];
    check_regions(&holes, ENABLE, PLACE + 0x1c, true);
    check_regions(&holes, ENABLE, PLACE + 0x20, false);
    check_regions(&holes, ENABLE, PLACE + 0xbc, false);
    check_regions(&holes, ENABLE, PLACE + 0xc0, true);
    check_regions(&holes, ENABLE, PLACE + 0xe0, false);
    // The highest number wins, whatever it says.
    let opened = [(PLACE, region(12, NONE)), (PLACE, region(8, FULL))];
    check_regions(&opened, ENABLE, PLACE + 4, true);
    check_regions(&opened, ENABLE, PLACE + 0x100, false);
    let closed = [(PLACE, region(8, FULL)), (PLACE, region(12, NONE))];
    check_regions(&closed, ENABLE, PLACE + 4, false);
    // A region that is disabled is none.
    check_regions(&[(PLACE, region(8, NONE) & !1)], ENABLE, PLACE, true);
    // Without a region there is the background, for those who may use it.
    check_regions(&[], ENABLE, BELL, false);
    check_regions(&[], ENABLE | PRIVDEFENA, BELL, true);
    check_regions(
        &[(PLACE, region(8, NONE))],
        ENABLE | PRIVDEFENA,
        PLACE,
        false,
    );
    // While it is off, the MPU forbids nothing.
    check_regions(&[(PLACE, region(8, NONE))], 0, PLACE, true);
}

#[test]
fn the_background_is_for_privileged_code_only() {
    let mut m = guarded(&[], &[], &[]);
    write(&mut m, CTRL, ENABLE | PRIVDEFENA);
    drop_privilege(&mut m);
    check_access(&mut m, LDR, BELL, false, "unprivileged");
}

#[test]
fn the_private_peripherals_are_not_its_business() {
    let everything = (0, region(32, NONE));
    let program = [LDR[0], LDR[1], BRANCH_HERE];
    let mut m = guarded(&program, &[], &[everything, (FLASH, region(16, 6))]);
    write(&mut m, SYST_LOAD, 0x1234);
    set_register(&mut m, 1, SYST_LOAD);
    run_for(&mut m, 50);
    assert_eq!(register(&mut m, 2), 0x1234);
}

#[test]
fn other_accesses_are_checked_too() {
    let closed = [(PLACE, region(8, NONE))];
    for (what, code, address, fault) in [
        ("ldm", [0xe891, 0x001c], PLACE - 8, PLACE),
        ("stm", [0xe881, 0x001c], PLACE - 8, PLACE),
        ("ldrd", [0xe9d1, 0x2300], PLACE + 0xf8, PLACE + 0xf8),
        ("ldrh, unaligned", [0xf8b1, 0x2000], PLACE - 1, PLACE),
        (
            "str, unaligned",
            [0xf8c1, 0x2000],
            PLACE + 0xfe,
            PLACE + 0xfe,
        ),
        ("tbb", [0xe8d1, 0xf00c], PLACE + 1, PLACE + 1),
        ("ldrex", [0xe851, 0x2f00], PLACE, PLACE),
        ("vldr", [0xed91, 0x0a01], PLACE - 4, PLACE),
        ("vstr", [0xed81, 0x0b00], PLACE - 4, PLACE),
    ] {
        let mut m = guarded(&code, &[], &closed);
        write(&mut m, CPACR, 0x00f0_0000);
        set_register(&mut m, 1, address);
        set_register(&mut m, 12, 0);
        run_for(&mut m, 100);
        assert_eq!(register(&mut m, 15), handler_of(4), "{what}");
        assert_eq!(read(&mut m, CFSR), DACCVIOL | MMARVALID, "{what}");
        assert_eq!(read(&mut m, MMFAR), fault, "{what}");
    }
}

#[test]
fn a_disabled_fault_becomes_a_hard_fault_which_is_not_watched() {
    // The handler reads what the program could not: ldr r3, [r1]; b .
    for (control, locked) in [(ENABLE, false), (ENABLE | HFNMIENA, true)] {
        let closed = [(PLACE, region(8, NONE))];
        let mut m = guarded(&LDR, &[(3, &[0x680b, BRANCH_HERE])], &closed);
        write(&mut m, CTRL, control);
        write(&mut m, SHCSR, 0);
        write(&mut m, PLACE, VALUE);
        set_register(&mut m, 1, PLACE);
        resume(&mut m, 200);
        assert_eq!(read(&mut m, DHCSR) >> 19 & 1, u32::from(locked));
        write(&mut m, DHCSR, 0xa05f_0003);
        assert_eq!(read(&mut m, HFSR), 1 << 30);
        assert_eq!(read(&mut m, CFSR), DACCVIOL | MMARVALID);
        if !locked {
            assert_eq!(register(&mut m, 3), VALUE);
        }
    }
}

/// `adds r0, #1` five times at `address`, then `b .`: IACCVIOL at
/// `fault`, if anywhere, having counted in R0 what was executed before.
fn check_code(regions: &[(u32, u32)], user: bool, address: u32, fault: Option<u32>) {
    for by_steps in [false, true] {
        // bx r1
        let mut m = guarded(&[0x4708], &[], regions);
        // adds r0, #1
        let mut code = vec![0x3001; 5];
        code.push(BRANCH_HERE);
        for (&half, at) in code.iter().zip((address..).step_by(2)) {
            let half = u32::from(half);
            m.debug_write(at, Size::Half, half)
                .expect("RAM is writable");
        }
        set_register(&mut m, 0, 0);
        set_register(&mut m, 1, address | 1);
        if user {
            drop_privilege(&mut m);
        }
        if by_steps {
            for _ in 0..7 {
                assert_eq!(step(&mut m), Stop::Halted);
            }
        } else {
            run_for(&mut m, 100);
        }
        let what = format!("{regions:x?}, unprivileged {user}, {address:#x}");
        match fault {
            None => assert_eq!((read(&mut m, CFSR), register(&mut m, 0)), (0, 5), "{what}"),
            Some(fault) => {
                assert_eq!(register(&mut m, 15), handler_of(4), "{what}");
                assert_eq!(read(&mut m, CFSR), IACCVIOL, "{what}");
                assert_eq!(read(&mut m, STACK - 32 + 24), fault, "{what}");
                assert_eq!(register(&mut m, 0), (fault - address) / 2, "{what}");
            }
        }
    }
}

#[test]
fn code_is_executed_where_it_may_be() {
    check_code(&[], false, PLACE, None);
    check_code(&[(PLACE, region(8, FULL) | XN)], false, PLACE, Some(PLACE));
    // Straight-line code ends at the border.
    check_code(
        &[(PLACE, region(8, FULL) | XN)],
        false,
        PLACE - 6,
        Some(PLACE),
    );
    check_code(&[(PLACE, region(8, FULL) | XN)], false, PLACE + 0x100, None);
    // To execute is to read.
    check_code(&[(PLACE, region(8, 1))], false, PLACE, None);
    check_code(&[(PLACE, region(8, 1))], true, PLACE - 4, Some(PLACE));
    check_code(&[(PLACE, region(8, 5))], false, PLACE, None);
    check_code(&[(PLACE, region(8, NONE))], false, PLACE - 2, Some(PLACE));
}

#[test]
fn a_frame_may_be_forbidden() {
    // svc #0; b .
    let program = [0xdf00, BRANCH_HERE];
    let closed = [(PLACE, region(8, NONE))];
    let mut m = guarded(&program, &[], &closed);
    set_register(&mut m, 13, PLACE + 0x110);
    run_for(&mut m, 100);
    assert_eq!(register(&mut m, 15), handler_of(4));
    assert_eq!(read(&mut m, CFSR), MSTKERR);
    assert_eq!(register(&mut m, 13), PLACE + 0x110 - 32);

    // The handler returns by a frame that unprivileged code may not read:
    // msr psp, r0; bx lr
    let mut m = guarded(
        &program,
        &[(11, &[0xf380, 0x8809, RETURN])],
        &[(PLACE, region(8, 1))],
    );
    set_register(&mut m, 18, RAM + 0x4000);
    set_register(&mut m, 20, 3 << 24);
    set_register(&mut m, 0, PLACE);
    run_for(&mut m, 200);
    assert_eq!(register(&mut m, 15), handler_of(4));
    assert_eq!(read(&mut m, CFSR), MUNSTKERR);
}

#[test]
fn floating_point_registers_are_stored_by_their_owners_rights() {
    // vadd.f32 s0, s0, s1; svc #0; b .
    let program = [0xee30, 0x0a20, 0xdf00, BRANCH_HERE];
    // The handler closes the stack to unprivileged code: str r4, [r1]; dsb;
    // vadd.f32 s0, s0, s1; bx lr
    let handler = [0x600c, 0xf3bf, 0x8f4f, 0xee30, 0x0a20, RETURN];
    for (user, status) in [(false, 0), (true, MLSPERR)] {
        let regions = [(PLACE, region(12, FULL))];
        let mut m = guarded(&program, &[(11, &handler)], &regions);
        write(&mut m, CPACR, 0x00f0_0000);
        write(&mut m, SHPR2, 0x8000_0000);
        set_register(&mut m, 18, PLACE + 0x800);
        set_register(&mut m, 20, (2 | u32::from(user)) << 24);
        set_register(&mut m, 1, RASR);
        set_register(&mut m, 4, region(12, 1));
        run_for(&mut m, 200);
        assert_eq!(read(&mut m, CFSR), status);
        let at = if user { handler_of(4) } else { PROGRAM + 6 };
        assert_eq!(register(&mut m, 15), at);
    }
}

#[test]
fn registers_read_as_written() {
    let mut m = boot(&[BRANCH_HERE], &[]);
    assert_eq!(read(&mut m, TYPE), 8 << 8);
    assert_eq!(read(&mut m, CTRL), 0);
    write(&mut m, RNR, 3);
    write(&mut m, RBAR, 0x2000_1000);
    write(&mut m, RASR, region(8, 5) | XN);
    assert_eq!(read(&mut m, RBAR), 0x2000_1003);
    // VALID selects a region; each of the aliases is the same registers again.
    for (alias, number) in (1..4).zip([5, 6, 7]) {
        write(
            &mut m,
            RBAR + 8 * alias,
            0x2000_0000 | number << 12 | 1 << 4 | number,
        );
        write(&mut m, RASR + 8 * alias, region(6 + number, 3));
        assert_eq!(read(&mut m, RNR), number);
    }
    write(&mut m, RNR, 6);
    for alias in 0..4 {
        assert_eq!(read(&mut m, RBAR + 8 * alias), 0x2000_6006);
        assert_eq!(read(&mut m, RASR + 8 * alias), region(12, 3));
    }
    write(&mut m, RNR, 3);
    assert_eq!(read(&mut m, RASR), region(8, 5) | XN);
    write(&mut m, CTRL, 0xff);
    assert_eq!(read(&mut m, CTRL), 7);
}

#[test]
fn what_the_manual_leaves_open_stops_the_machine() {
    for (address, value, what) in [
        (CTRL, HFNMIENA, "HFNMIENA without ENABLE"),
        (RNR, 8, "region behind the last"),
        (RBAR, 1 << 4 | 8, "region behind the last"),
        (RASR, region(4, FULL), "less than 32 bytes"),
        (RASR, region(7, FULL) | 1 << 8, "subregions"),
        (RASR, region(8, 4), "AP"),
        (RASR, region(8, FULL) | 3 << 19, "TEX"),
        (RASR, region(8, FULL) | 2 << 19, "TEX"),
    ] {
        let mut m = boot(&[BRANCH_HERE], &[]);
        let error = m.debug_write(address, Size::Word, value).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
    // ldr r2, [r1] in what is Strongly-ordered memory
    let strongly_ordered = region(8, FULL) & !(1 << 17);
    let mut m = guarded(&LDR, &[], &[(PLACE, strongly_ordered)]);
    set_register(&mut m, 1, PLACE + 2);
    assert_eq!(resume(&mut m, 100), Stop::Error);
    let text = m.error().unwrap().to_string();
    assert!(
        text.contains("unaligned access to what the MPU makes Device memory"),
        "{text}"
    );
}

#[test]
fn protection_takes_no_time() {
    // movs r3, #20; 1: ldr r2, [r1]; str r2, [r1, #4]; ldr r0, [pc, #8]; push {r0, r2};
    // pop {r0, r2}; subs r3, #1; bne 1b; b .
    let program = [
        0x2314,
        0x680a,
        0x604a,
        0x4802,
        0xb405,
        0xbc05,
        0x3b01,
        0xd1f8,
        BRANCH_HERE,
    ];
    let ends = [0, ENABLE].map(|control| {
        let mut m = guarded(&program, &[], &[]);
        write(&mut m, CTRL, control);
        set_register(&mut m, 1, PLACE);
        let before = m.cycles();
        let mut cycles = 0;
        while register(&mut m, 15) != PROGRAM + 16 {
            run_for(&mut m, 1);
            cycles = m.cycles() - before;
        }
        assert_eq!(register(&mut m, 3), 0);
        cycles
    });
    assert_eq!(ends[0], ends[1]);
}
