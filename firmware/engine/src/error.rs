//! Why a model cannot be read, planned or run.
//!
//! Errors are small and [`Copy`], and travel as four words ([`Error::encode`]), so that an image can
//! report one without carrying its text; whoever decodes it has the text.

use core::fmt;
use core::num::NonZeroU32;

use crate::flatbuffer::saturate;
use crate::opcode::Opcode;

pub(crate) type Result<T> = core::result::Result<T, Error>;

/// Declares an enum of problems: each has a stable number, a text, and a name for the number that goes with it.
macro_rules! problems {
    ($(#[$doc:meta])* pub enum $name:ident { $($variant:ident = $code:literal, $text:literal, $value:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum $name { $(#[doc = $text] $variant = $code,)* }

        impl $name {
            fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }

            /// What is wrong and what to do, and what the number beside it means ("" if nothing).
            fn text(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($text, $value),)* }
            }
        }
    };
}

problems! {
    /// A file that is no TFLite flatbuffer, or a broken one.
    pub enum FileProblem {
        OutOfBounds = 1, "a reference points outside the file; it is truncated or corrupt, export it anew", "at byte";
        Identifier = 2, "the file identifier `TFL3` is missing; this is no TFLite model", "";
        Version = 3, "only schema version 3 is supported; convert the model with a current TensorFlow", "version";
        Vtable = 4, "a table's layout is malformed; the file is corrupt, export it anew", "at byte";
        TooLarge = 5, "files of 2 GiB and more are not supported", "";
        Index = 6, "an index names a tensor, buffer or operator that does not exist; the file is corrupt, export it anew", "index";
    }
}

problems! {
    /// A network whose overall form the engine does not run.
    pub enum GraphProblem {
        Subgraphs = 1, "only one subgraph is supported, beside those with which CALL_ONCE initialises variables; export the model without control flow", "subgraphs";
        Inputs = 2, "exactly one input tensor is supported; merge the inputs or split the model", "inputs";
        Outputs = 3, "exactly one output tensor is supported; merge the outputs or split the model", "outputs";
        ConstantInput = 4, "the network's input is a constant", "tensor";
        Empty = 5, "the network has no operators", "";
        TooManyTensors = 6, "more tensors or operators than the planner can hold, or lists of them too long to be checked", "count";
        Unproduced = 7, "a tensor is used before anything has produced it; operators must be in order of execution", "tensor";
        Plan = 9, "the memory plan does not fit an operator; the file has changed since it was planned", "operator";
        ProducedTwice = 8, "a tensor is produced twice, or written although it is a constant", "tensor";
        KeptLayout = 10, "what the file carries for the chip (metadata `onchip.kept`) has a layout of another version; prepare the model anew", "layout";
        KeptCounts = 11, "what the file carries for the chip (metadata `onchip.kept`) was made for another network; prepare the model anew", "tensors";
        KeptTensor = 12, "the memory plan in the file (metadata `onchip.kept`) puts a tensor outside the arena or over another one; prepare the model anew", "tensor";
        KeptWork = 13, "the memory plan in the file (metadata `onchip.kept`) gives an operator working memory that does not fit; prepare the model anew", "operator";
        KeptTable = 14, "a table in the file (metadata `onchip.kept`) does not fit its operator; prepare the model anew", "operator";
        KeptScales = 15, "the tables in the file (metadata `onchip.kept`) were computed from other scales; prepare the model anew", "";
    }
}

problems! {
    /// A tensor the engine cannot hold.
    pub enum TensorProblem {
        Rank = 1, "has more than 6 dimensions", "dimensions";
        Dynamic = 2, "has a dynamic or empty dimension; export the model with a fixed shape and batch size", "dimension";
        TooLarge = 3, "is larger than 1 GiB", "";
        DataType = 4, "has a data type unknown to this engine", "type";
        DataLength = 5, "has constant data of another length than its shape and type say", "bytes";
        Sparse = 6, "is sparse; export the model without weight sparsity encoding", "";
        Variable = 7, "is a variable and a constant at once; export the model anew", "";
        ExternalData = 8, "keeps its data outside the flatbuffer", "";
        Quantization = 9, "has malformed quantization parameters", "";
    }
}

