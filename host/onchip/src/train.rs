//! `onchip train`.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use onchip_harness::Record;
use onchip_search::evaluator::{Evaluator as _, Failure, Stop, Trained};
use onchip_search::metric::Metric;
use onchip_search::wording::counted;
use onchip_study::boards;
use onchip_study::evaluator::Workshop;
use onchip_study::file::ModelSpec;
use onchip_train::trainer::CpuTrainer;
use serde_json::Value;

use crate::bench::random;
use crate::cli::TrainArgs;
use crate::out;
use crate::outcome::{Outcome, complain};
use crate::search::{absolute, show};
use crate::table;

/// A longer training than the search's, unless the user says how long.
const LONGER: u32 = 4;

pub(crate) fn train(arguments: &TrainArgs) -> anyhow::Result<Outcome> {
    let mut spec = read(arguments)?;
    let beside = arguments.spec.parent().unwrap_or(Path::new(""));
    // What is written elsewhere must still find the data.
    let base = absolute(spec.base.as_deref().unwrap_or(beside))?;
    let data = spec.dataset.load(&base)?;
    spec.base = Some(base);
    let labels = data.classes.clone();
    let (shape, classes) = (data.shape, data.classes.len());
    let network = &spec.architecture;
    ensure!(
        network.input == shape && network.classes == classes,
        "{}: the network reads {:?} and tells {}, the data set has {shape:?} and {classes}",
        arguments.spec.display(),
        network.input,
        counted(network.classes, "class"),
    );

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let made = runtime.block_on(async {
        let pool = boards::open(&spec.boards, Some(1)).await?;
        let workshop = Arc::new(Workshop {
            data,
            recipe: spec.training,
            scheme: spec.quantization,
            trainer: Box::new(CpuTrainer),
            boards: pool.map(Arc::new),
            prepare: !arguments.no_prepare,
            nonce: random(),
        });
        make(&workshop, &spec, arguments).await
    });
    runtime.shutdown_background();
    let made = match made? {
        Ok(made) => made,
        Err(failure) => {
            let outcome = match failure {
                Failure::Candidate(_) => Outcome::Model,
                Failure::Bench(_) => Outcome::Bench,
                Failure::Stopped => return Ok(Outcome::Interrupted),
            };
            complain(&arguments.spec.display().to_string(), &failure.into());
            return Ok(outcome);
        }
    };

    let folder = arguments.output.clone();
    let folder = folder.unwrap_or_else(|| beside.join("trained"));
    write(&folder, &spec, &labels, &made)
}

fn read(arguments: &TrainArgs) -> anyhow::Result<ModelSpec> {
    let mut spec = ModelSpec::read(&arguments.spec)?;
    let epochs = spec.training.epochs.saturating_mul(LONGER);
    spec.training.epochs = arguments.epochs.unwrap_or(epochs);
    Ok(spec)
}

/// Trains and measures; Ctrl-C ends it.
async fn make(
    workshop: &Arc<Workshop>,
    spec: &ModelSpec,
    arguments: &TrainArgs,
) -> anyhow::Result<Result<(Trained, Value), Failure>> {
    let stop = Stop::default();
    let asked = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            asked.request();
        }
    });
    if !arguments.quiet {
        let text = format!(
            "training {} for {}",
            spec.architecture,
            counted(spec.training.epochs, "epoch")
        );
        // A closed stderr has no reader to miss it.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
    let (trainer, network, seed) = (workshop.clone(), spec.architecture.clone(), arguments.seed);
    let trained = tokio::task::spawn_blocking(move || trainer.train(&network, seed, &stop));
    let trained = match trained
        .await
        .context("the training crashed; this is a defect")?
    {
        Ok(trained) => trained,
        Err(failure) => return Ok(Err(failure)),
    };
    let measured = workshop.measure(trained.model.as_slice().into()).await;
    Ok(measured.map(|measured| (trained, measured.record)))
}

/// Writes and prints what came out.
fn write(
    folder: &Path,
    spec: &ModelSpec,
    labels: &[String],
    (trained, record): &(Trained, Value),
) -> anyhow::Result<Outcome> {
    let is_measured = !record.is_null();
    let labels: String = labels.iter().map(|label| format!("{label}\n")).collect();
    let json = |value: &Value| format!("{value:#}\n").into_bytes();
    std::fs::create_dir_all(folder)
        .with_context(|| format!("folder {} cannot be made", folder.display()))?;
    for (name, content) in [
        ("model.tflite", Some(trained.model.clone())),
        ("spec.yaml", Some(spec.to_yaml()?.into_bytes())),
        ("labels.txt", Some(labels.into_bytes())),
        ("history.json", Some(json(&trained.history))),
        ("record.json", is_measured.then(|| json(record))),
    ] {
        let path = folder.join(name);
        let written = match content {
            Some(content) => std::fs::write(&path, content),
            // An earlier training may have been measured.
            None if path.exists() => std::fs::remove_file(&path),
            None => Ok(()),
        };
        written.with_context(|| format!("{} cannot be written", path.display()))?;
    }

    // Last, for nobody may want to read it.
    let mut out = out::stdout();
    if is_measured {
        let record: Record = serde_json::from_value(record.clone())?;
        writeln!(out, "{}", table::render(&record))?;
    }
    let metrics = [Metric::Accuracy, Metric::ValidationAccuracy];
    let accuracies = show::quantities(&metrics, &trained.scores);
    writeln!(
        out,
        "int8: {accuracies}; flash {} bytes",
        trained.model.len()
    )?;
    writeln!(out, "see {}", folder.display())?;
    Ok(Outcome::Done)
}
