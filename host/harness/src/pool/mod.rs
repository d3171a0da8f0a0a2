//! Several boards of one kind that measure as one.

mod bench;
mod seat;
mod silence;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onchip_protocol::order::Order;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use self::bench::{Bench, Kit};
pub use self::seat::{Seat, VirtualSeat};
use self::silence::Silences;
use crate::board::Board;
use crate::candidate::Candidate;
use crate::failure::{BenchFailure, CandidateFailure, Failure, with_causes};
use crate::image::Image;
use crate::record::Record;

/// A board that fails so often in a row is taken out of service.
const FAILURES_MAX: u32 = 3;

/// Boards of one kind with one image. Any number of candidates can be measured at once; each gets
/// the next free board.
///
/// A bench's failure never comes back to the caller while a board is left: the candidate is
/// measured on another board if there is one, and the one that failed gets a new session before it
/// is used again. After three failures in a row it is used no more. A candidate's failure comes
/// back at once; one over which two boards fell silent, or the last one twice, has failed if each
/// of them then measured another model.
pub struct BoardPool {
    kit: Arc<Kit>,
    emulated: bool,
    places: Mutex<Vec<Place>>,
    /// Told whenever a board is given back or taken out of service.
    freed: Notify,
    runs: AtomicU64,
}

/// What a pool knows of a board, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardStatus {
    /// Its seat's name.
    pub name: String,
    /// What it does.
    pub state: BoardState,
    /// Measurements made.
    pub measured: u64,
    /// Sectors erased for models; flash endures some 10,000 erases of each.
    pub erased_sectors: u64,
    /// Its latest failure with its causes, if there was one.
    pub last_failure: Option<String>,
}

/// What a board of a pool does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoardState {
    /// It waits for a candidate.
    Idle,
    /// It measures, or recovers from a failure.
    Busy,
    /// It has failed too often and is used no more.
    Quarantined,
}

struct Place {
    status: BoardStatus,
    /// Here while the board is idle.
    bench: Option<Bench>,
}

impl Place {
    fn serves(&self) -> bool {
        self.status.state != BoardState::Quarantined
    }
}

/// Whether no other board is in service.
fn is_last(places: &[Place], index: usize) -> bool {
    let mut others = places.iter().enumerate().filter(|(i, _)| *i != index);
    !others.any(|(_, place)| place.serves())
}

impl BoardPool {
    /// Opens a session with the board of each seat, all at once. A board that fails here may
    /// recover later.
    ///
    /// # Errors
    /// No board answers, or some are emulated and others are not.
    pub async fn open(
        board: Board,
        image: Image,
        seats: Vec<Box<dyn Seat>>,
    ) -> Result<BoardPool, BenchFailure> {
        let kit = Arc::new(Kit {
            board: Arc::new(board),
            image: Arc::new(image),
        });
        let mut places = Vec::new();
        let mut opening = JoinSet::new();
        for (index, seat) in seats.into_iter().enumerate() {
            places.push(Place {
                status: BoardStatus {
                    name: seat.name(),
                    state: BoardState::Busy,
                    measured: 0,
                    erased_sectors: 0,
                    last_failure: None,
                },
                bench: None,
            });
            let kit = kit.clone();
            opening.spawn(async move {
                let mut bench = Bench::new(seat);
                let opened = bench.open(&kit).await;
                (index, bench, opened)
            });
        }
        let mut kinds = Vec::new();
        while let Some(opened) = opening.join_next().await {
            // A panic here is one of the pool itself.
            let (index, mut bench, opened) = opened.map_err(|_| BenchFailure::Lost)?;
            let place = &mut places[index];
            match opened {
                Ok(emulated) => kinds.push(emulated),
                Err(failure) => {
                    bench.failures += 1;
                    place.status.last_failure = Some(with_causes(&failure));
                }
            }
            place.status.state = BoardState::Idle;
            place.bench = Some(bench);
        }
        let Some(&emulated) = kinds.first() else {
            return Err(no_board_left(&places));
        };
        if kinds.iter().any(|&kind| kind != emulated) {
            return Err(BenchFailure::Mixed);
        }
        Ok(BoardPool {
            kit,
            emulated,
            places: Mutex::new(places),
            freed: Notify::new(),
            runs: AtomicU64::new(0),
        })
    }

    /// Whether the boards are emulated ones, as they say themselves.
    pub fn emulated(&self) -> bool {
        self.emulated
    }

    /// The kind of board.
    pub fn board(&self) -> &Board {
        &self.kit.board
    }

    /// The image that measures.
    pub fn image(&self) -> &Image {
        &self.kit.image
    }

    /// The boards in the order of their seats.
    pub fn boards(&self) -> Vec<BoardStatus> {
        let places = self.lock();
        places.iter().map(|place| place.status.clone()).collect()
    }

    /// Measures on the next free board. The k-th run of this pool, from 0, is made with the nonce
    /// in `order` plus k, so that no two runs share one.
    ///
    /// # Errors
    /// The candidate cannot run, or no board is left.
    pub async fn measure(&self, candidate: &Candidate, order: Order) -> Result<Record, Failure> {
        let fresh = || {
            let run = self.runs.fetch_add(1, Ordering::Relaxed);
            order.nonce.wrapping_add(run)
        };
        let mut avoid = None;
        let mut silences = Silences::default();
        loop {
            let mut lease = self.lease(avoid).await?;
            let nonce = fresh();
            match lease.measure(candidate, Order { nonce, ..order }).await {
                Err(Failure::Bench(failure)) => {
                    let board = lease.index;
                    avoid = Some(board);
                    let is_silence = failure.is_silence();
                    if !is_silence || !lease.answers_again(fresh()).await {
                        lease.failed(&failure).await;
                        continue;
                    }
                    lease.silenced(&failure);
                    if silences.blame(board, is_last(&self.lock(), board)) {
                        return Err(CandidateFailure::Silence.into());
                    }
                }
                verdict => {
                    lease.worked(verdict.as_ref().ok());
                    return verdict;
                }
            }
        }
    }

