//! Who is asked how good a network is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::metric::Scores;

/// Answers a study's questions about points of its space, in the order of their cost: build,
/// measure, train. All answers but a board's are functions of the arguments; the study stores them
/// under the keys that name all that determines them.
pub trait Evaluator: Send + Sync + 'static {
    /// What is evaluated.
    type Point: Send + Sync + 'static;

    /// Builds the network with untrained weights. Quick: no training, no board.
    ///
    /// # Errors
    /// The network cannot be built or deployed.
    fn build(&self, point: &Self::Point) -> Result<Built, Failure>;

    /// Names all that determines a training.
    fn training_key(&self, point: &Self::Point, seed: u64) -> String;

    /// Trains, quantizes and scores on the host. Takes long, on the caller's thread; looks at
    /// `stop` now and then.
    ///
    /// # Errors
    /// The network cannot be trained, or the training was stopped.
    fn train(&self, point: &Self::Point, seed: u64, stop: &Stop) -> Result<Trained, Failure>;

    /// Names all that determines a measurement: model, image, board, clock, input.
    fn measurement_key(&self, model: &[u8]) -> String;

    /// Measures on the next free board.
    ///
    /// # Errors
    /// The network does not run there, or no board is left.
    fn measure(&self, model: Arc<[u8]>) -> impl Future<Output = Result<Measured, Failure>> + Send;
}

/// Asks a training to end early; clones share one flag.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<std::sync::atomic::AtomicBool>);

impl Stop {
    /// Asks.
    pub fn request(&self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// A network before training.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// The .tflite file with untrained weights; its latency and RAM are those of the trained one.
    pub model: Arc<[u8]>,
    /// What is known without a board: parameters, MACs, flash, and as peak RAM a lower bound.
    pub scores: Scores,
}

/// A network after training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// The .tflite file.
    pub model: Vec<u8>,
    /// Its accuracies, by the int8 engine.
    pub scores: Scores,
    /// How the training went, for people.
    pub history: serde_json::Value,
}

/// A network on a board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Latency, cycles and peak RAM.
    pub scores: Scores,
    /// The whole record.
    pub record: serde_json::Value,
}

/// Whose fault it is. Only a candidate's own failure scores it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The candidate cannot be built, trained or run.
    #[error("{0}")]
    Candidate(String),
    /// No board or no trainer could answer; the candidate is not to blame.
    #[error("{0}")]
    Bench(String),
    /// Somebody asked to stop.
    #[error("stopped on request")]
    Stopped,
}