problems! {
    /// An operator that the engine does not run, or that contradicts itself.
    pub enum OperatorProblem {
        Unsupported = 1, "this operator is not supported", "";
        Custom = 2, "custom operators are not supported", "";
        Inputs = 3, "wrong number of inputs", "inputs";
        Outputs = 4, "wrong number of outputs", "outputs";
        Options = 5, "its option table is of another operator", "option type";
        DataType = 6, "this operator does not take this data type; quantize the model to int8", "type";
        Shape = 7, "the shapes of its operands do not fit together", "operand";
        Rank = 8, "an operand has an unsupported number of dimensions", "dimensions";
        Constant = 9, "an operand must be a constant in the file", "operand";
        Scale = 10, "a quantization scale is missing, not finite or not positive", "operand";
        ZeroPoint = 11, "a quantization zero point is out of its type's range, or not zero where it must be", "operand";
        QuantizedAxis = 12, "quantization per channel runs along an unsupported dimension or has a wrong length", "operand";
        SameQuantization = 13, "input and output must share scale and zero point", "";
        Multiplier = 14, "the ratio of its scales is too large", "channel";
        Activation = 15, "unsupported fused activation", "activation";
        Padding = 16, "unknown padding scheme", "scheme";
        Stride = 17, "strides, dilations and filter sizes must be positive and fit the input", "value";
        DepthMultiplier = 18, "the depth multiplier contradicts the shapes", "multiplier";
        Groups = 19, "the groups of a convolution do not share its filters equally; export the model anew", "groups";
        Broadcast = 20, "an operand's shape does not broadcast to the output's; each dimension must be the output's or 1", "operand";
        WeightsFormat = 21, "shuffled weights are not supported; export with the default weights format", "format";
        SoftmaxOutput = 22, "softmax output must have scale 1/256 and zero point -128; if it is int16, 1/65536 and -32768 for int8 input and 1/32768 and 0 for int16", "";
        Beta = 23, "softmax beta must be positive and finite and fit the input's scale", "";
        Paddings = 24, "paddings must not be negative and must add up to the output's shape", "dimension";
        Axis = 25, "a number of a dimension is out of range", "axis";
        TooLarge = 26, "it would compute for longer than any board can wait", "";
        State = 27, "what it keeps from one inference to the next must be a variable tensor", "operand";
        Lstm = 45, "only LSTMs of four gates with biases and TANH are supported, without peepholes, projection, layer normalization or diagonal weights", "operand";
        CellScale = 46, "the scale of an LSTM's cell state must be a power of two from 2^-27 to 4", "";
        Initialisation = 47, "CALL_ONCE may only call a subgraph that assigns constants to variables; initialise them with constants", "subgraph";
        Handle = 48, "a variable needs one VAR_HANDLE, before all that read it or assign to it; export the model anew", "";
        VariableType = 49, "a variable is read or assigned with different types or sizes; export the model anew", "";
        Hybrid = 55, "float activations need float weights; quantize the activations, too, or keep the weights float", "weights' type";
        Conversion = 56, "there is no conversion from its input's type to its output's; export the model anew", "output's type";
        CurveOutput = 30, "its output must have the quantization it computes in: LOGISTIC scale 1/256 and zero point -128, TANH 1/128 and 0; with int16, both 1/32768 and 0", "";
        ElementType = 35, "input and output must have the same data type, and its elements whole bytes", "type";
        Parts = 36, "the number or the sizes of its parts contradict the shapes", "part";
        Slice = 37, "a slice begins, ends or steps outside its input, or contradicts the output's shape", "dimension";
        SliceMask = 38, "slices with an ellipsis or a new axis are not supported; export the slice in plain form", "mask";
        Permutation = 39, "the permutation does not name each dimension once", "dimension";
        Index = 40, "a constant index is out of range", "index";
        BatchDims = 41, "the number of batch dimensions does not fit its operands", "dimensions";
        BlockSize = 42, "block sizes and crops must be positive and fit the shapes", "size";
        Resize = 43, "resizing with aligned corners and half pixel centers at once, or so far that roundings lead outside the input, is not supported", "";
        OutputType = 44, "the output's data type does not fit the operator's", "type";
    }
}

