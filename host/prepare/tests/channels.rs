//! Which channels are taken out, and which are not.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail like the test")]

mod build;

use build::{Build, conv, dense, depthwise};
use onchip_prepare::{Options, prepare};
use onchip_tflite::options::{Activation, Padding};
use onchip_tflite::{Model, Options as Op};

/// Channels of the tensor between two convolutions after preparation.
fn middle(build: Build, name: &str) -> i32 {
    let file = build.model().write().unwrap();
    let prepared = prepare(&file, Options::default()).unwrap();
    let model = Model::read(&prepared.bytes).unwrap();
    let tensors = &model.subgraphs[0].tensors;
    let found = tensors.iter().find(|tensor| tensor.name == name);
    *found.unwrap().shape.last().unwrap()
}

/// Makes filter 1 of the last operator zeros, with the given bias.
fn kill(build: &mut Build, bias: i32) {
    let [weights, biases] = [1, 2].map(|i| build.last_input(i));
    let filters = build.shape(weights)[0] as usize;
    let data = build.data(weights);
    let length = data.len() / filters;
    data[length..2 * length].fill(0);
    build.data(biases)[4..8].copy_from_slice(&bias.to_le_bytes());
}

/// A convolution with a dead filter, and what reads it.
fn check_reader(what: &str, bias: i32, read: impl Fn(&mut Build, i32) -> i32, wanted: i32) {
    let mut build = Build::new(&[1, 6, 6, 2], 0.5, 3);
    let sum = build.value(&[1, 6, 6, 4], 0.3, -128);
    conv(&mut build, 0, sum, 1, Padding::Valid, 1, 1);
    build.activate(Activation::Relu);
    kill(&mut build, bias);
    let output = read(&mut build, sum);
    let found = middle(build.output(output), "tensor 1");
    assert_eq!(found, wanted, "{what}, bias {bias}");
}

/// With this bias the dead channel is above zero, with the other one it is zero.
const ABOVE: i32 = 9000;
const BELOW: i32 = -9000;

#[test]
fn dead_channels_go_where_a_bias_can_take_them_in() {
    let convolution = |size: i32, padding: Padding| {
        move |build: &mut Build, sum| {
            let side = if padding == Padding::Same {
                6
            } else {
                7 - size
            };
            let output = build.value(&[1, side, side, 3], 0.8, 1);
            conv(build, sum, output, size, padding, 1, 1);
            output
        }
    };
    for (size, padding, bias, wanted) in [
        (1, Padding::Valid, ABOVE, 3),
        (1, Padding::Same, ABOVE, 3),
        (3, Padding::Valid, ABOVE, 3),
        (3, Padding::Valid, BELOW, 3),
        (3, Padding::Same, BELOW, 3),
        // At the border zeros are added in place of what the channel is.
        (3, Padding::Same, ABOVE, 4),
    ] {
        check_reader(
            &format!("{size} {padding:?}"),
            bias,
            convolution(size, padding),
            wanted,
        );
    }
    check_reader(
        "without a bias to take it in",
        ABOVE,
        |build, sum| {
            let output = convolution(3, Padding::Valid)(build, sum);
            build.drop_bias();
            output
        },
        4,
    );
    check_reader(
        "without a bias, nothing to take in",
        BELOW,
        |build, sum| {
            let output = convolution(3, Padding::Valid)(build, sum);
            build.drop_bias();
            output
        },
        3,
    );
}

