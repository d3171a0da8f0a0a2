//! What a file holds without using it.

use std::collections::HashMap;

use onchip_tflite::Model;

use crate::graph::{Links, main, main_mut};

/// Drops tensors, buffers and operator codes that nothing refers to, and keeps equal data once.
pub(crate) fn run(model: &mut Model) -> Vec<String> {
    let mut done = Vec::new();
    let mut note = |count: usize, what: &str| {
        if count > 0 {
            done.push(format!("{count} {what}"));
        }
    };
    note(tensors(model), "tensors dropped that nothing refers to");
    note(join(model), "constants laid into others of equal bytes");
    note(buffers(model), "buffers dropped that nothing refers to");
    note(
        codes(model),
        "operator codes dropped that nothing refers to",
    );
    done
}

/// Drops tensors of the network that no operator names and nobody outside.
fn tensors(model: &mut Model) -> usize {
    let links = Links::new(model);
    let is_used =
        |&i: &usize| links.is_fixed[i] || links.writer[i].is_some() || !links.readers[i].is_empty();
    let count = main(model).tensors.len();
    let kept: Vec<_> = (0..count).filter(is_used).collect();
    let place: HashMap<usize, usize> = kept
        .iter()
        .enumerate()
        .map(|(new, &old)| (old, new))
        .collect();
    let moved = |i: usize| place.get(&i).copied().unwrap_or(0);
    let graph = main_mut(model);
    graph.tensors = kept.iter().map(|&i| graph.tensors[i].clone()).collect();
    let operators = graph.operators.iter_mut();
    let lists = operators.flat_map(|operator| {
        [
            &mut operator.inputs,
            &mut operator.outputs,
            &mut operator.intermediates,
        ]
    });
    for list in lists.chain([&mut graph.inputs, &mut graph.outputs]) {
        for i in list.iter_mut().filter(|i| **i >= 0) {
            *i = moved(*i as usize) as i32;
        }
    }
    for signature in model
        .signatures
        .iter_mut()
        .filter(|signature| signature.subgraph == 0)
    {
        for (_, tensor) in signature.inputs.iter_mut().chain(&mut signature.outputs) {
            *tensor = moved(*tensor as usize) as u32;
        }
    }
    count - kept.len()
}

/// Lets tensors of equal data share a buffer.
fn join(model: &mut Model) -> usize {
    let mut first: HashMap<&[u8], u32> = HashMap::new();
    let same: Vec<u32> = model
        .buffers
        .iter()
        .zip(0..)
        .map(|(data, i)| {
            if data.is_empty() {
                i
            } else {
                *first.entry(data).or_insert(i)
            }
        })
        .collect();
    let mut joined = 0;
    for tensor in model
        .subgraphs
        .iter_mut()
        .flat_map(|graph| &mut graph.tensors)
    {
        let buffer = same[tensor.buffer as usize];
        joined += usize::from(buffer != tensor.buffer);
        tensor.buffer = buffer;
    }
    joined
}

/// Drops buffers; tensors whose buffers were empty have none.
fn buffers(model: &mut Model) -> usize {
    let empty: Vec<_> = model.buffers.iter().map(Vec::is_empty).collect();
    let tensors = model
        .subgraphs
        .iter_mut()
        .flat_map(|graph| &mut graph.tensors);
    let tensors = tensors.map(|tensor| &mut tensor.buffer);
    let named: Vec<_> = tensors
        .chain(
            model
                .metadata
                .iter_mut()
                .map(|metadata| &mut metadata.buffer),
        )
        .collect();
    let mut kept = vec![0];
    for buffer in named {
        if empty[*buffer as usize] {
            *buffer = 0;
            continue;
        }
        let known = kept.iter().position(|kept| kept == buffer);
        let place = known.unwrap_or_else(|| {
            kept.push(*buffer);
            kept.len() - 1
        });
        *buffer = place as u32;
    }
    let dropped = model.buffers.len().saturating_sub(kept.len());
    let all = std::mem::take(&mut model.buffers);
    model.buffers = kept
        .iter()
        .map(|&i| all.get(i as usize).cloned().unwrap_or_default())
        .collect();
    dropped
}

/// Drops operator codes.
fn codes(model: &mut Model) -> usize {
    let count = model.codes.len();
    let mut kept: Vec<u32> = Vec::new();
    for operator in model
        .subgraphs
        .iter_mut()
        .flat_map(|graph| &mut graph.operators)
    {
        let known = kept.iter().position(|&code| code == operator.code);
        let place = known.unwrap_or_else(|| {
            kept.push(operator.code);
            kept.len() - 1
        });
        operator.code = place as u32;
    }
    model.codes = kept
        .iter()
        .map(|&i| model.codes[i as usize].clone())
        .collect();
    count - model.codes.len()
}
