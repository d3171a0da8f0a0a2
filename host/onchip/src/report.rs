//! `onchip report`: a study's tables, plots and best model, made anew from its store.

use std::cmp::Ordering;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use onchip_report::{Best, Report};
use onchip_search::architecture::Architecture;
use onchip_search::objective::Goals;
use onchip_search::store::{Definition, Store};
use onchip_search::study::{Settings, Summary, hypervolumes};
use onchip_search::trial::Trial;
use onchip_study::file::{Loaded, ModelSpec, Provenance};
use serde::{Deserialize, Serialize};

use crate::cli::ReportArgs;
use crate::out;
use crate::outcome::Outcome;

/// The store's name in a study's folder.
pub(crate) const STORE: &str = "study.sqlite";

/// What a search notes of its circumstances, beside what determines its results.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Circumstances {
    /// The version of onchip that began the study.
    pub(crate) onchip: String,
    /// What measures, for people: kinds of boards, and whether they are emulated.
    pub(crate) measured_on: String,
    /// The study file's folder.
    pub(crate) base: PathBuf,
    /// Names of the classes, in the order of the outputs.
    pub(crate) classes: Vec<String>,
}

/// Runs the command.
pub(crate) fn report(arguments: &ReportArgs) -> anyhow::Result<Outcome> {
    let store = Store::open_read(&arguments.study.join(STORE))?;
    let mut stdout = out::stdout();
    for path in write(&store, &arguments.study)? {
        writeln!(stdout, "{}", path.display())?;
    }
    Ok(Outcome::Done)
}

/// Writes everything that a study shows into `folder`; returns the files' paths.
pub(crate) fn write(store: &Store, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let definition = store.info()?.definition;
    let goals = Settings::of(store)?.goals;
    let trials: Vec<Trial<Architecture>> = store.trials()?;
    let summary = Summary::read(store)?;
    let circumstances: Circumstances = serde_json::from_value(definition.provenance.clone())
        .context("what the store notes of its circumstances cannot be read")?;

    let best = best(&goals, &trials, &summary.front);
    let model = best
        .map(|trial| store.model(trial.number))
        .transpose()?
        .flatten();
    let record = best
        .map(|trial| store.record(trial.number))
        .transpose()?
        .flatten()
        // That of a study without boards.
        .filter(|record| !record.is_null());
    let spec = best
        .map(|trial| spec(&definition, &circumstances, trial))
        .transpose()?;
    let metrics: Vec<_> = goals
        .objectives()
        .iter()
        .map(|objective| objective.metric)
        .collect();

    let report = Report {
        name: &definition.name,
        measured_on: &circumstances.measured_on,
        objectives: &metrics,
        trials: &trials,
        front: &summary.front,
        hypervolume: &hypervolumes(&goals, &trials),
        best: best
            .zip(model.as_deref())
            .zip(spec.as_deref())
            .map(|((trial, model), spec)| Best {
                trial: trial.number,
                model,
                spec,
                record: record.as_ref(),
                labels: &circumstances.classes,
            }),
    };
    Ok(report.write(folder)?)
}

/// The trial of the front that is best in the first objective; among equals, in the next.
fn best<'t, P>(goals: &Goals, trials: &'t [Trial<P>], front: &[u64]) -> Option<&'t Trial<P>> {
    let on_front = trials.iter().filter(|trial| front.contains(&trial.number));
    let valued = on_front.filter_map(|trial| Some((goals.values(&trial.scores)?, trial)));
    let by_values = |left: &[f64], right: &[f64]| {
        let pairs = left
            .iter()
            .zip(right)
            .map(|(left, right)| left.total_cmp(right));
        pairs.fold(Ordering::Equal, Ordering::then)
    };
    valued
        .min_by(|left, right| by_values(&left.0, &right.0))
        .map(|(_, trial)| trial)
}

/// How to train and measure a trial's network again.
fn spec(
    definition: &Definition,
    circumstances: &Circumstances,
    trial: &Trial<Architecture>,
) -> anyhow::Result<String> {
    let base = &circumstances.base;
    let file = Loaded::parse(definition.text.clone(), &base.join(&definition.name))
        .context("the study file that the store keeps is not one of this version of onchip")?
        .file;
    let spec = ModelSpec {
        architecture: trial.point.clone(),
        dataset: file.dataset,
        base: Some(base.clone()),
        training: file.training,
        quantization: file.quantization,
        boards: file.boards,
        provenance: Some(Provenance {
            study: definition.name.clone(),
            trial: trial.number,
            seed: file.seed,
            onchip: circumstances.onchip.clone(),
            scores: trial.scores.clone(),
        }),
    };
    Ok(spec.to_yaml()?)
}
