//! Networks with random weights.

use onchip_engine::{Interpreter, Model};
use onchip_tflite::ir::{Activation, Network, Padding, ValueId, Window};
use onchip_tflite::topology::{Layer, Topology};
use onchip_train::quantize::{QuantizeError, untrained};
use proptest::prelude::*;

use crate::topologies;

const SAME: Window = Window {
    size: [3, 3],
    stride: [1, 1],
    padding: Padding::Same,
};
const CONV: Layer = Layer::Conv {
    filters: 4,
    window: SAME,
};
const RELU: Layer = Layer::Activation(Activation::Relu);

/// Builds layers that read the value with the given number, 0 being the input.
fn build(input: [usize; 3], layers: &[(Layer, &[usize])]) -> Topology {
    let mut topology = Topology::new(input);
    for (layer, inputs) in layers {
        let value = |&input: &usize| match input {
            0 => ValueId::INPUT,
            layer => ValueId::of_layer(layer - 1),
        };
        let inputs: Vec<_> = inputs.iter().map(value).collect();
        topology.push(*layer, &inputs).unwrap();
    }
    topology
}

/// What the operators of the int8 network are.
fn check(layers: &[(Layer, &[usize])], expected: &[&str]) -> Network {
    let network = untrained(&build([6, 6, 4], layers), 1).unwrap();
    let names: Vec<_> = network.layers.iter().map(|layer| layer.op.name()).collect();
    assert_eq!(names, expected, "{layers:?}");
    Model::new(&network.to_file().unwrap()).unwrap();
    network
}

#[test]
fn layers_become_few_operators() {
    let dense = Layer::Dense { units: 3 };
    check(
        &[(CONV, &[0]), (Layer::BatchNorm, &[1]), (RELU, &[2])],
        &["CONV_2D"],
    );
    check(
        &[
            (CONV, &[0]),
            (Layer::Flatten, &[1]),
            (RELU, &[2]),
            (dense, &[3]),
        ],
        &["CONV_2D", "FULLY_CONNECTED"],
    );
    check(
        &[
            (CONV, &[0]),
            (Layer::GlobalAveragePool, &[1]),
            (dense, &[2]),
        ],
        &["CONV_2D", "AVERAGE_POOL_2D", "FULLY_CONNECTED"],
    );
    check(
        &[(CONV, &[0]), (Layer::Add, &[0, 1]), (RELU, &[2])],
        &["CONV_2D", "ADD"],
    );
    check(
        &[(Layer::MaxPool(SAME), &[0]), (RELU, &[1]), (CONV, &[2])],
        &["MAX_POOL_2D", "CONV_2D"],
    );
}

#[test]
fn an_activation_of_what_others_read_is_an_operator() {
    // The sum reads what is rectified as it was before.
    check(
        &[
            (CONV, &[0]),
            (RELU, &[1]),
            (CONV, &[2]),
            (Layer::Add, &[1, 3]),
        ],
        &["CONV_2D", "MAX_POOL_2D", "CONV_2D", "ADD"],
    );
    check(&[(RELU, &[0]), (CONV, &[1])], &["MAX_POOL_2D", "CONV_2D"]);
    // Two activations: the second is not fused into what has the first.
    let clip = Layer::Activation(Activation::ReluN1To1);
    check(
        &[(CONV, &[0]), (RELU, &[1]), (clip, &[2])],
        &["CONV_2D", "MAX_POOL_2D"],
    );
    // The output is read from outside.
    check(
        &[
            (CONV, &[0]),
            (RELU, &[1]),
            (Layer::Activation(Activation::None), &[1]),
        ],
        &["CONV_2D", "MAX_POOL_2D"],
    );
}

#[test]
fn vectors_that_become_images_again_are_reshaped() {
    let dense = Layer::Dense { units: 4 };
    let pixel = Window {
        size: [1, 1],
        ..SAME
    };
    let conv = Layer::Conv {
        filters: 4,
        window: pixel,
    };
    let network = check(
        &[
            (Layer::Flatten, &[0]),
            (dense, &[1]),
            (conv, &[2]),
            (Layer::Add, &[2, 3]),
        ],
        &["FULLY_CONNECTED", "RESHAPE", "CONV_2D", "RESHAPE", "ADD"],
    );
    assert_eq!(network.value(network.output).shape, [1, 1, 1, 4]);
}

#[test]
fn normalization_beside_another_reader_is_refused() {
    let layers: &[(Layer, &[usize])] = &[
        (CONV, &[0]),
        (Layer::BatchNorm, &[1]),
        (Layer::Add, &[1, 2]),
    ];
    let error = untrained(&build([6, 6, 4], layers), 1).unwrap_err();
    let QuantizeError::Unfoldable { layer, reader } = error else {
        panic!("{error}");
    };
    assert_eq!((layer, reader), (1, 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_topology_has_a_network_that_the_engine_runs(seed: u64) {
        let topology = topologies::random(seed);
        let network = untrained(&topology, seed).unwrap();
        prop_assert_eq!(&network, &untrained(&topology, seed).unwrap());
        network.check().unwrap();
        let file = network.to_file().unwrap();
        let read = onchip_tflite::Model::read(&file).unwrap();
        prop_assert_eq!(&Network::from_model(&read).unwrap(), &network);
        prop_assert_eq!(network.macs(), topology.macs());
        prop_assert_eq!(network.parameters(), topology.parameters());

        // Without layers that compute there is nothing to run.
        prop_assume!(!network.layers.is_empty());
        let model = Model::new(&file).unwrap();
        prop_assert_eq!(model.macs(), topology.macs());
        let parameters: usize = model.operators().map(|op| op.parameters).sum();
        prop_assert_eq!(parameters as u64, topology.parameters());
        let mut arena = vec![0; 1 << 20];
        let mut interpreter = Interpreter::new(&model, &mut arena).unwrap();
        interpreter.input_mut().fill(0x55);
        interpreter.invoke(&mut ()).unwrap();
        let [height, width, channels] = topology.shape(topology.output());
        prop_assert_eq!(interpreter.output().len(), height * width * channels);
    }
}
