//! Float networks: their weights, and what they compute.

mod network;
mod reference;

pub use network::{EPSILON, FakeQuantization, FloatNetwork, Parameters};
