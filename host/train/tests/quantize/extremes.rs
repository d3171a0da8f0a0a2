//! Networks and data as no training should leave them.

use onchip_engine::{Interpreter, Model};
use onchip_tflite::ir::{Activation, Network, Padding, Window};
use onchip_tflite::topology::{Layer, Topology};
use onchip_train::nn::{FloatNetwork, Parameters};
use onchip_train::quantize::{Calibration, QuantizeError, Scheme, quantize};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{splits, topologies};

const EXAMPLES: usize = 8;

/// Convolution, normalization and an activation.
fn network() -> FloatNetwork {
    let mut topology = Topology::new([4, 4, 2]);
    let window = Window {
        size: [3, 3],
        stride: [1, 1],
        padding: Padding::Same,
    };
    topology.then(Layer::Conv { filters: 3, window }).unwrap();
    topology.then(Layer::BatchNorm).unwrap();
    topology.then(Layer::Activation(Activation::Relu)).unwrap();
    FloatNetwork::init(topology, 1)
}

fn weights(network: &mut FloatNetwork) -> (&mut Vec<f32>, &mut Vec<f32>) {
    match &mut network.parameters[0] {
        Parameters::Weights { weights, bias } => (weights, bias),
        other => panic!("{other:?}"),
    }
}

fn int8(network: &FloatNetwork, values: Vec<f32>) -> Result<Network, QuantizeError> {
    let each: usize = network.topology.input().iter().product();
    let labels = vec![0; values.len() / each];
    quantize(network, &splits::split(values, labels), &Scheme::default())
}

/// The engine's outputs for an input of zeros, which are what the biases leave.
fn run(network: &Network) -> Vec<f32> {
    let file = network.to_file().unwrap();
    let model = Model::new(&file).unwrap();
    let mut arena = vec![0; 1 << 16];
    let mut interpreter = Interpreter::new(&model, &mut arena).unwrap();
    let zero = network.input.quantization.zero_point;
    interpreter.input_mut().fill(zero.cast_unsigned());
    interpreter.invoke(&mut ()).unwrap();
    let output = network.value(network.output).quantization;
    let real = |byte: u8| f32::from(byte.cast_signed()) - f32::from(output.zero_point);
    let outputs = interpreter.output().iter();
    outputs.map(|&byte| output.scale * real(byte)).collect()
}

#[test]
fn dead_channels_stay_constant() {
    let mut network = network();
    let (weights, bias) = weights(&mut network);
    // The second channel has no weights, the third is never above 0.
    weights[18..].fill(0.0);
    bias.copy_from_slice(&[0.0, 2.0, -1e3]);
    let network = int8(&network, splits::random(EXAMPLES, 32, (0, 1), 1)).unwrap();
    for pixel in run(&network).chunks(3) {
        assert!(
            (pixel[1] - 2.0).abs() < 0.02 && pixel[2] == 0.0,
            "{pixel:?}"
        );
    }
}

#[test]
fn a_network_that_makes_nothing_is_a_network() {
    let mut network = network();
    weights(&mut network).0.fill(0.0);
    let network = int8(&network, vec![0.0; 32]).unwrap();
    assert!(run(&network).iter().all(|&output| output == 0.0));
}

#[test]
fn normalization_by_hardly_any_variance_is_held() {
    let mut network = network();
    let (weights, _) = weights(&mut network);
    weights[..18].iter_mut().for_each(|weight| *weight *= 1e-4);
    if let Parameters::Norm {
        gamma, variance, ..
    } = &mut network.parameters[1]
    {
        gamma[0] = 1e4;
        variance[0] = 0.0;
    }
    let network = int8(&network, splits::random(EXAMPLES, 32, (0, 1), 1)).unwrap();
    let scales = &network.layers[0].op.weights().unwrap().scales;
    assert!(scales[0] > 10.0 * scales[1], "{scales:?}");
}

#[test]
fn what_has_diverged_is_named() {
    let fails = |network: &FloatNetwork, value: f32, expected: &str, blames_network| {
        let error = int8(network, vec![value; 32]).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert_eq!(error.blames_network(), blames_network, "{error}");
    };
    let check = |network: &FloatNetwork, value, expected| fails(network, value, expected, true);
    let mut diverged = network();
    // No network can help what it is given.
    let input = "the values of the input reach from";
    fails(&diverged, f32::NAN, &format!("{input} NaN"), false);
    fails(&diverged, 1e13, &format!("{input} 0"), false);
    weights(&mut diverged).0.fill(2e11);
    check(&diverged, 1.0, "the values of layer 0 (Conv");
    weights(&mut diverged).0[7] = f32::INFINITY;
    check(&diverged, 1.0, "layer 0 (Conv");
    let error = int8(&network(), Vec::new()).unwrap_err();
    assert!(matches!(error, QuantizeError::NoExamples) && !error.blames_network());
}

/// Any number that training could leave, small and large ones alike.
fn odd(rng: &mut ChaCha8Rng) -> f32 {
    let exponent = rng.random_range(-45..40);
    match rng.random_range(0..4) {
        0 => 0.0,
        1 => rng.random_range(-1.0..1.0),
        _ => rng.random_range(-1.0..1.0) * 2_f32.powi(exponent),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn odd_networks_are_quantized_or_refused(seed: u64, percentile in 50.1..=100.0) {
        let topology = topologies::random(seed);
        let each = topology.input().iter().product();
        let mut network = topologies::network(topology, seed);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for parameters in &mut network.parameters {
            if let Parameters::Weights { weights, bias } = parameters
                && rng.random_bool(0.3)
            {
                weights.iter_mut().chain(bias).for_each(|number| *number = odd(&mut rng));
            }
        }
        let factor = odd(&mut rng);
        let values = splits::random(EXAMPLES, each, (-1, 1), seed);
        let values = values.iter().map(|value| value * factor).collect();
        let scheme = Scheme {
            calibration: Calibration::Percentile(percentile),
            ..Scheme::default()
        };
        match quantize(&network, &splits::split(values, vec![0; EXAMPLES]), &scheme) {
            Ok(network) if network.layers.is_empty() => {}
            Ok(network) => {
                run(&network);
            }
            Err(QuantizeError::Range { .. } | QuantizeError::Weight { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
