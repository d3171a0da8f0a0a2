//! What a debugger may expect of a board, whatever probe it has.

use probe_rs::architecture::arm::dp::DpAddress;
use probe_rs::architecture::arm::memory::CoresightComponent;
use probe_rs::flashing::DownloadOptions;
use probe_rs::rtt::Rtt;
use probe_rs::{Core, CoreStatus, HaltReason, MemoryInterface, Permissions, Session};

use crate::bench::{Bench, PATIENCE};
use crate::program::{self, DATA, ENTRY, LOOP, RING, RING_BYTES, STACK};

fn with_counter(bench: &Bench) -> Session {
    bench.load(&program::counter());
    bench.attach()
}

fn register(core: &mut Core<'_>, number: u16) -> u32 {
    core.read_core_reg(probe_rs::RegisterId(number)).unwrap()
}

pub(crate) fn attaches_and_halts(bench: &Bench) {
    let mut session = with_counter(bench);
    let mut core = session.core(0).unwrap();
    assert_eq!(core.status().unwrap(), CoreStatus::Running);
    let information = core.halt(PATIENCE).unwrap();
    assert_eq!(
        core.status().unwrap(),
        CoreStatus::Halted(HaltReason::Request)
    );
    assert!(
        (LOOP..LOOP + 6).contains(&(information.pc as u32)),
        "{:#x}",
        information.pc
    );
    let count = core.read_word_32(DATA.into()).unwrap();
    assert!(count > 0, "time passed");
    assert_eq!(
        core.read_word_32(DATA.into()).unwrap(),
        count,
        "time stands still"
    );
}

pub(crate) fn registers_are_read_and_written(bench: &Bench) {
    let mut session = with_counter(bench);
    let mut core = session.core(0).unwrap();
    core.halt(PATIENCE).unwrap();
    // R0 to R12, R14, and S0 to S31.
    let floats = if bench.target.has_floats {
        0x40..0x60
    } else {
        0..0
    };
    let numbers: Vec<u16> = (0..13).chain([14]).chain(floats).collect();
    for &number in &numbers {
        core.write_core_reg(
            probe_rs::RegisterId(number),
            0x1000_0000 + u32::from(number),
        )
        .unwrap();
    }
    for &number in &numbers {
        assert_eq!(register(&mut core, number), 0x1000_0000 + u32::from(number));
    }
    assert_eq!(register(&mut core, 13), STACK);
    assert_eq!(register(&mut core, 17), STACK, "the main stack pointer");
    core.write_core_reg(probe_rs::RegisterId(15), LOOP).unwrap();
    assert_eq!(register(&mut core, 15), LOOP);
    assert!(register(&mut core, 16) & 1 << 24 != 0, "Thumb state");
}

pub(crate) fn memory_is_read_and_written_in_any_width(bench: &Bench) {
    let mut session = with_counter(bench);
    let mut core = session.core(0).unwrap();
    core.halt(PATIENCE).unwrap();
    let pattern: Vec<u8> = (0..5000_u32)
        .map(|index| (index * 7 + index / 256) as u8)
        .collect();
    for start in [0x2000_1000_u64, 0x2000_13ff, 0x2000_2001] {
        core.write_8(start, &pattern).unwrap();
        let mut read = vec![0; pattern.len()];
        core.read_8(start, &mut read).unwrap();
        assert_eq!(read, pattern);
        core.read(start, &mut read).unwrap();
        assert_eq!(read, pattern);
    }
    let words = [0x0403_0201, 0x0807_0605, 0x0c0b_0a09];
    core.write_32(0x2000_0ffc, &words).unwrap();
    assert_eq!(core.read_word_32(0x2000_1000).unwrap(), words[1]);
    core.write_word_16(0x2000_1002, 0xbeef).unwrap();
    core.write_word_8(0x2000_1001, 0x55).unwrap();
    assert_eq!(core.read_word_32(0x2000_1000).unwrap(), 0xbeef_5505);
    assert_eq!(core.read_word_16(0x2000_1002).unwrap(), 0xbeef);
    assert_eq!(core.read_word_8(0x2000_1003).unwrap(), 0xbe);
    if let Some((here, there)) = bench.target.twice {
        assert_eq!(core.read_word_32(there).unwrap(), 0);
        core.write_word_32(here, 0x1234_5678).unwrap();
        assert_eq!(core.read_word_32(there).unwrap(), 0x1234_5678);
    }
}

