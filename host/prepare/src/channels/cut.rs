//! The model without the channels that go.

use onchip_tflite::{Model, Options, Quantization};

use super::constants::Constants;
use super::layer::{Layer, Mixing, channels};
use super::removal::{Removal, added};
use crate::graph::{affine, at, constant, integers, kind, kind_of, main, main_mut};

/// Cuts weights, biases, constants and shapes; `None` if something does not fit.
pub(super) fn run(source: &Model, removal: &Removal, constants: &Constants) -> Option<Model> {
    let mut model = source.clone();
    for index in 0..main(source).operators.len() {
        match Layer::of(source, index) {
            Layer::Mixing(layer) => {
                cut_mixing(&mut model, source, index, &layer, removal, constants)?;
            }
            Layer::Depthwise(layer) => {
                cut_depthwise(&mut model, source, index, &layer, removal)?;
            }
            _ => {}
        }
    }
    for (tensor, kept) in removal.0.iter().enumerate() {
        if let Some(kept) = kept {
            cut_tensor(&mut model, tensor, kept);
        }
    }
    for index in 0..main(source).operators.len() {
        let operator = &main(source).operators[index];
        let output = at(&operator.outputs, 0)?;
        if kind_of(source, operator) == kind::RESHAPE && removal.0[output].is_some() {
            cut_reshape(&mut model, index, output);
        }
    }
    Some(model)
}

/// All channels of a tensor, or those that stay.
fn kept(model: &Model, removal: &Removal, tensor: usize) -> Vec<usize> {
    removal.0[tensor]
        .clone()
        .unwrap_or_else(|| (0..channels(model, tensor)).collect())
}

fn cut_mixing(
    model: &mut Model,
    source: &Model,
    index: usize,
    layer: &Mixing,
    removal: &Removal,
    constants: &Constants,
) -> Option<()> {
    let operator = &main(source).operators[index];
    let (input, output) = (at(&operator.inputs, 0)?, at(&operator.outputs, 0)?);
    if removal.0[input].is_none() && removal.0[output].is_none() {
        return Some(());
    }
    let given = channels(source, input);
    let (inputs, outputs) = (kept(source, removal, input), kept(source, removal, output));
    let stays: Vec<_> = (0..given)
        .map(|channel| inputs.contains(&channel))
        .collect();
    let weights = integers(source, layer.weights)?;
    let (_, zero_point) = affine(&main(source).tensors[input])?;

    let length = layer.taps * layer.depth;
    let seen = |&output: &usize| {
        let filter = weights[output * length..][..length].iter().enumerate();
        filter
            .filter(|(i, _)| stays[i % given])
            .map(|(_, &weight)| weight as u8)
    };
    let data: Vec<u8> = outputs.iter().flat_map(seen).collect();
    let mut shape = main(source).tensors[layer.weights].shape.clone();
    *shape.first_mut()? = outputs.len() as i32;
    *shape.last_mut()? = (layer.depth / given * inputs.len()) as i32;
    replace(model, index, 1, layer.weights, shape, data, &outputs);

    if let Some(bias) = layer.bias {
        let before = integers(source, bias)?;
        let mut numbers = Vec::new();
        for &output in &outputs {
            let mut sum = before[output];
            for channel in (0..given).filter(|&channel| !stays[channel]) {
                sum += added(
                    layer,
                    &weights,
                    output,
                    channel,
                    given,
                    constants[input][channel],
                    zero_point,
                )?;
            }
            numbers.extend(i32::try_from(sum).ok()?.to_le_bytes());
        }
        replace(
            model,
            index,
            2,
            bias,
            vec![outputs.len() as i32],
            numbers,
            &outputs,
        );
    }
    Some(())
}

fn cut_depthwise(
    model: &mut Model,
    source: &Model,
    index: usize,
    layer: &Mixing,
    removal: &Removal,
) -> Option<()> {
    let output = at(&main(source).operators[index].outputs, 0)?;
    let Some(outputs) = removal.0[output].clone() else {
        return Some(());
    };
    let weights = &main(source).tensors[layer.weights];
    let data = pick(source.constant(weights)?, layer.outputs, 1, &outputs);
    let mut shape = weights.shape.clone();
    *shape.last_mut()? = outputs.len() as i32;
    replace(model, index, 1, layer.weights, shape, data, &outputs);
    if let Some(bias) = layer.bias {
        let data = pick(
            source.constant(&main(source).tensors[bias])?,
            layer.outputs,
            size_of::<i32>(),
            &outputs,
        );
        replace(
            model,
            index,
            2,
            bias,
            vec![outputs.len() as i32],
            data,
            &outputs,
        );
    }
    Some(())
}

/// The elements at the indices `kept` of the last dimension, which has `count`.
fn pick(data: &[u8], count: usize, size: usize, kept: &[usize]) -> Vec<u8> {
    let rows = data.chunks_exact((count * size).max(1));
    rows.flat_map(|row| kept.iter().flat_map(move |&i| &row[i * size..][..size]))
        .copied()
        .collect()
}

/// Gives operator `index` a new constant at place `place`, cut from the tensor `old`. The old one may have other readers.
fn replace(
    model: &mut Model,
    index: usize,
    place: usize,
    old: usize,
    shape: Vec<i32>,
    data: Vec<u8>,
    outputs: &[usize],
) {
    let mut like = main(model).tensors[old].clone();
    if let Some(quantization) = &mut like.quantization {
        cut_scales(quantization, outputs);
    }
    let new = constant(model, &like, shape, data);
    main_mut(model).operators[index].inputs[place] = new;
}

/// Scales of one per output channel are cut like the channels.
fn cut_scales(quantization: &mut Quantization, outputs: &[usize]) {
    fn cut<T: Clone>(list: &mut Vec<T>, outputs: &[usize]) {
        if list.len() > 1 {
            *list = outputs
                .iter()
                .filter_map(|&i| list.get(i).cloned())
                .collect();
        }
    }
    cut(&mut quantization.scale, outputs);
    cut(&mut quantization.zero_point, outputs);
    cut(&mut quantization.min, outputs);
    cut(&mut quantization.max, outputs);
}

fn cut_tensor(model: &mut Model, tensor: usize, kept: &[usize]) {
    let count = channels(model, tensor);
    let info = &main(model).tensors[tensor];
    let data = model.constant(info).map(|data| pick(data, count, 1, kept));
    let buffer = model.buffers.len() as u32;
    let is_constant = data.is_some();
    model.buffers.extend(data);
    let info = &mut main_mut(model).tensors[tensor];
    if is_constant {
        info.buffer = buffer;
    }
    for shape in [&mut info.shape, &mut info.shape_signature] {
        if let Some(last) = shape.last_mut() {
            *last = kept.len() as i32;
        }
    }
}

/// Lets a RESHAPE say the shape that it makes now.
fn cut_reshape(model: &mut Model, index: usize, output: usize) {
    let shape = main(model).tensors[output].shape.clone();
    let operator = &mut main_mut(model).operators[index];
    if let Some(Options::Reshape(options)) = &mut operator.options
        && options.new_shape.is_some()
    {
        options.new_shape = Some(shape.clone());
    }
    if let Some(old) = at(&main(model).operators[index].inputs, 1) {
        let like = main(model).tensors[old].clone();
        let data = shape.iter().flat_map(|dim| dim.to_le_bytes()).collect();
        let new = constant(model, &like, like.shape.clone(), data);
        main_mut(model).operators[index].inputs[1] = new;
    }
}
