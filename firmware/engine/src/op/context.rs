//! What the file says about one operator, and the checks that operators share.

use core::cell::OnceCell;

use crate::error::{Fault, FileProblem, OperatorProblem};
use crate::flatbuffer::{Number, Result, Scalar, Table, Tables, Vector, saturate};
use crate::opcode::Opcode;
use crate::quantize::{Rescale, round};
use crate::tensor::{DataType, TensorInfo};

/// An operator in the file.
pub(crate) struct Context<'m> {
    pub(crate) tensors: Tables<'m>,
    pub(crate) buffers: Tables<'m>,
    /// Whether the operator has been read before: then what takes long to check, channel by channel, is known to be sound.
    pub(crate) checked: bool,
    pub(crate) index: usize,
    pub(crate) opcode: Opcode,
    pub(crate) inputs: Vector<'m, i32>,
    pub(crate) outputs: Vector<'m, i32>,
    pub(crate) options_type: u8,
    pub(crate) options: Option<Table<'m>>,
    /// Which of its steps is meant, for operators that run in several.
    pub(crate) step: usize,
    /// The output and the first inputs, once read.
    pub(crate) read: [OnceCell<Result<TensorInfo<'m>>>; 1 + KEPT_INPUTS],
}

/// Inputs that are read once.
pub(crate) const KEPT_INPUTS: usize = 3;

/// Scale and zero point of a whole tensor.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Affine {
    pub(crate) scale: f32,
    pub(crate) zero_point: i32,
}

/// The least and greatest output that a fused activation lets through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clamp {
    pub(crate) min: i32,
    pub(crate) max: i32,
}

impl Clamp {
    /// Whether it cuts off more than the type does.
    #[cfg(armv7em)]
    pub(crate) fn is_tight(self) -> bool {
        self.min > -128 || self.max < 127
    }

    #[inline(always)]
    pub(crate) fn apply(self, x: i32) -> i8 {
        x.max(self.min).min(self.max) as i8
    }
}

impl<'m> Context<'m> {
    #[expect(clippy::unused_self, reason = "an error is an operator's")]
    #[inline]
    pub(crate) fn error(&self, problem: OperatorProblem, value: usize) -> Fault {
        Fault::operator(problem, saturate(value))
    }

    /// A fault of this operator, or met while it was read.
    pub(crate) fn explain(&self, fault: Fault) -> Fault {
        fault.at(self.index)
    }

    pub(crate) fn fail<T>(&self, problem: OperatorProblem, value: usize) -> Result<T> {
        Err(self.error(problem, value))
    }

    pub(crate) fn ensure(
        &self,
        condition: bool,
        problem: OperatorProblem,
        value: usize,
    ) -> Result<()> {
        if condition {
            Ok(())
        } else {
            self.fail(problem, value)
        }
    }

    /// Checks the number of inputs, and that there is one output.
    pub(crate) fn arity(&self, least: usize, most: usize) -> Result<()> {
        let (inputs, outputs) = (self.inputs.len(), self.outputs.len());
        self.ensure(
            (least..=most).contains(&inputs),
            OperatorProblem::Inputs,
            inputs,
        )?;
        self.ensure(outputs == 1, OperatorProblem::Outputs, outputs)
    }

    /// Checks that there are so many inputs and one output, and that the options are of this type, which are returned.
    #[inline(never)]
    pub(crate) fn form(&self, inputs: usize, options: u8) -> Result<Options<'_, 'm>> {
        self.arity(inputs, inputs)?;
        self.options(options)
    }

