//! Pools of virtual boards: equal results from all, and boards that fail.

use std::sync::Arc;
use std::time::Duration;

use onchip_harness::{
    BenchFailure, Board, BoardPool, BoardState, Candidate, CandidateFailure, Drill, Failure,
    Record, Seat, VirtualSeat,
};
use onchip_tflite::random::{Limits, network};
use probe_rs::probe::DebugProbeSelector;

use crate::common::{KWS, board, image, model, order, prepare};

/// A virtual board whose first sessions fail.
struct Flaky {
    seat: VirtualSeat,
    failures: u32,
}

impl Seat for Flaky {
    fn name(&self) -> String {
        format!("flaky {}", self.seat.name())
    }

    fn plug_in(&mut self) -> Result<DebugProbeSelector, BenchFailure> {
        match self.failures.checked_sub(1) {
            Some(left) => {
                self.failures = left;
                Ok(nobody())
            }
            None => self.seat.plug_in(),
        }
    }
}

fn nobody() -> DebugProbeSelector {
    "0f0f:0001:nobody".parse().unwrap()
}

fn seat() -> Box<dyn Seat> {
    Box::new(VirtualSeat::new(&board()).unwrap())
}

fn flaky(failures: u32) -> Box<dyn Seat> {
    let seat = VirtualSeat::new(&board()).unwrap();
    Box::new(Flaky { seat, failures })
}

async fn open(seats: Vec<Box<dyn Seat>>) -> BoardPool {
    BoardPool::open(board(), image(), seats).await.unwrap()
}

fn small(seed: u64) -> Candidate {
    prepare(&network(seed, Limits::default()).to_file().unwrap()).unwrap()
}

async fn measure(pool: &BoardPool, candidate: &Candidate) -> Record {
    let order = order(1 << 40, 2, Drill::None);
    pool.measure(candidate, order).await.unwrap()
}

