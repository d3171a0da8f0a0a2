//! The network of a model, the way passes look at it.

use onchip_tflite::options::Activation;
use onchip_tflite::{Model, Operator, Options, Quantization, Subgraph, Tensor, TensorType};

/// Numbers of operators in the format.
pub(crate) mod kind {
    pub(crate) const ADD: u32 = 0;
    pub(crate) const AVERAGE_POOL_2D: u32 = 1;
    pub(crate) const CONCATENATION: u32 = 2;
    pub(crate) const CONV_2D: u32 = 3;
    pub(crate) const DEPTHWISE_CONV_2D: u32 = 4;
    pub(crate) const FULLY_CONNECTED: u32 = 9;
    pub(crate) const LOGISTIC: u32 = 14;
    pub(crate) const MAX_POOL_2D: u32 = 17;
    pub(crate) const MUL: u32 = 18;
    pub(crate) const RELU: u32 = 19;
    pub(crate) const RELU_N1_TO_1: u32 = 20;
    pub(crate) const RELU6: u32 = 21;
    pub(crate) const RESHAPE: u32 = 22;
    pub(crate) const TANH: u32 = 28;
    pub(crate) const PAD: u32 = 34;
    pub(crate) const TRANSPOSE: u32 = 39;
    pub(crate) const MEAN: u32 = 40;
    pub(crate) const SUB: u32 = 41;
    pub(crate) const SQUEEZE: u32 = 43;
    pub(crate) const MAXIMUM: u32 = 55;
    pub(crate) const MINIMUM: u32 = 57;
    pub(crate) const EXPAND_DIMS: u32 = 70;
    pub(crate) const LEAKY_RELU: u32 = 98;
    pub(crate) const ABS: u32 = 101;
    pub(crate) const ELU: u32 = 111;
    pub(crate) const QUANTIZE: u32 = 114;
    pub(crate) const HARD_SWISH: u32 = 117;
    pub(crate) const CALL_ONCE: u32 = 129;
    pub(crate) const VAR_HANDLE: u32 = 142;
    pub(crate) const READ_VARIABLE: u32 = 143;
    pub(crate) const ASSIGN_VARIABLE: u32 = 144;
}

/// The network that is run.
pub(crate) fn main(model: &Model) -> &Subgraph {
    &model.subgraphs[0]
}

/// The same, to be changed.
pub(crate) fn main_mut(model: &mut Model) -> &mut Subgraph {
    &mut model.subgraphs[0]
}

/// What an operator is; a number that none has where it names no code.
pub(crate) fn kind_of(model: &Model, operator: &Operator) -> u32 {
    model.opcode(operator).map_or(u32::MAX, |opcode| opcode.0)
}

/// The name of operator `index`, with its place.
pub(crate) fn name(model: &Model, index: usize) -> String {
    let opcode = main(model)
        .operators
        .get(index)
        .and_then(|operator| model.opcode(operator));
    format!(
        "{} {index}",
        opcode.map_or("UNKNOWN", |opcode| opcode.name())
    )
}

/// A tensor that an operator has at place `i` of a list, if there is one.
pub(crate) fn at(list: &[i32], i: usize) -> Option<usize> {
    usize::try_from(*list.get(i)?).ok()
}

/// The indices of a list, without those left out.
pub(crate) fn indices(list: &[i32]) -> impl Iterator<Item = usize> {
    list.iter().filter_map(|&i| usize::try_from(i).ok())
}

/// Who makes and who reads each tensor of the network.
pub(crate) struct Links {
    /// The operator that writes it.
    pub(crate) writer: Vec<Option<usize>>,
    /// The operators that read it, each once.
    pub(crate) readers: Vec<Vec<usize>>,
    /// Whether it is given or wanted from outside, or remembered.
    pub(crate) is_fixed: Vec<bool>,
}

