//! Faults to order, as a debugger meets them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use onchip_vboard::{Fault, FaultError};
use probe_rs::probe::list::Lister;
use probe_rs::probe::{DebugProbeError, WireProtocol};
use probe_rs::{Core, CoreStatus, MemoryInterface as _, Permissions, Session};

use crate::bench::{Bench, PATIENCE};
use crate::program::{self, DATA, ENTRY};

const PLACE: u64 = 0x2000_1000;

fn halted(bench: &Bench) -> Session {
    bench.load(&program::counter());
    let mut session = bench.attach();
    session.core(0).unwrap().reset_and_halt(PATIENCE).unwrap();
    session
}

fn inject(bench: &Bench, fault: Fault) {
    bench.board.inject(fault).unwrap();
}

/// Accesses until one fails.
fn accesses(core: &mut Core<'_>) -> u64 {
    (0..1000)
        .take_while(|_| core.read_word_32(PLACE).is_ok())
        .count() as u64
}

pub(crate) fn a_dropped_probe_is_gone_until_opened_anew(bench: &Bench) {
    let mut session = halted(bench);
    inject(bench, Fault::DropProbe { after_accesses: 40 });
    let before = bench.board.accesses();
    {
        let mut core = session.core(0).unwrap();
        assert!(accesses(&mut core) < 40);
        assert_eq!(bench.board.accesses() - before, 40);
        core.read_word_32(PLACE).unwrap_err();
        core.halt(PATIENCE).unwrap_err();
    }
    drop(session);
    assert_eq!(bench.board.accesses() - before, 40, "nothing came through");
    let mut session = bench.attach();
    let mut core = session.core(0).unwrap();
    assert!(core.core_halted().unwrap(), "as it was left");
    assert_eq!(accesses(&mut core), 1000);
}

fn attach(bench: &Bench) -> Result<(), String> {
    let text = |error: DebugProbeError| error.to_string();
    let mut probe = Lister::new().open(bench.selector.clone()).map_err(text)?;
    probe.select_protocol(WireProtocol::Swd).map_err(text)?;
    let attached = probe.attach(bench.target.name, Permissions::default());
    attached.map(drop).map_err(|error| error.to_string())
}

pub(crate) fn a_probe_may_be_dropped_at_any_access_of_an_attach(bench: &Bench) {
    bench.load(&program::counter());
    for after_accesses in [0, 1, 9, 17, 28] {
        inject(bench, Fault::DropProbe { after_accesses });
        // Some of probe-rs's drivers panic when they are cut off in the middle of a sequence.
        let attached = catch_unwind(AssertUnwindSafe(|| attach(bench)));
        assert!(!matches!(attached, Ok(Ok(()))), "{after_accesses}");
    }
    drop(bench.attach());
}

pub(crate) fn a_hung_core_neither_runs_nor_halts_until_reset(bench: &Bench) {
    let mut session = halted(bench);
    let at_cycle = bench.board.cycles() + 10_000;
    inject(bench, Fault::HangCore { at_cycle });
    let mut core = session.core(0).unwrap();
    core.run().unwrap();
    let count = core.read_word_32(DATA.into()).unwrap();
    // 4 or 5 cycles for each turn of the loop.
    assert!((1000..4000).contains(&count), "{count}");
    assert_eq!(core.status().unwrap(), CoreStatus::Running);
    assert_eq!(core.read_word_32(DATA.into()).unwrap(), count);
    assert!(bench.board.cycles() > at_cycle + 100_000, "time passes");
    core.halt(std::time::Duration::from_millis(20)).unwrap_err();
    core.write_word_32(PLACE, 7).unwrap();
    assert_eq!(core.read_word_32(PLACE).unwrap(), 7, "the bus lives");
    core.reset_and_halt(PATIENCE).unwrap();
    core.run().unwrap();
    let first = core.read_word_32(DATA.into()).unwrap();
    assert!(core.read_word_32(DATA.into()).unwrap() > first);
}

