//! Training that goes on with int8 steps in view.

use std::ops::ControlFlow;

use onchip_tflite::ir::Network;

use super::error::QuantizeError;
use super::fold;
use super::scheme::{FineTuning, Scheme};
use super::stages::Stages;
use crate::data::Dataset;
use crate::nn::FloatNetwork;
use crate::trainer::{Epoch, Recipe, Schedule, Trainer};

/// The int8 network of a trained one, fine-tuned before if the scheme says so.
///
/// Fine-tuning starts from what [`quantize`](super::quantize) makes: batch normalization is folded
/// and ranges are calibrated once. Then the folded network is trained further by `recipe`, but for
/// its epochs and its learning rate, while weights and values are rounded as in int8 (Jacob et al.:
/// Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference,
/// 2018). `watch` is told of each epoch.
///
/// # Errors
/// See [`QuantizeError`].
///
/// # Panics
/// The examples have another size than the network's input.
pub fn deploy(
    trainer: &dyn Trainer,
    network: &FloatNetwork,
    data: &Dataset,
    recipe: &Recipe,
    scheme: &Scheme,
    seed: u64,
    watch: &mut dyn FnMut(&Epoch) -> ControlFlow<()>,
) -> Result<Network, QuantizeError> {
    let mut stages = Stages::new(network, &data.train, scheme)?;
    let lowered = stages.lower()?;
    let Some(tuning) = scheme.qat else {
        return Ok(lowered.network);
    };
    let rounding = stages.rounding(&lowered);
    let recipe = continued(recipe, tuning);
    let folded = stages.folded.network;
    let tuned = trainer.tune(folded, &rounding, data, &recipe, seed, watch)?;
    stages.folded = fold::network(&tuned.network)?;
    Ok(stages.lower()?.network)
}

/// The recipe for going on with a training: what is learned already is neither warmed up nor
/// stopped.
fn continued(recipe: &Recipe, tuning: FineTuning) -> Recipe {
    Recipe {
        epochs: tuning.epochs.get(),
        learning_rate: tuning.learning_rate,
        schedule: Schedule::Cosine,
        warm_up: 0.0,
        early_stop: None,
        ..*recipe
    }
}