pub(crate) fn breakpoints_stop_the_core(bench: &Bench) {
    let mut session = with_counter(bench);
    let mut core = session.core(0).unwrap();
    core.reset_and_halt(PATIENCE).unwrap();
    let units = core.available_breakpoint_units().unwrap();
    assert_eq!(units, bench.target.breakpoints);
    core.set_hw_breakpoint((LOOP + 2).into()).unwrap();
    for count in 1..4 {
        core.run().unwrap();
        core.wait_for_core_halted(PATIENCE).unwrap();
        assert!(matches!(
            core.status().unwrap(),
            CoreStatus::Halted(HaltReason::Breakpoint(_))
        ));
        assert_eq!(register(&mut core, 15), LOOP + 2);
        assert_eq!(register(&mut core, 1), count);
    }
    core.clear_hw_breakpoint((LOOP + 2).into()).unwrap();
    core.run().unwrap();
    assert_eq!(core.status().unwrap(), CoreStatus::Running);
}

pub(crate) fn steps_are_single(bench: &Bench) {
    let mut session = with_counter(bench);
    let mut core = session.core(0).unwrap();
    core.reset_and_halt(PATIENCE).unwrap();
    let trace: Vec<u32> = (0..8).map(|_| core.step().unwrap().pc as u32).collect();
    let offsets = [2, 4, 6, 8, 10, 6, 8, 10];
    assert_eq!(trace, offsets.map(|offset| ENTRY + offset));
}

pub(crate) fn resets_and_halts(bench: &Bench) {
    let mut session = with_counter(bench);
    let mut core = session.core(0).unwrap();
    for _ in 0..3 {
        let information = core.reset_and_halt(PATIENCE).unwrap();
        assert_eq!(information.pc, ENTRY.into());
        assert!(core.core_halted().unwrap());
        assert_eq!(register(&mut core, 13), STACK);
        core.run().unwrap();
        assert_eq!(core.status().unwrap(), CoreStatus::Running);
    }
    core.reset().unwrap();
    assert_eq!(core.status().unwrap(), CoreStatus::Running);
}

pub(crate) fn attaches_under_reset(bench: &Bench) {
    bench.load(&program::counter());
    let mut session = bench
        .probe()
        .attach_under_reset(bench.target.name, Permissions::default())
        .unwrap();
    let mut core = session.core(0).unwrap();
    // probe-rs enables debug only after it has released the reset, so some instructions may have passed.
    assert!(core.core_halted().unwrap());
    assert!((ENTRY..LOOP + 6).contains(&register(&mut core, 15)));
    core.reset_and_halt(PATIENCE).unwrap();
    assert_eq!(register(&mut core, 15), ENTRY);
}

pub(crate) fn reattaches_to_a_running_core(bench: &Bench) {
    let mut session = with_counter(bench);
    let first = session.core(0).unwrap().read_word_32(DATA.into()).unwrap();
    drop(session);
    let mut session = bench.attach();
    let mut core = session.core(0).unwrap();
    assert_eq!(core.status().unwrap(), CoreStatus::Running);
    assert!(
        core.read_word_32(DATA.into()).unwrap() > first,
        "it was not reset"
    );
}

pub(crate) fn bus_faults_are_survived(bench: &Bench) {
    let mut session = with_counter(bench);
    let mut core = session.core(0).unwrap();
    core.halt(PATIENCE).unwrap();
    core.read_word_32(0x3000_0000).unwrap_err();
    core.write_word_32(0x3000_0000, 1).unwrap_err();
    // From inside RAM over its end.
    core.read_8(bench.target.ram_end - 16, &mut [0; 64])
        .unwrap_err();
    assert!(core.core_halted().unwrap());
    core.write_word_32(0x2000_1000, 7).unwrap();
    assert_eq!(core.read_word_32(0x2000_1000).unwrap(), 7);
}

fn download(session: &mut Session, address: u32, bytes: &[u8], keep: bool) {
    let mut loader = session.target().flash_loader();
    loader.add_data(address.into(), bytes).unwrap();
    let mut options = DownloadOptions::default();
    options.verify = true;
    options.keep_unwritten_bytes = keep;
    loader.commit(session, options).unwrap();
}

pub(crate) fn flash_is_erased_programmed_and_verified(bench: &Bench) {
    let mut session = bench.attach();
    let noise: Vec<u8> = (0..20_000_u32)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    // Both banks, and the second time over what the first left.
    for round in 0..2 {
        download(&mut session, 0x0800_0000, &program::counter(), false);
        let model: Vec<u8> = noise.iter().map(|byte| byte ^ round).collect();
        let second = bench.target.second_bank;
        download(&mut session, second, &model, false);
        let offset = (second - 0x0800_0000) as usize;
        assert_eq!(bench.board.flash()[offset..][..model.len()], model);
    }
    let mut core = session.core(0).unwrap();
    core.reset_and_halt(PATIENCE).unwrap();
    core.run().unwrap();
    assert!(
        core.read_word_32(DATA.into()).unwrap() > 0,
        "the program runs"
    );
}

