//! How often the engine is right.

use onchip_tflite::ir::{Activation, Affine, FullyConnected, Network, Op, Value, Weights};
use onchip_train::quantize::{AccuracyError, accuracy, confusion};

use crate::splits;

/// Passes three inputs through, in steps of 0.5 around −3.
fn model() -> Vec<u8> {
    let quantization = Affine {
        scale: 0.5,
        zero_point: -3,
    };
    let shape = vec![1, 1, 1, 3];
    let mut network = Network::new(
        "pass",
        Value {
            shape,
            quantization,
        },
    );
    let dense = FullyConnected {
        input: network.output,
        inputs: 3,
        outputs: 3,
        weights: Weights {
            values: vec![1, 0, 0, 0, 1, 0, 0, 0, 1],
            scales: vec![1.0],
            bias: vec![0; 3],
        },
        activation: Activation::None,
    };
    network
        .push(Op::FullyConnected(dense), quantization)
        .unwrap();
    network.to_file().unwrap()
}

/// Checks which class is answered for an example.
fn check(example: [f32; 3], answer: usize) {
    let split = splits::split(example.to_vec(), vec![1]);
    let confusion = confusion(&model(), &split).unwrap();
    assert_eq!(confusion.count(1, answer), 1, "{example:?}: {confusion:?}");
    let right = accuracy(&model(), &split).unwrap();
    assert_eq!(right, f64::from(u8::from(answer == 1)));
}

#[test]
fn the_greatest_output_is_the_answer() {
    check([1.0, 2.0, 3.0], 2);
    check([-1.0, -0.5, -2.0], 1);
    // Of equal ones, the first.
    check([0.0, 4.0, 4.0], 1);
    check([4.0, 4.0, 4.0], 0);
}

#[test]
fn inputs_are_rounded_half_away_from_zero_and_clamped() {
    // 0.75 and 1.0 are 2 steps, −0.75 and −1.0 are −2.
    check([0.74, 0.75, 1.0], 1);
    check([-0.75, -0.74, -1.0], 1);
    check([-1.0, -0.75, -1.5], 0);
    check([65.0, 1e9, 66.0], 0);
    check([-1e9, -62.5, f32::MIN], 0);
    check([-1e9, -62.0, f32::MIN], 1);
}

#[test]
fn classes_are_counted() {
    let values = [
        [1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, 0.0, 1.0],
    ];
    let split = splits::split(values.concat(), vec![0, 0, 1, 2]);
    let confusion = confusion(&model(), &split).unwrap();
    assert_eq!(confusion.classes, 3);
    assert_eq!(confusion.counts, [1, 1, 0, 0, 1, 0, 0, 0, 1]);
    assert_eq!(confusion.accuracy(), 0.75);
}

#[test]
fn what_cannot_be_told_is_an_error() {
    let fail = |model: &[u8], labels| {
        let split = splits::split(vec![0.0; 3], labels);
        accuracy(model, &split).unwrap_err()
    };
    let error = fail(&model(), vec![3]);
    assert!(
        matches!(
            error,
            AccuracyError::Label {
                label: 3,
                classes: 3,
                ..
            }
        ),
        "{error}"
    );
    assert!(!error.blames_network());
    assert!(matches!(fail(&model(), vec![]), AccuracyError::NoExamples));
    let error = fail(b"no model", vec![0]);
    assert!(
        error.blames_network() && matches!(error, AccuracyError::Engine(_)),
        "{error}"
    );
}
