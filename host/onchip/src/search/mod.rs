//! `onchip search`.

mod check;
mod front;
mod live;
mod picture;
pub(crate) mod show;

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::ensure;
use onchip_search::store::Store;
use onchip_search::study::{Ending, Interrupt, Study, Summary};
use onchip_search::wording::counted;
use onchip_study::boards;
use onchip_study::evaluator::Workshop;
use onchip_study::file::Loaded;
use onchip_study::plan::Plan;
use onchip_train::trainer::CpuTrainer;

use self::live::{Live, View};
use self::picture::Picture;
use crate::bench::random;
use crate::cli::SearchArgs;
use crate::out;
use crate::outcome::Outcome;
use crate::report::{self, Circumstances, STORE};

pub(crate) fn search(arguments: &SearchArgs) -> anyhow::Result<Outcome> {
    let mut loaded = Loaded::read(&arguments.file)?;
    let file = &mut loaded.file;
    if let Some(trials) = arguments.trials {
        file.budget.trials = trials;
    }
    if let Some(time) = arguments.time {
        file.budget.time = Some(time);
    }
    let folder = arguments.output.clone().unwrap_or_else(|| file.output());
    let plan = Plan::new(loaded)?;
    let workers = workers(arguments);
    if arguments.check {
        check::check(&plan, workers)?;
        return Ok(Outcome::Done);
    }
    match arguments.resume {
        true => refuse_unbegun(&folder)?,
        false => refuse_used(&folder)?,
    }

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let ended = runtime.block_on(run(&plan, arguments, workers, &folder));
    // A hung probe must not keep the program, least of all when the bench has failed.
    runtime.shutdown_background();
    let (ending, summary) = ended?;

    let store = Store::open_read(&folder.join(STORE))?;
    report::write(&store, &folder)?;
    conclude(&plan, ending, summary, &store, &folder)
}

/// The folder from the root on; an empty path is the current one.
pub(crate) fn absolute(folder: &Path) -> std::io::Result<PathBuf> {
    std::path::absolute(Path::new(".").join(folder))
}

fn workers(arguments: &SearchArgs) -> usize {
    let asked = arguments
        .workers
        .and_then(|workers| usize::try_from(workers).ok());
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get))
}

/// A folder with something in it is left as it is.
fn refuse_used(folder: &Path) -> anyhow::Result<()> {
    let Ok(mut content) = std::fs::read_dir(folder) else {
        // Not there, or told when the store is made.
        return Ok(());
    };
    let remedy = match Store::is_begun(&folder.join(STORE)) {
        true => "go on with its study with --resume, or choose",
        false => "and has no study; choose",
    };
    ensure!(
        content.next().is_none(),
        "{} is there already; {remedy} another folder with --output",
        folder.display()
    );
    Ok(())
}

/// Who goes on with a study and mistypes its folder does not want a second one.
fn refuse_unbegun(folder: &Path) -> anyhow::Result<()> {
    ensure!(
        Store::is_begun(&folder.join(STORE)),
        "{} has no study to go on with; leave --resume away to begin one, or correct the folder \
         with --output",
        folder.display()
    );
    Ok(())
}

async fn run(
    plan: &Plan,
    arguments: &SearchArgs,
    workers: usize,
    folder: &Path,
) -> anyhow::Result<(Ending, Summary)> {
    let file = &plan.loaded.file;
    let pool = boards::open(&file.boards, arguments.boards).await?;
    let workshop = Workshop {
        data: plan.prepared.dataset.clone(),
        recipe: file.training,
        scheme: file.quantization,
        trainer: Box::new(CpuTrainer),
        boards: pool.map(Arc::new),
        prepare: !arguments.no_prepare,
        nonce: random(),
    };
    let circumstances = Circumstances {
        onchip: env!("CARGO_PKG_VERSION").to_owned(),
        measured_on: workshop.measured_on(),
        base: absolute(plan.loaded.base())?,
        classes: plan.prepared.dataset.classes.clone(),
    };
    let definition = plan.definition(&workshop, serde_json::to_value(circumstances)?);
    let path = folder.join(STORE);
    let store = match arguments.resume {
        true => Store::resume(&path, &definition),
        false => Store::create(&path, &definition),
    }?;

    let interrupt = Interrupt::default();
    tokio::spawn(heed_ctrl_c(interrupt.clone()));
    let (live, observer) = Live::start(View {
        name: definition.name,
        goals: plan.prepared.goals.clone(),
        boards: workshop.boards.clone(),
        quiet: arguments.quiet,
    });
    let study = Study {
        domain: &plan.prepared.space,
        strategy: plan.strategy(),
        evaluator: Arc::new(workshop),
        limits: plan.limits(workers),
        observer,
        interrupt,
    };
    let ended = study.run(store).await;
    live.finish();
    Ok(ended?)
}

/// The first asks to finish, the second to stop, and the third does.
async fn heed_ctrl_c(interrupt: Interrupt) {
    let say = |text: &str| {
        // A closed stderr has no reader to miss it.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    };
    for (stop, text) in [
        (
            &interrupt.finish,
            "finishing what is running; Ctrl-C again stops trainings",
        ),
        (&interrupt.now, "stopping; Ctrl-C again ends at once"),
    ] {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        stop.request();
        say(text);
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(130);
    }
}

/// Says how the study ended and where everything is.
fn conclude(
    plan: &Plan,
    ending: Ending,
    summary: Summary,
    store: &Store,
    folder: &Path,
) -> anyhow::Result<Outcome> {
    let mut out = out::stdout();
    let trials = counted(summary.folded, "trial");
    let how = match ending {
        Ending::Trials => "all trials are done".to_owned(),
        Ending::Time => "the time is up".to_owned(),
        Ending::Target(trial) => format!("trial {trial} met the target"),
        Ending::Patience(trial) => format!("the front has not changed since trial {trial}"),
        Ending::Interrupted => "interrupted; --resume goes on".to_owned(),
    };
    writeln!(out, "{trials}: {how}")?;
    let goals = &plan.prepared.goals;
    if !summary.front.is_empty() {
        let table = front::table(goals, &store.trials()?, &summary.front);
        write!(out, "\n{table}\n")?;
    }
    let mut picture = Picture::new(goals);
    let is_empty = summary.front.is_empty();
    let mut broken: Vec<_> = summary.broken.clone().into_iter().collect();
    picture.summary = summary;
    writeln!(out, "{}\n{}", picture.front(), picture.gates())?;
    broken.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (constraint, count) in broken {
        writeln!(out, "  {count} broke {constraint}")?;
    }
    writeln!(out, "see {}", folder.display())?;
    Ok(match ending {
        Ending::Interrupted => Outcome::Interrupted,
        _ if is_empty => Outcome::Model,
        _ => Outcome::Done,
    })
}
