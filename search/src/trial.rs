//! One candidate's way through the gates.

use serde::{Deserialize, Serialize};

use crate::metric::Scores;

/// A candidate and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial<P> {
    /// Counted from 0 in the order of asking.
    pub number: u64,
    /// The candidate.
    pub point: P,
    /// The same for candidates that mean the same.
    pub key: String,
    /// The gate that it came to.
    pub gate: Gate,
    /// What became of it.
    pub outcome: Outcome,
    /// What is known of it.
    pub scores: Scores,
    /// The earlier trial of an equal candidate whose results these are, when the strategy kept
    /// proposing it.
    pub same_as: Option<u64>,
}

/// The checks in order of cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Parameters, MACs, flash, and a bound of RAM, from the untrained file.
    Static,
    /// Latency and RAM of the untrained network, measured on a board.
    Measured,
    /// Trained, quantized, scored and measured.
    Trained,
}

/// See [`Trial::outcome`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything is known and every hard constraint holds.
    Complete,
    /// A hard constraint is broken; says which and by how much.
    Infeasible(String),
    /// The candidate could not be built, trained or run; says why.
    Failed(String),
}
