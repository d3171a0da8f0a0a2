//! Registers and memory are read and written at once as a debugger does it bit by bit.

use crate::common::{
    BRANCH_HERE, DHCSR, FLASH, RAM, STACK, machine, read, register, set_register, write,
};

#[test]
fn all_registers_at_once_are_those_of_the_debugger() {
    let mut machine = machine();
    write(&mut machine, 0xe000_ed88, 0x00f0_0000);
    let mut state = machine.core_state();
    for (i, r) in state.r.iter_mut().enumerate() {
        *r = 0x0101_0100 * i as u32 + 4;
    }
    state.r[15] = FLASH + 0x100;
    for (i, s) in state.s.iter_mut().enumerate() {
        *s = 0x0101_0101 * i as u32;
    }
    state.xpsr = 0xf10f_0000;
    state.psp = STACK;
    state.msp = state.r[13];
    state.primask = true;
    state.basepri = 0x50;
    state.control = 4;
    state.fpscr = 0xf7c0_009f;
    machine.set_core_state(&state);
    assert_eq!(machine.core_state(), state);
    for (i, &r) in (0..).zip(&state.r) {
        assert_eq!(register(&mut machine, i), r, "R{i}");
    }
    for (i, &s) in (0x40..).zip(&state.s) {
        assert_eq!(register(&mut machine, i), s, "S{}", i - 0x40);
    }
    assert_eq!(register(&mut machine, 16), state.xpsr);
    assert_eq!(register(&mut machine, 17), state.msp);
    assert_eq!(register(&mut machine, 18), state.psp);
    assert_eq!(register(&mut machine, 20), 0x0400_5001);
    assert_eq!(register(&mut machine, 0x21), state.fpscr);

    set_register(&mut machine, 3, 7);
    assert_eq!(machine.core_state().r[3], 7);
}

#[test]
fn ram_is_loaded_and_stale_code_forgotten() {
    let mut machine = machine();
    let code = RAM + 0x100;
    // MOVS R0, #1; then the same place says MOVS R0, #2.
    for value in [1u16, 2] {
        let bytes = [0x2000 | value, BRANCH_HERE].map(u16::to_le_bytes).concat();
        assert!(machine.set_memory(code, &bytes));
        assert_eq!(machine.memory(code, 4), Some(bytes.as_slice()));
        assert_eq!(
            read(&mut machine, code),
            u32::from(BRANCH_HERE) << 16 | 0x2000 | u32::from(value)
        );
        let mut state = machine.core_state();
        state.r[15] = code;
        state.xpsr = 1 << 24;
        machine.set_core_state(&state);
        write(&mut machine, DHCSR, 0xa05f_0001);
        machine.run(100);
        write(&mut machine, DHCSR, 0xa05f_0003);
        assert_eq!(machine.core_state().r[0], u32::from(value));
    }
}

#[test]
fn memory_outside_of_memory_is_none() {
    let mut machine = machine();
    assert_eq!(machine.memory(0x5000_0000, 4), None);
    assert_eq!(machine.memory(RAM + 0xfffc, 8), None);
    assert_eq!(machine.memory(FLASH, 2), Some([0xff; 2].as_slice()));
    assert!(!machine.set_memory(RAM + 0xfffc, &[0; 8]));
}
