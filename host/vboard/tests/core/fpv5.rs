//! What FPv5 adds to FPv4: VSEL, VMAXNM, VMINNM, VRINT and the directed VCVT.

use onchip_vboard::{
    core::model::{Core, Fpu},
    machine::Stop,
};

use crate::common::{
    BRANCH_HERE, CORTEX_M4, DHCSR, boot, boot_on, read, register, resume, set_register, write,
};

const CPACR: u32 = 0xe000_ed88;
const CFSR: u32 = 0xe000_ed28;
const XPSR: u32 = 16;
const CONTROL: u32 = 20;
const FPSCR: u32 = 0x21;
const S0: u32 = 0x40;

const INVALID: u32 = 1;
const INEXACT: u32 = 1 << 4;
const INPUT_DENORMAL: u32 = 1 << 7;
const FLUSH: u32 = 1 << 24;
const TOWARDS_PLUS: u32 = 1 << 22;

const QUIET: u32 = 0x7fc0_1234;
const SIGNALING: u32 = 0x7f80_0001;
const DENORMAL: u32 = 0x0000_0001;

const WITH_FPV5: Core = Core {
    fpu: Some(Fpu::Fpv5Sp),
    ..CORTEX_M4
};

/// S0 becomes `f(S1, S2)` with the low halfword of `encoding` naming them.
fn check(encoding: u32, fpscr: u32, n: f32, m: f32, want: f32, raised: u32) {
    check_bits(
        encoding,
        fpscr,
        [n.to_bits(), m.to_bits()],
        want.to_bits(),
        raised,
    );
}

fn check_bits(encoding: u32, fpscr: u32, [n, m]: [u32; 2], want: u32, raised: u32) {
    let code = [(encoding >> 16) as u16, encoding as u16, BRANCH_HERE];
    let mut machine = boot_on(WITH_FPV5, &code, &[]);
    write(&mut machine, CPACR, 0xf << 20);
    set_register(&mut machine, S0 + 1, n);
    set_register(&mut machine, S0 + 2, m);
    // With a context of its own, which does not begin with the default modes.
    set_register(&mut machine, CONTROL, 4 << 24);
    set_register(&mut machine, FPSCR, fpscr);
    resume(&mut machine, 50);
    write(&mut machine, DHCSR, 0xa05f_0003);
    let got = (register(&mut machine, S0), register(&mut machine, FPSCR));
    assert_eq!(
        got,
        (want, fpscr | raised),
        "{encoding:#x} of {n:#x} and {m:#x}"
    );
}

/// S0 = op(S1, S2).
const VMAXNM: u32 = 0xfe80_0a81;
const VMINNM: u32 = 0xfe80_0ac1;
/// S0 = op(S2).
const VRINTA: u32 = 0xfeb8_0a41;
const VRINTN: u32 = 0xfeb9_0a41;
const VRINTP: u32 = 0xfeba_0a41;
const VRINTM: u32 = 0xfebb_0a41;
const VRINTR: u32 = 0xeeb6_0a41;
const VRINTZ: u32 = 0xeeb6_0ac1;
const VRINTX: u32 = 0xeeb7_0a41;
const VCVTA_S32: u32 = 0xfebc_0ac1;
const VCVTN_S32: u32 = 0xfebd_0ac1;
const VCVTP_U32: u32 = 0xfebe_0a41;
const VCVTM_S32: u32 = 0xfebf_0ac1;

#[test]
fn numbers_are_preferred_to_quiet_nans() {
    let one = 1f32.to_bits();
    // The first operand of these encodings is S1, the second S2.
    check(VMAXNM, 0, 2.0, -3.0, 2.0, 0);
    check(VMINNM, 0, 2.0, -3.0, -3.0, 0);
    check(VMAXNM, 0, -0.0, 0.0, 0.0, 0);
    check(VMINNM, 0, 0.0, -0.0, -0.0, 0);
    check_bits(VMAXNM, 0, [QUIET, one], one, 0);
    check_bits(VMINNM, 0, [one, QUIET], one, 0);
    check_bits(VMAXNM, 0, [QUIET, QUIET | 1], QUIET, 0);
    check_bits(VMINNM, 0, [one, SIGNALING], SIGNALING | 1 << 22, INVALID);
    check_bits(VMAXNM, FLUSH, [DENORMAL, 1 << 31], 0, INPUT_DENORMAL);
}

