//! Whole models: the prepared one computes what its source computes.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail like the test")]

use onchip_engine::{Interpreter, Model as Engine};
use onchip_prepare::{Options, Pass, Prepared, prepare};
use onchip_tflite::Model;
use onchip_tflite::ir::{Network, Op};
use onchip_tflite::random::{Limits, network};
use proptest::prelude::*;

const KWS: &[u8] = include_bytes!("../../../examples/models/kws_ref_model.tflite");
const IC: &[u8] = include_bytes!("../../../examples/models/ic_ref_model.tflite");
const HELLO: &[u8] = include_bytes!("../../../examples/models/hello_world_int8.tflite");

/// SplitMix64, for inputs that are not those of the proofs within.
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// What a file makes of three inputs, one after the other.
fn run(file: &[u8], seed: u64) -> Vec<Vec<u8>> {
    let model = Engine::new(file).unwrap();
    let mut arena = vec![0; 1 << 20];
    let mut interpreter = Interpreter::new(&model, &mut arena).unwrap();
    let mut state = seed;
    let one = |_| {
        for byte in interpreter.input_mut() {
            *byte = (splitmix(&mut state) >> 56) as u8;
        }
        interpreter.invoke(&mut ()).unwrap();
        interpreter.output().to_vec()
    };
    (0..3).map(one).collect()
}

fn prepared(file: &[u8]) -> Prepared {
    let prepared = prepare(file, Options::default()).unwrap();
    assert_eq!(run(&prepared.bytes, 1), run(file, 1));
    assert_eq!(prepared.after.bytes, prepared.bytes.len());
    assert_eq!(
        prepared.steps.is_empty(),
        prepared.bytes == file,
        "{:?}",
        prepared.steps
    );
    let Prepared { before, after, .. } = prepared.clone();
    assert!(
        prepared.bytes == file || after.is_better_than(&before),
        "{before:?} {after:?}"
    );
    prepared
}

#[test]
fn real_models_are_prepared() {
    for (name, file) in [("kws", KWS), ("ic", IC), ("hello", HELLO)] {
        let once = prepared(file);
        assert_eq!(prepare(file, Options::default()).unwrap(), once);
        let twice = prepared(&once.bytes);
        assert_eq!(twice.bytes, once.bytes, "{name}: {:?}", twice.steps);
    }
}

#[test]
fn a_plan_for_another_runtime_is_added_on_demand_only() {
    let prepared = prepare(KWS, Options { tflm_plan: true }).unwrap();
    let model = Model::read(&prepared.bytes).unwrap();
    let found = model
        .metadata
        .iter()
        .find(|one| one.name == "OfflineMemoryAllocation")
        .unwrap();
    assert!(!model.buffers[found.buffer as usize].is_empty());
    assert_eq!(prepared.steps.last().unwrap().pass, Pass::Plan);
    // A plan is about the tensors of its own file.
    let again = Model::read(&prepare(&prepared.bytes, Options::default()).unwrap().bytes).unwrap();
    assert!(
        again
            .metadata
            .iter()
            .all(|one| one.name != "OfflineMemoryAllocation")
    );
}

/// Makes some filters zeros; with them some biases.
fn with_dead_filters(network: &mut Network, seed: u64) {
    let mut state = seed;
    for layer in &mut network.layers {
        let (weights, is_depthwise) = match &mut layer.op {
            Op::Conv2d(op) => (&mut op.weights, false),
            Op::DepthwiseConv2d(op) => (&mut op.weights, true),
            Op::FullyConnected(op) => (&mut op.weights, false),
            _ => continue,
        };
        let outputs = layer.output.shape.last().copied().unwrap();
        let length = weights.values.len() / outputs;
        for output in 0..outputs {
            if splitmix(&mut state).is_multiple_of(2) {
                continue;
            }
            for i in 0..length {
                let place = if is_depthwise {
                    i * outputs + output
                } else {
                    output * length + i
                };
                weights.values[place] = 0;
            }
            if splitmix(&mut state).is_multiple_of(2) && !weights.bias.is_empty() {
                weights.bias[output] = -1_000_000;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn random_networks_compute_the_same(seed: u64) {
        let mut network = network(seed, Limits::default());
        let file = network.to_file().unwrap();
        let found = prepared(&file);
        prop_assert_eq!(run(&found.bytes, seed), run(&file, seed));
        with_dead_filters(&mut network, seed);
        let file = network.to_file().unwrap();
        let found = prepared(&file);
        prop_assert_eq!(run(&found.bytes, seed), run(&file, seed));
    }
}

#[test]
fn dead_filters_are_found_in_many_networks() {
    let (mut macs, mut arena, mut cut) = ([0, 0], [0, 0], 0);
    for seed in 0..60 {
        let limits = Limits {
            channels: 32,
            ..Limits::default()
        };
        let mut network = network(seed, limits);
        with_dead_filters(&mut network, seed);
        let found = prepared(&network.to_file().unwrap());
        macs = [macs[0] + found.before.macs, macs[1] + found.after.macs];
        arena = [arena[0] + found.before.arena, arena[1] + found.after.arena];
        cut += usize::from(found.steps.iter().any(|step| step.pass == Pass::Channels));
    }
    assert!(cut >= 30, "{cut}");
    assert!(macs[1] * 10 < macs[0] * 9, "{macs:?}");
    assert!(arena[1] < arena[0], "{arena:?}");
}
