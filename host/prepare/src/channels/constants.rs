//! Channels that are the same number everywhere, whatever the input.

use onchip_tflite::Model;

use super::layer::{Layer, channels};
use super::settled;
use crate::graph::{affine, at, indices, integers, main, main_mut};
use crate::witness::{noise, outputs};

/// For each tensor and channel the number that it is, if it is always the same one.
pub(super) type Constants = Vec<Vec<Option<i8>>>;

/// Finds constant channels: which ones follows from weights of zero and constant inputs, what they are from a run.
pub(super) fn of(model: &Model) -> Constants {
    let graph = main(model);
    let mut constants: Constants = (0..graph.tensors.len())
        .map(|tensor| literal(model, tensor))
        .collect();
    for index in 0..graph.operators.len() {
        let operator = &graph.operators[index];
        let Some(output) =
            at(&operator.outputs, 0).filter(|&output| !graph.tensors[output].is_variable)
        else {
            continue;
        };
        let is_constant = constant_outputs(model, index, &constants);
        if is_constant.contains(&true) {
            constants[output] = values(model, index, output, &is_constant);
        }
    }
    constants
}

/// The channels of a constant tensor that hold one number only.
fn literal(model: &Model, tensor: usize) -> Vec<Option<i8>> {
    let count = channels(model, tensor);
    let info = &main(model).tensors[tensor];
    let is_int8 = info.ty == onchip_tflite::TensorType::Int8;
    match model.constant(info) {
        Some(data) if is_int8 && count > 0 => same(data, &vec![true; count]),
        _ => vec![None; count],
    }
}

/// The number that each channel of `data` holds, where it is to be looked for and is one only.
fn same(data: &[u8], wanted: &[bool]) -> Vec<Option<i8>> {
    let count = wanted.len();
    let one = |channel: usize| {
        let mut bytes = data.iter().skip(channel).step_by(count);
        let first = bytes.next()?;
        bytes.all(|byte| byte == first).then_some(*first as i8)
    };
    (0..count)
        .map(|channel| one(channel).filter(|_| wanted[channel]))
        .collect()
}

/// Which channels of an operator's output do not depend on what changes.
fn constant_outputs(model: &Model, index: usize, constants: &Constants) -> Vec<bool> {
    let operator = &main(model).operators[index];
    let Some(output) = at(&operator.outputs, 0) else {
        return Vec::new();
    };
    let count = channels(model, output);
    let input = at(&operator.inputs, 0).unwrap_or(0);
    let given = &constants[input];
    match Layer::of(model, index) {
        Layer::Mixing(layer) => {
            let Some((weights, zero)) = numbers(model, layer.weights, input) else {
                return vec![false; count];
            };
            let adds_same = |output: usize, channel: usize| {
                let is_deaf = layer
                    .weights_for(&weights, output, channel, given.len())
                    .all(|weight| weight == 0);
                is_deaf || is_steady(given[channel], zero, layer.is_padded)
            };
            let settled = settled::of(model, index, &layer, constants);
            let is_settled = |output: usize| settled.as_ref().is_some_and(|list| list[output]);
            let is_constant = |output: usize| {
                is_settled(output) || (0..given.len()).all(|channel| adds_same(output, channel))
            };
            (0..count).map(is_constant).collect()
        }
        Layer::Depthwise(layer) => {
            let Some((weights, zero)) = numbers(model, layer.weights, input) else {
                return vec![false; count];
            };
            let settled = settled::of(model, index, &layer, constants);
            let is_settled = |output: usize| settled.as_ref().is_some_and(|list| list[output]);
            let is_constant = |output: usize| {
                let is_deaf = layer
                    .depthwise_weights(&weights, output)
                    .all(|weight| weight == 0);
                let channel = given[output / layer.multiplier];
                is_settled(output) || is_deaf || is_steady(channel, zero, layer.is_padded)
            };
            (0..count).map(is_constant).collect()
        }
        Layer::PerChannel {
            inputs,
            broadcast,
            margin,
        } => {
            let steady = |channel: usize| {
                let fits =
                    |value: Option<i8>| value.is_some() && (margin.is_none() || margin == value);
                inputs.iter().all(|&input| fits(constants[input][channel]))
                    && broadcast
                        .iter()
                        .all(|&input| constants[input].first().copied().flatten().is_some())
            };
            (0..count).map(steady).collect()
        }
        Layer::Reshape => (0..count)
            .map(|channel| given[channel % given.len()].is_some())
            .collect(),
        Layer::Concatenation => {
            let parts = indices(&operator.inputs).flat_map(|input| &constants[input]);
            parts.map(Option::is_some).collect()
        }
        Layer::Opaque => vec![false; count],
    }
}

/// Whether a channel adds the same to a sum at every place.
fn is_steady(value: Option<i8>, zero_point: i64, is_padded: bool) -> bool {
    value.is_some_and(|value| i64::from(value) == zero_point || !is_padded)
}

/// Weights, and the zero point of what they are multiplied with.
fn numbers(model: &Model, weights: usize, input: usize) -> Option<(Vec<i64>, i64)> {
    let (_, zero_point) = affine(&main(model).tensors[input])?;
    Some((integers(model, weights)?, zero_point))
}

/// What the engine says that constant channels of a tensor are: the network is run up to operator `index`.
fn values(model: &Model, index: usize, output: usize, is_constant: &[bool]) -> Vec<Option<i8>> {
    let run = || {
        let mut part = model.clone();
        part.signatures.clear();
        let graph = main_mut(&mut part);
        graph.operators.truncate(index + 1);
        graph.outputs = vec![output as i32];
        let file = part.write().ok()?;
        let engine = onchip_engine::Model::new(&file).ok()?;
        let input: Vec<u8> = noise(1).take(engine.input().bytes).collect();
        outputs(&engine, &[input]).ok()?.pop()
    };
    run().map_or_else(
        || vec![None; is_constant.len()],
        |data| same(&data, is_constant),
    )
}
