//! Float networks: their weights, and what they compute.

mod conv;
mod depthwise;
mod executor;
mod finish;
pub(crate) mod float;
mod flow;
mod frame;
mod geometry;
#[cfg(test)]
mod gradient;
mod loss;
pub mod matmul;
mod moments;
mod network;
mod plan;
mod pool;
#[cfg(test)]
mod reference;
mod sum;
mod sums;
mod table;

pub(crate) use executor::{Executor, Mode};
pub(crate) use loss::{Verdict, cross_entropy, squared};
pub(crate) use network::fan_in;
pub use network::{EPSILON, FakeQuantization, FloatNetwork, Parameters};
