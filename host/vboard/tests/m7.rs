//! What memory costs a Cortex-M7: the rules of `timing/data_cache.rs`, and the two interfaces of an
//! STM32F746's flash, as a program on the chip meets them.

use onchip_vboard::{
    chips,
    machine::{Machine, Stop},
    memory::Size,
};

/// The program: where code takes no time to fetch.
const ITCM: u32 = 0x0000_0000;
const DTCM: u32 = 0x2000_0000;
const SRAM1: u32 = 0x2001_0000;
const SRAM2: u32 = 0x2004_C000;
/// A place in the flash array, over AXI and through the ITCM interface.
const AXI: u32 = 0x0800_8000;
const BEHIND_ITCM: u32 = 0x0020_8000;

const DHCSR: u32 = 0xe000_edf0;
const CCR: u32 = 0xe000_ed14;
const DCISW: u32 = 0xe000_ef60;
const DCCSW: u32 = 0xe000_ef6c;
const FLASH_ACR: u32 = 0x4002_3c00;

const BOTH_CACHES: u32 = 0x200 | 1 << 17 | 1 << 16;
const NO_CACHES: u32 = 0x200;
/// Seven wait states; the accelerator and its prefetch are on.
const FAST: u32 = 1 << 9 | 1 << 8 | 7;

const BREAKPOINT: u16 = 0xbe00;
/// ldr r1, [r0]
const LOAD: u16 = 0x6801;
/// ldr r1, [r0, #4]
const LOAD_NEXT: u16 = 0x6841;
/// ldr r1, [r0, #32]
const LOAD_LINE: u16 = 0x6a01;
/// str r1, [r0]
const STORE: u16 = 0x6001;

struct Bench {
    machine: Machine,
}

impl Bench {
    fn new(ccr: u32, acr: u32) -> Self {
        let chip = chips::by_name("STM32F746ZGTx").expect("the chip is there");
        let machine = Machine::new(chip).expect("its map is sound");
        let mut bench = Self { machine };
        bench.poke(DHCSR, 0xa05f_0003);
        bench.poke(FLASH_ACR, acr);
        bench.poke(CCR, ccr);
        bench
    }

    fn poke(&mut self, address: u32, value: u32) {
        let written = self.machine.debug_write(address, Size::Word, value);
        written.expect("the debugger may write there");
    }

    /// Cycles of `code` at `at`, with `r0`, up to the breakpoint behind it.
    fn cycles(&mut self, at: u32, code: &[u16], r0: u32) -> u64 {
        let bytes: Vec<u8> = code
            .iter()
            .chain([&BREAKPOINT])
            .flat_map(|half| half.to_le_bytes())
            .collect();
        assert!(self.machine.set_memory(at, &bytes));
        let mut state = self.machine.core_state();
        state.r[0] = r0;
        state.r[15] = at;
        state.xpsr = 1 << 24;
        self.machine.set_core_state(&state);
        self.poke(DHCSR, 0xa05f_0001);
        let before = self.machine.cycles();
        assert_eq!(self.machine.run(10_000), Stop::Halted);
        self.machine.cycles() - before
    }

    /// How much longer than in the tightly coupled RAM.
    fn waits(&mut self, code: &[u16], r0: u32) -> u64 {
        let ideal = Bench::new(NO_CACHES, 0).cycles(ITCM, code, DTCM);
        self.cycles(ITCM, code, r0) - ideal
    }
}

fn check(what: &str, ccr: u32, code: &[u16], r0: u32, expected: u64) {
    assert_eq!(Bench::new(ccr, FAST).waits(code, r0), expected, "{what}");
}

#[test]
fn ram_that_is_not_tightly_coupled_is_cached() {
    check("DTCM", BOTH_CACHES, &[LOAD, LOAD_LINE, STORE], DTCM, 0);
    for ram in [SRAM1, SRAM2] {
        check("a miss", BOTH_CACHES, &[LOAD], ram, 3);
        check("and a hit", BOTH_CACHES, &[LOAD, LOAD_NEXT, LOAD], ram, 3);
        // The second line comes eight cycles behind the first, less the one that the load takes.
        check("two lines", BOTH_CACHES, &[LOAD, LOAD_LINE], ram, 3 + 7);
        check("off", NO_CACHES, &[LOAD, LOAD_NEXT], ram, 3 + 3);
        check("a store", BOTH_CACHES, &[STORE], ram, 0);
        check("a store, off", NO_CACHES, &[STORE], ram, 0);
        check("loaded behind", BOTH_CACHES, &[STORE, LOAD], ram, 0);
    }
    // ldmia r0, {r1-r4}; ldrb r1, [r0]; ldr r1, [r0, #1], which is not aligned
    let code = [0xe890, 0x001e, 0x7801, 0xf8d0, 0x1001];
    check("all widths", BOTH_CACHES, &code, SRAM1, 3);
}

