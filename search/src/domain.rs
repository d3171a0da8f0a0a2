//! What a strategy searches: points that can be drawn, changed and crossed.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The source of randomness; its state is stored with a study's.
pub type Rng = rand_chacha::ChaCha8Rng;

/// A set of points, networks or vectors. All it does is determined by the given generator.
pub trait Domain: Send + Sync {
    /// One of them.
    type Point: Clone + PartialEq + Debug + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Draws a point; every point can occur.
    fn sample(&self, rng: &mut Rng) -> Self::Point;

    /// Draws one of the points that differ from `point` by one step.
    fn neighbour(&self, point: &Self::Point, rng: &mut Rng) -> Self::Point;

    /// Draws a point that has something of both.
    fn crossover(&self, left: &Self::Point, right: &Self::Point, rng: &mut Rng) -> Self::Point;

    /// What makes two points one: the same text for points that mean the same.
    fn key(&self, point: &Self::Point) -> String;
}
