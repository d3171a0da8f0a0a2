//! A TFLite file's content.

pub use crate::schema::tflite::{BuiltinOptions as Options, TensorType};
pub use onchip_engine::Opcode;

/// The options of operators, as the format has them.
pub mod options {
    pub use crate::schema::tflite::{
        Activation, AddOptions, ArgOptions, BatchMatMulOptions, BlockOptions, ConcatenationOptions,
        Conv2DOptions, DepthwiseConv2DOptions, Empty, FullyConnectedOptions, GatherOptions,
        LeakyReluOptions, MirrorPadMode, MirrorPadOptions, MulOptions, PackOptions, Padding,
        Pool2DOptions, ReducerOptions, ReshapeOptions, ResizeBilinearOptions,
        ResizeNearestNeighborOptions, SoftmaxOptions, SplitOptions, SqueezeOptions,
        StridedSliceOptions, SvdfOptions, TransposeConvOptions, UnidirectionalSequenceLstmOptions,
        Unread, VarHandleOptions, WeightsFormat,
    };
}

/// A TFLite file's content, as it is in the file.
///
/// What is not here is not carried from a file that is read to one that is written: debugging
/// metadata, options of operators that only other runtimes have.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    /// What made it, in free words.
    pub description: String,
    /// The operators that subgraphs refer to by index.
    pub codes: Vec<OperatorCode>,
    /// The networks; the first one is run.
    pub subgraphs: Vec<Subgraph>,
    /// Constant data; the first buffer is empty and stands for "none".
    pub buffers: Vec<Vec<u8>>,
    /// Named buffers.
    pub metadata: Vec<Metadata>,
    /// Names for inputs and outputs.
    pub signatures: Vec<Signature>,
}

/// An operator that a model uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorCode {
    /// Which one.
    pub opcode: Opcode,
    /// Name of a custom operator.
    pub custom: Option<String>,
    /// Version of the operator's definition.
    pub version: i32,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Subgraph {
    /// Its name.
    pub name: String,
    /// What operators read and write.
    pub tensors: Vec<Tensor>,
    /// Tensors that are given.
    pub inputs: Vec<i32>,
    /// Tensors that are wanted.
    pub outputs: Vec<i32>,
    /// In order of execution.
    pub operators: Vec<Operator>,
}

/// A value, constant or computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<i32>,
    /// The same with -1 for dimensions that the file leaves open; empty where none is.
    pub shape_signature: Vec<i32>,
    /// Whether an empty shape means a scalar rather than "unknown".
    pub has_rank: bool,
    /// Type of its elements.
    pub ty: TensorType,
    /// Its data; 0 where it is computed.
    pub buffer: u32,
    /// What its integers stand for.
    pub quantization: Option<Quantization>,
    /// Whether it keeps its value from one inference to the next.
    pub is_variable: bool,
}

/// What integers stand for: scale × (integer − zero point).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quantization {
    /// Least real values seen; for information.
    pub min: Vec<f32>,
    /// Greatest real values seen; for information.
    pub max: Vec<f32>,
    /// One scale, or one per index of `axis`, or none.
    pub scale: Vec<f32>,
    /// As many zero points.
    pub zero_point: Vec<i64>,
    /// The dimension that scales run along.
    pub axis: i32,
}

/// A step of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator {
    /// Index into [`Model::codes`].
    pub code: u32,
    /// Tensors; -1 where an optional one is left out.
    pub inputs: Vec<i32>,
    /// Tensors.
    pub outputs: Vec<i32>,
    /// How to do it.
    pub options: Option<Options>,
    /// How to do it, for custom operators.
    pub custom_options: Vec<u8>,
    /// Which inputs it changes; empty for none.
    pub mutating_inputs: Vec<bool>,
    /// Tensors that it needs while it runs.
    pub intermediates: Vec<i32>,
}

/// A named buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub name: String,
    /// Index into [`Model::buffers`].
    pub buffer: u32,
}

/// Names for the inputs and outputs of a subgraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its name.
    pub key: String,
    /// Names and tensors.
    pub inputs: Vec<(String, u32)>,
    /// Names and tensors.
    pub outputs: Vec<(String, u32)>,
    /// The subgraph.
    pub subgraph: u32,
}

impl Model {
    /// What `operator` is; `None` when it names none of the model's codes.
    pub fn opcode(&self, operator: &Operator) -> Option<Opcode> {
        self.codes
            .get(operator.code as usize)
            .map(|code| code.opcode)
    }

    /// A tensor's constant data; `None` where it is computed.
    pub fn constant(&self, tensor: &Tensor) -> Option<&[u8]> {
        let data = self.buffers.get(tensor.buffer as usize)?;
        if data.is_empty() { None } else { Some(data) }
    }
}

impl Tensor {
    /// Number of elements, at most 2⁶³.
    pub fn elements(&self) -> u64 {
        let dimension = |&dim: &i32| u64::try_from(dim).unwrap_or(0);
        self.shape
            .iter()
            .map(dimension)
            .fold(1, u64::saturating_mul)
    }

    /// Bytes of all elements; `None` for types without a fixed size.
    pub fn bytes(&self) -> Option<u64> {
        bits(self.ty).map(|bits| self.elements().saturating_mul(bits).div_ceil(8))
    }
}

/// Bits of an element.
fn bits(ty: TensorType) -> Option<u64> {
    use TensorType as T;
    Some(match ty {
        T::Int2 => 2,
        T::Int4 | T::Uint4 => 4,
        T::Int8 | T::Uint8 | T::Bool => 8,
        T::Float16 | T::Bfloat16 | T::Int16 | T::Uint16 => 16,
        T::Float32 | T::Int32 | T::Uint32 => 32,
        T::Float64 | T::Int64 | T::Uint64 | T::Complex64 => 64,
        T::Complex128 => 128,
        T::String | T::Resource | T::Variant => return None,
    })
}

impl Options {
    /// Whether the options' fields were left out when they were read.
    pub(crate) fn is_unread(&self) -> bool {
        use Options as O;
        matches!(
            self,
            O::ConcatEmbeddings(_)
                | O::LshProjection(_)
                | O::Rnn(_)
                | O::L2Norm(_)
                | O::LocalResponseNormalization(_)
                | O::Lstm(_)
                | O::Call(_)
                | O::SkipGram(_)
                | O::EmbeddingLookupSparse(_)
                | O::SequenceRnn(_)
                | O::Cast(_)
                | O::SparseToDense(_)
                | O::Shape(_)
                | O::FakeQuant(_)
                | O::OneHot(_)
                | O::BidirectionalSequenceLstm(_)
                | O::BidirectionalSequenceRnn(_)
                | O::Unique(_)
                | O::ReverseSequence(_)
                | O::If(_)
                | O::While(_)
                | O::Cumsum(_)
                | O::CallOnce(_)
                | O::Conv3D(_)
                | O::Hashtable(_)
                | O::Random(_)
                | O::Bucketize(_)
                | O::Gelu(_)
        )
    }
}
