//! A board that things go wrong on, what it does when nothing goes wrong, and when to strike.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use object::{Object as _, ObjectSymbol as _};
use onchip_harness::{
    BenchFailure, Board, Candidate, Drill, Event, Failure, Image, Input, Message, Observer, Order,
    Phase, Record, Session,
};
use onchip_tflite::random::{Limits, network};
use onchip_vboard::{Fault, VirtualBoard};
use probe_rs::probe::DebugProbeSelector;
use tokio::sync::OnceCell;
/// Where every STM32 has flash.
pub(crate) const FLASH: u32 = 0x0800_0000;
/// A kind of board, and all that is needed to measure on it.
pub(crate) struct Kind {
    pub(crate) board: Board,
    pub(crate) image: Arc<Image>,
    pub(crate) candidate: Candidate,
    /// Of the model's file.
    bytes: usize,
    /// Where in RAM the chip keeps how far its log is written (`WrOff` of RTT's first channel).
    pub(crate) log_head: u32,
    truth: OnceCell<Truth>,
}

/// What comes of a session with a blank board on which nothing goes wrong.
pub(crate) struct Truth {
    pub(crate) record: Record,
    pub(crate) flash: Vec<u8>,
    pub(crate) accesses: u64,
    pub(crate) cycles: u64,
}

impl Kind {
    fn new(name: &str) -> Arc<Kind> {
        let mut board = Board::find(name).unwrap();
        // Longer than a busy machine takes for anything that is not lost.
        board.timeouts.silence = Duration::from_secs(6);
        let image = Image::of_board(&board).unwrap();
        let model = network(1, Limits::default()).to_file().unwrap();
        let candidate = Candidate::prepare("small", &model, &Input::Lcg, &board, &image).unwrap();
        let elf = onchip_harness::board::embedded_image(&board.image).unwrap();
        // Behind the identifier, two counts, and the channel's name, buffer and size.
        let log_head = symbol(elf, "_SEGGER_RTT") + 24 + 12;
        Arc::new(Kind {
            board,
            image: Arc::new(image),
            candidate,
            bytes: model.len(),
            log_head,
            truth: OnceCell::new(),
        })
    }

    /// Its flash has error correction and small sectors, which take long to erase.
    pub(crate) fn l4() -> Arc<Kind> {
        static KIND: LazyLock<Arc<Kind>> = LazyLock::new(|| Kind::new("nucleo-l4r5zi"));
        KIND.clone()
    }

    /// Its flash has none and large sectors; waits for it are skipped.
    pub(crate) fn f4() -> Arc<Kind> {
        static KIND: LazyLock<Arc<Kind>> = LazyLock::new(|| Kind::new("nucleo-f446re"));
        KIND.clone()
    }

    pub(crate) async fn truth(&self) -> &Truth {
        let measured = || async {
            let rig = Rig::blank(self);
            let record = rig.session(self, quiet()).await.unwrap();
            Truth {
                record: repeatable(record),
                flash: rig.board.flash(),
                accesses: rig.board.accesses(),
                cycles: rig.board.cycles(),
            }
        };
        self.truth.get_or_init(measured).await
    }

    /// Offset of a word in the middle of the model.
    pub(crate) fn weights(&self) -> usize {
        self.partition() + self.bytes / 2 / 4 * 4
    }

    /// Offset of the partition in flash.
    pub(crate) fn partition(&self) -> usize {
        (self.board.partition.range.start - FLASH) as usize
    }
}

/// The address of the symbol in an ELF file whose mangled name contains `name`.
pub(crate) fn symbol(elf: &[u8], name: &str) -> u32 {
    let elf = object::File::parse(elf).unwrap();
    let is = |symbol: &object::Symbol<'_, '_>| symbol.name().is_ok_and(|it| it.contains(name));
    elf.symbols().find(is).unwrap().address() as u32
}

pub(crate) fn quiet() -> Observer {
    Arc::new(|_| ())
}

pub(crate) fn order() -> Order {
    Order {
        nonce: 7,
        runs: 3,
        warmups: 1,
        drill: Drill::None,
    }
}

/// What of a record must not depend on what happened before.
pub(crate) fn repeatable(mut record: Record) -> Record {
    record.host_ms = Default::default();
    record.flash.written = 0;
    record.flash.erased_sectors = 0;
    record.probe.clear();
    // The F446's second clock ticks once in two cycles: which of them a run begins with is left to
    // when the board was reset, and shows as a tick more or less.
    assert!(record.proof.clock_check_ppm < 10.0, "{:?}", record.proof);
    record.proof.clock_check_ppm = 0.0;
    record
}

/// A point of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Attach,
    /// The first part of the image is programmed.
    FlashImage,
    /// The first part of the partition is programmed.
    FlashModel,
    /// The chip runs the model.
    Run,
    /// The chip's report is being read.
    Read,
}

impl Moment {
    pub(crate) const ALL: [Moment; 5] = [
        Moment::Attach,
        Moment::FlashImage,
        Moment::FlashModel,
        Moment::Run,
        Moment::Read,
    ];

    pub(crate) fn phase(self) -> Phase {
        match self {
            Moment::Attach => Phase::Attach,
            Moment::FlashImage => Phase::FlashImage,
            Moment::FlashModel => Phase::FlashModel,
            Moment::Run | Moment::Read => Phase::Run,
        }
    }

    pub(crate) fn is(self, phase: Phase, event: &Event) -> bool {
        match (self, event) {
            (Moment::Attach, Event::Phase(Phase::Attach))
            | (Moment::Run, Event::Message(Message::Plan { .. }))
            | (Moment::Read, Event::Ran { done: 1, .. }) => true,
            (Moment::FlashImage, Event::Programmed { done, .. }) => {
                phase == Phase::FlashImage && *done > 0
            }
            (Moment::FlashModel, Event::Programmed { done, .. }) => {
                phase == Phase::FlashModel && *done > 0
            }
            _ => false,
        }
    }
}

