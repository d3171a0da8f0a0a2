//! Training that goes on with int8 steps in view.

use std::ops::ControlFlow;

use onchip_tflite::ir::Network;

use super::accuracy::accuracy;
use super::error::QuantizeError;
use super::fold;
use super::scheme::{FineTuning, Scheme};
use super::stages::Stages;
use crate::data::{Dataset, Split};
use crate::nn::FloatNetwork;
use crate::trainer::{Epoch, Loss, Recipe, Schedule, Trainer};

/// The int8 network of a trained one, fine-tuned before if the scheme says so.
///
/// Fine-tuning starts from what [`quantize`](super::quantize) makes: batch normalization is folded
/// and ranges are calibrated once. Then the folded network is trained further by `recipe`, but for
/// its epochs and its learning rate, while weights and values are rounded as in int8 (Jacob et al.:
/// Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference,
/// 2018). `watch` is told of each epoch.
///
/// Fine-tuning may also spoil a network, as with too high a learning rate. So of the int8 networks
/// before and after, a classifier is the one that has more validation examples right, the later one
/// if they are equal. One that diverges stays as it was before.
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
    let rounded = stages.lower()?;
    let Some(tuning) = scheme.qat else {
        return Ok(rounded.network);
    };
    let rounding = stages.rounding(&rounded);
    let recipe = continued(recipe, tuning);
    let mut tune = || -> Result<Network, QuantizeError> {
        let folded = stages.folded.network.clone();
        let tuned = trainer.tune(folded, &rounding, data, &recipe, seed, watch)?;
        stages.folded = fold::network(&tuned.network)?;
        Ok(stages.lower()?.network)
    };
    let tuned = match tune() {
        Err(error) if error.blames_network() => {
            tracing::warn!("fine-tuning is dropped: {error}");
            return Ok(rounded.network);
        }
        tuned => tuned?,
    };
    match recipe.loss {
        Loss::CrossEntropy => better(tuned, rounded.network, &data.validation),
        Loss::Reconstruction => Ok(tuned),
    }
}

/// The network that has more examples right, the first if they are equal.
fn better(first: Network, second: Network, split: &Split) -> Result<Network, QuantizeError> {
    if split.is_empty() {
        return Ok(first);
    }
    let right = |network: &Network| -> Result<f64, QuantizeError> {
        let file = network.to_file().map_err(Box::new)?;
        Ok(accuracy(&file, split)?)
    };
    Ok(match right(&first)? >= right(&second)? {
        true => first,
        false => second,
    })
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
