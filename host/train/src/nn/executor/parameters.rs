//! Parameters in and out of an executor, and rounded for it.

use onchip_tflite::topology::Topology;

use super::Executor;
use crate::nn::float::Float;
use crate::nn::network::{FloatNetwork, Parameters};
use crate::nn::plan::{Kind, Norm, Weights};

impl<T: Float> Executor<T> {
    /// Takes a network's parameters.
    pub(super) fn load(&mut self, network: &FloatNetwork) {
        let convert = |from: &[f32], to: &mut [T]| {
            let pairs = to.iter_mut().zip(from);
            pairs.for_each(|(to, from)| *to = T::of(f64::from(*from)));
        };
        for stage in &self.plan.stages {
            if let Some(place) = &stage.weights
                && let Parameters::Weights { weights, bias } = &network.parameters[place.node]
            {
                convert(weights, &mut self.parameters[place.weights.clone()]);
                convert(bias, &mut self.parameters[place.bias.clone()]);
            }
            if let Some(place) = &stage.norm
                && let Parameters::Norm {
                    gamma,
                    beta,
                    mean,
                    variance,
                } = &network.parameters[place.node]
            {
                convert(gamma, &mut self.parameters[place.gamma.clone()]);
                convert(beta, &mut self.parameters[place.beta.clone()]);
                convert(mean, &mut self.statistics[place.mean.clone()]);
                convert(variance, &mut self.statistics[place.variance.clone()]);
            }
        }
    }

    /// The parameters as they are now, as a network.
    pub(crate) fn network(&self, topology: &Topology) -> FloatNetwork {
        let mut parameters = vec![Parameters::None; topology.nodes().len()];
        let convert = |from: &[T]| from.iter().map(|x| x.to_f64() as f32).collect();
        for stage in &self.plan.stages {
            if let Some(Weights {
                node,
                weights,
                bias,
            }) = &stage.weights
            {
                parameters[*node] = Parameters::Weights {
                    weights: convert(&self.parameters[weights.clone()]),
                    bias: convert(&self.parameters[bias.clone()]),
                };
            }
            if let Some(Norm {
                node,
                gamma,
                beta,
                mean,
                variance,
            }) = &stage.norm
            {
                parameters[*node] = Parameters::Norm {
                    gamma: convert(&self.parameters[gamma.clone()]),
                    beta: convert(&self.parameters[beta.clone()]),
                    mean: convert(&self.statistics[mean.clone()]),
                    variance: convert(&self.statistics[variance.clone()]),
                };
            }
        }
        FloatNetwork {
            topology: topology.clone(),
            parameters,
        }
    }

    /// Rounds weights, if they are to be.
    pub(super) fn round_weights(&mut self) {
        let Some(steps) = self.weight_steps else {
            return;
        };
        for stage in &self.plan.stages {
            let Some(place) = &stage.weights else {
                continue;
            };
            let weights = &self.parameters[place.weights.clone()];
            let rounded = &mut self.rounded[place.weights.clone()];
            let channels = place.bias.len();
            // Where a channel starts, and how far apart its weights are.
            let [start, apart] = match stage.kind {
                Kind::Depthwise(_) => [1, channels],
                _ => [weights.len() / channels, 1],
            };
            let count = weights.len() / channels;
            for channel in 0..channels {
                let places = (0..count).map(|i| channel * start + i * apart);
                let greatest = places
                    .clone()
                    .fold(T::ZERO, |a, i| weights[i].abs().greater(a));
                let step = greatest / steps;
                for i in places {
                    rounded[i] = match step > T::ZERO {
                        true => (weights[i] / step).round() * step,
                        false => weights[i],
                    };
                }
            }
        }
    }
}
