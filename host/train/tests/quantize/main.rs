//! Quantization, from a topology or a trained network to the engine's answers.
#![expect(clippy::unwrap_used, reason = "what fails is a failed test")]

mod accuracy;
mod exported;
mod extremes;
mod fidelity;
mod golden;
mod splits;
mod topologies;
mod tuning;
mod untrained;
