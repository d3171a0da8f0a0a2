//! Flash that is torn, or spoilt behind the host's back.

use std::sync::{Arc, Mutex};

use onchip_harness::{BenchFailure, Event, Failure, Phase};
use onchip_vboard::Fault;

use super::rig::{FLASH, Kind, Moment, Rig, symbol, when};

/// What fills a sector that is to be written.
const OLD: u8 = 0x33;

/// The image's first sector.
fn sector(kind: &Kind) -> usize {
    if kind.board.chip.starts_with("STM32L4") {
        0x1000
    } else {
        0x4000
    }
}

/// A board with all in place but the image's first sector.
async fn outdated(kind: &Kind) -> Rig {
    let rig = Rig::before(kind, Moment::Run).await;
    let old = vec![OLD; sector(kind)];
    rig.board.load_flash(0, &old).unwrap();
    rig.board.power_cycle().unwrap();
    rig
}

/// The cycles at which writing the sector begins, and at which each page is done.
async fn steps(kind: &Kind) -> Vec<u64> {
    let rig = outdated(kind).await;
    let steps = Arc::new(Mutex::new(Vec::new()));
    let (board, noted) = (rig.board.clone(), steps.clone());
    let observer = Arc::new(move |event| {
        if let Event::Programmed { .. } = event {
            noted.lock().unwrap().push(board.cycles());
        }
    });
    rig.session(kind, observer).await.unwrap();
    let steps = steps.lock().unwrap().clone();
    assert!(steps.len() > 3);
    steps
}

/// Power is lost at a cycle of writing the image's first sector. Returns what that holds then; the next
/// session writes it anew.
async fn brown_out(kind: &Kind, at_cycle: u64) -> Vec<u8> {
    let what = format!("{}: browned out at {at_cycle}", kind.board.name);
    let rig = outdated(kind).await;
    rig.inject(Fault::BrownOut { at_cycle });
    assert!(rig.fails_fairly(kind, &what).await, "{what}");
    let mut left = rig.board.flash();
    left.truncate(sector(kind));
    let record = rig.recovers(kind, &what).await;
    assert_eq!(record.flash.erased_sectors, 1, "{what}");
    left
}

async fn check_erase(kind: Arc<Kind>) {
    let steps = steps(&kind).await;
    // Nearly all of the time to the first page is that of erasing.
    let left = brown_out(&kind, (steps[0] + steps[1]) / 2).await;
    let erased = left.iter().take_while(|&&byte| byte == 0xFF).count();
    let untouched = left.iter().rev().take_while(|&&byte| byte == OLD).count();
    assert!(erased > 0 && untouched > 0, "{erased} {untouched}");
    let torn = left.len() - erased - untouched;
    assert!(torn > 0, "neither erased nor untouched");
}

async fn check_program(kind: Arc<Kind>) {
    let steps = steps(&kind).await;
    let truth = kind.truth().await;
    let second_page = steps[2] - steps[1];
    let mut torn = 0;
    for part in 1..4 {
        let left = brown_out(&kind, steps[1] + second_page * part / 4).await;
        let pairs = left.iter().zip(&truth.flash);
        let done = pairs.take_while(|(left, truth)| left == truth).count();
        assert!(done > 64 && done < left.len() - 64, "{done}");
        let rest = &left[done / 8 * 8..];
        assert!(rest[8..].iter().all(|&byte| byte == 0xFF), "{done}");
        // Power may also be lost between two words.
        torn += u32::from(rest[..8].iter().any(|&byte| byte != 0xFF));
    }
    assert!(torn > 0);
}

#[tokio::test]
async fn an_erase_that_power_is_lost_in_is_done_anew() {
    check_erase(Kind::l4()).await;
    check_erase(Kind::f4()).await;
}

#[tokio::test]
async fn a_word_that_power_is_lost_in_is_written_anew() {
    check_program(Kind::l4()).await;
    check_program(Kind::f4()).await;
}

/// The first instructions of the function that makes a run turn into UDF while another one is made.
async fn check_spoilt_code(kind: Arc<Kind>) {
    let elf = onchip_harness::board::embedded_image(&kind.board.image).unwrap();
    let address = symbol(elf, "measure4once") & !3;
    let truth = kind.truth().await;
    let word = &truth.flash[(address - FLASH) as usize..][..4];
    let word = u32::from_le_bytes(word.try_into().unwrap());

    let rig = Rig::before(&kind, Moment::Run).await;
    let board = rig.board.clone();
    let (observer, _) = when(
        |phase, event| phase == Phase::Run && Moment::Run.is(phase, event),
        move || {
            let at_cycle = board.cycles();
            let flips = word ^ 0xDE00_DE00;
            let fault = Fault::CorruptWord {
                address,
                flips,
                at_cycle,
            };
            board.inject(fault).unwrap();
        },
    );
    let failure = rig.session(&kind, observer).await.unwrap_err();
    let Failure::Bench(BenchFailure::NotRepeated { said }) = &failure else {
        panic!("{failure:?}");
    };
    assert!(said.contains("the chip took a fault"), "{said}");
    rig.recovers(&kind, "spoilt code").await;
}

#[tokio::test]
async fn a_fault_of_code_that_is_spoilt_is_not_the_candidates() {
    check_spoilt_code(Kind::l4()).await;
    check_spoilt_code(Kind::f4()).await;
}