/// Why a model cannot be read, planned or run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// The file is not a sound TFLite flatbuffer.
    File {
        /// What is wrong with it.
        problem: FileProblem,
        /// A byte position or number, by the problem.
        value: u32,
    },
    /// The network as a whole has a form that is not supported.
    Graph {
        /// What is not supported.
        problem: GraphProblem,
        /// A count or tensor index, by the problem.
        value: u32,
    },
    /// A tensor is malformed or not supported.
    Tensor {
        /// Position in the subgraph's list of tensors.
        index: u32,
        /// What is wrong with it.
        problem: TensorProblem,
        /// A number that goes with the problem.
        value: u32,
    },
    /// An operator is malformed or not supported.
    Operator {
        /// Position in the order of execution.
        index: u32,
        /// Which operator it is.
        opcode: Opcode,
        /// What is wrong with it.
        problem: OperatorProblem,
        /// A number that goes with the problem.
        value: u32,
    },
    /// The arena is too small for this model.
    Arena {
        /// Bytes needed; while planning itself does not fit, the least that is known to be needed.
        needed: u32,
        /// Bytes given.
        available: u32,
    },
}

impl Error {
    /// The error as four words: kind and problem, then what the kind carries.
    #[must_use]
    pub fn encode(self) -> [u32; 4] {
        match self {
            Self::File { problem, value } => [word(1, problem as u8), value, 0, 0],
            Self::Graph { problem, value } => [word(2, problem as u8), value, 0, 0],
            Self::Tensor {
                index,
                problem,
                value,
            } => [word(3, problem as u8), value, index, 0],
            Self::Operator {
                index,
                opcode,
                problem,
                value,
            } => [word(4, problem as u8), value, index, opcode.0],
            Self::Arena { needed, available } => [word(5, 0), needed, available, 0],
        }
    }

    /// The error that [`Error::encode`] made these words of; `None` if none did.
    #[must_use]
    pub fn decode(words: [u32; 4]) -> Option<Self> {
        let [head, value, index, opcode] = words;
        let code = u8::try_from(head >> 8).ok()?;
        let error = match head & 0xff {
            1 => Self::File {
                problem: FileProblem::from_code(code)?,
                value,
            },
            2 => Self::Graph {
                problem: GraphProblem::from_code(code)?,
                value,
            },
            3 => Self::Tensor {
                index,
                problem: TensorProblem::from_code(code)?,
                value,
            },
            4 => Self::Operator {
                index,
                opcode: Opcode(opcode),
                problem: OperatorProblem::from_code(code)?,
                value,
            },
            5 => Self::Arena {
                needed: value,
                available: index,
            },
            _ => return None,
        };
        (error.encode() == words).then_some(error)
    }
}

/// An error as it travels within the engine, in two words: code that checks is mostly code that passes errors on, and
/// a result of two words is passed on in registers.
///
/// Which operator has the problem is added where its reading ends ([`Fault::at`]), and what else an [`Error`] says where
/// it leaves the engine ([`Fault::error`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    /// The first word of [`Error::encode`], and above it the index of a tensor or operator, as far as it fits.
    pub(crate) head: NonZeroU32,
    pub(crate) value: u32,
}

impl Fault {
    #[inline]
    pub(crate) fn file(problem: FileProblem, value: u32) -> Self {
        Self::new(1, problem as u8, value)
    }

