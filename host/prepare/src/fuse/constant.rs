//! Operators that read nothing but constants: the host runs them once and for all.

use onchip_tflite::{Model, TensorType};

use crate::graph::{Links, has_effects, indices, main, main_mut, name};
use crate::witness;

/// What an operator computes from constants becomes a constant, if it takes no more flash than they do.
pub(super) fn run(model: &mut Model, links: &Links, index: usize) -> Option<String> {
    let graph = main(model);
    let operator = &graph.operators[index];
    let [output] = *indices(&operator.outputs).collect::<Vec<_>>() else {
        return None;
    };
    let constant = |tensor: usize| model.constant(&graph.tensors[tensor]);
    let inputs: Option<Vec<_>> = indices(&operator.inputs).map(constant).collect();
    let freed: usize = inputs?.iter().map(|data| data.len()).sum();
    let tensor = &graph.tensors[output];
    let bytes = usize::try_from(tensor.bytes()?).ok()?;
    if links.is_fixed[output]
        || has_effects(model, operator)
        || tensor.ty == TensorType::Resource
        || operator.inputs.is_empty()
        || bytes > freed
    {
        return None;
    }
    let data = value(model, index, output)?;
    let what = format!(
        "{} taken out: what it computes is constant",
        name(model, index)
    );
    let buffer = model.buffers.len() as u32;
    model.buffers.push(data);
    let graph = main_mut(model);
    graph.tensors[output].buffer = buffer;
    graph.operators.remove(index);
    Some(what)
}

/// What the engine says that operator `index` makes, run for itself.
fn value(model: &Model, index: usize, output: usize) -> Option<Vec<u8>> {
    let mut part = model.clone();
    let graph = main_mut(&mut part);
    graph.operators = vec![graph.operators[index].clone()];
    graph.outputs = vec![output as i32];
    part.signatures.clear();
    let file = part.write().ok()?;
    let engine = onchip_engine::Model::new(&file).ok()?;
    let blank = vec![0; engine.input().bytes];
    witness::outputs(&engine, &[blank]).ok()?.pop()
}
