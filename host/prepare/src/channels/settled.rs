//! Channels whose sums vary too little to be seen in what is written.
//!
//! A filter may have weights and make a constant channel all the same: its scale is so small, or its bias so far
//! below the range of an activation, that the least and the greatest sum there can be are rounded and clamped to the
//! same number. Rounding and clamping keep order, so that all sums between give that number, too. What the ends give
//! is for the engine to say: it runs the layer with weights of zero and the end as the bias.

use std::ops::RangeInclusive;

use onchip_tflite::Model;

use super::constants::Constants;
use super::layer::Mixing;
use crate::graph::{affine, at, constant, integers, kind, kind_of, main, main_mut};
use crate::witness::outputs;

/// Which output channels of a layer are the same number whatever the input.
pub(super) fn of(
    model: &Model,
    index: usize,
    layer: &Mixing,
    constants: &Constants,
) -> Option<Vec<bool>> {
    let input = at(&main(model).operators[index].inputs, 0)?;
    let (_, zero_point) = affine(&main(model).tensors[input])?;
    let bias = integers(model, layer.bias?)?;
    let weights = integers(model, layer.weights)?;
    let given = &constants[input];
    let is_depthwise = kind_of(model, &main(model).operators[index]) == kind::DEPTHWISE_CONV_2D;
    let mut ends: [Vec<i32>; 2] = Default::default();
    let mut is_known = Vec::new();
    for (output, &bias) in bias.iter().enumerate() {
        let range = if is_depthwise {
            let ends = ends_of(
                given[output / layer.multiplier],
                zero_point,
                layer.is_padded,
            );
            sums(layer.depthwise_weights(&weights, output), &ends)
        } else {
            let parts = given.iter().enumerate().map(|(channel, &value)| {
                let ends = ends_of(value, zero_point, layer.is_padded);
                sums(
                    layer.weights_for(&weights, output, channel, given.len()),
                    &ends,
                )
            });
            parts.fold([0, 0], |sum, part| [sum[0] + part[0], sum[1] + part[1]])
        };
        let range = range.map(|end| i32::try_from(end + bias).ok());
        is_known.push(range.iter().all(Option::is_some));
        for (list, end) in ends.iter_mut().zip(range) {
            list.push(end.unwrap_or(0));
        }
    }
    let [least, most] = ends.map(|biases| finished(model, index, layer, &biases));
    let (least, most) = (least?, most?);
    Some(
        (0..bias.len())
            .map(|output| is_known[output] && least[output] == most[output])
            .collect(),
    )
}

/// The range of an input channel's elements, counted from the zero point. Padding adds nothing to a sum.
fn ends_of(value: Option<i8>, zero_point: i64, is_padded: bool) -> RangeInclusive<i64> {
    let all = i64::from(i8::MIN)..=i64::from(i8::MAX);
    let range = value.map_or(all, |value| value.into()..=value.into());
    let (start, end) = (range.start() - zero_point, range.end() - zero_point);
    if is_padded {
        start.min(0)..=end.max(0)
    } else {
        start..=end
    }
}

/// The least and the greatest sum of products.
fn sums(weights: impl Iterator<Item = i64>, ends: &RangeInclusive<i64>) -> [i64; 2] {
    weights.fold([0, 0], |[least, most], weight| {
        let products = [ends.start() * weight, ends.end() * weight];
        [
            least + products[0].min(products[1]),
            most + products[0].max(products[1]),
        ]
    })
}

/// What a layer makes of sums, one for each output channel.
fn finished(model: &Model, index: usize, layer: &Mixing, sums: &[i32]) -> Option<Vec<u8>> {
    let mut part = model.clone();
    part.signatures.clear();
    let [weights, bias] =
        [layer.weights, layer.bias?].map(|tensor| main(model).tensors[tensor].clone());
    let blank = vec![0; model.constant(&weights)?.len()];
    let shape = weights.shape.clone();
    let weights = constant(&mut part, &weights, shape, blank);
    let data = sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
    let shape = bias.shape.clone();
    let bias = constant(&mut part, &bias, shape, data);
    let graph = main_mut(&mut part);
    let mut operator = graph.operators[index].clone();
    operator.inputs[1] = weights;
    operator.inputs[2] = bias;
    graph.inputs = vec![*operator.inputs.first()?];
    graph.outputs = operator.outputs.clone();
    graph.operators = vec![operator];
    let file = part.write().ok()?;
    let engine = onchip_engine::Model::new(&file).ok()?;
    let input = vec![0; engine.input().bytes];
    let mut output = outputs(&engine, &[input]).ok()?.pop()?;
    output.truncate(sums.len());
    (output.len() == sums.len()).then_some(output)
}
