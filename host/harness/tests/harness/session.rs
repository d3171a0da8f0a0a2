//! Sessions with a virtual board, each test over both ways to it: the driver in this process, and
//! the Black Magic Probe server.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::common::{IC, KWS, OUTPUTS, board, flipped, image, image_bytes, model, order, prepare};
use object::{Object as _, ObjectSection as _};
use onchip_harness::{
    BenchFailure, Board, Candidate, CandidateFailure, Drill, Event, Failure, Image, Observer,
    Record, Session,
};
use onchip_tflite::random::{Limits, network};
use onchip_vboard::VirtualBoard;
use onchip_vboard::bmp::{Server, Stopper};
use probe_rs::probe::DebugProbeSelector;

/// A virtual board and the way to it.
struct Rig {
    selector: DebugProbeSelector,
    served: Option<(Stopper, JoinHandle<()>)>,
}

impl Rig {
    fn in_process() -> Rig {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let board = VirtualBoard::new("STM32L4R5ZITx").unwrap();
        Rig {
            selector: board.plug_in(&name).unwrap(),
            served: None,
        }
    }

    fn over_tcp() -> Rig {
        let board = VirtualBoard::new("STM32L4R5ZITx").unwrap();
        let server = Server::bind(&board, "127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let stopper = server.stopper();
        let thread = std::thread::spawn(move || server.run().unwrap());
        Rig {
            selector: format!("1d50:6018:{address}").parse().unwrap(),
            served: Some((stopper, thread)),
        }
    }

    async fn open(&self, board: Board, image: Image) -> Result<Session, BenchFailure> {
        let quiet: Observer = Arc::new(|_| ());
        Session::open(board, image, self.selector.clone(), quiet).await
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        match self.served.take() {
            Some((stopper, thread)) => {
                stopper.stop();
                let _ = thread.join();
            }
            None => {
                let name = self.selector.serial_number.as_deref().unwrap_or_default();
                onchip_vboard::probe::unplug(name);
            }
        }
    }
}

/// Makes each test twice, once per way to the board.
macro_rules! suite {
    ($($test:ident)*) => {
        mod in_process {
            $(#[tokio::test] async fn $test() { super::$test(&super::Rig::in_process()).await; })*
        }
        mod over_tcp {
            $(#[tokio::test] async fn $test() { super::$test(&super::Rig::over_tcp()).await; })*
        }
    };
}

suite! {
    networks_run_exactly_and_repeatably
    drills_are_noticed_and_survived
    damaged_models_run_like_on_the_host_or_not_at_all
    a_wrong_chip_is_recognised
    a_garbage_image_is_the_benchs_failure
}

async fn measure(session: &mut Session, candidate: &Candidate, nonce: u64) -> Record {
    let order = order(nonce, 2, Drill::None);
    session.measure(candidate, order).await.unwrap()
}

fn candidate(name: &str) -> Candidate {
    prepare(&model(name)).unwrap()
}

/// What of a record must not differ between two measurements of the same.
fn repeatable(record: &Record) -> Record {
    let mut record = record.clone();
    record.host_ms = Default::default();
    record.flash.written = 0;
    record.flash.erased_sectors = 0;
    record.proof.nonce.clear();
    record.probe.clear();
    record
}

async fn networks_run_exactly_and_repeatably(rig: &Rig) {
    let mut first_session = Vec::new();
    let mut session = rig.open(board(), image()).await.unwrap();
    for (name, output) in OUTPUTS {
        let record = measure(&mut session, &candidate(name), 1).await;
        assert_eq!(record.output.hex, output, "{name}");
        assert!(record.output.matches_host && record.emulated);
        assert!(
            record.operators_share() >= 0.97,
            "{}",
            record.operators_share()
        );
        assert!(record.proof.clock_check_ppm < 100.0);
        assert!(record.flash.erased_sectors > 0 && record.flash.written > 0);
        assert_eq!(record.cycles.min, record.cycles.max, "{name}");

        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);

        let again = measure(&mut session, &candidate(name), 2).await;
        assert_eq!(again.flash.erased_sectors, 0);
        assert_eq!(again.flash.written, 0);
        assert_ne!(again.proof.nonce, record.proof.nonce);
        assert_eq!(repeatable(&again), repeatable(&record), "{name}");
        first_session.push(record);
    }
    session.close().await.unwrap();

    // In a new session the image is still in flash, and so is the last model.
    let mut session = rig.open(board(), image()).await.unwrap();
    let record = measure(&mut session, &candidate(IC), 3).await;
    assert_eq!((record.flash.written, record.flash.erased_sectors), (0, 0));
    assert_eq!(repeatable(&record), repeatable(&first_session[1]));
    let record = measure(&mut session, &candidate(KWS), 4).await;
    assert_eq!(repeatable(&record), repeatable(&first_session[0]));
    session.close().await.unwrap();
}

#[tokio::test]
async fn many_runs_are_made_in_passes_that_do_not_differ() {
    let rig = Rig::in_process();
    let small = network(1, Limits::default()).to_file().unwrap();
    let small = prepare(&small).unwrap();
    let progress = Arc::new(Mutex::new(Vec::new()));
    let noted = progress.clone();
    let observer: Observer = Arc::new(move |event| match event {
        Event::Ran { done, total } => noted.lock().unwrap().push((done, total)),
        Event::Phase(_) | Event::Programmed { .. } | Event::Message(_) => {}
    });
    let mut session = Session::open(board(), image(), rig.selector.clone(), observer)
        .await
        .unwrap();
    let few = session.measure(&small, order(1, 2, Drill::None)).await;
    let few = few.unwrap();
    progress.lock().unwrap().clear();

    let many = session.measure(&small, order(1, 60, Drill::None)).await;
    let many = many.unwrap();
    assert_eq!((many.cycles.count, many.cycles.distinct), (60, 1));
    assert_eq!(many.cycles.runs, [few.cycles.median; 60]);
    let mut expected = repeatable(&few);
    expected.cycles = many.cycles.clone();
    assert_eq!(repeatable(&many), expected);
    let told = (1..=60).map(|done| (done, 60)).collect::<Vec<_>>();
    assert_eq!(*progress.lock().unwrap(), told);
    session.close().await.unwrap();
}

async fn drills_are_noticed_and_survived(rig: &Rig) {
    let mut board = board();
    // Long enough for a busy machine, and still below the limit for hangs.
    board.timeouts.silence = Duration::from_secs(6);
    let mut session = rig.open(board, image()).await.unwrap();
    let kws = candidate(KWS);
    let undisturbed = measure(&mut session, &kws, 1).await;

    let fault = session
        .measure(&kws, order(2, 1, Drill::HardFault))
        .await
        .unwrap_err();
    let Failure::Candidate(CandidateFailure::Fault(registers)) = fault else {
        panic!("{fault}");
    };
    // UNDEFINSTR in CFSR, FORCED in HFSR.
    assert_eq!(registers.cfsr, 1 << 16, "{registers}");
    assert_eq!(registers.hfsr, 1 << 30, "{registers}");
    assert!(registers.function.is_some(), "{registers}");

    let begun = Instant::now();
    let silence = session
        .measure(&kws, order(3, 1, Drill::Silence))
        .await
        .unwrap_err();
    assert!(
        matches!(silence, Failure::Bench(BenchFailure::Silent { .. })),
        "{silence}"
    );
    assert!(begun.elapsed() < Duration::from_secs(10));

    let after = measure(&mut session, &kws, 4).await;
    assert_eq!(repeatable(&after), repeatable(&undisturbed));
    session.close().await.unwrap();
}

async fn damaged_models_run_like_on_the_host_or_not_at_all(rig: &Rig) {
    let mut session = rig.open(board(), image()).await.unwrap();
    // Every fifth that the host runs: on a busy machine each takes a while on the chip.
    let kws = model(KWS);
    let runnable = flipped(&kws).filter_map(|model| prepare(&model).ok());
    for (candidate, nonce) in runnable.step_by(5).zip(1..) {
        session
            .measure(&candidate, order(nonce, 1, Drill::None))
            .await
            .unwrap();
    }
    session.close().await.unwrap();
}

async fn a_wrong_chip_is_recognised(rig: &Rig) {
    let mut board = board();
    board.identity.value = 0x461;
    let failure = rig.open(board, image()).await.err().unwrap();
    assert!(
        matches!(
            failure,
            BenchFailure::WrongChip {
                found: 0x470,
                expected: 0x461,
                ..
            }
        ),
        "{failure}"
    );
    let mut board = crate::common::board();
    board.chip = "STM32L9".to_owned();
    let failure = rig.open(board, image()).await.err().unwrap();
    assert!(
        matches!(failure, BenchFailure::UnknownChip { .. }),
        "{failure}"
    );
}

async fn a_garbage_image_is_the_benchs_failure(rig: &Rig) {
    let mut bytes = image_bytes();
    let (start, length) = {
        let elf = object::File::parse(&*bytes).unwrap();
        elf.section_by_name(".text").unwrap().file_range().unwrap()
    };
    for (byte, at) in bytes[start as usize..][..length as usize]
        .iter_mut()
        .zip(0_u32..)
    {
        *byte = (at.wrapping_mul(0x9E37_79B9) >> 24) as u8;
    }
    let mut board = board();
    board.timeouts.start = Duration::from_secs(1);
    let garbage = Image::parse(&bytes, &board).unwrap();
    let mut session = rig.open(board, garbage).await.unwrap();
    let failure = session
        .measure(&candidate(KWS), order(1, 1, Drill::None))
        .await
        .unwrap_err();
    assert!(
        matches!(
            failure,
            Failure::Bench(BenchFailure::NotStarted { .. } | BenchFailure::Probe { .. })
        ),
        "{failure}"
    );
}

#[tokio::test]
async fn a_probe_that_is_not_there_is_not_opened() {
    let rig = Rig {
        selector: "0f0f:0001:nobody".parse().unwrap(),
        served: None,
    };
    let failure = rig.open(board(), image()).await.err().unwrap();
    assert!(
        matches!(failure, BenchFailure::ProbeNotOpened { .. }),
        "{failure}"
    );
}

#[tokio::test]
async fn a_probe_that_hangs_is_given_up() {
    // Takes connections, and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let rig = Rig {
        selector: format!("1d50:6018:{address}").parse().unwrap(),
        served: None,
    };
    let mut board = board();
    board.timeouts.silence = Duration::from_secs(1);
    let failure = rig.open(board, image()).await.err().unwrap();
    assert!(
        matches!(
            failure,
            BenchFailure::Hung { .. } | BenchFailure::ProbeNotOpened { .. }
        ),
        "{failure}"
    );
}
