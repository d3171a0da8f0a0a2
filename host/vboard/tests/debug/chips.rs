//! Every chip, programmed by probe-rs with the chip's own flash algorithm.

use onchip_vboard::{VirtualBoard, chips, probe};
use probe_rs::flashing::{DownloadOptions, FlashLoader};
use probe_rs::probe::{WireProtocol, list::Lister};
use probe_rs::{MemoryInterface, Permissions};

use crate::bench::PATIENCE;

/// Where every STM32 has flash.
const FLASH: u64 = 0x0800_0000;
/// An offset in a sector of its own on each chip. Small sectors are erased soon, also on a busy host.
const PLACE: usize = 0x8000;

/// Words that say nothing.
fn noise(words: u32) -> Vec<u8> {
    (0..words)
        .flat_map(|i| (i.wrapping_mul(2_654_435_761) ^ 0x5a5a).to_le_bytes())
        .collect()
}

fn check(chip: &str) {
    let board = VirtualBoard::new(chip).unwrap();
    let name = format!("programs-{chip}");
    let mut opened = Lister::new().open(board.plug_in(&name).unwrap()).unwrap();
    opened.select_protocol(WireProtocol::Swd).unwrap();
    let mut session = opened.attach(chip, Permissions::default()).unwrap();
    // The second time over what the first has left.
    for data in [noise(2500), noise(700)] {
        let mut loader = FlashLoader::new(
            session.target().memory_map.clone(),
            session.target().source().clone(),
        );
        loader.add_data(FLASH, &data[..1000]).unwrap();
        loader.add_data(FLASH + PLACE as u64, &data).unwrap();
        let mut options = DownloadOptions::default();
        options.verify = true;
        loader.commit(&mut session, options).unwrap();
        let flash = board.flash();
        assert_eq!(flash[..1000], data[..1000], "{chip}");
        assert_eq!(flash[PLACE..][..data.len()], data, "{chip}");
        assert!(
            flash[PLACE + data.len()..][..64].iter().all(|&b| b == 0xff),
            "{chip}: erased behind it"
        );
    }
    let mut core = session.core(0).unwrap();
    core.reset_and_halt(PATIENCE).unwrap();
    assert_eq!(board.failure(), None, "{chip}");
    let word = core.read_word_32(FLASH).unwrap();
    assert_eq!(word.to_le_bytes(), noise(1)[..], "{chip}");
    probe::unplug(&name);
}

#[test]
fn probe_rs_programs_every_chip() {
    for chip in chips::names() {
        check(chip);
    }
}
