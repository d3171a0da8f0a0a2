//! The trainer that runs everywhere.

use std::ops::ControlFlow;

use onchip_tflite::topology::Topology;

use super::batch::Batches;
use super::optimizer::{Memory, learning_rate};
use super::{Epoch, Loss, Recipe, TrainError, Trained, Trainer};
use crate::data::{Dataset, Split};
use crate::nn::{Executor, FakeQuantization, FloatNetwork, Mode, Verdict, cross_entropy, squared};

/// Trains in `f32` on the thread that calls; several threads may call at once.
///
/// The same arguments give the same bits on the same kind of processor. Other kinds may add up
/// products in another order, as their caches and vectors have it.
#[derive(Debug, Clone, Copy, Default)]
pub struct CpuTrainer;

impl Trainer for CpuTrainer {
    fn train(
        &self,
        topology: &Topology,
        data: &Dataset,
        recipe: &Recipe,
        seed: u64,
        watch: &mut dyn FnMut(&Epoch) -> ControlFlow<()>,
    ) -> Result<Trained, TrainError> {
        let network = FloatNetwork::init(topology.clone(), seed);
        self.tune(
            network,
            &FakeQuantization::default(),
            data,
            recipe,
            seed,
            watch,
        )
    }

    fn tune(
        &self,
        network: FloatNetwork,
        rounding: &FakeQuantization,
        data: &Dataset,
        recipe: &Recipe,
        seed: u64,
        watch: &mut dyn FnMut(&Epoch) -> ControlFlow<()>,
    ) -> Result<Trained, TrainError> {
        recipe.validate()?;
        check(&network.topology, data, recipe.loss)?;
        let mut training = Training::new(&network, rounding, data, recipe, seed);
        tracing::debug!(bytes = training.executor.bytes(), "training");
        let mut history = Vec::new();
        let mut best = (0, f32::INFINITY, network);
        for index in 0..recipe.epochs {
            let epoch = training.epoch(index, data)?;
            history.push(epoch);
            // Not `<`: without validation data, the loss is NaN and the last epoch is the best.
            let is_better = epoch.validation_loss < best.1 || data.validation.is_empty();
            if is_better {
                let network = training.executor.network(&best.2.topology);
                best = (index, epoch.validation_loss, network);
            }
            let patience = recipe.early_stop.map_or(u32::MAX, |stop| stop.patience);
            if watch(&epoch).is_break() || index - best.0 >= patience {
                break;
            }
        }
        Ok(Trained {
            network: best.2,
            history,
            best: best.0 as usize,
        })
    }
}

fn check(topology: &Topology, data: &Dataset, loss: Loss) -> Result<(), TrainError> {
    let (input, output) = (topology.input(), topology.shape(topology.output()));
    let classes = data.classes.len();
    let fits = match loss {
        Loss::CrossEntropy => output == [1, 1, classes],
        Loss::Reconstruction => output.iter().product::<usize>() == input.iter().product::<usize>(),
    };
    if input != data.shape || !fits {
        return Err(TrainError::Mismatch {
            input,
            output,
            shape: data.shape,
            classes,
        });
    }
    if data.train.is_empty() {
        return Err(TrainError::Empty(data.name.clone()));
    }
    Ok(())
}

/// A training under way.
struct Training<'a> {
    recipe: &'a Recipe,
    executor: Executor<f32>,
    memory: Memory,
    batches: Batches<'a>,
    labels: Vec<usize>,
    /// Examples per step, at most.
    batch: usize,
    step: u64,
}

impl<'a> Training<'a> {
    fn new(
        network: &FloatNetwork,
        rounding: &FakeQuantization,
        data: &'a Dataset,
        recipe: &'a Recipe,
        seed: u64,
    ) -> Self {
        let batches = Batches::new(&data.train, data.shape, recipe, seed);
        let batch = (recipe.batch_size as usize).min(batches.len());
        let executor = Executor::new(network, rounding, batch);
        let weights = executor.weights().collect();
        Self {
            recipe,
            memory: Memory::new(recipe, executor.parameters.len(), weights),
            executor,
            batches,
            labels: vec![0; batch],
            batch,
            step: 0,
        }
    }

    fn epoch(&mut self, index: u32, data: &Dataset) -> Result<Epoch, TrainError> {
        self.batches.shuffle();
        let count = self.batches.len();
        let per_epoch = count.div_ceil(self.batch);
        let steps = per_epoch as u64 * u64::from(self.recipe.epochs);
        let mut loss = 0.0;
        let mut rate = 0.0;
        for step in 0..per_epoch {
            // Equal to within one example: normalization learns little from a small remainder.
            let [first, end] = [step, step + 1].map(|step| step * count / per_epoch);
            let n = end - first;
            let labels = &mut self.labels[..n];
            self.batches.read(first, self.executor.input(n), labels)?;
            self.executor.forward(n, Mode::Train);
            let verdict = verdict(
                &mut self.executor,
                self.recipe,
                labels,
                self.recipe.label_smoothing,
            );
            if !verdict.loss.is_finite() {
                return Err(TrainError::Diverged { epoch: index });
            }
            loss += verdict.loss;
            self.executor.backward(n);
            rate = learning_rate(self.recipe, self.step, steps, per_epoch as u64);
            let Executor {
                parameters, slope, ..
            } = &mut self.executor;
            self.memory.step(parameters, slope, rate);
            self.step += 1;
        }
        let (validation_loss, hits) = self.validate(&data.validation)?;
        if !data.validation.is_empty() && !validation_loss.is_finite() {
            return Err(TrainError::Diverged { epoch: index });
        }
        Ok(Epoch {
            index,
            learning_rate: rate,
            loss: (loss / count as f64) as f32,
            validation_loss,
            validation_accuracy: (self.recipe.loss == Loss::CrossEntropy).then_some(hits),
        })
    }

    /// Mean loss and share of hits.
    fn validate(&mut self, split: &Split) -> Result<(f32, f32), TrainError> {
        let size: usize = self.executor.input(1).len();
        let (mut loss, mut hits) = (0.0, 0);
        for first in (0..split.len()).step_by(self.batch) {
            let n = self.batch.min(split.len() - first);
            let labels = &mut self.labels[..n];
            let examples = self.executor.input(n).chunks_exact_mut(size);
            for ((index, example), label) in (first..).zip(examples).zip(&mut *labels) {
                *label = split.read(index, example)?;
            }
            self.executor.forward(n, Mode::Infer);
            let verdict = verdict(&mut self.executor, self.recipe, labels, 0.0);
            loss += verdict.loss;
            hits += verdict.hits;
        }
        let count = split.len() as f64;
        Ok(((loss / count) as f32, (hits as f64 / count) as f32))
    }
}

/// What the loss says of a batch that went forward.
fn verdict(
    executor: &mut Executor<f32>,
    recipe: &Recipe,
    labels: &[usize],
    smoothing: f32,
) -> Verdict {
    let n = labels.len();
    let outcome = executor.outcome(n);
    match recipe.loss {
        Loss::CrossEntropy => {
            cross_entropy(outcome.outputs, labels, smoothing.into(), outcome.slopes)
        }
        Loss::Reconstruction => squared(outcome.outputs, outcome.inputs, n, outcome.slopes),
    }
}
