//! From a [`Model`] to bytes.

use std::collections::BTreeMap;

use planus::{Builder, Offset, WriteAsOffset};

use crate::error::{Error, Place, Problem, Result};
use crate::model::{
    Model, Operator, OperatorCode, Options, Quantization, Signature, Subgraph, Tensor,
};
use crate::read::{IDENTIFIER, VERSION};
use crate::schema::tflite as file;

/// Constant data starts at a multiple of this, as runtimes on microcontrollers rely on.
const ALIGNMENT: usize = 16;

/// From this opcode on, the format's older field holds this number and the younger one the opcode.
const GREATER_OPCODES: u32 = 127;

impl Model {
    /// The model as a TFLite file. The same model gives the same bytes.
    ///
    /// # Errors
    /// The model [contradicts itself](Model::verify), or has options whose fields were not read.
    pub fn write(&self) -> Result<Vec<u8>> {
        self.verify()?;
        for (subgraph, graph) in self.subgraphs.iter().enumerate() {
            for (index, operator) in graph.operators.iter().enumerate() {
                if operator.options.as_ref().is_some_and(Options::is_unread) {
                    let opcode = self
                        .opcode(operator)
                        .map_or("unknown", |opcode| opcode.name());
                    let place = Place::Operator {
                        subgraph,
                        index,
                        opcode,
                    };
                    return Err(Error::Invalid {
                        place,
                        problem: Problem::UnreadOptions,
                    });
                }
            }
        }
        Ok(finish(self.build()))
    }

    fn build(&self) -> Vec<u8> {
        let mut builder = Builder::new();
        // First written, last in the file: data is placed by its distance from the end.
        let buffers: Vec<_> = self
            .buffers
            .iter()
            .map(|data| buffer(&mut builder, data))
            .collect();
        let codes: Vec<_> = self.codes.iter().map(operator_code).collect();
        let mut zero_points = BTreeMap::new();
        let subgraphs: Vec<_> = self
            .subgraphs
            .iter()
            .map(|graph| subgraph(&mut builder, &mut zero_points, graph))
            .collect();
        let metadata: Option<Vec<_>> = non_empty(&self.metadata, |metadata| file::Metadata {
            name: Some(metadata.name.clone()),
            buffer: metadata.buffer,
        });
        let signatures = non_empty(&self.signatures, signature);
        let model = file::Model::create(
            &mut builder,
            VERSION,
            codes,
            subgraphs,
            self.description.as_str(),
            buffers,
            metadata,
            signatures,
        );
        builder.finish(model, None).to_vec()
    }
}

/// Writes a buffer so that its data is a multiple of [`ALIGNMENT`] away from the end of the file.
///
/// The builder itself aligns a byte vector to 4 bytes only. It writes from the end to the
/// beginning, so the distance is what has been written so far; a vector of words, which nothing
/// refers to, makes up what is missing.
fn buffer(builder: &mut Builder, data: &[u8]) -> Offset<file::Buffer> {
    if data.is_empty() {
        return file::Buffer::create(builder, (), 0, 0);
    }
    let word = size_of::<u32>();
    let written = builder.len().next_multiple_of(word);
    let distance = (written + data.len()).next_multiple_of(word);
    let missing = distance.next_multiple_of(ALIGNMENT) - distance;
    if missing > 0 {
        let filler = vec![0_u32; missing / word - 1];
        let _: Offset<[u32]> = filler.prepare(builder);
    }
    let data: Offset<[u8]> = data.prepare(builder);
    file::Buffer::create(builder, data, 0, 0)
}

/// Puts the file's identifier behind the offset of the root, at byte 4, and makes the file's length a
/// multiple of [`ALIGNMENT`], so that what is aligned to its end is aligned to its beginning. Only
/// the root's offset reaches across what is put in.
///
/// (planus would write the identifier in front of that offset, where no other reader looks for it.)
fn finish(mut bytes: Vec<u8>) -> Vec<u8> {
    let len = bytes.len() + IDENTIFIER.len();
    let filler = len.next_multiple_of(ALIGNMENT) - len;
    let inserted = IDENTIFIER.len() + filler;
    if let Some(root) = bytes.first_chunk_mut() {
        *root = (u32::from_le_bytes(*root) + inserted as u32).to_le_bytes();
    }
    bytes.splice(
        4..4,
        IDENTIFIER.into_iter().chain(std::iter::repeat_n(0, filler)),
    );
    bytes
}

