//! From bytes to a [`Model`].

use planus::errors::ErrorKind;
use planus::{ReadAsRoot, Vector, VectorRead};

use crate::error::{Error, Place, Problem, Result};
use crate::model::{
    Metadata, Model, Opcode, Operator, OperatorCode, Options, Quantization, Signature, Subgraph,
    Tensor,
};
use crate::schema::tflite as file;

/// What a TFLite file has at byte 4.
pub(crate) const IDENTIFIER: [u8; 4] = *b"TFL3";
/// The version of the format that files state.
pub(crate) const VERSION: u32 = 3;

/// A file may refer to the same bytes more than once; where that makes more of it than this many
/// times its length, and than [`MAX_SHARED`] bytes, it is taken for damaged.
const MAX_INFLATION: usize = 16;
/// See [`MAX_INFLATION`].
const MAX_SHARED: usize = 64 << 20;

impl Model {
    /// Reads and verifies a TFLite file.
    ///
    /// # Errors
    /// The bytes are no TFLite file, are damaged, contradict themselves, or use sparse weights, data
    /// outside the flatbuffer, or another quantization than by scale and zero point.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        if bytes.get(4..8) != Some(&IDENTIFIER) {
            return Err(Error::Identifier);
        }
        let root = file::ModelRef::read_as_root(bytes)?;
        let version = root.version()?;
        if version != VERSION {
            return Err(Error::Version { found: version });
        }
        let mut budget = Budget {
            len: bytes.len(),
            claimed: 0,
        };
        let model = Self {
            description: root.description()?.unwrap_or_default().to_owned(),
            codes: tables(root.operator_codes()?, operator_code)?,
            subgraphs: indexed(root.subgraphs()?, |i, from| subgraph(i, from, &mut budget))?,
            buffers: tables(root.buffers()?, |from| buffer(from, &mut budget))?,
            metadata: tables(root.metadata()?, metadata)?,
            signatures: tables(root.signature_defs()?, signature)?,
        };
        model.verify()?;
        Ok(model)
    }
}

/// Bytes that a file may claim to hold.
struct Budget {
    len: usize,
    claimed: usize,
}

impl Budget {
    fn take(&mut self, bytes: usize) -> Result<()> {
        self.claimed = self.claimed.saturating_add(bytes);
        if self.claimed <= self.len.saturating_mul(MAX_INFLATION).max(MAX_SHARED) {
            return Ok(());
        }
        Err(Error::Inflated {
            len: self.len,
            claimed: self.claimed,
        })
    }
}

fn indexed<'a, T, U>(
    list: Option<Vector<'a, planus::Result<T>>>,
    mut read: impl FnMut(usize, T) -> Result<U>,
) -> Result<Vec<U>>
where
    planus::Result<T>: VectorRead<'a>,
{
    let Some(list) = list else {
        return Ok(Vec::new());
    };
    list.iter()
        .enumerate()
        .map(|(i, table)| read(i, table?))
        .collect()
}

fn tables<'a, T, U>(
    list: Option<Vector<'a, planus::Result<T>>>,
    mut read: impl FnMut(T) -> Result<U>,
) -> Result<Vec<U>>
where
    planus::Result<T>: VectorRead<'a>,
{
    indexed(list, |_, table| read(table))
}

fn numbers<'a, T: VectorRead<'a>>(
    list: Option<Vector<'a, T>>,
    budget: &mut Budget,
) -> Result<Vec<T>> {
    let Some(list) = list else {
        return Ok(Vec::new());
    };
    budget.take(list.len() * size_of::<T>())?;
    Ok(list.iter().collect())
}

fn text(from: Option<&str>, budget: &mut Budget) -> Result<String> {
    let text = from.unwrap_or_default();
    budget.take(text.len())?;
    Ok(text.to_owned())
}

fn operator_code(from: file::OperatorCodeRef<'_>) -> Result<OperatorCode> {
    // Numbers from 127 on are only in the younger field; old files have only the older one.
    let opcode = from
        .builtin_code()?
        .max(i32::from(from.deprecated_builtin_code()?));
    Ok(OperatorCode {
        opcode: Opcode(opcode.unsigned_abs()),
        custom: from.custom_code()?.map(str::to_owned),
        version: from.version()?,
    })
}