/// Calls `strike` when the event comes that `is` tells, once. The flag says whether it has.
pub(crate) fn when(
    is: impl Fn(Phase, &Event) -> bool + Send + Sync + 'static,
    strike: impl Fn() + Send + Sync + 'static,
) -> (Observer, Arc<AtomicBool>) {
    let struck = Arc::new(AtomicBool::new(false));
    let told = struck.clone();
    let phase = Mutex::new(Phase::Attach);
    let observer: Observer = Arc::new(move |event| {
        let mut phase = phase.lock().unwrap();
        if let Event::Phase(begun) = event {
            *phase = begun;
        }
        if is(*phase, &event) && !told.swap(true, Ordering::Relaxed) {
            strike();
        }
    });
    (observer, struck)
}

/// A board that is plugged in.
pub(crate) struct Rig {
    pub(crate) board: VirtualBoard,
    pub(crate) selector: DebugProbeSelector,
}

impl Rig {
    pub(crate) fn blank(kind: &Kind) -> Rig {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("frail-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let board = VirtualBoard::new(&kind.board.chip).unwrap();
        let selector = board.plug_in(&name).unwrap();
        Rig { board, selector }
    }

    /// One whose flash is as a session left it, except for the part that `moment` is to write.
    pub(crate) async fn before(kind: &Kind, moment: Moment) -> Rig {
        let rig = Rig::blank(kind);
        let mut flash = kind.truth().await.flash.clone();
        let spoilt = match moment {
            Moment::FlashImage => Some(0),
            Moment::FlashModel => Some(kind.partition()),
            Moment::Attach | Moment::Run | Moment::Read => None,
        };
        if let Some(first) = spoilt {
            flash[first..][..64].fill(0);
        }
        rig.board.load_flash(0, &flash).unwrap();
        rig.board.power_cycle().unwrap();
        rig
    }

    pub(crate) async fn open(
        &self,
        kind: &Kind,
        observer: Observer,
    ) -> Result<Session, BenchFailure> {
        let (board, image) = (kind.board.clone(), kind.image.clone());
        Session::open(board, image, self.selector.clone(), observer).await
    }

    /// As much of a session as there can be, and the session if it has been opened.
    pub(crate) async fn try_session(
        &self,
        kind: &Kind,
        observer: Observer,
    ) -> (Result<Record, Failure>, Option<Session>) {
        match self.open(kind, observer).await {
            Ok(mut session) => {
                let measured = session.measure(&kind.candidate, order()).await;
                (measured, Some(session))
            }
            Err(failure) => (Err(failure.into()), None),
        }
    }

    /// One whole session.
    pub(crate) async fn session(&self, kind: &Kind, observer: Observer) -> Result<Record, Failure> {
        let mut session = self.open(kind, observer).await?;
        let measured = session.measure(&kind.candidate, order()).await;
        // What the probe says when it is let go is not what the session ended with.
        let _ = session.close().await;
        measured
    }

    pub(crate) fn inject(&self, fault: Fault) {
        self.board.inject(fault).unwrap();
    }

    /// Never a wrong record, and never the candidate's failure. Returns whether it was the bench's.
    pub(crate) async fn fails_fairly(&self, kind: &Kind, what: &str) -> bool {
        match self.session(kind, quiet()).await {
            Ok(record) => {
                assert_eq!(repeatable(record), kind.truth().await.record, "{what}");
                false
            }
            Err(Failure::Bench(_)) => true,
            Err(Failure::Candidate(verdict)) => panic!("{what}: {verdict}"),
        }
    }

    /// Nothing is left of what has gone wrong: a new session measures what it should, and flash
    /// holds what it should. Returns the session's record.
    pub(crate) async fn recovers(&self, kind: &Kind, what: &str) -> Record {
        self.board.clear_faults();
        let mut record = self.session(kind, quiet()).await;
        // A probe's driver that was given up may take a while to let go.
        for _ in 0..200 {
            match &record {
                Err(Failure::Bench(BenchFailure::ProbeNotOpened { .. })) => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    record = self.session(kind, quiet()).await;
                }
                _ => break,
            }
        }
        let record = record.unwrap_or_else(|failure| panic!("{what}: afterwards {failure:?}"));
        let truth = kind.truth().await;
        assert_eq!(repeatable(record.clone()), truth.record, "{what}");
        assert!(self.board.flash() == truth.flash, "{what}: flash");
        assert_eq!(self.board.failure(), None, "{what}");
        record
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let name = self.selector.serial_number.as_deref().unwrap_or_default();
        onchip_vboard::probe::unplug(name);
    }
}

/// Runs checks some at a time: most of their time is the driver's waiting for what does not come.
/// Returns what they return, in any order.
pub(crate) async fn together<C>(checks: impl IntoIterator<Item = C>) -> Vec<C::Output>
where
    C: Future<Output: Send> + Send + 'static,
{
    let mut tasks = tokio::task::JoinSet::new();
    let mut ended = Vec::new();
    for check in checks {
        tasks.spawn(check);
        if tasks.len() == 4
            && let Some(task) = tasks.join_next().await
        {
            ended.push(task);
        }
    }
    while let Some(task) = tasks.join_next().await {
        ended.push(task);
    }
    // A panic is passed on as it is.
    let result = |task: Result<_, tokio::task::JoinError>| {
        task.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    };
    ended.into_iter().map(result).collect()
}
