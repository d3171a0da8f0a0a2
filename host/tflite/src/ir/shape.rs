//! What shape comes out of a layer, by the rules of TFLite's operators.

use super::error::Problem;
use super::{Network, Op, Padding, Shape, ValueId, Window};

/// Most elements of a tensor; files count bytes in 31 bits.
const MAX_ELEMENTS: usize = i32::MAX as usize;

/// Number of elements, where there are any and not too many of them.
pub(super) fn elements(shape: &[usize]) -> Option<usize> {
    let product = shape
        .iter()
        .try_fold(1_usize, |product, &dim| product.checked_mul(dim))?;
    (1..=MAX_ELEMENTS).contains(&product).then_some(product)
}

impl Network {
    /// The shape of what `op` makes as layer `index`.
    pub(super) fn infer(&self, index: usize, op: &Op) -> Result<Shape, Problem> {
        let shape = |id: ValueId| {
            // A layer reads the input and what layers before it make.
            let is_made = id
                .layer()
                .is_none_or(|layer| layer < index.min(self.layers.len()));
            if is_made {
                Ok(&self.value(id).shape)
            } else {
                Err(Problem::Order)
            }
        };
        match op {
            Op::Conv2d(op) => {
                let [batch, height, width, _] = image(shape(op.input)?)?;
                let [height, width] = slide(&op.window, op.dilation, [height, width])?;
                Ok(vec![batch, height, width, op.outputs])
            }
            Op::DepthwiseConv2d(op) => {
                let [batch, height, width, channels] = image(shape(op.input)?)?;
                let [height, width] = slide(&op.window, op.dilation, [height, width])?;
                Ok(vec![
                    batch,
                    height,
                    width,
                    channels.saturating_mul(op.multiplier),
                ])
            }
            Op::AveragePool2d(op) | Op::MaxPool2d(op) => {
                let [batch, height, width, channels] = image(shape(op.input)?)?;
                let [height, width] = slide(&op.window, [1, 1], [height, width])?;
                Ok(vec![batch, height, width, channels])
            }
            Op::FullyConnected(op) => {
                let from = shape(op.input)?;
                let elements = elements(from).unwrap_or(0);
                if op.inputs == 0 || !elements.is_multiple_of(op.inputs) {
                    return Err(Problem::Elements {
                        from: from.clone(),
                        into: vec![op.inputs],
                    });
                }
                Ok(vec![elements / op.inputs, op.outputs])
            }
            Op::Add(op) => {
                let (left, right) = (shape(op.left)?, shape(op.right)?);
                if left != right {
                    return Err(Problem::Operands {
                        left: left.clone(),
                        right: right.clone(),
                    });
                }
                Ok(left.clone())
            }
            Op::Softmax(op) => Ok(shape(op.input)?.clone()),
            Op::Reshape(op) => {
                let from = shape(op.input)?;
                if elements(from) != elements(&op.shape) {
                    return Err(Problem::Elements {
                        from: from.clone(),
                        into: op.shape.clone(),
                    });
                }
                Ok(op.shape.clone())
            }
            Op::Pad(op) => {
                let from = shape(op.input)?;
                if from.len() != op.margins.len() {
                    let (found, wanted) = (op.margins.len(), from.len());
                    return Err(Problem::Length {
                        what: "margins",
                        found,
                        wanted,
                    });
                }
                Ok(from
                    .iter()
                    .zip(&op.margins)
                    .map(|(dim, [a, b])| dim.saturating_add(*a).saturating_add(*b))
                    .collect())
            }
            Op::Mean(op) => {
                let from = shape(op.input)?;
                let ascends = op.axes.is_sorted_by(|a, b| a < b);
                if !ascends || op.axes.iter().any(|&axis| axis >= from.len()) {
                    return Err(Problem::Axes {
                        axes: op.axes.clone(),
                        shape: from.clone(),
                    });
                }
                let dims = from.iter().enumerate();
                Ok(dims
                    .filter_map(|(i, &dim)| match (op.axes.contains(&i), op.keep_dims) {
                        (false, _) => Some(dim),
                        (true, true) => Some(1),
                        (true, false) => None,
                    })
                    .collect())
            }
        }
    }
}

fn image(shape: &Shape) -> Result<[usize; 4], Problem> {
    let rank = |_| Problem::Rank {
        shape: shape.clone(),
        wanted: 4,
    };
    shape.as_slice().try_into().map_err(rank)
}

/// The number of places that a window takes along height and width.
fn slide(window: &Window, dilation: [usize; 2], over: [usize; 2]) -> Result<[usize; 2], Problem> {
    let mut places = [0; 2];
    for axis in 0..2 {
        let (size, stride) = (window.size[axis], window.stride[axis]);
        let reach = size
            .checked_sub(1)
            .and_then(|steps| steps.checked_mul(dilation[axis]));
        let start = match (window.padding, reach) {
            (_, Some(_)) if stride == 0 || dilation[axis] == 0 => None,
            (Padding::Same, Some(_)) => Some(over[axis]),
            (Padding::Valid, Some(reach)) => over[axis].checked_sub(reach),
            (_, None) => None,
        };
        places[axis] = match start {
            Some(starts) if starts > 0 => starts.div_ceil(stride),
            _ => {
                let (size, stride) = (window.size, window.stride);
                return Err(Problem::Window {
                    size,
                    stride,
                    dilation,
                    shape: over.to_vec(),
                });
            }
        };
    }
    Ok(places)
}
