//! A topology with its weights.

use onchip_tflite::ir::{Affine, ValueId};
use onchip_tflite::topology::{Layer, Node, Topology};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::executor::{Executor, Mode};

/// Added to variances before the square root is taken. Larger than the usual 1e-5: channels that
/// hardly vary would otherwise get weights that spoil the steps of an int8 layer.
pub const EPSILON: f32 = 1e-3;

/// Examples that inference takes at once.
const CHUNK: usize = 32;

/// A network that can be run: layers and their weights, as real numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatNetwork {
    /// Its layers.
    pub topology: Topology,
    /// What training finds, an entry per layer.
    pub parameters: Vec<Parameters>,
}

/// What training finds for a layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Parameters {
    /// The layer has none.
    None,
    /// Of a convolution or a dense layer.
    Weights {
        /// The last dimension fastest. Convolution: filter × height × width × channel; depthwise:
        /// height × width × channel; dense: output × input.
        weights: Vec<f32>,
        /// One per output channel, added before normalization.
        bias: Vec<f32>,
    },
    /// Of a batch normalization; each has an entry per channel. In inference it computes
    /// gamma × (x − mean) / √(variance + [`EPSILON`]) + beta.
    Norm {
        /// Scale.
        gamma: Vec<f32>,
        /// Shift.
        beta: Vec<f32>,
        /// Running mean.
        mean: Vec<f32>,
        /// Running variance.
        variance: Vec<f32>,
    },
}

/// What is rounded as in int8 while training goes on with real numbers.
///
/// Gradients pass rounding as if it were not there, and stop where a value is clamped
/// (straight-through estimator, Bengio et al. 2013).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FakeQuantization {
    /// Whether weights of convolutions and dense layers are: to 255 steps, symmetric around 0, a
    /// scale per output channel that follows its greatest weight.
    pub weights: bool,
    /// How values are, the network's input first, then what each layer makes: to the 256 steps of
    /// an int8. Empty means that none are. A value that is normalized afterwards must be `None`.
    pub values: Vec<Option<Affine>>,
}

impl FakeQuantization {
    /// How a value is rounded, if at all.
    pub fn of(&self, value: ValueId) -> Option<Affine> {
        let place = value.layer().map_or(0, |layer| layer + 1);
        self.values.get(place).copied().flatten()
    }
}

impl FloatNetwork {
    /// A network as training starts from it.
    ///
    /// Weights are normal with variance 2 / fan-in (He et al. 2015), those of the last layer that
    /// has weights 1 / fan-in; biases are 0, normalizations change nothing yet. The same seed gives
    /// the same weights on every machine.
    pub fn init(topology: Topology, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let last = topology
            .nodes()
            .iter()
            .rposition(|node| fan_in(&topology, node).is_some());
        let nodes = topology.nodes().iter().enumerate();
        let parameters = nodes
            .map(|(index, node)| {
                let channels = node.shape[2];
                let Some(fan_in) = fan_in(&topology, node) else {
                    return match node.layer {
                        Layer::BatchNorm => Parameters::Norm {
                            gamma: vec![1.0; channels],
                            beta: vec![0.0; channels],
                            mean: vec![0.0; channels],
                            variance: vec![1.0; channels],
                        },
                        _ => Parameters::None,
                    };
                };
                let gain: f32 = if Some(index) == last { 1.0 } else { 2.0 };
                let deviation = (gain / fan_in as f32).sqrt();
                let weights = (0..fan_in * channels).map(|_| normal(&mut rng) * deviation);
                Parameters::Weights {
                    weights: weights.collect(),
                    bias: vec![0.0; channels],
                }
            })
            .collect();
        Self {
            topology,
            parameters,
        }
    }

    /// What the network makes of `n` examples: its output for each, normalizations by their running
    /// statistics.
    ///
    /// # Panics
    /// `batch` is not as long as `n` examples.
    pub fn forward(&self, batch: &[f32], n: usize) -> Vec<f32> {
        let size = n.clamp(1, CHUNK);
        let mut executor = Executor::new(self, &FakeQuantization::default(), size);
        let len = batch.len().checked_div(n).unwrap_or(0);
        let mut outputs = Vec::new();
        for examples in batch.chunks((size * len).max(1)) {
            let n = examples.len() / len;
            executor.input(n).copy_from_slice(examples);
            outputs.extend_from_slice(executor.forward(n, Mode::Infer));
        }
        outputs
    }

    /// Like [`forward`](Self::forward), and shows every value on the way: the input, then what each
    /// layer makes of all `n` examples, which are kept in memory together.
    ///
    /// # Panics
    /// `batch` is not as long as `n` examples, or `n` is 0.
    pub fn forward_with(
        &self,
        batch: &[f32],
        n: usize,
        tap: &mut dyn FnMut(ValueId, &[f32]),
    ) -> Vec<f32> {
        let mut executor = Executor::new(self, &FakeQuantization::default(), n);
        executor.input(n).copy_from_slice(batch);
        let outputs = executor.forward(n, Mode::Infer).to_vec();
        tap(ValueId::INPUT, batch);
        for layer in 0..self.topology.nodes().len() {
            let value = ValueId::of_layer(layer);
            tap(value, &executor.value(value, n));
        }
        outputs
    }
}

/// Weights per output channel; `None` for a layer that has none.
pub(crate) fn fan_in(topology: &Topology, node: &Node) -> Option<usize> {
    let channels = topology.shape(node.inputs[0])[2];
    match node.layer {
        Layer::Conv { window, .. } => Some(window.size[0] * window.size[1] * channels),
        Layer::Depthwise { window } => Some(window.size[0] * window.size[1]),
        Layer::Dense { .. } => Some(channels),
        _ => None,
    }
}

/// A number of mean 0 and variance 1: the sum of twelve uniform ones, less 6. Close enough to a
/// normal one for weights, bounded by ±6, and free of functions that differ between machines.
fn normal(rng: &mut ChaCha8Rng) -> f32 {
    (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0
}
