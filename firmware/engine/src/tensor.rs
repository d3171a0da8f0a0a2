//! Tensors as the file describes them.

use crate::error::{Fault, TensorProblem};
use crate::flatbuffer::{Result, Table, Tables, Vector, saturate};

/// Most dimensions a tensor can have.
pub const MAX_RANK: usize = 6;

/// Largest tensor accepted, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Type of a tensor's elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DataType {
    /// IEEE 754, 32 bits.
    Float32,
    /// IEEE 754, 16 bits.
    Float16,
    /// Signed, 8 bits.
    Int8,
    /// Signed, 16 bits.
    Int16,
    /// Signed, 32 bits.
    Int32,
    /// Signed, 64 bits.
    Int64,
    /// Unsigned, 8 bits.
    Uint8,
    /// One byte, 0 or 1.
    Bool,
    /// The handle of a variable.
    Resource,
    /// Signed, two in a byte, the first in the low half.
    Int4,
}

impl DataType {
    /// The type that `enum TensorType` of the schema numbers so.
    fn from_code(code: i8) -> Option<Self> {
        Some(match code {
            0 => Self::Float32,
            1 => Self::Float16,
            2 => Self::Int32,
            3 => Self::Uint8,
            4 => Self::Int64,
            6 => Self::Bool,
            7 => Self::Int16,
            9 => Self::Int8,
            13 => Self::Resource,
            17 => Self::Int4,
            _ => return None,
        })
    }

    /// The schema's number for this type.
    pub(crate) fn code(self) -> u32 {
        match self {
            Self::Float32 => 0,
            Self::Float16 => 1,
            Self::Int32 => 2,
            Self::Uint8 => 3,
            Self::Int64 => 4,
            Self::Bool => 6,
            Self::Int16 => 7,
            Self::Int8 => 9,
            Self::Resource => 13,
            Self::Int4 => 17,
        }
    }

    /// Bits an element takes.
    #[must_use]
    pub fn bits(self) -> usize {
        match self {
            Self::Int4 => 4,
            Self::Int8 | Self::Uint8 | Self::Bool => 8,
            Self::Float16 | Self::Int16 => 16,
            Self::Float32 | Self::Int32 | Self::Resource => 32,
            Self::Int64 => 64,
        }
    }

    /// The usual short name, such as `int8`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Float16 => "float16",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Bool => "bool",
            Self::Resource => "resource",
            Self::Int4 => "int4",
        }
    }
}

/// The dimensions of a tensor, outermost first, each at least 1. No dimensions: a single element.
///
/// The one exception is a list of no elements, a single dimension of 0, such as the shape that RESHAPE to a single
/// element is given. It may be in a file, and no operator can read or write it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    rank: usize,
    dims: [usize; MAX_RANK],
}

impl Shape {
    /// All dimensions.
    #[must_use]
    pub fn dims(&self) -> &[usize] {
        self.dims.get(..self.rank).unwrap_or_default()
    }

    /// Number of elements; [`TensorInfo`]s only exist where it is at most 2^31.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.dims().iter().product()
    }

    /// The dimensions if there are exactly `N`.
    pub(crate) fn exactly<const N: usize>(&self) -> Option<[usize; N]> {
        self.dims().try_into().ok()
    }

    #[cfg(test)]
    pub(crate) fn of(dims: &[usize]) -> Self {
        let mut shape = Self {
            rank: dims.len(),
            dims: [1; MAX_RANK],
        };
        shape.dims[..dims.len()].copy_from_slice(dims);
        shape
    }
}

impl core::fmt::Debug for Shape {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.dims()).finish()
    }
}

/// How a tensor's integers stand for reals: `real = scale * (integer - zero_point)`.
#[derive(Clone, Copy, Debug)]
pub struct Quantization<'m> {
    /// One scale for the whole tensor, or one for each index along `axis`; none if not quantized.
    pub scales: Vector<'m, f32>,
    /// One zero point for each scale.
    pub zero_points: Vector<'m, i64>,
    /// The dimension that several scales run along.
    pub axis: usize,
}

/// What the file says about a tensor.
#[derive(Clone, Copy, Debug)]
pub struct TensorInfo<'m> {
    /// Position in the subgraph's list of tensors.
    pub index: usize,
    /// Its dimensions.
    pub shape: Shape,
    /// Its elements' type.
    pub dtype: DataType,
    /// Its quantization.
    pub quantization: Quantization<'m>,
    /// Bytes of all elements.
    pub bytes: usize,
    /// Whether it keeps its elements from one inference to the next.
    pub is_variable: bool,
    /// The elements of a constant, little-endian.
    pub data: Option<&'m [u8]>,
    pub(crate) name: &'m [u8],
}

