//! `onchip search --check`: what a study file describes, and what it will take.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use onchip_search::architecture::Architecture;
use onchip_search::wording::counted;
use onchip_study::check::Check;
use onchip_study::plan::Plan;
use onchip_tflite::topology::Topology;
use onchip_train::trainer::{CpuTrainer, Recipe, Trainer as _};

use super::show::time;
use crate::out;

/// Networks drawn to see what is typical of the space.
const SAMPLES: usize = 64;

/// Training examples to time a training with.
const TIMED: usize = 512;

pub(super) fn check(plan: &Plan, workers: usize) -> anyhow::Result<()> {
    let file = &plan.loaded.file;
    let mut out = out::stdout();
    writeln!(out, "{}", Check::new(plan))?;

    let mut samples = samples(plan);
    samples.sort_by_key(|(topology, _)| topology.macs());
    let Some((typical, text)) = samples.get(samples.len() / 2) else {
        return Ok(());
    };
    let training = time_training(plan, typical)?;
    let trials = file.budget.trials;
    // No more are under way than the window lets be.
    let workers = workers.min(file.window as usize);
    let all = training.mul_f64(trials as f64 / workers as f64);
    writeln!(
        out,
        "cost      a training of {text}\n          takes {}, {trials} of them {} on {}, \
         less what is rejected before",
        time(training),
        time(all),
        counted(workers, "thread"),
    )?;
    if let Some(limit) = file.budget.time {
        writeln!(out, "          the study ends after {limit} at the latest")?;
    }
    writeln!(out, "ok        {}", plan.loaded.path.display())?;
    Ok(())
}

fn samples(plan: &Plan) -> Vec<(Topology, Architecture)> {
    let samples = plan.samples(SAMPLES).into_iter();
    let built = samples.filter_map(|sample| Some((sample.topology().ok()?, sample)));
    built.collect()
}

/// How long a whole training of a network takes, from a small part of it.
fn time_training(plan: &Plan, topology: &Topology) -> anyhow::Result<Duration> {
    let file = &plan.loaded.file;
    let recipe = file.training;
    let examples = plan.prepared.dataset.train.len() as f64;
    let share = (TIMED as f64 / examples).min(recipe.subset.into());
    let part = Recipe {
        epochs: 1,
        early_stop: None,
        subset: share as f32,
        ..recipe
    };
    let mut data = plan.prepared.dataset.clone();
    let validated = data.validation.len() as f64;
    // Validation has its share of the time, too.
    data.validation.indices = data.validation.indices[..(validated * share).ceil() as usize].into();
    let begun = Instant::now();
    CpuTrainer.train(
        topology,
        &data,
        &part,
        0,
        &mut |_| ControlFlow::Continue(()),
    )?;
    let tuned = file.quantization.qat.map_or(0, |qat| qat.epochs.get());
    let epochs = f64::from(recipe.epochs + tuned);
    Ok(begun
        .elapsed()
        .mul_f64(epochs * f64::from(recipe.subset) / share))
}
