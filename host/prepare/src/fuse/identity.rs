//! Operators that give on the bytes they are given.

use onchip_tflite::{Model, Options, Tensor};

use super::{bypass, ends};
use crate::graph::{Links, integers, is_same_kind, kind, kind_of, main, name};

/// Takes out an operator that changes neither bytes nor shape nor meaning.
pub(super) fn run(model: &mut Model, links: &Links, index: usize) -> Option<String> {
    let ends = ends(model, index)?;
    let [from, to] = ends.map(|i| &main(model).tensors[i]);
    let is_same = from.shape == to.shape && is_same_kind(from, to) && is_value(model, from);
    if !is_same || !repeats(model, index) {
        return None;
    }
    let what = format!("{} taken out: it changes nothing", name(model, index));
    bypass(model, links, index, ends).then_some(what)
}

/// Takes out a change of shape that matters to none of those who read it: another change of shape, or a dense layer,
/// to which its input is a row of vectors in any case.
pub(super) fn chain(model: &mut Model, links: &Links, index: usize) -> Option<String> {
    let ends = ends(model, index)?;
    let [from, to] = ends.map(|i| &main(model).tensors[i]);
    let does_not_mind = |&reader: &usize| {
        let operator = &main(model).operators[reader];
        match kind_of(model, operator) {
            kind::RESHAPE => operator.inputs[1..]
                .iter()
                .all(|&input| input != ends[1] as i32),
            kind::FULLY_CONNECTED => {
                matches!(
                    &operator.options,
                    Some(Options::FullyConnected(options)) if !options.keep_num_dims
                ) && operator
                    .inputs
                    .iter()
                    .filter(|&&input| input == ends[1] as i32)
                    .count()
                    == 1
                    && operator.inputs[0] == ends[1] as i32
            }
            _ => false,
        }
    };
    let is_reshape = [kind::RESHAPE, kind::SQUEEZE, kind::EXPAND_DIMS]
        .contains(&kind_of(model, &main(model).operators[index]));
    let goes = is_reshape
        && is_same_kind(from, to)
        && is_value(model, from)
        && !links.is_fixed[ends[1]]
        && !links.readers[ends[1]].is_empty()
        && links.readers[ends[1]].iter().all(does_not_mind);
    let what = format!(
        "{} taken out: what follows does not mind the shape",
        name(model, index)
    );
    (goes && bypass(model, links, index, ends)).then_some(what)
}

/// Whether an operator's output is its input's bytes, if both have the same type, meaning and shape.
fn repeats(model: &Model, index: usize) -> bool {
    let operator = &main(model).operators[index];
    match kind_of(model, operator) {
        kind::RESHAPE | kind::SQUEEZE | kind::EXPAND_DIMS | kind::QUANTIZE => true,
        kind::TRANSPOSE => keeps_order(model, index).unwrap_or(false),
        _ => false,
    }
}

/// Whether a TRANSPOSE leaves the order of all dimensions that have more than one index.
fn keeps_order(model: &Model, index: usize) -> Option<bool> {
    let graph = main(model);
    let operator = &graph.operators[index];
    let [input, order] = [0, 1].map(|i| {
        operator
            .inputs
            .get(i)
            .and_then(|&i| usize::try_from(i).ok())
    });
    let shape = &graph.tensors[input?].shape;
    let order = integers(model, order?)?;
    let long = order.into_iter().filter(|&axis| {
        usize::try_from(axis).is_ok_and(|axis| shape.get(axis).is_some_and(|&dim| dim != 1))
    });
    Some(long.is_sorted())
}

/// Whether a tensor is computed, and stays what it is until the inference ends.
fn is_value(model: &Model, tensor: &Tensor) -> bool {
    model.constant(tensor).is_none() && !tensor.is_variable
}