    /// Input `i`, one of the first [`KEPT_INPUTS`], which must not be left out.
    pub(crate) fn input(&self, i: usize) -> Result<&TensorInfo<'m>> {
        self.once(1 + i, self.inputs.get(i).filter(|&index| index != -1))
    }

    /// Input `i`, which must not be left out.
    #[inline(never)]
    pub(crate) fn any_input(&self, i: usize) -> Result<TensorInfo<'m>> {
        if i < KEPT_INPUTS {
            return self.input(i).copied();
        }
        self.optional_input(i)?
            .ok_or(self.error(OperatorProblem::Inputs, self.inputs.len()))
    }

    /// Input `i`, if it is there.
    pub(crate) fn optional_input(&self, i: usize) -> Result<Option<TensorInfo<'m>>> {
        self.inputs
            .get(i)
            .filter(|&index| index != -1)
            .map(|index| self.tensor(index))
            .transpose()
    }

    pub(crate) fn output(&self) -> Result<&TensorInfo<'m>> {
        self.once(0, self.outputs.get(0))
    }

    /// Output `i`.
    #[inline(never)]
    pub(crate) fn nth_output(&self, i: usize) -> Result<TensorInfo<'m>> {
        if i == 0 {
            return self.output().copied();
        }
        let index = self
            .outputs
            .get(i)
            .ok_or(self.error(OperatorProblem::Outputs, self.outputs.len()))?;
        self.tensor(index)
    }

    /// How many steps it runs in.
    pub(crate) fn steps(&self) -> usize {
        match self.opcode {
            Opcode::CONCATENATION | Opcode::PACK => self.inputs.len(),
            Opcode::SPLIT | Opcode::SPLIT_V | Opcode::UNPACK => self.outputs.len(),
            _ => 1,
        }
    }

    /// Reads what several ask for only once: it takes longer than all that is done with it. `which` is the output or,
    /// from 1 on, an input; `index` is its number, if it has one.
    #[inline(never)]
    fn once(&self, which: usize, index: Option<i32>) -> Result<&TensorInfo<'m>> {
        let missing = if which == 0 {
            self.error(OperatorProblem::Outputs, self.outputs.len())
        } else {
            self.error(OperatorProblem::Inputs, self.inputs.len())
        };
        let place = self.read.get(which).ok_or(missing)?;
        if place.get().is_none()
            && let Some(index) = index
        {
            // It is empty.
            place.set(self.tensor(index)).ok();
        }
        match place.get() {
            Some(Ok(tensor)) => Ok(tensor),
            Some(Err(fault)) => Err(*fault),
            None => Err(missing),
        }
    }

    #[inline(never)]
    fn tensor(&self, index: i32) -> Result<TensorInfo<'m>> {
        let value = index.unsigned_abs();
        let index = usize::try_from(index).map_err(|_| Fault::file(FileProblem::Index, value))?;
        let table = self.tensors.get(index)?;
        let tensor = TensorInfo::read(index, &table, &self.buffers, self.checked);
        if let Ok(tensor) = &tensor {
            tensor.ensure_some()?;
        }
        tensor
    }

    /// The bytes of operand `i`, which must be a constant of this type.
    #[inline(never)]
    pub(crate) fn constant(
        &self,
        i: usize,
        tensor: &TensorInfo<'m>,
        dtype: DataType,
    ) -> Result<&'m [u8]> {
        self.of_type(tensor, dtype)?;
        tensor.data.ok_or(self.error(OperatorProblem::Constant, i))
    }

    /// The bias that operand `i` may be: one 32-bit integer for each of `channels`, and zero point 0.
    pub(crate) fn bias(&self, i: usize, channels: usize) -> Result<Option<Vector<'m, i32>>> {
        self.bias_of(i, channels, DataType::Int32)
    }

    /// The bias that operand `i` may be: one number of this type for each of `channels`, and zero point 0.
    pub(crate) fn bias_of<T: Scalar>(
        &self,
        i: usize,
        channels: usize,
        dtype: DataType,
    ) -> Result<Option<Vector<'m, T>>> {
        Ok(self.bias_bytes(i, channels, dtype)?.map(Vector::new))
    }

    #[inline(never)]
    fn bias_bytes(&self, i: usize, channels: usize, dtype: DataType) -> Result<Option<&'m [u8]>> {
        let index = self.inputs.get(i).unwrap_or(-1);
        if index == -1 {
            return Ok(None);
        }
        if self.checked {
            let table = self.tensors.get(index as usize)?;
            return TensorInfo::data(&table, &self.buffers).map(Some);
        }
        let tensor = &self.tensor(index)?;
        let data = self.constant(i, tensor, dtype)?;
        let fits = tensor.shape.elements() == channels;
        self.ensure(fits, OperatorProblem::Shape, i)?;
        let no_zero_points = all_zero(&tensor.quantization.zero_points);
        self.ensure(no_zero_points, OperatorProblem::ZeroPoint, i)?;
        Ok(Some(data))
    }

    /// Checks that a tensor's elements are of this type.
    #[inline(never)]
    pub(crate) fn of_type(&self, tensor: &TensorInfo<'_>, dtype: DataType) -> Result<()> {
        let code = tensor.dtype.code() as usize;
        self.ensure(tensor.dtype == dtype, OperatorProblem::DataType, code)
    }

    /// Checks that operand `i` has this shape.
    #[inline(never)]
    pub(crate) fn of_shape(&self, i: usize, tensor: &TensorInfo<'_>, dims: &[usize]) -> Result<()> {
        let fits = tensor.shape.dims() == dims;
        self.ensure(fits, OperatorProblem::Shape, i)
    }

    /// The dimensions of a tensor that must have `N` of them.
    pub(crate) fn dims<const N: usize>(&self, tensor: &TensorInfo<'_>) -> Result<[usize; N]> {
        let rank = tensor.shape.dims().len();
        tensor
            .shape
            .exactly()
            .ok_or(self.error(OperatorProblem::Rank, rank))
    }

    /// Scale and zero point of an int8 tensor quantized as a whole. `i` is the operand, counted over inputs,
    /// then outputs.
    pub(crate) fn int8(&self, i: usize, tensor: &TensorInfo<'m>) -> Result<Affine> {
        self.of_type(tensor, DataType::Int8)?;
        self.affine(i, tensor)
    }

    /// Scale and zero point of a tensor of integers quantized as a whole. `i` is the operand, counted over inputs,
    /// then outputs.
    #[inline(never)]
    pub(crate) fn affine(&self, i: usize, tensor: &TensorInfo<'m>) -> Result<Affine> {
        let quantization = &tensor.quantization;
        let (Some(scale), Some(zero_point), 1) = (
            quantization.scales.get(0),
            quantization.zero_points.get(0),
            quantization.scales.len(),
        ) else {
            return self.fail(OperatorProblem::Scale, i);
        };
        self.ensure(is_scale(scale), OperatorProblem::Scale, i)?;
        let range = match tensor.dtype {
            DataType::Int8 => -128..=127,
            DataType::Uint8 => 0..=255,
            DataType::Int16 | DataType::Int32 => 0..=0,
            other => return self.fail(OperatorProblem::DataType, other.code() as usize),
        };
        self.ensure(range.contains(&zero_point), OperatorProblem::ZeroPoint, i)?;
        Ok(Affine {
            scale,
            zero_point: zero_point as i32,
        })
    }

    /// The scales of int8 weights, quantized as a whole or along `axis`, with zero points of 0.
    pub(crate) fn weight_scales(
        &self,
        tensor: &TensorInfo<'m>,
        axis: usize,
    ) -> Result<Vector<'m, f32>> {
        let quantization = &tensor.quantization;
        let scales = quantization.scales;
        if self.checked {
            return Ok(scales);
        }
        let along_axis =
            || quantization.axis == axis && tensor.shape.dims().get(axis) == Some(&scales.len());
        self.ensure(
            !scales.is_empty() && scales.iter().all(is_scale),
            OperatorProblem::Scale,
            1,
        )?;
        self.ensure(
            scales.len() == 1 || along_axis(),
            OperatorProblem::QuantizedAxis,
            1,
        )?;
        let no_zero_points = all_zero(&quantization.zero_points);
        self.ensure(no_zero_points, OperatorProblem::ZeroPoint, 1)?;
        Ok(scales)
    }

    /// The scale of int8 weights that are quantized as a whole, with zero points of 0; they are operand `i`.
    #[inline(never)]
    pub(crate) fn weight_scale(&self, i: usize, tensor: &TensorInfo<'m>) -> Result<f32> {
        let scales = self.weight_scales(tensor, 0)?;
        let scale = scales.get(0).filter(|_| scales.len() == 1);
        scale.ok_or(self.error(OperatorProblem::QuantizedAxis, i))
    }

    /// The fixed-point form of the factor `a * b / to`, computed in double precision.
    #[inline(never)]
    pub(crate) fn rescale(&self, a: f32, b: f32, to: f32) -> Result<Rescale> {
        Rescale::product(a, b, to).ok_or(self.error(OperatorProblem::Multiplier, 0))
    }

    /// The option table, which must be of this type of `union BuiltinOptions`; an absent one holds the defaults.
    #[inline(never)]
    pub(crate) fn options(&self, kind: u8) -> Result<Options<'_, 'm>> {
        let fits = self.options.is_none() || self.options_type == kind;
        self.ensure(
            fits,
            OperatorProblem::Options,
            usize::from(self.options_type),
        )?;
        Ok(Options(self.options.as_ref()))
    }

    /// Option `id`, in a table of this type.
    #[inline(never)]
    pub(crate) fn option<T: Number>(&self, kind: u8, id: usize, default: T) -> Result<T> {
        self.options(kind)?.get(id, default)
    }

    /// The range of a fused activation, int16 or int8.
    ///
    /// TFLite `CalculateActivationRangeQuantized`: the activation's bounds, quantized as
    /// `zero_point + round(bound / scale)` in single precision, cut to the type's range.
    #[inline(never)]
    pub(crate) fn clamp_to(
        &self,
        dtype: DataType,
        activation: i8,
        output: Affine,
    ) -> Result<Clamp> {
        let (min, max) = if dtype == DataType::Int16 {
            (i32::from(i16::MIN), i32::from(i16::MAX))
        } else {
            (-128, 127)
        };
        let quantize = |x: f32| {
            output
                .zero_point
                .saturating_add(round(x / output.scale))
                .max(min)
                .min(max)
        };
        Ok(match activation {
            0 => Clamp { min, max },
            1 => Clamp {
                min: quantize(0.0),
                max,
            },
            2 => Clamp {
                min: quantize(-1.0),
                max: quantize(1.0),
            },
            3 => Clamp {
                min: quantize(0.0),
                max: quantize(6.0),
            },
            other => {
                return self.fail(
                    OperatorProblem::Activation,
                    usize::from(other.unsigned_abs()),
                );
            }
        })
    }
}

