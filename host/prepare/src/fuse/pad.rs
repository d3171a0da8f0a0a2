//! PAD, laid into the window that follows.

use onchip_tflite::options::Padding;
use onchip_tflite::{Model, Options, TensorType};

use super::ends;
use crate::graph::{
    Links, affine, at, integers, is_same_kind, kind, kind_of, main, main_mut, name,
};

/// A convolution over a margin of zero points, without padding of its own, is one with the padding SAME over what is
/// within, where that padding is the margin: it puts half of what is missing, rounded down, before the first element.
/// A maximum is taken over what is within only; where the zero point is the least number there is, that is the same.
pub(super) fn run(model: &mut Model, links: &Links, index: usize) -> Option<String> {
    let graph = main(model);
    if kind_of(model, &graph.operators[index]) != kind::PAD {
        return None;
    }
    let [inner, padded] = ends(model, index)?;
    let (from, to) = (&graph.tensors[inner], &graph.tensors[padded]);
    let reader = *links.readers[padded]
        .first()
        .filter(|_| links.is_private(padded))?;
    let operator = &graph.operators[reader];
    if from.ty != TensorType::Int8
        || !is_same_kind(from, to)
        || at(&operator.inputs, 0) != Some(padded)
    {
        return None;
    }
    let (_, zero_point) = affine(from)?;
    let [height, width] = margins(model, index, from.shape.len())?;
    let windows = windows(model, reader)?;
    if kind_of(model, operator) == kind::MAX_POOL_2D && zero_point != -128 {
        return None;
    }
    let output = &graph.tensors[at(&operator.outputs, 0)?].shape;
    let fits = |dim: usize, before: i64, window: &Window| {
        let (input, output) = (i64::from(from.shape[dim]), i64::from(output[dim]));
        let missing = ((output - 1) * window.stride + window.reach - input).max(0);
        output == (input + window.stride - 1) / window.stride && before == missing / 2
    };
    if !fits(1, height, &windows[0]) || !fits(2, width, &windows[1]) {
        return None;
    }
    let what = format!("{} laid into {}", name(model, index), name(model, reader));
    let operator = &mut main_mut(model).operators[reader];
    operator.inputs[0] = inner as i32;
    match operator.options.as_mut()? {
        Options::Conv2D(options) => options.padding = Padding::Same,
        Options::DepthwiseConv2D(options) => options.padding = Padding::Same,
        Options::Pool2D(options) => options.padding = Padding::Same,
        _ => return None,
    }
    main_mut(model).operators.remove(index);
    Some(what)
}

/// What a PAD puts before height and width, if it leaves batches and channels alone.
fn margins(model: &Model, index: usize, rank: usize) -> Option<[i64; 2]> {
    let margins = integers(model, at(&main(model).operators[index].inputs, 1)?)?;
    match margins[..] {
        [0, 0, top, bottom, left, right, 0, 0] if rank == 4 => {
            ([top, bottom, left, right].iter().all(|&margin| margin >= 0)).then_some([top, left])
        }
        _ => None,
    }
}

/// A window along one dimension.
struct Window {
    stride: i64,
    /// Elements from the first to the last one it looks at.
    reach: i64,
}

/// The windows of an operator without padding, along height and width.
fn windows(model: &Model, index: usize) -> Option<[Window; 2]> {
    let graph = main(model);
    let operator = &graph.operators[index];
    let filter = |dim: usize| {
        Some(i64::from(
            *graph.tensors[at(&operator.inputs, 1)?].shape.get(dim)?,
        ))
    };
    let window = |size: i64, stride: i32, dilation: i32| {
        let (stride, dilation) = (i64::from(stride), i64::from(dilation));
        (stride > 0 && dilation > 0).then_some(Window {
            stride,
            reach: (size - 1) * dilation + 1,
        })
    };
    let (padding, windows) = match (kind_of(model, operator), operator.options.as_ref()?) {
        (kind::CONV_2D, Options::Conv2D(options)) => (
            options.padding,
            [
                window(filter(1)?, options.stride_h, options.dilation_h_factor)?,
                window(filter(2)?, options.stride_w, options.dilation_w_factor)?,
            ],
        ),
        (kind::DEPTHWISE_CONV_2D, Options::DepthwiseConv2D(options)) => (
            options.padding,
            [
                window(filter(1)?, options.stride_h, options.dilation_h_factor)?,
                window(filter(2)?, options.stride_w, options.dilation_w_factor)?,
            ],
        ),
        (kind::MAX_POOL_2D, Options::Pool2D(options)) => (
            options.padding,
            [
                window(options.filter_height.into(), options.stride_h, 1)?,
                window(options.filter_width.into(), options.stride_w, 1)?,
            ],
        ),
        _ => return None,
    };
    (padding == Padding::Valid).then_some(windows)
}
