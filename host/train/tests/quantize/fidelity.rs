//! Int8 networks against the real-valued ones that they stand for.

use onchip_engine::{Interpreter, Model};
use onchip_tflite::ir::{Activation, Affine, Network, Padding, Window};
use onchip_tflite::topology::{Layer, Topology};
use onchip_train::nn::{FloatNetwork, Parameters};
use onchip_train::quantize::{Scheme, quantize};
use proptest::prelude::*;

use crate::{splits, topologies};

const EXAMPLES: usize = 24;

/// Mean and greatest difference between the engine's outputs and the float network's, in steps.
fn differences(seed: u64) -> Option<(Network, f32, f32)> {
    let topology = topologies::random(seed);
    let each = topology.input().iter().product();
    let float = topologies::network(topology, seed);
    let values = splits::random(EXAMPLES, each, (-1, 1), seed);
    let split = splits::split(values.clone(), vec![0; EXAMPLES]);
    let int8 = quantize(&float, &split, &Scheme::default()).unwrap();
    // Without layers that compute there is nothing to run.
    if int8.layers.is_empty() {
        return None;
    }
    let scale = int8.value(int8.output).quantization.scale;
    let (wanted, found) = (float.forward(&values, EXAMPLES), run(&int8, &values));
    let differences = wanted
        .iter()
        .zip(&found)
        .map(|(a, b)| (a - b).abs() / scale);
    let greatest = differences.clone().fold(0.0, f32::max);
    let mean = differences.sum::<f32>() / wanted.len() as f32;
    Some((int8, mean, greatest))
}

#[test]
fn outputs_are_usually_within_a_step() {
    let mut means: Vec<_> = (0..300)
        .filter_map(differences)
        .map(|(_, mean, _)| mean)
        .collect();
    means.sort_by(f32::total_cmp);
    let (median, most) = (means[means.len() / 2], means[means.len() * 9 / 10]);
    assert!(
        median < 0.8 && most < 2.0,
        "median {median}, of nine in ten {most}"
    );
}

/// The range of the first operator's output, for a network of layers one after another.
fn check_range(layers: &[Layer], low: f32, high: f32) {
    let mut topology = Topology::new([4, 1, 1]);
    layers.iter().for_each(|&layer| {
        topology.then(layer).unwrap();
    });
    let mut network = FloatNetwork::init(topology, 0);
    if let Parameters::Weights { weights, bias } = &mut network.parameters[0] {
        weights.fill(1.0);
        bias.fill(0.0);
    }
    let split = splits::split(vec![-8.0, -2.0, 1.0, -1.0], vec![0]);
    let int8 = quantize(&network, &split, &Scheme::default()).unwrap();
    let Affine { scale, zero_point } = int8.layers[0].output.quantization;
    let end = |integer: i8| scale * (f32::from(integer) - f32::from(zero_point));
    let difference = (end(-128) - low).abs().max((end(127) - high).abs());
    assert!(
        difference <= 0.51 * scale,
        "{layers:?}: {} to {}",
        end(-128),
        end(127)
    );
}

#[test]
fn ranges_are_those_of_what_is_read() {
    let size = |height| Window {
        size: [height, 1],
        stride: [height, 1],
        padding: Padding::Valid,
    };
    let conv = Layer::Conv {
        filters: 1,
        window: size(1),
    };
    let relu = Layer::Activation(Activation::Relu);
    check_range(&[conv], -8.0, 1.0);
    check_range(&[conv, relu], 0.0, 1.0);
    check_range(&[conv, Layer::Flatten, relu], 0.0, 1.0);
    // Of what is below the maximum nothing is left; of what is averaged, all counts.
    check_range(&[conv, Layer::MaxPool(size(2))], -2.0, 1.0);
    check_range(&[conv, Layer::MaxPool(size(2)), relu], 0.0, 1.0);
    check_range(&[conv, Layer::AveragePool(size(2)), relu], -8.0, 1.0);
    check_range(
        &[conv, Layer::MaxPool(size(1)), Layer::MaxPool(size(4))],
        0.0,
        1.0,
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn outputs_are_near_the_real_ones(seed: u64) {
        let Some((int8, mean, _)) = differences(seed) else {
            return Ok(());
        };
        // A value that is 0 but for a trace has steps finer than what it is computed from.
        let scales = int8.layers.iter().map(|layer| layer.output.quantization.scale);
        prop_assume!(scales.fold(1.0, f32::min) > 1.0 / 1024.0);
        prop_assert!(mean <= 4.0 * (1 + int8.layers.len()) as f32, "{mean} steps");
    }
}

/// The real values that the engine's outputs stand for.
fn run(network: &Network, values: &[f32]) -> Vec<f32> {
    let file = network.to_file().unwrap();
    let model = Model::new(&file).unwrap();
    let mut arena = vec![0; 1 << 20];
    let mut interpreter = Interpreter::new(&model, &mut arena).unwrap();
    let mut outputs = Vec::new();
    for example in values.chunks(model.input().bytes) {
        let Affine { scale, zero_point } = network.input.quantization;
        for (byte, value) in interpreter.input_mut().iter_mut().zip(example) {
            let integer = (value / scale).round() + f32::from(zero_point);
            *byte = (integer.clamp(-128.0, 127.0) as i8).cast_unsigned();
        }
        interpreter.invoke(&mut ()).unwrap();
        let Affine { scale, zero_point } = network.value(network.output).quantization;
        let real = |&byte: &u8| scale * (f32::from(byte.cast_signed()) - f32::from(zero_point));
        outputs.extend(interpreter.output().iter().map(real));
    }
    outputs
}
