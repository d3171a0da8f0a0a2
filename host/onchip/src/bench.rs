//! `onchip bench`.

use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use onchip_harness::{
    BenchFailure, Board, Candidate, Drill, Failure, Image, Input, Order, PrepareError, ProbeChoice,
    Record, Session, find_probe,
};
use probe_rs::probe::DebugProbeSelector;

use crate::cli::BenchArgs;
use crate::npy;
use crate::out;
use crate::outcome::{Outcome, complain};
use crate::progress::Progress;
use crate::table;
use crate::vboard::KeptBoard;

/// Untimed runs before the timed ones.
const WARMUPS: u32 = 1;

pub(crate) fn bench(arguments: &BenchArgs) -> anyhow::Result<Outcome> {
    let board = Board::find(&arguments.board.board)?;
    let image = match &arguments.board.image {
        Some(path) => Image::read(path, &board)?,
        None => Image::of_board(&board)?,
    };
    let input = match arguments.input.as_str() {
        "lcg" => Input::Lcg,
        "zeros" => Input::Zeros,
        path => Input::Bytes(npy::read_bytes(Path::new(path))?),
    };

    // What the host can rule out needs no board.
    let mut outcome = Outcome::Done;
    let mut candidates = Vec::new();
    for path in &arguments.models {
        let name = path.display().to_string();
        let model = std::fs::read(path).with_context(|| format!("model {name} cannot be read"))?;
        let prepare = match arguments.no_prepare {
            true => Candidate::prepare,
            false => Candidate::prepare_cheaper,
        };
        match prepare(&name, &model, &input, &board, &image) {
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

    let records = match &arguments.probe {
        Some(ProbeChoice::Virtual) => {
            let mut kept = KeptBoard::take(&board, &arguments.board.state)?;
            let selector = kept.selector.clone();
            let records = measure_all(arguments, board, image, &candidates, selector);
            // A hung emulator still holds its board.
            let hung = records.as_ref().is_err_and(is_hung);
            if !hung {
                kept.save()?;
            }
            records?
        }
        Some(ProbeChoice::Selector(selector)) => {
            measure_all(arguments, board, image, &candidates, selector.clone())?
        }
        None => measure_all(arguments, board, image, &candidates, find_probe()?)?,
    };
    if records.len() < candidates.len() {
        outcome = Outcome::Model;
    }
    if let Some(path) = &arguments.json {
        write_json(path, &records, arguments.models.len())?;
    }
    Ok(outcome)
}

/// Measures the candidates one after the other. Those that cannot run are missing in the result.
fn measure_all(
    arguments: &BenchArgs,
    board: Board,
    image: Image,
    candidates: &[Candidate],
    selector: DebugProbeSelector,
) -> anyhow::Result<Vec<Record>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let progress = Progress::new();
    let records = runtime.block_on(async {
        let mut session = Session::open(board, image, selector, progress.observer()).await?;
        let records = measure_each(&mut session, arguments, candidates, &progress).await;
        let closed = session.close().await;
        let records = records?;
        closed?;
        anyhow::Ok(records)
    });
    progress.clear();
    records
}

/// Prints each record as it comes.
async fn measure_each(
    session: &mut Session,
    arguments: &BenchArgs,
    candidates: &[Candidate],
    progress: &Progress,
) -> anyhow::Result<Vec<Record>> {
    let nonce = arguments.seed.unwrap_or_else(random);
    let mut records = Vec::new();
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
            Ok(record) => {
                writeln!(out::stdout(), "{}", table::render(&record))?;
                records.push(record);
            }
            Err(Failure::Candidate(failure)) => {
                complain(candidate.path(), &failure.into());
            }
            Err(Failure::Bench(failure)) => return Err(failure.into()),
        }
    }
    Ok(records)
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

/// One model's record is an object, those of several are an array.
fn write_json(path: &Path, records: &[Record], models: usize) -> anyhow::Result<()> {
    let mut json = match records {
        [record] if models == 1 => serde_json::to_vec_pretty(record)?,
        [] if models == 1 => return Ok(()),
        records => serde_json::to_vec_pretty(records)?,
    };
    json.push(b'\n');
    std::fs::write(path, json)
        .with_context(|| format!("record {} cannot be written", path.display()))
}