pub(crate) fn words_are_corrupted(bench: &Bench) {
    let mut session = halted(bench);
    let mut core = session.core(0).unwrap();
    core.write_word_32(PLACE, 0x1234_5678).unwrap();
    let at_cycle = bench.board.cycles() + 200;
    for address in [PLACE as u32, ENTRY] {
        inject(
            bench,
            Fault::CorruptWord {
                address,
                flips: 0x8000_0001,
                at_cycle,
            },
        );
    }
    let word = core.read_word_32(ENTRY.into()).unwrap();
    assert_eq!(core.read_word_32(PLACE).unwrap(), 0x1234_5678, "not yet");
    for _ in 0..5 {
        core.read_word_32(DATA.into()).unwrap();
    }
    assert_eq!(core.read_word_32(PLACE).unwrap(), 0x9234_5679);
    assert_eq!(core.read_word_32(ENTRY.into()).unwrap(), word ^ 0x8000_0001);
    // What the core has decoded is forgotten: movs r0, #0x20 has become #0x21.
    core.step().unwrap();
    let r0: u32 = core.read_core_reg(probe_rs::RegisterId(0)).unwrap();
    assert_eq!(r0, 0x21);

    let refused = bench.board.inject(Fault::CorruptWord {
        address: 0x4000_0000,
        flips: 1,
        at_cycle: 0,
    });
    assert_eq!(refused, Err(FaultError::NotMemory(0x4000_0000)));
    let refused = bench.board.inject(Fault::CorruptRead {
        address: DATA + 2,
        flips: 1,
        after_reads: 0,
    });
    assert_eq!(refused, Err(FaultError::NotMemory(DATA + 2)));
}

pub(crate) fn one_read_is_wrong(bench: &Bench) {
    let mut session = halted(bench);
    let mut core = session.core(0).unwrap();
    core.write_32(PLACE, &[1, 2, 3, 4]).unwrap();
    inject(
        bench,
        Fault::CorruptRead {
            address: PLACE as u32 + 8,
            flips: 0x0100_0010,
            after_reads: 1,
        },
    );
    let mut read = || {
        let mut words = [0; 4];
        core.read_32(PLACE, &mut words).unwrap();
        words
    };
    assert_eq!(read(), [1, 2, 3, 4]);
    assert_eq!(read(), [1, 2, 0x0100_0013, 4]);
    assert_eq!(read(), [1, 2, 3, 4]);
    inject(
        bench,
        Fault::CorruptRead {
            address: PLACE as u32 + 8,
            flips: 0x0100_0010,
            after_reads: 0,
        },
    );
    assert_eq!(core.read_word_8(PLACE + 11).unwrap(), 1);
    assert_eq!(core.read_word_8(PLACE + 11).unwrap(), 0);
}

pub(crate) fn a_brown_out_loses_all_but_flash(bench: &Bench) {
    let mut session = halted(bench);
    {
        let mut core = session.core(0).unwrap();
        core.write_word_32(PLACE, 7).unwrap();
        let at_cycle = bench.board.cycles() + 200;
        inject(bench, Fault::BrownOut { at_cycle });
        assert!(accesses(&mut core) < 6, "the debug domain has no power");
        // Looked at at once: a served board goes on by itself.
        assert!(bench.board.cycles() < 1_000_000, "they count anew");
    }
    drop(session);
    let mut session = bench.attach();
    let mut core = session.core(0).unwrap();
    assert_eq!(
        core.status().unwrap(),
        CoreStatus::Running,
        "not halted any more"
    );
    assert_eq!(core.read_word_32(PLACE).unwrap(), 0);
    assert!(
        core.read_word_32(DATA.into()).unwrap() > 0,
        "the program has started"
    );
}

pub(crate) fn a_brown_out_ends_what_the_core_does(bench: &Bench) {
    let mut session = halted(bench);
    let mut core = session.core(0).unwrap();
    core.run().unwrap();
    let before = core.read_word_32(DATA.into()).unwrap();
    inject(
        bench,
        Fault::BrownOut {
            at_cycle: bench.board.cycles() + 100_000,
        },
    );
    core.read_word_32(DATA.into()).unwrap_err();
    drop(core);
    drop(session);
    let mut session = bench.attach();
    let mut core = session.core(0).unwrap();
    assert_eq!(core.status().unwrap(), CoreStatus::Running);
    core.halt(PATIENCE).unwrap();
    let after = core.read_word_32(DATA.into()).unwrap();
    assert!(after > 0 && before > 0);
}

pub(crate) fn a_slow_bus_lets_more_time_pass(bench: &Bench) {
    let mut session = halted(bench);
    let mut core = session.core(0).unwrap();
    let mut cycles = || {
        let before = bench.board.cycles();
        core.read_word_32(PLACE).unwrap();
        bench.board.cycles() - before
    };
    let usual = cycles();
    inject(bench, Fault::SlowBus { factor: 50 });
    assert_eq!(cycles(), 50 * usual);
    bench.board.clear_faults();
    assert_eq!(cycles(), usual);
}