impl Links {
    pub(crate) fn new(model: &Model) -> Self {
        let graph = main(model);
        let count = graph.tensors.len();
        let mut links = Self {
            writer: vec![None; count],
            readers: vec![Vec::new(); count],
            is_fixed: graph
                .tensors
                .iter()
                .map(|tensor| tensor.is_variable)
                .collect(),
        };
        for (index, operator) in graph.operators.iter().enumerate() {
            for tensor in indices(&operator.outputs) {
                links.writer[tensor] = Some(index);
            }
            for tensor in indices(&operator.inputs) {
                if links.readers[tensor].last() != Some(&index) {
                    links.readers[tensor].push(index);
                }
            }
            for tensor in indices(&operator.intermediates) {
                links.is_fixed[tensor] = true;
            }
        }
        for tensor in indices(&graph.inputs).chain(indices(&graph.outputs)) {
            links.is_fixed[tensor] = true;
        }
        let named = model
            .signatures
            .iter()
            .filter(|signature| signature.subgraph == 0);
        for (_, tensor) in
            named.flat_map(|signature| signature.inputs.iter().chain(&signature.outputs))
        {
            links.is_fixed[*tensor as usize] = true;
        }
        links
    }

    /// Whether a tensor is made by an operator, for a single other one.
    pub(crate) fn is_private(&self, tensor: usize) -> bool {
        self.writer[tensor].is_some() && self.readers[tensor].len() == 1 && !self.is_fixed[tensor]
    }
}

/// Scale and zero point of a tensor that has one of each.
pub(crate) fn affine(tensor: &Tensor) -> Option<(f32, i64)> {
    match tensor.quantization.as_ref()? {
        Quantization {
            scale, zero_point, ..
        } if scale.len() == 1 && zero_point.len() == 1 => Some((scale[0], zero_point[0])),
        _ => None,
    }
}

/// Whether equal bytes mean equal values: the same type, scale and zero point.
pub(crate) fn is_same_kind(a: &Tensor, b: &Tensor) -> bool {
    let is_plain = a.ty != TensorType::Int8 && affine(a).is_none() && affine(b).is_none();
    a.ty == b.ty && (is_plain || (affine(a).is_some() && affine(a) == affine(b)))
}

/// A constant tensor's numbers.
pub(crate) fn integers(model: &Model, tensor: usize) -> Option<Vec<i64>> {
    let tensor = main(model).tensors.get(tensor)?;
    let data = model.constant(tensor)?;
    Some(match tensor.ty {
        TensorType::Int8 => data.iter().map(|&byte| i64::from(byte as i8)).collect(),
        TensorType::Int32 => data
            .as_chunks()
            .0
            .iter()
            .map(|&word| i32::from_le_bytes(word).into())
            .collect(),
        TensorType::Int64 => data
            .as_chunks()
            .0
            .iter()
            .map(|&word| i64::from_le_bytes(word))
            .collect(),
        _ => return None,
    })
}

/// The activation that an operator's options name, for those whose activation is a range that outputs are clamped to.
pub(crate) fn activation(operator: &mut Operator) -> Option<&mut Activation> {
    Some(match operator.options.as_mut()? {
        Options::Conv2D(options) => &mut options.fused_activation_function,
        Options::DepthwiseConv2D(options) => &mut options.fused_activation_function,
        Options::FullyConnected(options) => &mut options.fused_activation_function,
        Options::Pool2D(options) => &mut options.fused_activation_function,
        Options::Add(options) | Options::Sub(options) => &mut options.fused_activation_function,
        Options::Mul(options) => &mut options.fused_activation_function,
        _ => return None,
    })
}

/// A new constant like `like`, of other data and shape.
pub(crate) fn constant(model: &mut Model, like: &Tensor, shape: Vec<i32>, data: Vec<u8>) -> i32 {
    let buffer = model.buffers.len() as u32;
    model.buffers.push(data);
    let tensors = &mut main_mut(model).tensors;
    tensors.push(Tensor {
        shape,
        shape_signature: Vec::new(),
        buffer,
        ..like.clone()
    });
    tensors.len() as i32 - 1
}

/// Whether running an operator does something besides making its outputs, or depends on when it runs.
pub(crate) fn has_effects(model: &Model, operator: &Operator) -> bool {
    let kind = kind_of(model, operator);
    let graph = main(model);
    let is_variable =
        |i: usize| graph.tensors[i].is_variable || graph.tensors[i].ty == TensorType::Resource;
    let effects = [
        kind::CALL_ONCE,
        kind::VAR_HANDLE,
        kind::READ_VARIABLE,
        kind::ASSIGN_VARIABLE,
    ];
    effects.contains(&kind)
        || operator.outputs.is_empty()
        || operator.mutating_inputs.contains(&true)
        || indices(&operator.inputs)
            .chain(indices(&operator.outputs))
            .any(is_variable)
}
