//! Every kind of operator on the chip: golden networks, whose outputs there equal the host engine's or are no
//! measurement. That the host engine's equal TFLite's is the engine's own test.

#[expect(dead_code, reason = "outputs are compared by the engine's own test")]
#[path = "../../../../firmware/engine/tests/golden/mod.rs"]
mod golden;

use std::collections::BTreeMap;
use std::sync::Arc;

use golden::FAMILIES;
use onchip_engine::Model;
use onchip_harness::{Drill, Observer, Session};
use onchip_vboard::VirtualBoard;

use crate::common::{board, image, order, prepare};

/// Cases of each operator in each family.
const SAMPLE: usize = 2;

#[tokio::test]
async fn golden_networks_on_the_chip() {
    let virtual_board = VirtualBoard::new("STM32L4R5ZITx").unwrap();
    let selector = virtual_board.plug_in("operators").unwrap();
    let quiet: Observer = Arc::new(|_| ());
    let mut session = Session::open(board(), image(), selector, quiet)
        .await
        .unwrap();
    let mut measured = 0;
    for (family, file) in FAMILIES {
        let mut taken = BTreeMap::new();
        for case in golden::cases(file) {
            let count = taken.entry(case.operator()).or_insert(0);
            if *count == SAMPLE || Model::new(case.model).is_err() {
                continue;
            }
            *count += 1;
            measured += 1;
            let candidate = prepare(case.model).unwrap();
            let order = order(measured, 1, Drill::None);
            if let Err(failure) = session.measure(&candidate, order).await {
                panic!("{family}: {}: {failure:?}", case.name);
            }
        }
    }
    session.close().await.unwrap();
    onchip_vboard::probe::unplug("operators");
    assert!(measured >= 100, "only {measured} networks");
}
