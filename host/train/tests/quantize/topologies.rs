//! Random topologies: any layer after any other, as far as it fits.

use onchip_tflite::ir::{Activation, Padding, ValueId, Window};
use onchip_tflite::topology::{Layer, Topology};
use onchip_train::nn::{FloatNetwork, Parameters};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The topology of this seed: up to twelve layers and residual blocks, and two times out of three a
/// head of dense layers.
pub(crate) fn random(seed: u64) -> Topology {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let width = if rng.random_bool(0.25) {
        1
    } else {
        rng.random_range(1..9)
    };
    let input = [rng.random_range(1..11), width, rng.random_range(1..5)];
    let mut growth = Growth {
        topology: Topology::new(input),
        rng,
    };
    for _ in 0..growth.rng.random_range(1..12) {
        growth.step();
    }
    if growth.rng.random_bool(0.66) {
        growth.head();
    }
    growth.topology
}

struct Growth {
    topology: Topology,
    rng: ChaCha8Rng,
}

impl Growth {
    /// Appends a layer that reads the output, unless it does not fit.
    fn then(&mut self, layer: Layer) -> ValueId {
        let _ = self.topology.then(layer);
        self.topology.output()
    }

    fn step(&mut self) {
        match self.rng.random_range(0..12) {
            0..=2 => self.product(),
            3 => {
                let window = self.window();
                self.then(Layer::MaxPool(window));
            }
            4 => {
                let window = self.window();
                self.then(Layer::AveragePool(window));
            }
            5 => self.activation(),
            6 => {
                let units = self.rng.random_range(1..9);
                self.then(Layer::Dense { units });
            }
            7 => {
                let layer = [Layer::Flatten, Layer::GlobalAveragePool][self.rng.random_range(0..2)];
                if self.rng.random_bool(0.2) {
                    self.then(layer);
                }
            }
            8 => self.any_sum(),
            _ => self.residual(),
        }
    }

    fn window(&mut self) -> Window {
        let [height, width, _] = self.topology.shape(self.topology.output());
        let rng = &mut self.rng;
        let size = [
            rng.random_range(1..=3.min(height)),
            rng.random_range(1..=3.min(width)),
        ];
        Window {
            size,
            stride: [rng.random_range(1..3), rng.random_range(1..3)],
            padding: [Padding::Same, Padding::Valid][rng.random_range(0..2)],
        }
    }

    fn activation(&mut self) {
        use Activation as A;
        let all = [A::None, A::Relu, A::Relu, A::Relu6, A::ReluN1To1];
        let activation = all[self.rng.random_range(0..all.len())];
        self.then(Layer::Activation(activation));
    }

    fn product(&mut self) {
        let window = self.window();
        let filters = self.rng.random_range(1..9);
        let kinds = [Layer::Conv { filters, window }, Layer::Depthwise { window }];
        let kind = kinds[self.rng.random_range(0..2)];
        self.then(kind);
        if self.rng.random_bool(0.5) {
            self.then(Layer::BatchNorm);
        }
        if self.rng.random_bool(0.7) {
            self.activation();
        }
    }

    /// Adds the output and an earlier value of its shape, itself perhaps.
    fn any_sum(&mut self) {
        let values = self.topology.nodes().len() + 1;
        let other = match self.rng.random_range(0..values) {
            0 => ValueId::INPUT,
            layer => ValueId::of_layer(layer - 1),
        };
        let output = self.topology.output();
        // Values of other shapes are refused, and what is to be normalized must stay alone.
        let is_normalized = self
            .topology
            .nodes()
            .iter()
            .any(|node| node.layer == Layer::BatchNorm && node.inputs.contains(&other));
        if !is_normalized {
            let _ = self.topology.push(Layer::Add, &[output, other]);
        }
    }

    fn residual(&mut self) {
        let from = self.topology.output();
        let [_, _, filters] = self.topology.shape(from);
        let window = Window {
            size: [3, 1],
            stride: [1, 1],
            padding: Padding::Same,
        };
        let mut made = self.then(Layer::Conv { filters, window });
        if self.rng.random_bool(0.5) {
            made = self.then(Layer::BatchNorm);
        }
        self.topology.push(Layer::Add, &[from, made]).unwrap();
        self.activation();
    }

    fn head(&mut self) {
        let pool = self.rng.random_bool(0.5);
        self.then(if pool {
            Layer::GlobalAveragePool
        } else {
            Layer::Flatten
        });
        let units = self.rng.random_range(1..9);
        self.then(Layer::Dense { units });
        if self.rng.random_bool(0.3) {
            self.then(Layer::BatchNorm);
            self.then(Layer::Activation(Activation::Relu));
            let units = self.rng.random_range(1..9);
            self.then(Layer::Dense { units });
        }
    }
}

/// A network of this topology whose normalizations have seen data.
pub(crate) fn network(topology: Topology, seed: u64) -> FloatNetwork {
    let mut network = FloatNetwork::init(topology, seed);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for parameters in &mut network.parameters {
        if let Parameters::Norm {
            gamma,
            beta,
            mean,
            variance,
        } = parameters
        {
            let mut fill = |numbers: &mut [f32], low: f32, high: f32| {
                numbers
                    .iter_mut()
                    .for_each(|number| *number = rng.random_range(low..high));
            };
            fill(gamma, 0.5, 1.5);
            fill(beta, -0.5, 0.5);
            fill(mean, -0.5, 0.5);
            fill(variance, 0.3, 2.0);
        }
    }
    network
}
