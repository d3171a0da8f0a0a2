//! A network's layers before it has weights: what a search proposes and training fills.
//!
//! A [`Topology`] is a graph of real-valued layers with one input and one output. Values are
//! height × width × channels, without the batch; a time series has width 1. Windows follow
//! TFLite's rules, so that what is trained has the shape of what is deployed.
//!
//! ```
//! use onchip_tflite::ir::{Activation, Padding, Window};
//! use onchip_tflite::topology::{Layer, Topology};
//!
//! let mut topology = Topology::new([8, 8, 1]);
//! let window = Window { size: [3, 3], stride: [2, 2], padding: Padding::Same };
//! topology.then(Layer::Conv { filters: 4, window })?;
//! topology.then(Layer::BatchNorm)?;
//! topology.then(Layer::Activation(Activation::Relu))?;
//! topology.then(Layer::GlobalAveragePool)?;
//! topology.then(Layer::Dense { units: 10 })?;
//! assert_eq!(topology.shape(topology.output()), [1, 1, 10]);
//! assert_eq!(topology.parameters(), 4 * (9 + 1) + 10 * (4 + 1));
//! # Ok::<(), onchip_tflite::topology::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use crate::ir::{Activation, Padding, ValueId, Window};

/// Height, width, channels.
pub type Dims = [usize; 3];

/// Most elements of a value; files count bytes in 31 bits.
const MAX_ELEMENTS: usize = i32::MAX as usize;

/// Layers in order of execution, each with the values that it reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Topology {
    input: Dims,
    nodes: Vec<Node>,
}

/// A layer in its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node {
    /// What it does.
    pub layer: Layer,
    /// What it reads: one value, or two for [`Layer::Add`].
    pub inputs: Vec<ValueId>,
    /// What it makes.
    pub shape: Dims,
}

/// What a layer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Convolution with a bias; every filter sees every channel.
    Conv {
        /// Output channels.
        filters: usize,
        /// Where it looks.
        window: Window,
    },
    /// Convolution with a bias; one filter per channel.
    Depthwise {
        /// Where it looks.
        window: Window,
    },
    /// Every output sees every input, plus a bias. Reads a vector: height and width are 1.
    Dense {
        /// Outputs.
        units: usize,
    },
    /// Normalization per channel by the batch's mean and variance, then a learned scale and shift
    /// (Ioffe and Szegedy 2015). Follows a layer with weights, into which it is folded when
    /// the network is quantized.
    BatchNorm,
    /// Clamping to a range.
    Activation(Activation),
    /// Maximum over windows.
    MaxPool(Window),
    /// Mean over windows; places outside the input do not count.
    AveragePool(Window),
    /// Mean over height and width.
    GlobalAveragePool,
    /// The same elements as a vector.
    Flatten,
    /// Sum of two values of equal shape.
    Add,
}

/// Why a layer does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("layer {index} ({layer:?}): {problem}")]
pub struct Error {
    /// Its place.
    pub index: usize,
    /// The layer.
    pub layer: Layer,
    /// What is wrong.
    pub problem: Problem,
}

/// See [`Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A wrong number of inputs.
    #[error("reads {found} values; give it {wanted}")]
    Inputs {
        /// Given.
        found: usize,
        /// Wanted.
        wanted: usize,
    },
    /// A value that does not exist yet.
    #[error("reads a value that no earlier layer makes")]
    Order,
    /// A window larger than what it looks at, or one of size or stride 0.
    #[error("window {size:?} with stride {stride:?} has no place on {height} × {width}")]
    Window {
        /// Height and width of the window.
        size: [usize; 2],
        /// Along height and width.
        stride: [usize; 2],
        /// Of the input.
        height: usize,
        /// Of the input.
        width: usize,
    },
    /// A dense layer on an image.
    #[error("reads {0:?}; flatten or pool it to a vector first")]
    NotAVector(Dims),
    /// Different shapes to add.
    #[error("cannot add {0:?} and {1:?}")]
    Operands(Dims, Dims),
    /// Batch normalization without a layer to fold it into.
    #[error("must directly follow a convolution or a dense layer that nothing else reads")]
    Unfoldable,
    /// No elements, or more than a file can hold.
    #[error("makes {0:?}, which is empty or too large")]
    Size(Dims),
}

impl Topology {
    /// A network without layers: its output is its input.
    pub fn new(input: Dims) -> Self {
        Self {
            input,
            nodes: Vec::new(),
        }
    }

    /// The shape of the input.
    pub fn input(&self) -> Dims {
        self.input
    }