impl<'m> TensorInfo<'m> {
    /// The converter's name for it; empty if it has none or it is not UTF-8.
    #[must_use]
    pub fn name(&self) -> &'m str {
        core::str::from_utf8(self.name).unwrap_or_default()
    }

    /// Whether its elements are in the file.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.data.is_some()
    }

    /// Checks that it has elements.
    pub(crate) fn ensure_some(&self) -> Result<()> {
        if self.bytes > 0 {
            return Ok(());
        }
        Err(Fault::tensor(self.index, TensorProblem::Dynamic, 0))
    }

    pub(crate) fn is_variable(table: &Table<'m>) -> Result<bool> {
        Ok(table.scalar(5, 0_u8)? != 0)
    }

    /// The elements in the file, of a tensor that has been checked; none if it is computed.
    #[inline(never)]
    pub(crate) fn data(table: &Table<'m>, buffers: &Tables<'m>) -> Result<&'m [u8]> {
        Self::buffer(table, buffers)?.bytes(0)
    }

    fn buffer(table: &Table<'m>, buffers: &Tables<'m>) -> Result<Table<'m>> {
        buffers.get(table.scalar::<u32>(2, 0)? as usize)
    }

    /// Reads table `Tensor` of the schema and checks all of it; only what running needs if that has been done before.
    pub(crate) fn read(
        index: usize,
        table: &Table<'m>,
        buffers: &Tables<'m>,
        checked: bool,
    ) -> Result<Self> {
        let mut tensor = Self {
            index,
            shape: Shape {
                rank: 0,
                dims: [1; MAX_RANK],
            },
            dtype: DataType::Float32,
            quantization: Quantization {
                scales: Vector::new(&[]),
                zero_points: Vector::new(&[]),
                axis: 0,
            },
            bytes: 0,
            is_variable: false,
            data: None,
            name: &[],
        };
        match tensor.fill(table, buffers, checked) {
            Ok(()) => Ok(tensor),
            Err(fault) => Err(fault),
        }
    }

    #[inline(never)]
    fn fill(&mut self, table: &Table<'m>, buffers: &Tables<'m>, checked: bool) -> Result<()> {
        let index = self.index;
        let fail = |problem, value| Err(Fault::tensor(index, problem, value));

        let dims = table.vector::<i32>(0)?;
        let rank = dims.len();
        self.shape.rank = rank;
        if rank > MAX_RANK {
            return fail(TensorProblem::Rank, saturate(rank));
        }
        let mut elements = 1_u32;
        for (i, (to, dim)) in self.shape.dims.iter_mut().zip(dims.iter()).enumerate() {
            if dim < 0 || (dim == 0 && rank != 1) {
                return fail(TensorProblem::Dynamic, saturate(i));
            }
            *to = dim as usize;
            elements = elements.saturating_mul(dim as u32);
        }
        let code: i8 = table.scalar(1, 0)?;
        let Some(dtype) = DataType::from_code(code) else {
            return fail(TensorProblem::DataType, code.unsigned_abs().into());
        };
        self.dtype = dtype;
        // As many elements as saturate are too many even if they are half a byte each.
        let bytes = (u64::from(elements) * dtype.bits() as u64).div_ceil(8);
        if bytes > MAX_BYTES {
            return fail(TensorProblem::TooLarge, 0);
        }
        self.bytes = bytes as usize;
        if !checked && table.table(6)?.is_some() {
            return fail(TensorProblem::Sparse, 0);
        }

        // Buffer 0 is empty by convention, and an empty buffer means that the tensor is computed.
        let buffer = Self::buffer(table, buffers)?;
        if !checked && buffer.scalar::<u32>(1, 0)? > 1 {
            return fail(TensorProblem::ExternalData, 0);
        }
        let data = buffer.bytes(0)?;
        if !data.is_empty() {
            self.data = Some(data);
            if data.len() != self.bytes {
                return fail(TensorProblem::DataLength, saturate(data.len()));
            }
        }
        self.is_variable = Self::is_variable(table)?;
        if self.is_variable && self.is_constant() {
            return fail(TensorProblem::Variable, 0);
        }

        if !checked {
            self.name = table.bytes(3)?;
        }
        if let Some(table) = table.table(4)? {
            let quantization = &mut self.quantization;
            let is_read = quantization.read(&table).is_ok();
            if !is_read || quantization.scales.len() != quantization.zero_points.len() {
                return fail(TensorProblem::Quantization, 0);
            }
        }
        Ok(())
    }
}

impl<'m> Quantization<'m> {
    /// Reads table `QuantizationParameters`.
    fn read(&mut self, table: &Table<'m>) -> Result<()> {
        self.scales = table.vector(2)?;
        self.zero_points = table.vector(3)?;
        self.axis = usize::try_from(table.scalar::<i32>(6, 0)?).unwrap_or(usize::MAX);
        Ok(())
    }
}