pub(crate) fn flash_keeps_what_was_not_written(bench: &Bench) {
    let page = bench.target.page;
    bench.board.load_flash(page, &vec![0x5a; 3 * page]).unwrap();
    let mut session = bench.attach();
    let at = 2 * page + 0x10;
    download(
        &mut session,
        0x0800_0000 + at as u32,
        &[1, 2, 3, 4, 5],
        true,
    );
    let flash = bench.board.flash();
    assert_eq!(flash[at..at + 5], [1, 2, 3, 4, 5]);
    assert!(
        flash[page..at]
            .iter()
            .chain(&flash[at + 8..4 * page])
            .all(|&byte| byte == 0x5a)
    );
    assert!(flash[..page].iter().all(|&byte| byte == 0xff));
}

pub(crate) fn blank_flash_locks_up(bench: &Bench) {
    let mut session = bench.attach();
    let mut core = session.core(0).unwrap();
    assert_eq!(core.status().unwrap(), CoreStatus::LockedUp);
    core.halt(PATIENCE).unwrap();
    assert!(core.core_halted().unwrap());
    core.write_word_32(0x2000_1000, 7).unwrap();
}

/// An RTT control block with one channel to the host, in the image's stead.
fn control_block() -> Vec<u8> {
    let mut block = b"SEGGER RTT\0\0\0\0\0\0".to_vec();
    let name = 0;
    for word in [1, 0, name, RING, RING_BYTES, 0, 0, 2] {
        block.extend(u32::to_le_bytes(word));
    }
    block
}

pub(crate) fn rtt_is_read_while_the_core_runs(bench: &Bench) {
    bench.load(&program::writer());
    let mut session = bench.attach();
    let mut core = session.core(0).unwrap();
    core.reset_and_halt(PATIENCE).unwrap();
    core.write_8(DATA.into(), &control_block()).unwrap();
    core.run().unwrap();
    let mut rtt = Rtt::attach_at(&mut core, DATA.into()).unwrap();
    let channel = rtt.up_channel(0).unwrap();
    let mut received = Vec::new();
    let mut buffer = [0; 256];
    for _ in 0..10_000 {
        let count = channel.read(&mut core, &mut buffer).unwrap();
        received.extend_from_slice(&buffer[..count]);
        if received.len() > 1000 {
            break;
        }
    }
    assert!(received.len() > 1000, "only {} bytes", received.len());
    let expected: Vec<u8> = (0..received.len()).map(|index| index as u8).collect();
    assert_eq!(received, expected);
}

pub(crate) fn peripherals_are_read(bench: &Bench) {
    let mut session = with_counter(bench);
    let mut core = session.core(0).unwrap();
    core.halt(PATIENCE).unwrap();
    for &(address, mask, expected, what) in bench.target.words {
        let word = core.read_word_32(address).unwrap();
        assert_eq!(word & mask, expected, "{what}: {word:#x}");
    }
}

pub(crate) fn components_are_identified(bench: &Bench) {
    let mut session = with_counter(bench);
    let tables = session.get_arm_components(DpAddress::Default).unwrap();
    let names: Vec<_> = tables
        .iter()
        .flat_map(CoresightComponent::iter)
        .filter_map(|found| found.component.id().peripheral_id().determine_part())
        .map(|part| part.name())
        .collect();
    assert_eq!(names, bench.target.components);
    assert!(bench.board.failure().is_none());
}

pub(crate) fn failure_ends_every_access_until_the_power_is_cycled(bench: &Bench) {
    bench.load(&program::trespasser());
    // The core runs into it at some access of the attach, or of what follows.
    let failed = bench
        .probe()
        .attach(bench.target.name, Permissions::default())
        .map_err(|error| format!("{error:?}"))
        .and_then(|mut session| {
            let mut core = session.core(0).map_err(|error| format!("{error:?}"))?;
            core.status().map_err(|error| format!("{error:?}"))
        });
    let text = failed.unwrap_err();
    if bench.is_in_process() {
        assert!(
            text.contains("USART2") && text.contains("0x40004400"),
            "{text}"
        );
    }
    let failure = bench.board.failure().unwrap().to_string();
    assert!(
        failure.contains("USART2") && failure.contains("0x40004400"),
        "{failure}"
    );
    assert!(
        failure.contains("0x08000048"),
        "the program counter: {failure}"
    );
    bench.board.load_flash(0, &program::counter()).unwrap();
    bench.board.power_cycle().unwrap();
    assert!(bench.board.failure().is_none());
    attaches_and_halts(bench);
}
