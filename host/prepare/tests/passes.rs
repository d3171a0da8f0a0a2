//! Each pass on networks that it has something to do with, and on those that look alike.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail like the test")]

mod build;

use build::{Build, conv, dense, depthwise, pool};
use onchip_prepare::{Options, Pass, prepare};
use onchip_tflite::options::{Activation, Padding};
use onchip_tflite::{Model, Options as Op};

/// Prepares a network and names its operators.
fn operators(build: Build) -> (Model, Vec<&'static str>) {
    let file = build.model().write().unwrap();
    let prepared = prepare(&file, Options::default()).unwrap();
    assert_eq!(prepared.obstacle, None);
    let model = Model::read(&prepared.bytes).unwrap();
    let names = model.subgraphs[0].operators.iter();
    let names = names
        .map(|operator| model.opcode(operator).unwrap().name())
        .collect();
    (model, names)
}

/// An input of `size`, a margin, and a window of 3 (dilated) over it.
fn check_pad(
    kind: &str,
    size: i32,
    margins: [i32; 2],
    stride: i32,
    dilation: i32,
    zero: i64,
    goes: bool,
) {
    let mut build = Build::new(&[1, size, size, 4], 0.5, zero);
    let [before, after] = margins;
    let padded = size + before + after;
    let reach = 2 * dilation + 1;
    let out = (padded - reach) / stride + 1;
    let pads = build.int32(&[4, 2], &[0, 0, before, after, before, after, 0, 0]);
    let inner = build.value(&[1, padded, padded, 4], 0.5, zero);
    build.operator(34, &[0, pads], inner, Some(Op::Pad(Box::default())));
    let quantization = if kind == "conv" || kind == "depthwise" {
        (0.9, 3)
    } else {
        (0.5, zero)
    };
    let output = build.value(&[1, out, out, 4], quantization.0, quantization.1);
    match kind {
        "conv" => conv(
            &mut build,
            inner,
            output,
            3,
            Padding::Valid,
            stride,
            dilation,
        ),
        "depthwise" => depthwise(
            &mut build,
            inner,
            output,
            3,
            Padding::Valid,
            stride,
            dilation,
        ),
        _ => pool(
            &mut build,
            if kind == "max" { 17 } else { 1 },
            inner,
            output,
            stride,
        ),
    }
    let (_, names) = operators(build.output(output));
    let case = format!("{kind} {size} {margins:?} {stride} {dilation} {zero}: {names:?}");
    assert_eq!(names.len(), if goes { 1 } else { 2 }, "{case}");
}

#[test]
fn margins_go_where_they_are_what_same_puts() {
    for kind in ["conv", "depthwise"] {
        check_pad(kind, 6, [1, 1], 1, 1, 5, true);
        check_pad(kind, 6, [2, 2], 1, 2, 5, true);
        check_pad(kind, 6, [0, 1], 2, 1, -128, true);
        check_pad(kind, 7, [1, 1], 2, 1, 7, true);
        // SAME starts at the first element.
        check_pad(kind, 6, [1, 1], 2, 1, 5, false);
        check_pad(kind, 6, [2, 0], 1, 1, 5, false);
        check_pad(kind, 6, [2, 2], 1, 1, 5, false);
    }
    check_pad("max", 6, [1, 1], 1, 1, -128, true);
    // What is outside never is the maximum.
    check_pad("max", 6, [1, 1], 1, 1, 0, false);
    // What is outside is not counted.
    check_pad("average", 6, [1, 1], 1, 1, -128, false);
}

/// A convolution, then an activation as an operator of its own.
fn check_activation(
    fused: Activation,
    opcode: u32,
    scales: [f32; 2],
    read_twice: bool,
    wanted: Option<Activation>,
) {
    let mut build = Build::new(&[1, 4, 4, 4], 0.5, 3);
    let sum = build.value(&[1, 4, 4, 4], scales[0], -20);
    conv(&mut build, 0, sum, 3, Padding::Same, 1, 1);
    build.activate(fused);
    let clamped = build.value(&[1, 4, 4, 4], scales[1], -20);
    build.operator(opcode, &[sum], clamped, None);
    let mut output = clamped;
    if read_twice {
        output = build.value(&[1, 4, 4, 4], 1.0, 0);
        build.operator(0, &[sum, clamped], output, Some(Op::Add(Box::default())));
    }
    let (model, names) = operators(build.output(output));
    let case = format!("{fused:?} {opcode} {scales:?} {read_twice}: {names:?}");
    let count = 2 + usize::from(read_twice) - usize::from(wanted.is_some());
    assert_eq!(names.len(), count, "{case}");
    if let Some(wanted) = wanted {
        let Some(Op::Conv2D(options)) = &model.subgraphs[0].operators[0].options else {
            panic!("{case}");
        };
        assert_eq!(options.fused_activation_function, wanted, "{case}");
    }
}

#[test]
fn activations_go_where_they_clamp_to_the_same_range() {
    use Activation as A;
    const RELU: u32 = 19;
    const RELU_N1_TO_1: u32 = 20;
    const RELU6: u32 = 21;
    for scale in [0.03, 0.0472, 0.2] {
        let same = [scale; 2];
        check_activation(A::None, RELU, same, false, Some(A::Relu));
        check_activation(A::None, RELU6, same, false, Some(A::Relu6));
        check_activation(A::None, RELU_N1_TO_1, same, false, Some(A::ReluN1To1));
        check_activation(A::Relu, RELU6, same, false, Some(A::Relu6));
        check_activation(A::Relu6, RELU, same, false, Some(A::Relu6));
        check_activation(A::ReluN1To1, RELU, same, false, None);
        check_activation(A::None, RELU, [scale, scale * 1.5], false, None);
        check_activation(A::None, RELU, same, true, None);
    }
}