    #[inline]
    pub(crate) fn graph(problem: GraphProblem, value: usize) -> Self {
        Self::new(2, problem as u8, saturate(value))
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn tensor(index: usize, problem: TensorProblem, value: u32) -> Self {
        Self::new(3, problem as u8, value).with(index)
    }

    #[inline]
    pub(crate) fn operator(problem: OperatorProblem, value: u32) -> Self {
        Self::new(4, problem as u8, value)
    }

    /// The arena has fewer bytes than this.
    #[inline]
    pub(crate) fn arena(needed: usize) -> Self {
        Self::new(5, 0, saturate(needed))
    }

    #[inline]
    fn new(kind: u32, problem: u8, value: u32) -> Self {
        // No kind is 0.
        let head = NonZeroU32::new(word(kind, problem)).unwrap_or(NonZeroU32::MAX);
        Self { head, value }
    }

    fn with(self, index: usize) -> Self {
        Self {
            head: self.head | (index.min(0xffff) as u32) << 16,
            ..self
        }
    }

    /// The same fault, met while operator `index` was read.
    #[cold]
    #[inline(never)]
    pub(crate) fn at(self, index: usize) -> Self {
        match self.head.get() & 0xff {
            4 => self.with(index),
            _ => self,
        }
    }

    /// The operator that has the problem, if it is one's.
    pub(crate) fn of_operator(self) -> Option<usize> {
        let head = self.head.get();
        (head & 0xff == 4).then_some(head as usize >> 16)
    }

    /// The error that it stands for, in an operator of this kind or an arena of so many bytes.
    #[cold]
    #[inline(never)]
    pub(crate) fn error(self, opcode: Opcode, available: usize) -> Error {
        let head = self.head.get();
        let (index, opcode) = match head & 0xff {
            4 => (head >> 16, opcode.0),
            5 => (saturate(available), 0),
            _ => (head >> 16, 0),
        };
        let words = [head & 0xffff, self.value, index, opcode];
        // Every fault is made of a problem.
        Error::decode(words).unwrap_or(Error::File {
            problem: FileProblem::OutOfBounds,
            value: self.value,
        })
    }
}

fn word(kind: u32, problem: u8) -> u32 {
    kind | u32::from(problem) << 8
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((text, name), value) = match *self {
            Self::File { problem, value } => {
                f.write_str("model file: ")?;
                (problem.text(), value)
            }
            Self::Graph { problem, value } => {
                f.write_str("network: ")?;
                (problem.text(), value)
            }
            Self::Tensor {
                index,
                problem,
                value,
            } => {
                write!(f, "tensor {index} ")?;
                (problem.text(), value)
            }
            Self::Operator {
                index,
                opcode,
                problem,
                value,
            } => {
                write!(f, "operator {index} ({opcode}): ")?;
                (problem.text(), value)
            }
            Self::Arena { needed, available } => {
                return write!(
                    f,
                    "the model needs an arena of {needed} bytes and was given {available}; \
                     use a smaller model or a board with more RAM"
                );
            }
        };
        f.write_str(text)?;
        if !name.is_empty() {
            write!(f, " ({name} {value})")?;
        }
        Ok(())
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_become_the_errors_they_were_made_of() {
        let (opcode, value) = (Opcode(3), 9);
        let check = |fault: Fault, error| assert_eq!(fault.at(7).error(opcode, 100), error);
        let problem = OperatorProblem::Hybrid;
        check(
            Fault::operator(problem, value),
            Error::Operator {
                index: 7,
                opcode,
                problem,
                value,
            },
        );
        let problem = FileProblem::Vtable;
        check(Fault::file(problem, value), Error::File { problem, value });
        let problem = GraphProblem::Empty;
        check(Fault::graph(problem, 9), Error::Graph { problem, value });
        let problem = TensorProblem::Sparse;
        check(
            Fault::tensor(300, problem, value),
            Error::Tensor {
                index: 300,
                problem,
                value,
            },
        );
        check(
            Fault::arena(9),
            Error::Arena {
                needed: 9,
                available: 100,
            },
        );
        assert_eq!(
            Fault::operator(OperatorProblem::Hybrid, 0)
                .at(7)
                .of_operator(),
            Some(7)
        );
    }
}