fn non_empty<T, U>(list: &[T], convert: impl FnMut(&T) -> U) -> Option<Vec<U>> {
    (!list.is_empty()).then(|| list.iter().map(convert).collect())
}

fn numbers<T: Clone>(list: &[T]) -> Option<Vec<T>> {
    non_empty(list, T::clone)
}

fn operator_code(code: &OperatorCode) -> file::OperatorCode {
    file::OperatorCode {
        deprecated_builtin_code: code.opcode.0.min(GREATER_OPCODES) as i8,
        custom_code: code.custom.clone(),
        version: code.version,
        builtin_code: i32::try_from(code.opcode.0).unwrap_or(i32::MAX),
    }
}

/// Lists of zero points that have been written, by their content.
///
/// Weights and biases of a layer have a zero point of 0 for each channel, eight bytes each. Tables may
/// share what they refer to, and these lists are as much of a small network as its weights.
type ZeroPoints = BTreeMap<Vec<i64>, Offset<[i64]>>;

fn subgraph(
    builder: &mut Builder,
    zero_points: &mut ZeroPoints,
    subgraph: &Subgraph,
) -> Offset<file::SubGraph> {
    let tensors = subgraph.tensors.iter();
    let tensors: Vec<_> = tensors
        .map(|part| tensor(builder, zero_points, part))
        .collect();
    let operators: Vec<_> = subgraph.operators.iter().map(operator).collect();
    file::SubGraph::create(
        builder,
        tensors,
        // Runtimes ask for these two lists even where they are empty.
        &subgraph.inputs,
        &subgraph.outputs,
        operators,
        subgraph.name.as_str(),
    )
}

fn tensor(
    builder: &mut Builder,
    zero_points: &mut ZeroPoints,
    tensor: &Tensor,
) -> Offset<file::Tensor> {
    let quantization = tensor.quantization.as_ref();
    let quantization = quantization.map(|part| self::quantization(builder, zero_points, part));
    file::Tensor::create(
        builder,
        &tensor.shape,
        tensor.ty,
        tensor.buffer,
        tensor.name.as_str(),
        quantization,
        tensor.is_variable,
        (),
        numbers(&tensor.shape_signature),
        tensor.has_rank,
        0,
    )
}

fn quantization(
    builder: &mut Builder,
    zero_points: &mut ZeroPoints,
    quantization: &Quantization,
) -> Offset<file::QuantizationParameters> {
    let zero_point = non_empty(&quantization.zero_point, i64::clone).map(|list| {
        let known = zero_points.get(&list).copied();
        known.unwrap_or_else(|| {
            let offset = list.as_slice().prepare(builder);
            zero_points.insert(list, offset);
            offset
        })
    });
    file::QuantizationParameters::create(
        builder,
        numbers(&quantization.min),
        numbers(&quantization.max),
        numbers(&quantization.scale),
        zero_point,
        0,
        (),
        quantization.axis,
    )
}

fn operator(operator: &Operator) -> file::Operator {
    file::Operator {
        opcode_index: operator.code,
        inputs: Some(operator.inputs.clone()),
        outputs: Some(operator.outputs.clone()),
        builtin_options: operator.options.clone(),
        custom_options: numbers(&operator.custom_options),
        mutating_variable_inputs: numbers(&operator.mutating_inputs),
        intermediates: numbers(&operator.intermediates),
    }
}

fn signature(signature: &Signature) -> file::SignatureDef {
    let names = |list: &[(String, u32)]| {
        non_empty(list, |(name, tensor)| file::TensorMap {
            name: Some(name.clone()),
            tensor_index: *tensor,
        })
    };
    file::SignatureDef {
        inputs: names(&signature.inputs),
        outputs: names(&signature.outputs),
        signature_key: Some(signature.key.clone()),
        subgraph_index: signature.subgraph,
    }
}