/// Something that changes nothing, or seems so, between a convolution and a sum.
fn check_identity(opcode: u32, shape: &[i32], scale: f32, parameter: &[i32], goes: bool) {
    let mut build = Build::new(&[1, 4, 4, 2], 0.5, 3);
    let from = build.value(&[1, 4, 4, 2], 0.4, 3);
    conv(&mut build, 0, from, 3, Padding::Same, 1, 1);
    let to = build.value(shape, scale, 3);
    let mut inputs = vec![from];
    if !parameter.is_empty() {
        inputs.push(build.int32(&[parameter.len() as i32], parameter));
    }
    build.operator(opcode, &inputs, to, None);
    let output = build.value(shape, 0.9, 1);
    build.operator(0, &[to, to], output, Some(Op::Add(Box::default())));
    let (_, names) = operators(build.output(output));
    assert_eq!(
        names.len(),
        if goes { 2 } else { 3 },
        "{opcode} {shape:?} {parameter:?}: {names:?}"
    );
}

#[test]
fn operators_that_change_nothing_go() {
    const RESHAPE: u32 = 22;
    const TRANSPOSE: u32 = 39;
    const QUANTIZE: u32 = 114;
    check_identity(QUANTIZE, &[1, 4, 4, 2], 0.4, &[], true);
    check_identity(QUANTIZE, &[1, 4, 4, 2], 0.41, &[], false);
    check_identity(RESHAPE, &[1, 4, 4, 2], 0.4, &[1, 4, 4, 2], true);
    check_identity(RESHAPE, &[1, 16, 1, 2], 0.4, &[1, 16, 1, 2], false);
    check_identity(TRANSPOSE, &[1, 4, 4, 2], 0.4, &[0, 1, 2, 3], true);
    check_identity(TRANSPOSE, &[1, 4, 4, 2], 0.4, &[0, 2, 1, 3], false);
}

#[test]
fn changes_of_shape_go_before_others_and_before_dense_layers() {
    let mut build = Build::new(&[1, 4, 4, 2], 0.5, 3);
    let mut from = build.value(&[1, 4, 4, 2], 0.4, 3);
    conv(&mut build, 0, from, 3, Padding::Same, 1, 1);
    for shape in [[1, 16, 1, 2], [1, 2, 8, 2], [1, 1, 1, 32]] {
        let to = build.value(&shape, 0.4, 3);
        let wanted = build.int32(&[4], &shape);
        build.operator(22, &[from, wanted], to, None);
        from = to;
    }
    let output = build.value(&[1, 5], 0.7, 0);
    dense(&mut build, from, output, 32);
    let (_, names) = operators(build.output(output));
    assert_eq!(names, ["CONV_2D", "FULLY_CONNECTED"]);
}

#[test]
fn what_nobody_reads_and_what_is_constant_goes() {
    let mut build = Build::new(&[1, 4, 4, 2], 0.5, 3);
    let unread = build.value(&[1, 4, 4, 2], 0.4, 3);
    conv(&mut build, 0, unread, 3, Padding::Same, 1, 1);
    let [a, b] = [3, 7].map(|value| build.int8(&[1, 1, 1, 2], 0.5, 0, &[value, -value]));
    let sum = build.value(&[1, 1, 1, 2], 0.5, 0);
    build.operator(0, &[a, b], sum, Some(Op::Add(Box::default())));
    let output = build.value(&[1, 4, 4, 2], 0.9, 0);
    build.operator(0, &[0, sum], output, Some(Op::Add(Box::default())));
    let (model, names) = operators(build.output(output));
    assert_eq!(names, ["ADD"]);
    let graph = &model.subgraphs[0];
    let folded = &graph.tensors[graph.operators[0].inputs[1] as usize];
    assert_eq!(model.constant(folded).unwrap(), [10, -10_i8 as u8]);
}

#[test]
fn branches_run_one_after_the_other() {
    let mut build = Build::new(&[1, 8, 8, 4], 0.5, 3);
    let wide = [0, 1].map(|_| build.value(&[1, 8, 8, 32], 0.9, 1));
    let narrow = [0, 1].map(|_| build.value(&[1, 8, 8, 4], 0.9, 1));
    for to in wide {
        conv(&mut build, 0, to, 3, Padding::Same, 1, 1);
    }
    for (from, to) in wide.into_iter().zip(narrow) {
        conv(&mut build, from, to, 3, Padding::Same, 1, 1);
    }
    let output = build.value(&[1, 8, 8, 4], 0.9, 1);
    build.operator(0, &narrow, output, Some(Op::Add(Box::default())));
    let file = build.output(output).model().write().unwrap();
    let prepared = prepare(&file, Options::default()).unwrap();
    assert_eq!(prepared.steps[0].pass, Pass::Order, "{:?}", prepared.steps);
    // Both wide values need not be there at once. Working memory takes some of what gets free.
    let [before, after] = [prepared.before, prepared.after].map(|cost| cost.arena);
    assert!(after + 8 * 8 * 32 / 2 <= before, "{before} to {after}");
    // The second half of a branch now follows the first.
    let model = Model::read(&prepared.bytes).unwrap();
    let operators = &model.subgraphs[0].operators;
    for pair in [0, 2] {
        assert_eq!(operators[pair + 1].inputs[0], operators[pair].outputs[0]);
    }
}
