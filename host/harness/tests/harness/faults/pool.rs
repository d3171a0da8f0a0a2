//! A pool whose boards fail: what it measures does not show that.

use std::sync::Arc;

use onchip_harness::{Board, BoardPool, BoardState, Image, Record, Seat};
use onchip_vboard::{Fault, VirtualBoard};

use super::rig::{Kind, Rig, order, repeatable, together};

/// How a fault is ordered for a measurement that is about to begin, and takes this long.
type Strike = fn(&VirtualBoard, accesses: u64, cycles: u64) -> Fault;

const STRIKES: [Strike; 3] = [
    |_, accesses, _| Fault::DropProbe {
        after_accesses: accesses / 2,
    },
    |board, _, cycles| Fault::HangCore {
        at_cycle: board.cycles() + cycles / 2,
    },
    |board, _, cycles| Fault::BrownOut {
        at_cycle: board.cycles() + cycles / 2,
    },
];

async fn measure(pool: &BoardPool, kind: &Kind) -> Record {
    let record = pool.measure(&kind.candidate, order()).await.unwrap();
    without_nonce(record)
}

fn without_nonce(record: Record) -> Record {
    let mut record = repeatable(record);
    record.proof.nonce.clear();
    record
}

async fn check(kind: Arc<Kind>, strike: Strike) {
    let truth = without_nonce(kind.truth().await.record.clone());
    let rig = Rig::blank(&kind);
    let board = Board::clone(&kind.board);
    let image = Image::of_board(&board).unwrap();
    let seats: Vec<Box<dyn Seat>> = vec![Box::new(rig.selector.clone())];
    let pool = BoardPool::open(board, image, seats).await.unwrap();
    assert_eq!(measure(&pool, &kind).await, truth);

    let before = (rig.board.accesses(), rig.board.cycles());
    assert_eq!(measure(&pool, &kind).await, truth);
    let (accesses, cycles) = (
        rig.board.accesses() - before.0,
        rig.board.cycles() - before.1,
    );
    rig.inject(strike(&rig.board, accesses, cycles));
    assert_eq!(measure(&pool, &kind).await, truth);

    let status = pool.boards().remove(0);
    assert!(status.last_failure.is_some(), "{status:?}");
    assert_eq!((status.state, status.measured), (BoardState::Idle, 3));
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_measures_again_what_a_fault_has_spoilt() {
    let checks = STRIKES.into_iter().flat_map(|strike| {
        let kinds = [Kind::l4(), Kind::f4()];
        kinds.map(|kind| check(kind, strike))
    });
    together(checks).await;
}
