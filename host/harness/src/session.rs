//! A session: one probe, one board, any number of candidates.

use std::sync::Arc;
use std::time::{Duration, Instant};

use onchip_protocol::{Message, order::Order};
use probe_rs::probe::DebugProbeSelector;

use crate::board::Board;
use crate::candidate::Candidate;
use crate::failure::{BenchFailure, CandidateFailure, Failure, Phase};
use crate::flash::{Piece, Written, write_changed};
use crate::image::Image;
use crate::link::Link;
use crate::prove::prove;
use crate::record::{HostMs, Parts, Record};
use crate::run::run;
use crate::series::{Series, again, passes};
use crate::transcript::Expected;
use crate::worker::{Pulse, Worker};

/// What a session tells while it works.
#[derive(Debug, Clone, Copy)]
pub enum Event {
    /// A stage begins.
    Phase(Phase),
    /// Flash is being written.
    Programmed {
        /// Bytes done.
        done: u64,
        /// Bytes to do.
        total: u64,
    },
    /// The chip has said this.
    Message(Message),
    /// A timed run is over.
    Ran {
        /// Runs made of this candidate.
        done: u32,
        /// Runs ordered.
        total: u32,
    },
}

/// Is told [`Event`]s, on whichever thread they happen; must not block.
pub type Observer = Arc<dyn Fn(Event) + Send + Sync>;

/// An attached board with its image in flash.
///
/// Dropping a session lets go of the probe in the background; [`Session::close`] waits for it.
/// After [`BenchFailure::Hung`], [`TooSlow`](BenchFailure::TooSlow),
/// [`Crashed`](BenchFailure::Crashed) and [`Lost`](BenchFailure::Lost) a session is of no more use.
pub struct Session {
    board: Arc<Board>,
    image: Arc<Image>,
    probe: String,
    emulated: bool,
    worker: Worker<Option<Link>>,
    pulse: Pulse,
    observer: Observer,
    attach_time: Duration,
    image_time: Duration,
    /// Flash written since the last record.
    written: Written,
}

impl Session {
    /// Attaches to the board behind the probe and brings the image into its flash, as far as it
    /// is not there already.
    pub async fn open(
        board: impl Into<Arc<Board>>,
        image: impl Into<Arc<Image>>,
        selector: DebugProbeSelector,
        observer: Observer,
    ) -> Result<Session, BenchFailure> {
        let pulse = Pulse::default();
        let worker = Worker::spawn("onchip-probe", pulse.clone(), || None)
            .map_err(BenchFailure::probe(Phase::Attach))?;
        let mut session = Session {
            board: board.into(),
            image: image.into(),
            probe: selector.to_string(),
            emulated: false,
            worker,
            pulse,
            observer,
            attach_time: Duration::ZERO,
            image_time: Duration::ZERO,
            written: Written::default(),
        };
        session.attach(selector).await?;
        match session.flash_image().await {
            Ok(()) => Ok(session),
            Err(failure) => {
                // The first failure is the one to tell.
                let _ = session.close().await;
                Err(failure)
            }
        }
    }

    /// Whether the board is an emulated one, as it says itself.
    pub fn emulated(&self) -> bool {
        self.emulated
    }

    /// Flashes a candidate, runs it as ordered, and proves the result.
    ///
    /// The nonce in `order` must be a fresh one: it proves that the answer belongs to this run. Many
    /// runs are made in several passes, the image started anew for each; the nonces of the later ones
    /// differ from the first in the upper 25 bits. A chip's verdict on the candidate is believed if it
    /// comes to it twice.
    pub async fn measure(
        &mut self,
        candidate: &Candidate,
        order: Order,
    ) -> Result<Record, Failure> {
        let begun = Instant::now();
        self.flash_model(candidate).await?;
        let flash_time = begun.elapsed() + std::mem::take(&mut self.image_time);

        (self.observer)(Event::Phase(Phase::Run));
        let mut series = Series::default();
        for (before, pass) in passes(order) {
            let made = self
                .pass(candidate, pass, (before, order.runs), &mut series)
                .await;
            match made {
                Err(Failure::Candidate(verdict)) => {
                    return Err(self.appeal(candidate, pass, verdict).await);
                }
                made => made?,
            }
        }

        Ok(Record::new(&Parts {
            board: &self.board,
            image: &self.image,
            candidate,
            order: &order,
            probe: &self.probe,
            emulated: self.emulated,
            written: std::mem::take(&mut self.written),
            series: &series,
            host_ms: HostMs {
                attach: millis(self.attach_time),
                flash: millis(flash_time),
                run: millis(series.run_time),
                read: millis(series.read_time),
            },
        }))
    }