/// What of a record must not depend on the board and on what it did before.
fn repeatable(mut record: Record) -> Record {
    record.host_ms = Default::default();
    record.flash.written = 0;
    record.flash.erased_sectors = 0;
    record.proof.nonce.clear();
    record.probe.clear();
    record
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn neither_the_board_nor_its_past_shows_in_a_record() {
    let candidates: Vec<Candidate> = (0..4)
        .map(small)
        .chain([prepare(&model(KWS)).unwrap()])
        .collect();
    // The truth: each on a board that has done nothing else.
    let mut alone = Vec::new();
    for candidate in &candidates {
        let pool = open(vec![seat()]).await;
        alone.push(repeatable(measure(&pool, candidate).await));
        pool.close().await;
    }

    let pool = Arc::new(open(vec![seat(), seat(), seat()]).await);
    assert!(pool.emulated());
    let mut tasks = tokio::task::JoinSet::new();
    for round in 0..3 {
        for index in 0..candidates.len() {
            // Each round in another order.
            let index = (index * (round + 1) + round) % candidates.len();
            let (pool, candidate) = (pool.clone(), candidates[index].clone());
            tasks.spawn(async move { (index, measure(&pool, &candidate).await) });
        }
    }
    let mut nonces = std::collections::BTreeSet::new();
    let mut probes = std::collections::BTreeSet::new();
    while let Some(measured) = tasks.join_next().await {
        let (index, record) = measured.unwrap();
        assert!(
            nonces.insert(record.proof.nonce.clone()),
            "nonces are fresh"
        );
        probes.insert(record.probe.clone());
        assert_eq!(repeatable(record), alone[index]);
    }
    assert_eq!(probes.len(), 3, "all boards are used");
    let boards = pool.boards();
    assert_eq!(boards.iter().map(|board| board.measured).sum::<u64>(), 15);
    assert!(boards.iter().all(|board| board.state == BoardState::Idle));
    assert!(boards.iter().all(|board| board.erased_sectors > 0));
}

#[tokio::test]
async fn the_image_knows_its_variables() {
    let pool = open(vec![seat()]).await;
    let record = measure(&pool, &small(0)).await;
    assert_eq!(record.ram.statics, pool.image().statics);
}

#[tokio::test]
async fn a_board_that_fails_is_spared_and_recovers() {
    let pool = open(vec![flaky(2), seat()]).await;
    let before = pool.boards();
    assert!(
        before[0]
            .last_failure
            .as_deref()
            .is_some_and(|text| text.contains("nobody"))
    );
    for seed in 0..2 {
        measure(&pool, &small(seed)).await;
    }
    let boards = pool.boards();
    assert_eq!((boards[0].measured, boards[1].measured), (0, 2));

    // When both are needed, it is tried again: it fails once more, then it works.
    let candidate = small(2);
    for _ in 0..4 {
        tokio::join!(measure(&pool, &candidate), measure(&pool, &candidate));
    }
    let boards = pool.boards();
    assert!(boards[0].measured > 0, "{boards:?}");
    assert_eq!(boards[0].state, BoardState::Idle);
    assert_eq!(boards[0].measured + boards[1].measured, 10);
}

#[tokio::test]
async fn a_board_that_keeps_failing_is_quarantined() {
    let pool = open(vec![flaky(u32::MAX), seat()]).await;
    let candidate = small(2);
    for _ in 0..4 {
        tokio::join!(measure(&pool, &candidate), measure(&pool, &candidate));
    }
    let boards = pool.boards();
    assert_eq!(boards[0].state, BoardState::Quarantined);
    assert_eq!((boards[0].measured, boards[1].measured), (0, 8));
}

#[tokio::test]
async fn without_a_board_the_failure_names_all() {
    let names = |failure: &BenchFailure| {
        assert!(
            matches!(failure, BenchFailure::NoBoardLeft { .. }),
            "{failure}"
        );
        let text = failure.to_string();
        assert_eq!(text.matches("flaky nucleo-l4r5zi-").count(), 2, "{text}");
        assert_eq!(text.matches("0f0f:0001:nobody").count(), 2, "{text}");
    };
    let seats = vec![flaky(u32::MAX), flaky(u32::MAX)];
    let opened = BoardPool::open(board(), image(), seats).await;
    names(&opened.err().unwrap());
}

/// A virtual board that is gone once it has been unplugged.
struct Frail {
    seat: VirtualSeat,
    is_plugged_in: bool,
}

impl Seat for Frail {
    fn name(&self) -> String {
        format!("frail {}", self.seat.name())
    }

    fn plug_in(&mut self) -> Result<DebugProbeSelector, BenchFailure> {
        match std::mem::replace(&mut self.is_plugged_in, true) {
            false => self.seat.plug_in(),
            true => Ok(nobody()),
        }
    }
}

fn frail() -> Box<dyn Seat> {
    Box::new(Frail {
        seat: VirtualSeat::new(&board()).unwrap(),
        is_plugged_in: false,
    })
}

/// Boards that soon give up on a silent chip.
async fn impatient(seats: Vec<Box<dyn Seat>>) -> BoardPool {
    let mut board: Board = board();
    board.timeouts.silence = Duration::from_secs(2);
    BoardPool::open(board, image(), seats).await.unwrap()
}

fn is_blamed(measured: &Result<Record, Failure>) -> bool {
    matches!(measured, Err(Failure::Candidate(CandidateFailure::Silence)))
}

#[tokio::test]
async fn a_fault_is_the_candidates() {
    let pool = open(vec![seat()]).await;
    let candidate = small(0);
    let order = order(1, 1, Drill::HardFault);
    let fault = pool.measure(&candidate, order).await;
    assert!(
        matches!(fault, Err(Failure::Candidate(CandidateFailure::Fault(_)))),
        "{fault:?}"
    );
    measure(&pool, &candidate).await;
}

#[tokio::test]
async fn a_candidate_that_silences_boards_which_answer_again_has_failed() {
    for boards in [1, 2] {
        let pool = impatient((0..boards).map(|_| seat()).collect()).await;
        let candidate = small(1);
        let silence = pool.measure(&candidate, order(1, 1, Drill::Silence)).await;
        assert!(is_blamed(&silence), "{silence:?}");
        let statuses = pool.boards();
        for status in &statuses {
            assert_eq!((status.state, status.measured), (BoardState::Idle, 0));
            let failure = status.last_failure.as_deref().unwrap();
            assert!(failure.contains("no answer"), "{failure}");
        }
        measure(&pool, &candidate).await;
    }
}

#[tokio::test]
async fn a_board_that_does_not_answer_again_has_failed() {
    let pool = impatient(vec![frail()]).await;
    let candidate = small(1);
    let silence = pool.measure(&candidate, order(1, 1, Drill::Silence)).await;
    let Err(Failure::Bench(failure @ BenchFailure::NoBoardLeft { .. })) = silence else {
        panic!("{silence:?}");
    };
    assert!(failure.to_string().contains("nobody"), "{failure}");
    assert_eq!(pool.boards()[0].state, BoardState::Quarantined);
    let after = pool.measure(&candidate, order(1, 1, Drill::None)).await;
    assert!(after.is_err(), "nothing is left to measure on");
}

#[tokio::test]
async fn a_dead_board_is_no_witness() {
    let pool = impatient(vec![frail(), seat()]).await;
    // The sound one falls silent twice: once it is the last, that counts.
    let silence = pool.measure(&small(1), order(1, 1, Drill::Silence)).await;
    assert!(is_blamed(&silence), "{silence:?}");
    let states: Vec<_> = pool.boards().iter().map(|board| board.state).collect();
    assert_eq!(states[1], BoardState::Idle);
    measure(&pool, &small(1)).await;
}

#[tokio::test]
async fn a_board_that_lost_power_is_attached_anew() {
    let seat = VirtualSeat::new(&board()).unwrap();
    let name = seat.name();
    let pool = open(vec![Box::new(seat)]).await;
    let candidate = small(0);
    let undisturbed = repeatable(measure(&pool, &candidate).await);

    let chip = onchip_vboard::probe::unplug(&name).unwrap();
    chip.plug_in(&name).unwrap();
    chip.power_cycle().unwrap();
    assert_eq!(repeatable(measure(&pool, &candidate).await), undisturbed);
    let board = pool.boards().remove(0);
    assert!(board.last_failure.is_some(), "the session was lost");
    assert_eq!((board.state, board.measured), (BoardState::Idle, 2));
}

#[tokio::test]
async fn a_measurement_that_nobody_waits_for_gives_its_board_back() {
    let pool = open(vec![seat()]).await;
    let kws = prepare(&model(KWS)).unwrap();
    let hasty = tokio::time::timeout(Duration::from_millis(10), measure(&pool, &kws)).await;
    assert!(hasty.is_err());
    assert_eq!(pool.boards()[0].state, BoardState::Idle);
    measure(&pool, &kws).await;
}
