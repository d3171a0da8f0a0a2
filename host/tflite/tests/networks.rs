//! Networks as files, and back.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail like the test")]

use onchip_engine::{Interpreter, Model as Engine};
use onchip_tflite::ir::{
    Activation, Add, Affine, Error, FullyConnected, Mean, Network, Op, Pad, Padding, Pool2d,
    Problem, Reshape, Softmax, Value, ValueId, Weights, Window,
};
use onchip_tflite::random::{Limits, network};
use onchip_tflite::{Model, inspect};
use proptest::prelude::*;

const KWS: &[u8] = include_bytes!("../../../examples/models/kws_ref_model.tflite");
const IC: &[u8] = include_bytes!("../../../examples/models/ic_ref_model.tflite");
const HELLO: &[u8] = include_bytes!("../../../examples/models/hello_world_int8.tflite");

/// Runs a file on bytes that look random.
fn run(file: &[u8]) -> Vec<u8> {
    let model = Engine::new(file).unwrap();
    let mut arena = vec![0; 1 << 20];
    let mut interpreter = Interpreter::new(&model, &mut arena).unwrap();
    let mut state = 12345_u32;
    for byte in interpreter.input_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    interpreter.invoke(&mut ()).unwrap();
    interpreter.output().to_vec()
}

#[test]
fn real_models_survive_as_networks() {
    for file in [KWS, IC, HELLO] {
        let network = Network::from_model(&Model::read(file).unwrap()).unwrap();
        let lowered = network.to_file().unwrap();
        assert_eq!(run(&lowered), run(file));
        let found = inspect(file).unwrap();
        assert_eq!(network.macs(), found.totals.macs);
        assert_eq!(network.parameters(), found.totals.parameters);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn random_networks_run(seed: u64) {
        let network = network(seed, Limits::default());
        prop_assert_eq!(network.check(), Ok(()));
        let file = network.to_file().unwrap();
        prop_assert_eq!(&network.to_file().unwrap(), &file);
        prop_assert_eq!(Network::from_model(&Model::read(&file).unwrap()), Ok(network.clone()));

        let engine = match Engine::new(&file) {
            Ok(engine) => engine,
            Err(error) => return Err(TestCaseError::fail(format!("{error}"))),
        };
        let found = inspect(&file).unwrap();
        prop_assert!(found.runs(), "{}", found);
        prop_assert_eq!(found.totals.macs, engine.macs());
        prop_assert_eq!(found.totals.macs, network.macs());
        prop_assert_eq!(found.totals.parameters, network.parameters());
        let mut arena = vec![0; 1 << 20];
        let interpreter = Interpreter::new(&engine, &mut arena).unwrap();
        prop_assert_eq!(found.arena, Some(interpreter.arena_used()));
        prop_assert_eq!(run(&file).len(), network.value(network.output).shape.iter().product());
    }
}

#[test]
fn random_networks_are_worth_running() {
    let (mut ops, mut constant) = (std::collections::BTreeMap::new(), 0);
    for seed in 0..200 {
        let network = network(seed, Limits::default());
        for layer in &network.layers {
            *ops.entry(layer.op.name()).or_insert(0) += 1;
        }
        let output = run(&network.to_file().unwrap());
        constant += u32::from(output.len() > 1 && output.iter().all(|&byte| byte == output[0]));
    }
    assert_eq!(ops.len(), 10, "{ops:?}");
    assert!(ops.values().all(|&count| count >= 20), "{ops:?}");
    assert!(constant < 20, "{constant} of 200 outputs are constant");
}

fn value(shape: &[usize]) -> Value {
    Value {
        shape: shape.to_vec(),
        quantization: Affine {
            scale: 0.5,
            zero_point: 3,
        },
    }
}

/// A layer over an input of 1×4×4×2 that must be refused, and why.
fn check_layer(op: Op, quantization: Affine, wanted: &Problem) {
    let mut network = Network::new("test", value(&[1, 4, 4, 2]));
    let Err(Error::Layer {
        index: 0, problem, ..
    }) = network.push(op, quantization)
    else {
        panic!("accepted instead of {wanted}");
    };
    assert_eq!(problem, *wanted);
    assert!(network.layers.is_empty());
}

#[test]
fn layers_that_do_not_fit_are_refused() {
    let input = ValueId::INPUT;
    let same = value(&[]).quantization;
    let pool = |size, stride, padding| {
        let window = Window {
            size,
            stride,
            padding,
        };
        Op::MaxPool2d(Pool2d {
            input,
            window,
            activation: Activation::None,
        })
    };
    let window = |size, stride| Problem::Window {
        size,
        stride,
        dilation: [1, 1],
        shape: vec![4, 4],
    };
    check_layer(
        pool([5, 1], [1, 1], Padding::Valid),
        same,
        &window([5, 1], [1, 1]),
    );
    check_layer(
        pool([0, 1], [1, 1], Padding::Same),
        same,
        &window([0, 1], [1, 1]),
    );
    check_layer(
        pool([1, 1], [1, 0], Padding::Same),
        same,
        &window([1, 1], [1, 0]),
    );
    check_layer(
        pool([2, 2], [2, 2], Padding::Valid),
        Affine::SOFTMAX,
        &Problem::Quantization {
            scale: 0.5,
            zero_point: 3,
        },
    );
    check_layer(
        Op::Softmax(Softmax { input, beta: 1.0 }),
        same,
        &Problem::Quantization {
            scale: 1.0 / 256.0,
            zero_point: -128,
        },
    );
    check_layer(
        Op::Softmax(Softmax { input, beta: -1.0 }),
        Affine::SOFTMAX,
        &Problem::Beta { beta: -1.0 },
    );
    let shape = vec![1, 4, 4, 2];
    check_layer(
        Op::Reshape(Reshape {
            input,
            shape: vec![1, 33],
        }),
        same,
        &Problem::Elements {
            from: shape.clone(),
            into: vec![1, 33],
        },
    );
    check_layer(
        Op::Pad(Pad {
            input,
            margins: vec![[1, 1]; 3],
        }),
        same,
        &Problem::Length {
            what: "margins",
            found: 3,
            wanted: 4,
        },
    );
    check_layer(
        Op::Pad(Pad {
            input,
            margins: vec![[usize::MAX, 1]; 4],
        }),
        same,
        &Problem::Size {
            shape: vec![usize::MAX; 4],
        },
    );
    for axes in [vec![4], vec![2, 1], vec![1, 1]] {
        check_layer(
            Op::Mean(Mean {
                input,
                axes: axes.clone(),
                keep_dims: false,
            }),
            same,
            &Problem::Axes {
                axes,
                shape: shape.clone(),
            },
        );
    }
    let late = ValueId::of_layer(0);
    let add = Add {
        left: input,
        right: late,
        activation: Activation::None,
    };
    check_layer(Op::Add(add), same, &Problem::Order);
    let dense = |inputs, values, scales: &[f32], bias| {
        Op::FullyConnected(FullyConnected {
            input,
            inputs,
            outputs: 3,
            weights: Weights {
                values: vec![1; values],
                scales: scales.to_vec(),
                bias: vec![0; bias],
            },
            activation: Activation::None,
        })
    };
    let length = |what, found, wanted| Problem::Length {
        what,
        found,
        wanted,
    };
    check_layer(dense(32, 95, &[1.0], 3), same, &length("weights", 95, 96));
    check_layer(
        dense(32, 96, &[1.0; 2], 3),
        same,
        &length("weight scales", 2, 3),
    );
    check_layer(dense(32, 96, &[1.0], 2), same, &length("biases", 2, 3));
    check_layer(
        dense(32, 96, &[0.0], 3),
        same,
        &Problem::Scale { scale: 0.0 },
    );
    check_layer(
        dense(5, 15, &[1.0], 3),
        same,
        &Problem::Elements {
            from: shape,
            into: vec![5],
        },
    );
}

#[test]
fn models_beyond_networks_are_refused() {
    let check = |change: fn(&mut Model), text: &str| {
        let mut model = Model::read(KWS).unwrap();
        change(&mut model);
        let error = Network::from_model(&model).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    };
    check(|m| m.subgraphs.clear(), "the model has 0 subgraphs");
    check(|m| m.subgraphs[0].inputs.push(0), "the model has 2 inputs");
    check(
        |m| m.subgraphs[0].operators[1].options = None,
        "operator 1 (DEPTHWISE_CONV_2D): no layer",
    );
    check(
        |m| m.subgraphs[0].operators[2].inputs.swap(0, 1),
        "operator 2 (CONV_2D): its operand 0 must be computed",
    );
    check(
        |m| m.subgraphs[0].operators.truncate(3),
        "the network's output is made by none of its 3 layers",
    );
}

#[test]
fn damaged_models_never_panic() {
    let mut file = HELLO.to_vec();
    for place in 0..file.len() {
        for flip in [0x01, 0x40, 0x80] {
            file[place] ^= flip;
            if let Ok(model) = Model::read(&file)
                && let Ok(network) = Network::from_model(&model)
            {
                network.to_file().unwrap();
            }
            file[place] ^= flip;
        }
    }
}
