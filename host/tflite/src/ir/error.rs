//! Why layers are no network, or a model is none.

use super::Shape;

/// Why layers are no network, or a model is none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The network's input is malformed.
    #[error("the network's input: {0}")]
    Input(Problem),
    /// The network's output is a value that it does not have.
    #[error("the network's output is made by none of its {layers} layers")]
    Output {
        /// Number of layers.
        layers: usize,
    },
    /// A layer is malformed or does not fit what it reads.
    #[error("layer {index} ({op}): {problem}")]
    Layer {
        /// Its place.
        index: usize,
        /// Its operator.
        op: &'static str,
        /// What is wrong with it.
        problem: Problem,
    },
    /// A model's operator has no counterpart among the layers.
    #[error("operator {index} ({op}): {problem}")]
    Operator {
        /// Its place.
        index: usize,
        /// Its name.
        op: &'static str,
        /// What is wrong with it.
        problem: Problem,
    },
    /// A model with several inputs, outputs or subgraphs.
    #[error("the model has {count} {what}, a network has one")]
    Several {
        /// What there are several of, or none.
        what: &'static str,
        /// How many.
        count: usize,
    },
}

/// What is wrong with a layer, or with an operator that is to become one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It reads what no earlier layer makes.
    #[error("it reads a value that is made later, or never")]
    Order,
    /// Wrong number of dimensions.
    #[error("its input {shape:?} must have {wanted} dimensions")]
    Rank {
        /// The input's shape.
        shape: Shape,
        /// How many it should have.
        wanted: usize,
    },
    /// No elements, or more than a file can hold.
    #[error("the shape {shape:?} has no elements, or too many")]
    Size {
        /// The shape.
        shape: Shape,
    },
    /// The stated shape is not what the layer makes.
    #[error("it makes {made:?}, but its output is stated to be {stated:?}")]
    Shape {
        /// What it makes.
        made: Shape,
        /// What is stated.
        stated: Shape,
    },
    /// Two summands of different shapes.
    #[error("its operands have the shapes {left:?} and {right:?}, which must be equal")]
    Operands {
        /// One summand.
        left: Shape,
        /// The other.
        right: Shape,
    },
    /// A new shape with another number of elements, or a vector length that does not divide them.
    #[error("the elements of {from:?} do not fill {into:?}")]
    Elements {
        /// The input's shape.
        from: Shape,
        /// What they should fill.
        into: Shape,
    },
    /// A window that does not fit.
    #[error(
        "its window (size {size:?}, stride {stride:?}, dilation {dilation:?}) does not fit {shape:?}"
    )]
    Window {
        /// Elements.
        size: [usize; 2],
        /// Distance between places.
        stride: [usize; 2],
        /// Distance between elements.
        dilation: [usize; 2],
        /// The input's shape.
        shape: Shape,
    },
    /// Dimensions that the input does not have, or not in order.
    #[error("the axes {axes:?} are not ascending dimensions of {shape:?}")]
    Axes {
        /// The axes.
        axes: Vec<usize>,
        /// The input's shape.
        shape: Shape,
    },
    /// A list of the wrong length.
    #[error("it has {found} {what} instead of {wanted}")]
    Length {
        /// What the list holds.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length it should have.
        wanted: usize,
    },
    /// A scale that is not a positive number.
    #[error("the scale {scale} is not a positive number")]
    Scale {
        /// The scale.
        scale: f32,
    },
    /// An output that should have its input's quantization, or that of probabilities.
    #[error("its output must have scale {scale} and zero point {zero_point}")]
    Quantization {
        /// The scale it should have.
        scale: f32,
        /// The zero point it should have.
        zero_point: i8,
    },
    /// A factor that is not a positive number.
    #[error("beta is {beta}, which is not a positive number")]
    Beta {
        /// The factor.
        beta: f32,
    },
    /// An operator that no layer stands for.
    #[error("no layer stands for this operator")]
    Unsupported,
    /// Options that no layer has.
    #[error("its option `{option}` has a value that no layer has")]
    Option {
        /// The option.
        option: &'static str,
    },
    /// A tensor of another kind than layers have.
    #[error("its operand {operand} must be {wanted}")]
    Operand {
        /// Its place among the operator's inputs.
        operand: usize,
        /// What it should be.
        wanted: &'static str,
    },
}
