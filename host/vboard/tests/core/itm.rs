//! The instrumentation trace macrocell: who may write what where, and who gets it.

use onchip_vboard::{
    machine::{Machine, MachineError, Stimulus},
    memory::Size,
};

use crate::common::{
    BRANCH_HERE, DEMCR, DHCSR, boot, read, register, resume, run_for, set_register, write,
};

const PORT: u32 = 0xe000_0000;
const TER: u32 = 0xe000_0e00;
const TPR: u32 = 0xe000_0e40;
const TCR: u32 = 0xe000_0e80;
const LAR: u32 = 0xe000_0fb0;
const LSR: u32 = 0xe000_0fb4;
const KEY: u32 = 0xc5ac_ce55;
const TRCENA: u32 = 1 << 24;

/// How the unit is set up: registers written in this order.
type Setup<'a> = &'a [(u32, u32)];

const READY: Setup = &[(DEMCR, TRCENA), (LAR, KEY), (TCR, 1), (TER, 1 << 31 | 3)];

/// ldr r3, [r0]; strb r1, [r0]; strh r1, [r0]; str r1, [r0]; b .
const WRITER: [u16; 5] = [0x6803, 0x7001, 0x8001, 0x6001, BRANCH_HERE];

/// A machine set up so, in which that writes 0x64636261 to `port`, `privileged` or not.
fn written(setup: Setup, port: u32, privileged: bool) -> Machine {
    let mut m = boot(&WRITER, &[]);
    for &(address, value) in setup {
        write(&mut m, address, value);
    }
    set_register(&mut m, 0, PORT + 4 * port);
    set_register(&mut m, 1, 0x6463_6261);
    set_register(&mut m, 3, 0xff);
    set_register(&mut m, 20, u32::from(!privileged) << 24);
    run_for(&mut m, 100);
    assert!(m.error().is_none(), "{:?}", m.error());
    m
}

/// Whether the port is ready to a program, and whether what it writes arrives.
fn check(what: &str, setup: Setup, port: u32, privileged: bool, [ready, arrives]: [bool; 2]) {
    let mut m = written(setup, port, privileged);
    assert_eq!(register(&mut m, 3), u32::from(ready), "{what}");
    let sizes = if arrives {
        [Size::Byte, Size::Half, Size::Word].as_slice()
    } else {
        &[]
    };
    let stimuli = m.take_stimuli();
    assert!(stimuli.iter().all(|one| u32::from(one.port) == port));
    assert_eq!(
        stimuli.iter().map(|one| one.size).collect::<Vec<_>>(),
        sizes
    );
    let bytes: Vec<u8> = stimuli.into_iter().flat_map(Stimulus::bytes).collect();
    assert_eq!(bytes, if arrives { b"aababcd".as_slice() } else { b"" });
    assert_eq!(m.take_stimuli(), [], "{what}: taken");
}

#[test]
fn ports_take_what_they_are_enabled_for() {
    let kernel = |what, setup, port, ready| check(what, setup, port, true, [ready; 2]);
    kernel("ready", READY, 0, true);
    kernel("the last port", READY, 31, true);
    kernel("another port", READY, 2, false);
    kernel("after power-on", &[], 0, false);
    let off = [READY, &[(DEMCR, 0)]].concat();
    kernel("trace is off", &off, 0, false);
    let off = [READY, &[(TCR, 0)]].concat();
    kernel("the unit is off", &off, 0, false);
    kernel("locked", &[(DEMCR, TRCENA), (TCR, 1), (TER, 1)], 0, false);
    let locked = [READY, &[(LAR, 1), (TCR, 0)]].concat();
    kernel("locked when it is to be turned off", &locked, 0, true);
}

#[test]
fn unprivileged_code_uses_the_ports_it_is_given() {
    check("all by default", READY, 1, false, [true; 2]);
    let masked = [READY, &[(TPR, 0b1000)]].concat();
    check("its own", &masked, 1, false, [true; 2]);
    check("the kernel's", &masked, 31, false, [true, false]);
    check("to the kernel", &masked, 31, true, [true; 2]);
    // str r1, [r0]; b .
    for (address, kept) in [(TPR, 0b1000), (TCR, 1), (TER, 1 << 31 | 0x63_6261)] {
        let mut m = boot(&[0x6001, BRANCH_HERE], &[]);
        masked
            .iter()
            .for_each(|&(at, value)| write(&mut m, at, value));
        set_register(&mut m, 0, address);
        set_register(&mut m, 1, 0x6463_6261);
        set_register(&mut m, 20, 1 << 24);
        run_for(&mut m, 100);
        assert_eq!(read(&mut m, address), kept, "{address:#x}");
    }
}

#[test]
fn registers_read_as_written() {
    let mut m = boot(&[BRANCH_HERE], &[]);
    assert_eq!(read(&mut m, LSR), 0, "off");
    write(&mut m, DEMCR, TRCENA);
    assert_eq!(read(&mut m, LSR), 3, "locked");
    write(&mut m, LAR, KEY);
    assert_eq!(read(&mut m, LSR), 1);
    for (address, exists) in [(TER, u32::MAX), (TPR, 0xf), (TCR, 0x007f_0f1f)] {
        write(&mut m, address, u32::MAX);
        assert_eq!(read(&mut m, address), exists, "{address:#x}");
        // What it is does not depend on that.
        assert_eq!(read(&mut m, 0xe000_0fe0), 1, "PIDR0");
    }
    m.set_reset_pin(true);
    m.set_reset_pin(false);
    assert_eq!(read(&mut m, TER), u32::MAX, "a reset leaves it alone");
}

#[test]
fn what_is_for_integration_tests_is_not_modelled() {
    for (demcr, address) in [(TRCENA, 0xe000_0ef8), (0, 0xe000_0f00)] {
        // ldr r3, [r0]; b .
        let mut m = boot(&[0x6803, BRANCH_HERE], &[]);
        write(&mut m, DEMCR, demcr);
        set_register(&mut m, 0, address);
        resume(&mut m, 100);
        let Some(MachineError::Unmodelled { what, .. }) = m.error() else {
            panic!("{:?}", m.error());
        };
        assert_eq!(what, "ITM register");
    }
    let mut m = boot(&[BRANCH_HERE], &[]);
    write(&mut m, DEMCR, TRCENA);
    assert!(m.debug_write(TCR, Size::Byte, 1).is_err());
    assert_eq!(m.debug_read(DHCSR, Size::Word).ok(), None, "it has stopped");
}
