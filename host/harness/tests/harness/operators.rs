//! Every kind of operator on the chip: golden networks, whose outputs there equal the host engine's or are no
//! measurement. That the host engine's equal TFLite's is the engine's own test.

#[expect(dead_code, reason = "outputs are compared by the engine's own test")]
#[path = "../../../../firmware/engine/tests/golden/mod.rs"]
mod golden;

use std::collections::BTreeMap;
use std::sync::Arc;

use golden::FAMILIES;
use onchip_engine::Model;
use onchip_harness::{Board, Candidate, Drill, Image, Input, Observer, Session};
use onchip_vboard::VirtualBoard;

use crate::common::{image_bytes_of, order};

/// Measures so many networks of each operator in each family on a board, and all of one operator, and counts them.
async fn check(name: &str, sample: usize, all_of: &str) -> u64 {
    let board = Board::find(name).unwrap();
    let image = || Image::parse(&image_bytes_of(&board), &board).unwrap();
    let mine = image();
    let plug = format!("operators-{name}");
    let selector = VirtualBoard::new(&board.chip)
        .unwrap()
        .plug_in(&plug)
        .unwrap();
    let quiet: Observer = Arc::new(|_| ());
    let mut session = Session::open(board.clone(), image(), selector, quiet)
        .await
        .unwrap();
    let mut measured = 0;
    for (family, file) in FAMILIES {
        let mut taken = BTreeMap::new();
        for case in golden::cases(file) {
            let count = taken.entry(case.operator()).or_insert(0);
            let is_enough = *count == sample && case.operator() != all_of;
            if is_enough || Model::new(case.model).is_err() {
                continue;
            }
            *count += 1;
            measured += 1;
            let candidate =
                Candidate::prepare(case.name, case.model, &Input::Lcg, &board, &mine).unwrap();
            let order = order(measured, 1, Drill::None);
            if let Err(failure) = session.measure(&candidate, order).await {
                panic!("{family}: {}: {failure:?}", case.name);
            }
        }
    }
    session.close().await.unwrap();
    onchip_vboard::probe::unplug(&plug);
    measured
}

#[tokio::test]
async fn golden_networks_on_a_chip_with_dsp_instructions() {
    let measured = check("nucleo-l4r5zi", 2, "").await;
    assert!(measured >= 100, "only {measured} networks");
}

#[tokio::test]
async fn golden_networks_on_a_chip_that_can_only_multiply() {
    // Convolutions have a kernel there that takes two weights for one; extreme ones are to be among them.
    let measured = check("nucleo-g0b1re", 1, "CONV_2D").await;
    assert!(measured >= 250, "only {measured} networks");
}