#[inline(never)]
fn all_zero(numbers: &Vector<'_, i64>) -> bool {
    numbers.bytes().iter().all(|&byte| byte == 0)
}

/// An operator's options, by the schema's field numbers.
pub(crate) struct Options<'c, 'm>(Option<&'c Table<'m>>);

impl<'m> Options<'_, 'm> {
    pub(crate) fn get<T: Number>(&self, id: usize, default: T) -> Result<T> {
        self.0
            .map_or(Ok(default), |table| table.scalar(id, default))
    }

    /// A byte, 0 if it is absent. More than a byte is returned in less code.
    #[inline(never)]
    pub(crate) fn byte(&self, id: usize) -> Result<usize> {
        self.get(id, 0_u8).map(usize::from)
    }

    /// A text, empty if it is absent.
    pub(crate) fn bytes(&self, id: usize) -> Result<&'m [u8]> {
        self.0.map_or(Ok(&[]), |table| table.bytes(id))
    }

    /// An option that must be at least 1.
    pub(crate) fn positive(&self, cx: &Context<'_>, id: usize, default: i32) -> Result<usize> {
        let value = self.get(id, default)?;
        usize::try_from(value)
            .ok()
            .filter(|&value| value > 0)
            .ok_or(cx.error(OperatorProblem::Stride, value.unsigned_abs() as usize))
    }
}

/// Whether a number can be a scale: finite and positive.
pub(crate) fn is_scale(scale: f32) -> bool {
    (1..0x7f80_0000).contains(&scale.to_bits())
}