fn subgraph(i: usize, from: file::SubGraphRef<'_>, budget: &mut Budget) -> Result<Subgraph> {
    Ok(Subgraph {
        name: text(from.name()?, budget)?,
        tensors: indexed(from.tensors()?, |index, from| {
            tensor((i, index), from, budget)
        })?,
        inputs: numbers(from.inputs()?, budget)?,
        outputs: numbers(from.outputs()?, budget)?,
        operators: tables(from.operators()?, |from| operator(from, budget))?,
    })
}

fn tensor(
    (subgraph, index): (usize, usize),
    from: file::TensorRef<'_>,
    budget: &mut Budget,
) -> Result<Tensor> {
    let name = text(from.name()?, budget)?;
    let fail = |problem| {
        let place = Place::Tensor {
            subgraph,
            index,
            name: name.clone(),
        };
        Err(Error::Invalid { place, problem })
    };
    if from.sparsity()?.is_some() {
        return fail(Problem::Sparse);
    }
    if from.external_buffer()? != 0 {
        return fail(Problem::ExternalData);
    }
    let quantization = from.quantization()?;
    let kind = match &quantization {
        Some(quantization) => quantization.details_kind()?,
        None => 0,
    };
    if kind != 0 {
        return fail(Problem::QuantizationKind { kind });
    }
    Ok(Tensor {
        shape: numbers(from.shape()?, budget)?,
        shape_signature: numbers(from.shape_signature()?, budget)?,
        has_rank: from.has_rank()?,
        ty: from.type_()?,
        buffer: from.buffer()?,
        quantization: quantization
            .map(|from| self::quantization(from, budget))
            .transpose()?,
        is_variable: from.is_variable()?,
        name,
    })
}

fn quantization(
    from: file::QuantizationParametersRef<'_>,
    budget: &mut Budget,
) -> Result<Quantization> {
    Ok(Quantization {
        min: numbers(from.min()?, budget)?,
        max: numbers(from.max()?, budget)?,
        scale: numbers(from.scale()?, budget)?,
        zero_point: numbers(from.zero_point()?, budget)?,
        axis: from.quantized_dimension()?,
    })
}

fn operator(from: file::OperatorRef<'_>, budget: &mut Budget) -> Result<Operator> {
    let custom_options = from.custom_options()?.unwrap_or_default();
    budget.take(custom_options.len())?;
    Ok(Operator {
        code: from.opcode_index()?,
        inputs: numbers(from.inputs()?, budget)?,
        outputs: numbers(from.outputs()?, budget)?,
        options: options(from)?,
        custom_options: custom_options.to_vec(),
        mutating_inputs: numbers(from.mutating_variable_inputs()?, budget)?,
        intermediates: numbers(from.intermediates()?, budget)?,
    })
}

fn options(from: file::OperatorRef<'_>) -> Result<Option<Options>> {
    match from.builtin_options() {
        Ok(options) => Ok(options.map(Options::try_from).transpose()?),
        // Options of an operator that is younger than the schema: it cannot be run, but the rest
        // of the file can be looked at.
        Err(planus::Error {
            error_kind: ErrorKind::UnknownUnionTag { .. },
            ..
        }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn buffer(from: file::BufferRef<'_>, budget: &mut Budget) -> Result<Vec<u8>> {
    if from.offset()? > 1 || from.size()? > 1 {
        return Err(Error::Invalid {
            place: Place::Model,
            problem: Problem::ExternalData,
        });
    }
    let data = from.data()?.unwrap_or_default();
    budget.take(data.len())?;
    Ok(data.to_vec())
}

fn metadata(from: file::MetadataRef<'_>) -> Result<Metadata> {
    let name = from.name()?.unwrap_or_default().to_owned();
    Ok(Metadata {
        name,
        buffer: from.buffer()?,
    })
}

fn signature(from: file::SignatureDefRef<'_>) -> Result<Signature> {
    let name = |from: file::TensorMapRef<'_>| {
        Ok((
            from.name()?.unwrap_or_default().to_owned(),
            from.tensor_index()?,
        ))
    };
    Ok(Signature {
        key: from.signature_key()?.unwrap_or_default().to_owned(),
        inputs: tables(from.inputs()?, name)?,
        outputs: tables(from.outputs()?, name)?,
        subgraph: from.subgraph_index()?,
    })
}
