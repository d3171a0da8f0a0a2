//! `onchip bench`.

mod boards;
mod figures;
mod measured;
mod profile;
mod suite;

use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use onchip_harness::{
    BenchFailure, Board, Candidate, Drill, Failure, Image, Input, Order, PrepareError, ProbeChoice,
    Record, Session, find_probe,
};
use onchip_vboard::VirtualBoard;
use probe_rs::probe::DebugProbeSelector;

use self::measured::{Measured, explain};
use crate::cli::BenchArgs;
use crate::npy;
use crate::out;
use crate::outcome::{Outcome, complain};
use crate::progress::Progress;
use crate::table;
use crate::vboard::KeptBoard;

/// Untimed runs before the timed ones.
const WARMUPS: u32 = 1;

/// Takes each record as it comes.
type Take<'a> = &'a mut dyn FnMut(&Candidate, Record) -> anyhow::Result<()>;

pub(crate) fn bench(arguments: &BenchArgs) -> anyhow::Result<Outcome> {
    let boards = boards::find(arguments)?;
    let suite = arguments
        .suite
        .map(|suite| suite::find(suite, &arguments.models));
    let suite = suite.transpose()?;
    let models = match &suite {
        Some(suite) => suite.paths(),
        None => arguments.models.clone(),
    };
    let mut measured = Vec::new();
    let mut on_all = || {
        let mut outcome = Outcome::Done;
        for board in &boards {
            match bench_on(arguments, board, &models, &mut measured)? {
                Outcome::Done => {}
                worse => outcome = worse,
            }
        }
        anyhow::Ok(outcome)
    };
    let outcome = on_all();
    // Of a bench that failed, what it had measured before.
    if let Some(suite) = suite.as_ref().filter(|_| !measured.is_empty()) {
        write!(out::stdout(), "{}", suite.table(&boards, &measured))?;
    }
    let outcome = outcome?;
    if let Some(path) = &arguments.json {
        let records: Vec<_> = measured.iter().map(|one| &one.record).collect();
        let is_single = suite.is_none() && models.len() * boards.len() == 1;
        write_json(path, &records, is_single)?;
    }
    if let Some(path) = &arguments.profile {
        profile::write(path, arguments.chart.as_deref(), &measured)?;
    }
    Ok(outcome)
}

/// Measures the models on a board, and adds what comes of it.
fn bench_on(
    arguments: &BenchArgs,
    board: &Board,
    models: &[PathBuf],
    measured: &mut Vec<Measured>,
) -> anyhow::Result<Outcome> {
    let image = match &arguments.board.image {
        Some(path) => Image::read(path, board)?,
        None => Image::of_board(board)?,
    };
    let input = match arguments.input.as_str() {
        "lcg" => Input::Lcg,
        "zeros" => Input::Zeros,
        path => Input::Bytes(npy::read_bytes(Path::new(path))?),
    };

    // What the host can rule out needs no board.
    let mut outcome = Outcome::Done;
    let mut candidates = Vec::new();
    for path in models {
        let name = path.display().to_string();
        let model = std::fs::read(path).with_context(|| format!("model {name} cannot be read"))?;
        let prepare = match arguments.no_prepare {
            true => Candidate::prepare,
            false => Candidate::prepare_cheaper,
        };
        match prepare(&name, &model, &input, board, &image) {
            Ok(candidate) => candidates.push(candidate),
            Err(PrepareError::Candidate(failure)) => {
                complain(&name, &failure.into());
                outcome = Outcome::Model;
            }
            Err(PrepareError::Input(error)) => return Err(error).context(name),
            Err(PrepareError::Preparation(error)) => return Err(error).context(name),
        }
    }
    if candidates.is_empty() {
        return Ok(outcome);
    }

    let (mut kept, selector) = match &arguments.probe {
        Some(ProbeChoice::Virtual) => {
            let kept = KeptBoard::take(board, &arguments.board.state)?;
            let selector = kept.selector.clone();
            (Some(kept), selector)
        }
        Some(ProbeChoice::Selector(selector)) => (None, selector.clone()),
        None => (None, find_probe()?),
    };
    let is_profiled = arguments.profile.is_some();
    let emulated = kept.as_ref().map(|kept| kept.board.clone());
    let emulated = emulated.filter(|_| is_profiled || arguments.suite.is_some());
    let before = measured.len();
    let mut take = |candidate: &Candidate, record: Record| {
        if arguments.suite.is_none() {
            writeln!(out::stdout(), "{}", table::render(&record))?;
        }
        let explain = |chip: &VirtualBoard| explain(chip, board, &record);
        let inspect = || onchip_tflite::inspect(candidate.model());
        let one = Measured {
            explanation: emulated.as_ref().map(explain).transpose()?,
            inspection: is_profiled.then(inspect).transpose()?,
            record,
        };
        if is_profiled {
            writeln!(out::stdout(), "{}", profile::render(&one))?;
        }
        measured.push(one);
        Ok(())
    };
    let board = board.clone();
    let result = measure_all(arguments, board, image, &candidates, selector, &mut take);
    // A hung emulator still holds its board.
    let hung = result.as_ref().is_err_and(is_hung);
    if let Some(kept) = kept.as_mut().filter(|_| !hung) {
        kept.save()?;
    }
    result?;
    if measured.len() - before < candidates.len() {
        outcome = Outcome::Model;
    }
    Ok(outcome)
}

/// Measures the candidates one after the other. Those that cannot run are not taken.
fn measure_all(
    arguments: &BenchArgs,
    board: Board,
    image: Image,
    candidates: &[Candidate],
    selector: DebugProbeSelector,
    take: Take<'_>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let progress = Progress::new();
    let result = runtime.block_on(async {
        let mut session = Session::open(board, image, selector, progress.observer()).await?;
        let result = measure_each(&mut session, arguments, candidates, &progress, take).await;
        let closed = session.close().await;
        result?;
        closed?;
        anyhow::Ok(())
    });
    progress.clear();
    result
}

async fn measure_each(
    session: &mut Session,
    arguments: &BenchArgs,
    candidates: &[Candidate],
    progress: &Progress,
    take: Take<'_>,
) -> anyhow::Result<()> {
    let nonce = arguments.seed.unwrap_or_else(random);
    for (candidate, count) in candidates.iter().zip(0..) {
        progress.resume(candidate.path());
        let order = Order {
            nonce: nonce.wrapping_add(count),
            runs: arguments.runs,
            warmups: WARMUPS,
            drill: arguments.drill.map_or(Drill::None, Drill::from),
        };
        let measured = session.measure(candidate, order).await;
        progress.clear();
        match measured {
            Ok(record) => take(candidate, record)?,
            Err(Failure::Candidate(failure)) => {
                complain(candidate.path(), &failure.into());
            }
            Err(Failure::Bench(failure)) => return Err(failure.into()),
        }
    }
    Ok(())
}

fn is_hung(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<BenchFailure>(),
        Some(BenchFailure::Hung { .. } | BenchFailure::TooSlow { .. } | BenchFailure::Lost)
    )
}

/// A number that nobody can foresee: the key of a hash map is seeded by the system.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0)
}

/// The record of one model on one board is an object, those of several are an array.
fn write_json(path: &Path, records: &[&Record], is_single: bool) -> anyhow::Result<()> {
    let mut json = match records {
        [record] if is_single => serde_json::to_vec_pretty(record)?,
        [] if is_single => return Ok(()),
        records => serde_json::to_vec_pretty(records)?,
    };
    json.push(b'\n');
    std::fs::write(path, json)
        .with_context(|| format!("record {} cannot be written", path.display()))
}
