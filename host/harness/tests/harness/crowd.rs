//! Virtual boards of all kinds at once in one process.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use onchip_harness::board::embedded_boards;
use onchip_harness::{
    Board, Candidate, Drill, Image, Input, Observer, Order, Record, Seat, Session, VirtualSeat,
};

use crate::common::{KWS, model};

/// One session with a new board of a kind, on a thread of its own.
fn measure(name: &str) -> Record {
    let mut board = Board::find(name).unwrap();
    // Eight boards may have to share one core of the host.
    board.timeouts.silence = Duration::from_secs(60);
    let image = Image::of_board(&board).unwrap();
    let candidate = Candidate::prepare("kws", &model(KWS), &Input::Lcg, &board, &image).unwrap();
    let mut seat = VirtualSeat::new(&board).unwrap();
    let selector = seat.plug_in().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let order = Order {
        nonce: 7,
        runs: 2,
        warmups: 0,
        drill: Drill::None,
    };
    let mut record = runtime.block_on(async {
        let quiet: Observer = Arc::new(|_| ());
        let mut session = Session::open(board, image, selector, quiet).await.unwrap();
        let record = session.measure(&candidate, order).await.unwrap();
        session.close().await.unwrap();
        record
    });
    record.host_ms = Default::default();
    record.probe.clear();
    record
}

#[test]
fn eight_boards_at_once_measure_what_each_measures_alone() {
    let kinds: Vec<String> = embedded_boards()
        .into_iter()
        .map(|board| board.unwrap().name)
        .collect();
    assert_eq!(kinds.len(), 4);
    let alone: Vec<Record> = kinds.iter().map(|kind| measure(kind)).collect();
    let crowd: Vec<Record> = thread::scope(|scope| {
        let twice = kinds.iter().chain(&kinds);
        let threads: Vec<_> = twice.map(|kind| scope.spawn(|| measure(kind))).collect();
        let ended = threads.into_iter().map(|thread| thread.join().unwrap());
        ended.collect()
    });
    // Cycles of each run and operator, output, RAM, and all else of a record.
    assert_eq!(crowd, [&alone[..], &alone].concat());
}
