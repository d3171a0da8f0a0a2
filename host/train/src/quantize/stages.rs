//! What stands between a float network and its int8 network.

use onchip_tflite::ir::Network;

use super::calibrate::calibrate;
use super::error::QuantizeError;
use super::fold::{self, Folded};
use super::lower::{self, Kernel, Lowered};
use super::plan::{Plan, Slot, place};
use super::range::Range;
use super::scheme::Scheme;
use crate::data::Split;
use crate::nn::{FakeQuantization, FloatNetwork, Parameters};

/// The int8 network of a trained one.
///
/// Batch normalization is folded, ranges are taken from examples of `calibration`, which should be
/// the training split, and weights are rounded. [`Scheme::qat`] is not for this function but for
/// [`deploy`](super::deploy). The same arguments give the same network.
///
/// # Errors
/// See [`QuantizeError`].
///
/// # Panics
/// The examples have another size than the network's input.
pub fn quantize(
    network: &FloatNetwork,
    calibration: &Split,
    scheme: &Scheme,
) -> Result<Network, QuantizeError> {
    let stages = Stages::new(network, calibration, scheme)?;
    Ok(stages.lower()?.network)
}

/// A folded network, which operators it becomes, and the ranges of its values.
pub(super) struct Stages {
    pub(super) folded: Folded,
    plan: Plan,
    /// See [`lower::lower`].
    ranges: Vec<Range>,
}

impl Stages {
    pub(super) fn new(
        network: &FloatNetwork,
        calibration: &Split,
        scheme: &Scheme,
    ) -> Result<Self, QuantizeError> {
        let folded = fold::network(network)?;
        let plan = Plan::new(&folded.network.topology);
        let ranges = calibrate(&folded, &plan, calibration, scheme)?;
        Ok(Self {
            folded,
            plan,
            ranges,
        })
    }

    pub(super) fn lower(&self) -> Result<Lowered, QuantizeError> {
        let FloatNetwork {
            topology,
            parameters,
        } = &self.folded.network;
        let kernel = |layer: usize| match &parameters[layer] {
            Parameters::Weights { weights, bias } => Kernel { weights, bias },
            _ => Kernel::default(),
        };
        lower::lower(topology, &self.plan, kernel, &self.ranges)
    }