    /// The layers in order of execution.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// What the last layer makes.
    pub fn output(&self) -> ValueId {
        match self.nodes.len() {
            0 => ValueId::INPUT,
            count => ValueId::of_layer(count - 1),
        }
    }

    /// The shape of a value.
    ///
    /// # Panics
    /// The network has no such value; names come from [`then`](Self::then) and [`push`](Self::push).
    pub fn shape(&self, value: ValueId) -> Dims {
        value.layer().map_or(self.input, |i| self.nodes[i].shape)
    }

    /// Appends a layer that reads the output so far.
    ///
    /// # Errors
    /// See [`push`](Self::push).
    pub fn then(&mut self, layer: Layer) -> Result<ValueId, Error> {
        let output = self.output();
        self.push(layer, &[output])
    }

    /// Appends a layer; what it makes is the new output.
    ///
    /// # Errors
    /// The layer does not fit what it reads. The network is then as before.
    pub fn push(&mut self, layer: Layer, inputs: &[ValueId]) -> Result<ValueId, Error> {
        let index = self.nodes.len();
        let fail = |problem| Error {
            index,
            layer,
            problem,
        };
        let shape = self.infer(layer, inputs).map_err(fail)?;
        self.nodes.push(Node {
            layer,
            inputs: inputs.to_vec(),
            shape,
        });
        Ok(self.output())
    }

    /// Weights and biases of the network as deployed, batch normalization folded.
    pub fn parameters(&self) -> u64 {
        let counts = self.nodes.iter().map(|node| self.parameters_of(node));
        counts.fold(0, u64::saturating_add)
    }

    /// Multiply-accumulates of one inference as deployed; padding counts as if it were data.
    pub fn macs(&self) -> u64 {
        let macs = self.nodes.iter().map(|node| {
            let [height, width, _] = node.shape;
            let weights = self.parameters_of(node) - self.biases_of(node);
            (height as u64 * width as u64).saturating_mul(weights)
        });
        macs.fold(0, u64::saturating_add)
    }

    fn biases_of(&self, node: &Node) -> u64 {
        match node.layer {
            Layer::Conv { .. } | Layer::Depthwise { .. } | Layer::Dense { .. } => {
                node.shape[2] as u64
            }
            _ => 0,
        }
    }

    fn parameters_of(&self, node: &Node) -> u64 {
        let channels = |node: &Node| self.shape(node.inputs[0])[2] as u64;
        let area = |window: Window| window.size[0] as u64 * window.size[1] as u64;
        let per_output = match node.layer {
            Layer::Conv { window, .. } => area(window).saturating_mul(channels(node)),
            Layer::Depthwise { window } => area(window),
            Layer::Dense { .. } => channels(node),
            _ => return 0,
        };
        (per_output + 1).saturating_mul(node.shape[2] as u64)
    }

    fn infer(&self, layer: Layer, inputs: &[ValueId]) -> Result<Dims, Problem> {
        let wanted = if layer == Layer::Add { 2 } else { 1 };
        if inputs.len() != wanted {
            let found = inputs.len();
            return Err(Problem::Inputs { found, wanted });
        }
        let is_made = |value: &ValueId| value.layer().is_none_or(|i| i < self.nodes.len());
        if !inputs.iter().all(is_made) {
            return Err(Problem::Order);
        }
        let from @ [height, width, channels] = self.shape(inputs[0]);
        let shape = match layer {
            Layer::Conv { filters, window } => slide(window, from)?.with_channels(filters),
            Layer::Depthwise { window } | Layer::MaxPool(window) | Layer::AveragePool(window) => {
                slide(window, from)?.with_channels(channels)
            }
            Layer::Dense { units } if [height, width] == [1, 1] => [1, 1, units],
            Layer::Dense { .. } => return Err(Problem::NotAVector(from)),
            Layer::BatchNorm => self.foldable(inputs[0]).map(|()| from)?,
            Layer::Activation(_) => from,
            Layer::GlobalAveragePool => [1, 1, channels],
            Layer::Flatten => [1, 1, elements(from).ok_or(Problem::Size(from))?],
            Layer::Add => {
                let other = self.shape(inputs[1]);
                if from != other {
                    return Err(Problem::Operands(from, other));
                }
                from
            }
        };
        elements(shape).map(|_| shape).ok_or(Problem::Size(shape))
    }

