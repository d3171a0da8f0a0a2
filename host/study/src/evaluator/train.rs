//! From an architecture to a trained int8 model and its accuracies.

use std::ops::ControlFlow;

use onchip_search::evaluator::{Failure, Stop, Trained};
use onchip_search::metric::Metric;
use onchip_tflite::topology::Topology;
use onchip_train::quantize::{accuracy, deploy};
use onchip_train::trainer::Epoch;
use serde_json::{Value, json};

use super::Workshop;
use super::failure::{candidate, quantizing, scoring, training};

/// Rises whenever the same arguments give another model: trainings of before are no longer found.
pub(super) const REVISION: u32 = 2;

pub(super) fn train(
    workshop: &Workshop,
    topology: &Topology,
    seed: u64,
    stop: &Stop,
) -> Result<Trained, Failure> {
    let Workshop {
        data,
        recipe,
        scheme,
        trainer,
        ..
    } = workshop;
    let mut heed = |_: &Epoch| match stop.is_requested() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let check = || match stop.is_requested() {
        true => Err(Failure::Stopped),
        false => Ok(()),
    };

    let trained = trainer.train(topology, data, recipe, seed, &mut heed);
    check()?;
    let trained = trained.map_err(training)?;
    let network = &trained.network;
    let network = deploy(&**trainer, network, data, recipe, scheme, seed, &mut heed);
    check()?;
    let model = network.map_err(quantizing)?;
    let model = model.to_file().map_err(candidate)?;

    let validation = accuracy(&model, &data.validation).map_err(scoring)?;
    check()?;
    let test = accuracy(&model, &data.test).map_err(scoring)?;
    let scores = [
        (Metric::Accuracy, test),
        (Metric::Error, 1.0 - test),
        (Metric::ValidationAccuracy, validation),
        (Metric::ValidationError, 1.0 - validation),
    ];
    Ok(Trained {
        model,
        scores: scores.into_iter().collect(),
        history: json!({
            "best_epoch": trained.best,
            "epochs": trained.history.iter().map(epoch).collect::<Vec<_>>(),
        }),
    })
}

fn epoch(epoch: &Epoch) -> Value {
    json!({
        "learning_rate": epoch.learning_rate,
        "loss": epoch.loss,
        "validation_loss": epoch.validation_loss,
        "validation_accuracy": epoch.validation_accuracy,
    })
}