    /// Runs an order that is a part of `progress.1` runs, after `progress.0` of them, and proves it.
    async fn pass(
        &mut self,
        candidate: &Candidate,
        order: Order,
        progress: (u32, u32),
        series: &mut Series,
    ) -> Result<(), Failure> {
        let expected = Expected {
            runs: order.runs,
            operators: candidate.operators.len(),
            output: candidate.expected.len(),
        };
        let image = self.image.clone();
        let timeouts = self.board.timeouts;
        let (pulse, observer) = (self.pulse.clone(), self.observer.clone());
        let (report, time) = self
            .call(Phase::Run, timeouts.start + timeouts.run, move |link| {
                let seen = |message: &Message| {
                    observer(Event::Message(*message));
                    if let Message::Run { index, .. } = message {
                        let (before, total) = progress;
                        let done = before.saturating_add(*index).saturating_add(1);
                        observer(Event::Ran { done, total });
                    }
                };
                run(link, &image, &order, expected, &timeouts, &pulse, &seen)
            })
            .await??;
        let proof =
            prove(&report, candidate, &order, self.board.clock_hz).map_err(BenchFailure::Proof)?;
        series.run_time += time.run;
        series.read_time += time.read;
        series.add(report, proof);
        Ok(())
    }

    /// What a verdict of the chip is worth. The host has run the model, so what the chip cannot do with it
    /// may as well be for a bit that has flipped: the verdict is the candidate's if the chip, its flash
    /// compared anew, comes to it a second time.
    async fn appeal(
        &mut self,
        candidate: &Candidate,
        order: Order,
        verdict: CandidateFailure,
    ) -> Failure {
        let order = again(order);
        let again = async {
            self.flash_image().await?;
            self.flash_model(candidate).await?;
            let mut apart = Series::default();
            self.pass(candidate, order, (0, order.runs), &mut apart)
                .await
        };
        let kind = std::mem::discriminant::<CandidateFailure>;
        match again.await {
            Err(Failure::Candidate(second)) if kind(&second) == kind(&verdict) => second.into(),
            Err(Failure::Bench(failure)) => failure.into(),
            Ok(()) | Err(Failure::Candidate(_)) => BenchFailure::NotRepeated {
                said: verdict.to_string(),
            }
            .into(),
        }
    }

    /// Lets go of the probe and waits until it has.
    pub async fn close(mut self) -> Result<(), BenchFailure> {
        let limit = self.board.timeouts.attach;
        self.worker
            .call(Phase::Attach, limit, limit, |link| *link = None)
            .await
    }

    async fn attach(&mut self, selector: DebugProbeSelector) -> Result<(), BenchFailure> {
        let begun = Instant::now();
        (self.observer)(Event::Phase(Phase::Attach));
        let (board, pulse) = (self.board.clone(), self.pulse.clone());
        let timeouts = self.board.timeouts;
        self.emulated = self
            .worker
            .call(
                Phase::Attach,
                timeouts.attach,
                timeouts.silence,
                move |link| {
                    let attached = Link::attach(&selector, &board, &pulse)?;
                    Ok::<_, BenchFailure>(link.insert(attached).emulated)
                },
            )
            .await??;
        self.attach_time = begun.elapsed();
        Ok(())
    }

    async fn flash_image(&mut self) -> Result<(), BenchFailure> {
        let begun = Instant::now();
        let segments = self.image.segments.clone();
        self.flash(Phase::FlashImage, segments).await?;
        self.image_time = begun.elapsed();
        Ok(())
    }

    async fn flash_model(&mut self, candidate: &Candidate) -> Result<(), BenchFailure> {
        let partition = Piece {
            address: self.board.partition.range.start,
            bytes: candidate.partition.clone(),
        };
        self.flash(Phase::FlashModel, vec![partition]).await
    }

    /// Brings `pieces` into flash, as far as they are not there.
    async fn flash(&mut self, phase: Phase, pieces: Vec<Piece>) -> Result<(), BenchFailure> {
        (self.observer)(Event::Phase(phase));
        let (pulse, observer) = (self.pulse.clone(), self.observer.clone());
        let limit = self.board.timeouts.flash;
        let written = self
            .call(phase, limit, move |link| {
                let beat = |progress: Option<(u64, u64)>| {
                    pulse.beat();
                    if let Some((done, total)) = progress {
                        observer(Event::Programmed { done, total });
                    }
                };
                write_changed(&mut link.session, phase, &pieces, &beat)
            })
            .await??;
        self.written += written;
        Ok(())
    }

    /// Runs `work` on the probe's thread, within `limit`.
    async fn call<R: Send + 'static>(
        &mut self,
        phase: Phase,
        limit: Duration,
        work: impl FnOnce(&mut Link) -> R + Send + 'static,
    ) -> Result<R, BenchFailure> {
        let silence = self.board.timeouts.silence;
        self.worker
            .call(phase, limit, silence, |link| link.as_mut().map(work))
            .await?
            .ok_or(BenchFailure::Lost)
    }
}

fn millis(time: Duration) -> f64 {
    // Microseconds are precise enough, and short to read.
    time.as_micros() as f64 / 1e3
}