#[test]
fn flash_is_read_over_axi_or_behind_the_itcm_interface() {
    check("AXI", BOTH_CACHES, &[LOAD], AXI, 7 + 3);
    check("AXI, hit", BOTH_CACHES, &[LOAD, LOAD_NEXT], AXI, 7 + 3);
    check("AXI, off", NO_CACHES, &[LOAD], AXI, 7 + 3);
    for ccr in [BOTH_CACHES, NO_CACHES] {
        check("ITCM", ccr, &[LOAD], BEHIND_ITCM, 7);
        check("ITCM, hit", ccr, &[LOAD, LOAD_NEXT], BEHIND_ITCM, 7);
    }
    // Each interface has its own cache, and flash and SRAM share the core's.
    let mut bench = Bench::new(BOTH_CACHES, FAST);
    for (address, waits) in [(AXI, 10), (BEHIND_ITCM, 7), (SRAM1, 3)] {
        assert_eq!(bench.waits(&[LOAD], address), waits, "{address:#x}");
        assert_eq!(bench.waits(&[LOAD], address), 0, "{address:#x}, again");
    }
    for line in 1..5 {
        bench.waits(&[LOAD], SRAM1 + 1024 * line);
    }
    assert_eq!(bench.waits(&[LOAD], AXI), 10, "replaced");
    assert_eq!(bench.waits(&[LOAD], BEHIND_ITCM), 0, "not replaced");
}

#[test]
fn maintenance_takes_lines_out() {
    let mut bench = Bench::new(BOTH_CACHES, FAST);
    let address = SRAM1 + 3 * 32;
    for (what, register, set_way, waits) in [
        ("at first", CCR, BOTH_CACHES, 3),
        ("in the cache", CCR, BOTH_CACHES, 0),
        ("switched off", CCR, NO_CACHES, 3),
        ("on again", CCR, BOTH_CACHES, 0),
        ("cleaned", DCCSW, 3 << 5, 0),
        ("another set", DCISW, 4 << 5, 0),
        ("another way", DCISW, 1 << 30 | 3 << 5, 0),
        ("invalidated", DCISW, 3 << 5, 3),
    ] {
        bench.poke(register, set_way);
        assert_eq!(bench.waits(&[LOAD], address), waits, "{what}");
    }
    bench.machine.set_reset_pin(true);
    bench.machine.set_reset_pin(false);
    bench.poke(DHCSR, 0xa05f_0003);
    bench.poke(CCR, BOTH_CACHES);
    assert_eq!(bench.waits(&[LOAD], address), 3, "reset");
}

#[test]
fn code_is_fetched_through_either_interface() {
    let code = [0x3001; 64];
    let ideal = Bench::new(NO_CACHES, 0).cycles(ITCM, &code, 0);
    let mut bench = Bench::new(BOTH_CACHES, FAST);
    let over_axi = bench.cycles(AXI, &code, 0);
    let behind_itcm = bench.cycles(BEHIND_ITCM, &code, 0);
    // The accelerator reads ahead, and no bus is in between.
    assert!(ideal < behind_itcm && behind_itcm < over_axi);
    assert_eq!(bench.cycles(AXI, &code, 0), ideal);
    assert_eq!(bench.cycles(BEHIND_ITCM, &code, 0), ideal);
    let mut off = Bench::new(NO_CACHES, 7);
    for at in [AXI, BEHIND_ITCM] {
        assert!(off.cycles(at, &code, 0) > ideal);
        assert!(off.cycles(at, &code, 0) > ideal, "{at:#x}, again");
    }
}

#[test]
fn branches_are_predicted_as_they_went() {
    // 1: subs r0, #1; bne 1b, which is expected to go back, and once not to
    let code = [0x3801, 0xd1fd];
    let mut bench = Bench::new(NO_CACHES, 0);
    let first = bench.cycles(ITCM, &code, 100);
    let second = bench.cycles(ITCM, &code, 100);
    let longer = bench.cycles(ITCM, &code, 200);
    // The decoder finds the branch once.
    assert_eq!(first - second, 2);
    assert_eq!(longer - second, 100);
    bench.poke(0xe000_ef78, 0);
    assert_eq!(bench.cycles(ITCM, &code, 100), first);
}