    /// Lets go of all probes and waits until that is done.
    pub async fn close(self) {
        let places = self.places.into_inner();
        for place in places.unwrap_or_else(PoisonError::into_inner) {
            if let Some(mut bench) = place.bench {
                bench.close().await;
            }
        }
    }

    /// Waits for a board, not the one to avoid unless it is the last.
    async fn lease(&self, avoid: Option<usize>) -> Result<Lease<'_>, BenchFailure> {
        loop {
            // Listens before it looks, so that nothing is missed.
            let freed = self.freed.notified();
            if let Some(lease) = self.try_lease(avoid)? {
                return Ok(lease);
            }
            freed.await;
        }
    }

    fn try_lease(&self, avoid: Option<usize>) -> Result<Option<Lease<'_>>, BenchFailure> {
        let mut places = self.lock();
        if !places.iter().any(Place::serves) {
            return Err(no_board_left(&places));
        }
        let avoid = avoid.filter(|&index| !is_last(&places, index));
        // Boards that work first; among them the one whose flash is worn least.
        let next = (0..places.len())
            .filter(|index| avoid != Some(*index))
            .filter_map(|index| Some((index, places[index].bench.as_ref()?.failures)))
            .min_by_key(|&(index, failures)| (failures, places[index].status.erased_sectors));
        Ok(next.map(|(index, _)| {
            let place = &mut places[index];
            place.status.state = BoardState::Busy;
            Lease {
                pool: self,
                index,
                bench: place.bench.take(),
            }
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Place>> {
        // Nothing is left half-done where the lock is held.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A board in use. Dropped in the middle of a measurement, it closes the session.
struct Lease<'a> {
    pool: &'a BoardPool,
    index: usize,
    bench: Option<Bench>,
}

impl Lease<'_> {
    async fn measure(&mut self, candidate: &Candidate, order: Order) -> Result<Record, Failure> {
        let Some(bench) = &mut self.bench else {
            unreachable!("a lease holds its bench until it ends");
        };
        if bench.open(&self.pool.kit).await? != self.pool.emulated {
            return Err(BenchFailure::Mixed.into());
        }
        bench.measure(candidate, order).await
    }

    /// Whether the board measures a harmless model after it has fallen silent.
    async fn answers_again(&mut self, nonce: u64) -> bool {
        let Some(bench) = &mut self.bench else {
            unreachable!("a lease holds its bench until it ends");
        };
        let answer = bench.answer_again(&self.pool.kit, nonce).await;
        let place = &mut self.pool.lock()[self.index];
        match answer {
            Ok(record) => {
                place.status.erased_sectors += record.flash.erased_sectors;
                true
            }
            Err(failure) => {
                let name = &place.status.name;
                tracing::warn!("board {name} does not answer again: {failure}");
                false
            }
        }
    }

    /// The board works, whatever silenced it.
    fn silenced(mut self, failure: &BenchFailure) {
        let failure = with_causes(failure);
        let bench = self.bench.take().map(|mut bench| {
            bench.failures = 0;
            bench
        });
        self.give_back(bench, |status| {
            tracing::warn!("board {}: {failure}; it answers again", status.name);
            status.last_failure = Some(failure);
        });
    }

    fn worked(mut self, record: Option<&Record>) {
        let bench = self.bench.take().map(|mut bench| {
            bench.failures = 0;
            bench
        });
        let erased = record.map_or(0, |record| record.flash.erased_sectors);
        self.give_back(bench, |status| {
            status.measured += 1;
            status.erased_sectors += erased;
        });
    }

    async fn failed(mut self, failure: &BenchFailure) {
        let failure = with_causes(failure);
        let name = self.pool.lock()[self.index].status.name.clone();
        tracing::warn!("board {name}: {failure}");
        if let Some(bench) = &mut self.bench {
            bench.close().await;
            bench.failures += 1;
        }
        let bench = self.bench.take();
        let bench = bench.filter(|bench| bench.failures < FAILURES_MAX);
        self.give_back(bench, |status| status.last_failure = Some(failure));
    }

    /// A bench that is not given back is out of service.
    fn give_back(&self, bench: Option<Bench>, note: impl FnOnce(&mut BoardStatus)) {
        let mut places = self.pool.lock();
        let place = &mut places[self.index];
        note(&mut place.status);
        place.status.state = match bench {
            Some(_) => BoardState::Idle,
            None => BoardState::Quarantined,
        };
        place.bench = bench;
        drop(places);
        self.pool.freed.notify_waiters();
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(mut bench) = self.bench.take() {
            bench.abandon();
            self.give_back(Some(bench), |_| ());
        }
    }
}

fn no_board_left(places: &[Place]) -> BenchFailure {
    let failures = places.iter().map(|place| {
        let failure = place.status.last_failure.as_deref().unwrap_or("no failure");
        format!("\n  {}: {failure}", place.status.name)
    });
    BenchFailure::NoBoardLeft {
        failures: failures.collect(),
    }
}
