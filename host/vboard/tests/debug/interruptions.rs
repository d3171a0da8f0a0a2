//! What is left of flash when an operation of its controller is cut short.

use onchip_vboard::{Fault, VirtualBoard, probe};
use probe_rs::probe::{WireProtocol, list::Lister};
use probe_rs::{Core, MemoryInterface as _, Permissions};

use crate::bench::{Bench, PATIENCE};
use crate::program;

const KEYR: u64 = 0x4002_2008;
const CR: u64 = 0x4002_2014;
const ECCR: u64 = 0x4002_2018;
const ICSR: u64 = 0xE000_ED04;
const NMIPENDSET: u32 = 1 << 31;
const NMI: u32 = 2;

/// Where the array is spoilt, and its offset.
const PLACE: u64 = 0x0810_0000;
const OFFSET: usize = 0x10_0000;
const PAGE: usize = 4096;
const ERASE_PLACE: u32 = 1 << 1 | 1 << 11 | 1 << 16;

#[derive(Clone, Copy)]
enum Cut {
    Power,
    Pin,
    Software,
}

/// Unlocks the controller and begins an operation; cuts it short.
fn interrupt(bench: &Bench, cut: Cut, begin: impl FnOnce(&mut Core<'_>)) {
    let mut session = bench.attach();
    let mut core = session.core(0).unwrap();
    core.reset_and_halt(PATIENCE).unwrap();
    core.write_32(KEYR, &[0x4567_0123]).unwrap();
    core.write_32(KEYR, &[0xCDEF_89AB]).unwrap();
    begin(&mut core);
    match cut {
        Cut::Power => bench.board.power_cycle().unwrap(),
        Cut::Software => drop(core.reset_and_halt(PATIENCE).unwrap()),
        Cut::Pin => {
            drop(core);
            drop(session);
            let mut probe = bench.probe();
            probe.target_reset_assert().unwrap();
            probe.target_reset_deassert().unwrap();
        }
    }
}

fn check_program(bench: &Bench, cut: Cut) {
    bench.load(&program::counter());
    interrupt(bench, cut, |core| {
        core.write_word_32(CR, 1).unwrap();
        core.write_32(PLACE, &[1, 2]).unwrap();
        // The first one's time passes.
        for _ in 0..10 {
            core.read_word_32(CR).unwrap();
        }
        core.write_32(PLACE + 8, &[0, 0]).unwrap();
    });
    let flash = bench.board.flash();
    assert_eq!(flash[OFFSET..][..8], [1, 0, 0, 0, 2, 0, 0, 0]);
    assert_eq!(flash[OFFSET + 8..][..8], [0xAA; 8]);
    assert!(flash[OFFSET + 16..].iter().all(|&byte| byte == 0xFF));

    let mut session = bench.attach();
    let mut core = session.core(0).unwrap();
    core.reset_and_halt(PATIENCE).unwrap();
    assert_eq!(core.read_word_32(PLACE).unwrap(), 1);
    assert_eq!(core.read_word_32(ECCR).unwrap(), 0);
    assert_eq!(core.read_word_32(PLACE + 12).unwrap(), 0xAAAA_AAAA);
    assert_eq!(core.read_word_32(ECCR).unwrap(), 1 << 31 | 1 << 21 | 8);
    assert_eq!(core.read_word_32(ICSR).unwrap() & NMIPENDSET, NMIPENDSET);
    let handler = core.read_word_32(4 * u64::from(NMI)).unwrap();
    core.set_hw_breakpoint(u64::from(handler & !1)).unwrap();
    core.run().unwrap();
    core.wait_for_core_halted(PATIENCE).unwrap();
    let xpsr: u32 = core.read_core_reg(probe_rs::RegisterId(16)).unwrap();
    assert_eq!(xpsr & 0x1FF, NMI);
}

pub(crate) fn programming_cut_short_tears_one_double_word(bench: &Bench) {
    for cut in [Cut::Power, Cut::Software] {
        bench.board.load_flash(OFFSET, &[0xFF; 16]).unwrap();
        check_program(bench, cut);
    }
}

fn check_erase(bench: &Bench, cut: Cut) {
    bench.load(&program::counter());
    bench.board.load_flash(OFFSET, &[0x33; 2 * PAGE]).unwrap();
    interrupt(bench, cut, |core| {
        core.write_word_32(CR, ERASE_PLACE).unwrap();
        // Half of 22 ms at 4 MHz pass, 48 cycles per access.
        for _ in 0..900 {
            core.read_word_32(CR).unwrap();
        }
    });
    let flash = bench.board.flash();
    let page = &flash[OFFSET..][..PAGE];
    let erased = page.iter().position(|&byte| byte != 0xFF).unwrap();
    assert!((512..=PAGE / 2).contains(&erased), "{erased:#x}");
    assert!(page[erased..][..512].iter().all(|&byte| byte == 0x77));
    assert!(page[erased + 512..].iter().all(|&byte| byte == 0x33));
    assert_eq!(flash[OFFSET + PAGE], 0x33, "the next page");
}

pub(crate) fn erasing_cut_short_leaves_a_page_half_erased(bench: &Bench) {
    for cut in [Cut::Power, Cut::Software, Cut::Pin] {
        check_erase(bench, cut);
    }
}

/// Erasing takes so long that its end is skipped to: power that is lost on the way is lost there.
fn check_skipped_erase(chip: &str, sector: u32, bytes: usize, erase_ms: u64) {
    let board = VirtualBoard::new(chip).unwrap();
    let name = format!("skips-{chip}");
    let first = sector as usize - 0x0800_0000;
    board.load_flash(0, &program::eraser(sector)).unwrap();
    board.load_flash(first, &vec![0x33; bytes]).unwrap();
    board.power_cycle().unwrap();
    let mut opened = Lister::new().open(board.plug_in(&name).unwrap()).unwrap();
    opened.select_protocol(WireProtocol::Swd).unwrap();
    let mut session = opened.attach(chip, Permissions::default()).unwrap();
    let mut core = session.core(0).unwrap();
    core.reset_and_halt(PATIENCE).unwrap();
    board.load_flash(first, &vec![0x33; bytes]).unwrap();

    // At 16 MHz, a little after the start.
    let at_cycle = board.cycles() + 16_000 * erase_ms * 3 / 8;
    board.inject(Fault::BrownOut { at_cycle }).unwrap();
    core.run().unwrap();
    let lost = (0..1000).any(|_| core.read_word_32(0x2000_0000).is_err());
    assert!(lost, "{chip}");
    let flash = board.flash();
    let erased = flash[first..][..bytes]
        .iter()
        .position(|&byte| byte != 0xFF);
    let expected = 3 * bytes / 8;
    let close = expected - bytes / 64..expected + bytes / 64;
    assert!(
        erased.is_some_and(|erased| close.contains(&erased)),
        "{chip}: {erased:x?}"
    );
    probe::unplug(&name);
}

#[test]
fn power_is_lost_within_a_wait_that_is_skipped() {
    for (chip, sector, bytes, erase_ms) in [
        ("STM32F446RETx", 0x0802_0000, 0x2_0000, 1000),
        ("STM32F746ZGTx", 0x0804_0000, 0x4_0000, 2000),
    ] {
        check_skipped_erase(chip, sector, bytes, erase_ms);
    }
}