#[test]
fn dead_channels_go_with_what_is_computed_from_them() {
    let head = |build: &mut Build, from: i32| {
        let output = build.value(&[1, 5], 0.9, 0);
        let inputs = build.shape(from).iter().product();
        dense(build, from, output, inputs);
        output
    };
    check_reader("dense layer over an image", ABOVE, head, 3);
    for (bias, wanted) in [(ABOVE, 4), (BELOW, 3)] {
        let through_depthwise = |build: &mut Build, sum| {
            let next = build.value(&[1, 6, 6, 4], 0.7, 2);
            depthwise(build, sum, next, 3, Padding::Same, 1, 1);
            head(build, next)
        };
        check_reader("depthwise", bias, through_depthwise, wanted);
    }
    let through_multiplier = |build: &mut Build, sum| {
        let next = build.value(&[1, 4, 4, 8], 0.7, 2);
        depthwise(build, sum, next, 3, Padding::Valid, 1, 1);
        head(build, next)
    };
    // Six channels of eight are two groups all the same.
    check_reader("depthwise of two for each", ABOVE, through_multiplier, 4);
    let through_sum = |build: &mut Build, sum| {
        let other = build.value(&[1, 6, 6, 4], 0.7, 2);
        conv(build, 0, other, 1, Padding::Valid, 1, 1);
        kill(build, ABOVE);
        let next = build.value(&[1, 6, 6, 4], 0.9, 2);
        build.operator(0, &[sum, other], next, Some(Op::Add(Box::default())));
        head(build, next)
    };
    check_reader("sum of two dead ones", ABOVE, through_sum, 3);
    let through_half_dead_sum = |build: &mut Build, sum| {
        let other = build.value(&[1, 6, 6, 4], 0.7, 2);
        conv(build, 0, other, 1, Padding::Valid, 1, 1);
        let next = build.value(&[1, 6, 6, 4], 0.9, 2);
        build.operator(0, &[sum, other], next, Some(Op::Add(Box::default())));
        head(build, next)
    };
    check_reader("sum with a living one", ABOVE, through_half_dead_sum, 4);
    let through_reshape = |build: &mut Build, sum| {
        let next = build.value(&[1, 12, 12], 0.3, -128);
        let shape = build.int32(&[3], &[1, 12, 12]);
        build.operator(22, &[sum, shape], next, None);
        next
    };
    check_reader("wanted in another shape", ABOVE, through_reshape, 4);
    check_reader("wanted itself", ABOVE, |_, sum| sum, 4);
}

#[test]
fn channels_that_nobody_heeds_go() {
    let mut build = Build::new(&[1, 6, 6, 2], 0.5, 3);
    let sum = build.value(&[1, 6, 6, 4], 0.3, -10);
    conv(&mut build, 0, sum, 3, Padding::Same, 1, 1);
    let output = build.value(&[1, 6, 6, 3], 0.8, 1);
    conv(&mut build, sum, output, 3, Padding::Same, 1, 1);
    let weights = build.last_input(1);
    build
        .data(weights)
        .iter_mut()
        .skip(2)
        .step_by(4)
        .for_each(|weight| *weight = 0);
    assert_eq!(middle(build.output(output), "tensor 1"), 3);
}

#[test]
fn groups_stay_whole() {
    for (dead, wanted) in [(1, 16), (3, 16), (4, 12), (9, 8), (16, 4)] {
        let mut build = Build::new(&[1, 6, 6, 2], 0.5, 3);
        let sum = build.value(&[1, 6, 6, 16], 0.3, -10);
        conv(&mut build, 0, sum, 3, Padding::Same, 1, 1);
        let weights = build.last_input(1);
        build.data(weights)[..dead * 18].fill(0);
        let output = build.value(&[1, 6, 6, 3], 0.8, 1);
        conv(&mut build, sum, output, 1, Padding::Same, 1, 1);
        assert_eq!(
            middle(build.output(output), "tensor 1"),
            wanted,
            "{dead} dead"
        );
    }
}

/// Makes the weights of filter 1 of the last operator stand for numbers so small that no sum of them is seen, or its
/// bias so low that none reaches the range.
fn check_settled(what: &str, settle: impl Fn(&mut Build), wanted: i32) {
    let mut build = Build::new(&[1, 6, 6, 2], 0.5, 3);
    let sum = build.value(&[1, 6, 6, 4], 0.3, -128);
    conv(&mut build, 0, sum, 3, Padding::Same, 1, 1);
    build.activate(Activation::Relu);
    settle(&mut build);
    let output = build.value(&[1, 6, 6, 3], 0.8, 1);
    conv(&mut build, sum, output, 3, Padding::Same, 1, 1);
    assert_eq!(middle(build.output(output), "tensor 1"), wanted, "{what}");
}

#[test]
fn channels_whose_sums_are_not_seen_go() {
    let bias = |bias: i32| {
        move |build: &mut Build| {
            let biases = build.last_input(2);
            build.data(biases)[4..8].copy_from_slice(&bias.to_le_bytes());
        }
    };
    // Eighteen products of at most 131 x 127 each.
    check_settled("far below zero", bias(-18 * 131 * 127), 3);
    check_settled("not far enough", bias(-50_000), 4);
    // A scale so small that the sum is not seen, with a bias of nothing; and one that is seen.
    for (scale, wanted) in [(1e-9, 3), (1e-5, 4)] {
        check_settled(
            "tiny scale",
            |build| {
                bias(0)(build);
                let weights = build.last_input(1);
                let given = build.scales(0)[0];
                build.scales(weights)[1] = scale;
                let biases = build.last_input(2);
                build.scales(biases)[1] = scale * given;
            },
            wanted,
        );
    }
}