    /// Where and how the int8 network rounds, said of the folded network: its weights, its input,
    /// and what each operator makes of its layer and the activation fused into it.
    pub(super) fn rounding(&self, lowered: &Lowered) -> FakeQuantization {
        let layers = self.folded.network.topology.nodes().len();
        let mut values = vec![None; layers + 1];
        values[0] = Some(lowered.quantization(Slot::INPUT));
        for (index, step) in self.plan.steps.iter().enumerate() {
            values[place(step.result)] = Some(lowered.quantization(Slot::of_step(index)));
        }
        FakeQuantization {
            weights: true,
            values,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use onchip_engine::{Interpreter, Model};
    use onchip_tflite::ir::{Activation, Padding, Window};
    use onchip_tflite::topology::{Layer, Topology};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::data::{DataError, Source};
    use crate::nn::{Executor, Mode};

    const EXAMPLES: usize = 16;
    const RELU: Layer = Layer::Activation(Activation::Relu);

    /// Examples of class 0.
    struct Noise(Vec<f32>);

    impl Source for Noise {
        fn len(&self) -> usize {
            EXAMPLES
        }

        fn read(&self, index: usize, values: &mut [f32]) -> Result<usize, DataError> {
            let each = self.0.len() / EXAMPLES;
            values.copy_from_slice(&self.0[index * each..][..each]);
            Ok(0)
        }
    }

    fn same(size: usize, stride: usize) -> Window {
        Window {
            size: [size; 2],
            stride: [stride; 2],
            padding: Padding::Same,
        }
    }

    fn conv(filters: usize, size: usize, stride: usize) -> Layer {
        let window = same(size, stride);
        Layer::Conv { filters, window }
    }

    fn topologies() -> [Topology; 3] {
        let chain = |layers: &[Layer]| {
            let mut topology = Topology::new([8, 8, 2]);
            for &layer in layers {
                topology.then(layer).unwrap();
            }
            topology
        };
        let dense = Layer::Dense { units: 10 };
        let depthwise = Layer::Depthwise { window: same(3, 1) };
        let relu6 = Layer::Activation(Activation::Relu6);
        let plain = [
            conv(8, 3, 1),
            Layer::BatchNorm,
            RELU,
            Layer::MaxPool(same(2, 2)),
            conv(8, 3, 2),
            RELU,
            Layer::Flatten,
            dense,
        ];
        let separable = [
            conv(8, 3, 2),
            relu6,
            depthwise,
            relu6,
            conv(8, 1, 1),
            RELU,
            Layer::GlobalAveragePool,
            dense,
        ];
        let mut residual = chain(&[conv(4, 3, 1), RELU]);
        let from = residual.output();
        let made = residual.then(conv(4, 3, 1)).unwrap();
        residual.push(Layer::Add, &[from, made]).unwrap();
        for layer in [RELU, Layer::AveragePool(same(2, 2)), Layer::Flatten, dense] {
            residual.then(layer).unwrap();
        }
        [chain(&plain), chain(&separable), residual]
    }

    /// How many of the engine's outputs are how many steps from those of the float network that is
    /// rounded in the same places.
    fn differences(topology: Topology, seed: u64) -> Vec<u32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let each = topology.input().iter().product::<usize>();
        let values: Vec<f32> = (0..EXAMPLES * each).map(|_| rng.random()).collect();
        let split = Split {
            source: Arc::new(Noise(values.clone())),
            indices: (0..EXAMPLES as u32).collect(),
        };
        let network = FloatNetwork::init(topology, seed);
        let stages = Stages::new(&network, &split, &Scheme::default()).unwrap();
        let lowered = stages.lower().unwrap();

        let rounding = stages.rounding(&lowered);
        let mut executor = Executor::<f32>::new(&stages.folded.network, &rounding, EXAMPLES);
        executor.input(EXAMPLES).copy_from_slice(&values);
        let wanted = executor.forward(EXAMPLES, Mode::Infer).to_vec();

        let file = lowered.network.to_file().unwrap();
        let model = Model::new(&file).unwrap();
        let mut arena = vec![0; 1 << 16];
        let mut interpreter = Interpreter::new(&model, &mut arena).unwrap();
        let output = lowered.network.value(lowered.network.output).quantization;
        let mut counts = vec![0; 256];
        let examples = values.chunks_exact(each).zip(wanted.chunks_exact(10));
        for (example, wanted) in examples {
            let input = lowered.quantization(Slot::INPUT);
            for (byte, value) in interpreter.input_mut().iter_mut().zip(example) {
                let integer = (value / input.scale).round() + f32::from(input.zero_point);
                *byte = (integer as i8).cast_unsigned();
            }
            interpreter.invoke(&mut ()).unwrap();
            for (&found, wanted) in interpreter.output().iter().zip(wanted) {
                let wanted = wanted / output.scale + f32::from(output.zero_point);
                let steps = (wanted.round() - f32::from(found.cast_signed())).abs();
                counts[steps as usize] += 1;
            }
        }
        counts
    }

    #[test]
    fn training_sees_the_numbers_that_the_engine_computes() {
        for topology in topologies() {
            let mut counts = [0; 256];
            for seed in 0..20 {
                let differences = differences(topology.clone(), seed);
                counts
                    .iter_mut()
                    .zip(&differences)
                    .for_each(|(sum, n)| *sum += n);
            }
            let all = counts.iter().sum::<u32>();
            let near = counts[0] + counts[1];
            assert!(near * 100 >= all * 97, "{topology:?}: {:?}", &counts[..9]);
        }
    }
}