#[test]
fn rounding_to_integral_numbers() {
    let rows: [(u32, [f32; 4]); 6] = [
        // of                  2.5,  -2.5, -0.4, 0.6
        (VRINTA, [3.0, -3.0, -0.0, 1.0]),
        (VRINTN, [2.0, -2.0, -0.0, 1.0]),
        (VRINTP, [3.0, -2.0, -0.0, 1.0]),
        (VRINTM, [2.0, -3.0, -1.0, 0.0]),
        (VRINTZ, [2.0, -2.0, -0.0, 0.0]),
        (VRINTR, [2.0, -2.0, -0.0, 1.0]),
    ];
    for (encoding, wants) in rows {
        for (of, want) in [2.5, -2.5, -0.4, 0.6].into_iter().zip(wants) {
            check(encoding, 0, 0.0, of, want, 0);
        }
        check(encoding, 0, 0.0, f32::NEG_INFINITY, f32::NEG_INFINITY, 0);
        check(encoding, 0, 0.0, 1e9, 1e9, 0);
        check_bits(encoding, 0, [0, SIGNALING], SIGNALING | 1 << 22, INVALID);
    }
    check(VRINTR, TOWARDS_PLUS, 0.0, 2.1, 3.0, 0);
    check(VRINTX, TOWARDS_PLUS, 0.0, 2.1, 3.0, INEXACT);
    check(VRINTX, 0, 0.0, 8_388_607.5, 8_388_608.0, INEXACT);
    check(VRINTX, 0, 0.0, 4.0, 4.0, 0);
    check_bits(VRINTP, FLUSH, [0, DENORMAL], 0, INPUT_DENORMAL);
}

#[test]
fn converting_in_a_direction() {
    let rows: [(u32, f32, i32, u32); 7] = [
        (VCVTA_S32, -2.5, -3, INEXACT),
        (VCVTN_S32, -2.5, -2, INEXACT),
        (VCVTM_S32, -2.1, -3, INEXACT),
        (VCVTP_U32, 2.1, 3, INEXACT),
        (VCVTP_U32, -0.5, 0, INEXACT),
        (VCVTP_U32, -1.0, 0, INVALID),
        (VCVTA_S32, 4e9, i32::MAX, INVALID),
    ];
    for (encoding, of, want, raised) in rows {
        check_bits(encoding, 0, [0, of.to_bits()], want as u32, raised);
    }
}

#[test]
fn selecting_by_a_condition() {
    // vsel.f32 s0, s1, s2: eq, vs, ge, gt
    let flags = |n: u32, z: u32, v: u32| n << 31 | z << 30 | v << 28;
    let rows: [(u32, u32, u32); 4] = [
        (0xfe00_0a81, flags(0, 1, 0), flags(0, 0, 0)),
        (0xfe10_0a81, flags(0, 0, 1), flags(0, 0, 0)),
        (0xfe20_0a81, flags(1, 0, 1), flags(1, 0, 0)),
        (0xfe30_0a81, flags(0, 0, 0), flags(0, 1, 0)),
    ];
    for (encoding, holds, fails) in rows {
        for (psr, want) in [(holds, 1.0f32), (fails, 2.0)] {
            let code = [(encoding >> 16) as u16, encoding as u16, BRANCH_HERE];
            let mut m = boot_on(WITH_FPV5, &code, &[]);
            write(&mut m, CPACR, 0xf << 20);
            set_register(&mut m, S0 + 1, 1f32.to_bits());
            set_register(&mut m, S0 + 2, 2f32.to_bits());
            set_register(&mut m, XPSR, psr | 1 << 24);
            resume(&mut m, 50);
            write(&mut m, DHCSR, 0xa05f_0003);
            assert_eq!(
                register(&mut m, S0),
                want.to_bits(),
                "{encoding:#x} {psr:#x}"
            );
        }
    }
}

#[test]
fn fpv4_has_none_of_it() {
    for encoding in [VMAXNM, VRINTA, VRINTZ, VRINTX, VCVTN_S32, 0xfe00_0a81] {
        let mut m = boot(&[(encoding >> 16) as u16, encoding as u16], &[]);
        write(&mut m, CPACR, 0xf << 20);
        assert_eq!(resume(&mut m, 100), Stop::CycleLimit);
        assert_eq!(read(&mut m, CFSR), 1 << 16, "{encoding:#x}");
    }
}

#[test]
fn a_core_may_lack_the_unit() {
    // vmov s0, r1
    let core = Core {
        fpu: None,
        ..CORTEX_M4
    };
    let mut m = boot_on(core, &[0xee00, 0x1a10], &[]);
    write(&mut m, CPACR, 0xf << 20);
    assert_eq!(read(&mut m, CPACR), 0);
    assert_eq!(resume(&mut m, 100), Stop::CycleLimit);
    assert_eq!(read(&mut m, CFSR), 1 << 19, "NOCP");
}
