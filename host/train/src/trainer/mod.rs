//! How a network is trained: the recipe, and who follows it.

mod batch;
mod cpu;
mod optimizer;
mod recipe;

pub use cpu::CpuTrainer;
pub use recipe::{Augmentation, EarlyStop, Loss, Optimizer, Recipe, RecipeError, Schedule};

use std::ops::ControlFlow;

use onchip_tflite::topology::{Dims, Topology};

use crate::data::{DataError, Dataset};
use crate::nn::{FakeQuantization, FloatNetwork};

/// Finds weights. Shared by the threads that train: a training has its own state and randomness, so
/// what comes out depends on the arguments alone, never on what else is running.
pub trait Trainer: Send + Sync {
    /// Trains a network from scratch.
    ///
    /// `watch` is told of every epoch when it is over, and ends the training by breaking; what comes
    /// back is then the best so far.
    ///
    /// # Errors
    /// See [`TrainError`].
    fn train(
        &self,
        topology: &Topology,
        data: &Dataset,
        recipe: &Recipe,
        seed: u64,
        watch: &mut dyn FnMut(&Epoch) -> ControlFlow<()>,
    ) -> Result<Trained, TrainError>;

    /// Trains a network further, rounding as `rounding` says, also when it is validated.
    ///
    /// # Errors
    /// See [`TrainError`].
    fn tune(
        &self,
        network: FloatNetwork,
        rounding: &FakeQuantization,
        data: &Dataset,
        recipe: &Recipe,
        seed: u64,
        watch: &mut dyn FnMut(&Epoch) -> ControlFlow<()>,
    ) -> Result<Trained, TrainError>;
}

/// A network after training.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// With the weights of its best epoch.
    pub network: FloatNetwork,
    /// All epochs.
    pub history: Vec<Epoch>,
    /// Which of them was best: the one of least validation loss; the last if there is no validation
    /// data.
    pub best: usize,
}

/// A pass over the training data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    /// From 0.
    pub index: u32,
    /// Of its last step.
    pub learning_rate: f32,
    /// Mean over its examples, each as its step found it.
    pub loss: f32,
    /// After it, without smoothing and augmentation; NaN if there is no validation data.
    pub validation_loss: f32,
    /// Share of validation examples whose greatest output is their label; `None` for a network that
    /// reconstructs its input.
    pub validation_accuracy: Option<f32>,
}

/// Why there is no trained network.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The candidate's failure.
    #[error("the loss became infinite or not a number in epoch {epoch}; lower the learning rate")]
    Diverged {
        /// From 0.
        epoch: u32,
    },
    /// The network does not fit the data.
    #[error(
        "the network reads {input:?} and makes {output:?}, the data set has {shape:?} and {classes} classes"
    )]
    Mismatch {
        /// Of the network.
        input: Dims,
        /// Of the network.
        output: Dims,
        /// Of an example.
        shape: Dims,
        /// Of the data set.
        classes: usize,
    },
    /// There is nothing to learn from.
    #[error("data set `{0}` has no training examples")]
    Empty(String),
    /// The data cannot be read: nobody's verdict on the network.
    #[error("training data: {0}")]
    Data(#[from] DataError),
    /// The recipe cannot be followed.
    #[error("training: {0}")]
    Recipe(#[from] RecipeError),
}

impl TrainError {
    /// Whether this is a verdict on the network rather than on data or recipe.
    pub fn blames_network(&self) -> bool {
        matches!(self, Self::Diverged { .. })
    }
}