    /// Whether batch normalization of `value` can be folded into the layer that makes it.
    fn foldable(&self, value: ValueId) -> Result<(), Problem> {
        let has_weights = value.layer().is_some_and(|i| {
            let layer = self.nodes[i].layer;
            matches!(
                layer,
                Layer::Conv { .. } | Layer::Depthwise { .. } | Layer::Dense { .. }
            )
        });
        let has_reader = self.nodes.iter().any(|node| node.inputs.contains(&value));
        if has_weights && !has_reader {
            Ok(())
        } else {
            Err(Problem::Unfoldable)
        }
    }
}

/// Height and width of what a window makes.
struct Places([usize; 2]);

impl Places {
    fn with_channels(self, channels: usize) -> Dims {
        [self.0[0], self.0[1], channels]
    }
}

fn slide(window: Window, [height, width, _]: Dims) -> Result<Places, Problem> {
    let places = |axis: usize, over: usize| {
        let (size, stride) = (window.size[axis], window.stride[axis]);
        if size == 0 || stride == 0 {
            return None;
        }
        let starts = match window.padding {
            Padding::Same => over,
            Padding::Valid => (over + 1).checked_sub(size)?,
        };
        (starts > 0).then(|| starts.div_ceil(stride))
    };
    match (places(0, height), places(1, width)) {
        (Some(down), Some(across)) => Ok(Places([down, across])),
        _ => Err(Problem::Window {
            size: window.size,
            stride: window.stride,
            height,
            width,
        }),
    }
}

/// Number of elements, where there are any and not too many of them.
fn elements(shape: Dims) -> Option<usize> {
    let product = shape
        .iter()
        .try_fold(1_usize, |product, &dim| product.checked_mul(dim))?;
    (1..=MAX_ELEMENTS).contains(&product).then_some(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(size: usize, stride: usize, padding: Padding) -> Window {
        Window {
            size: [size; 2],
            stride: [stride; 2],
            padding,
        }
    }

    fn check(input: Dims, layers: &[Layer], expected: &Result<Dims, Problem>) {
        let mut topology = Topology::new(input);
        let result = layers.iter().try_for_each(|&layer| {
            let before = topology.clone();
            topology.then(layer).map(drop).inspect_err(|_| {
                assert_eq!(topology, before);
            })
        });
        let shape = result.map(|()| topology.shape(topology.output()));
        assert_eq!(
            &shape.map_err(|error| error.problem),
            expected,
            "{layers:?}"
        );
    }

    #[test]
    fn shapes_follow_from_layers() {
        use Layer as L;
        use Padding::{Same, Valid};
        let conv = |window| L::Conv { filters: 6, window };
        check([9, 8, 2], &[conv(window(3, 2, Same))], &Ok([5, 4, 6]));
        check([9, 8, 2], &[conv(window(3, 2, Valid))], &Ok([4, 3, 6]));
        check(
            [9, 8, 2],
            &[L::MaxPool(window(2, 2, Valid))],
            &Ok([4, 4, 2]),
        );
        check(
            [9, 8, 2],
            &[L::Flatten, L::Dense { units: 3 }],
            &Ok([1, 1, 3]),
        );
        check([9, 8, 2], &[L::GlobalAveragePool], &Ok([1, 1, 2]));
        check(
            [9, 8, 2],
            &[L::Dense { units: 3 }],
            &Err(Problem::NotAVector([9, 8, 2])),
        );
        check([9, 8, 2], &[L::BatchNorm], &Err(Problem::Unfoldable));
        let too_large = Problem::Window {
            size: [9; 2],
            stride: [1; 2],
            height: 9,
            width: 8,
        };
        check([9, 8, 2], &[conv(window(9, 1, Valid))], &Err(too_large));
        let none = Problem::Size([1, 1, 0]);
        check([9, 8, 2], &[L::Flatten, L::Dense { units: 0 }], &Err(none));
    }

    #[test]
    fn a_sum_needs_equal_shapes() {
        let mut topology = Topology::new([4, 4, 2]);
        let filters = 2;
        let window = window(3, 1, Padding::Same);
        let left = topology.then(Layer::Conv { filters, window }).unwrap();
        let sum = topology.push(Layer::Add, &[left, ValueId::INPUT]);
        assert_eq!(sum.map(|sum| topology.shape(sum)), Ok([4, 4, 2]));
        let right = topology.then(Layer::GlobalAveragePool).unwrap();
        let error = topology.push(Layer::Add, &[left, right]).unwrap_err();
        assert_eq!(error.problem, Problem::Operands([4, 4, 2], [1, 1, 2]));
        assert_eq!(topology.macs(), 16 * 9 * 4);
    }
}
