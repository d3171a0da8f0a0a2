//! ARG_MAX and ARG_MIN, int8, int16 and float32: where the first greatest or least element lies along a dimension.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::Context;
use crate::op::element::Element;
use crate::op::reduce::integer;
use crate::opcode::Opcode;
use crate::tensor::DataType;

pub(crate) struct ArgReduce {
    pub(super) dtype: DataType,
    pub(super) min: bool,
    /// Elements along the dimension, and how many lie between two of them.
    pub(super) length: usize,
    pub(super) stride: usize,
    /// The output's integers have 64 bits, not 32.
    pub(super) long: bool,
}

impl<'m> Kernel<'m> for ArgReduce {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let min = cx.opcode == Opcode::ARG_MIN;
        cx.form(2, if min { 57 } else { 40 })?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let dtype = input.dtype;
        let supported = matches!(dtype, DataType::Int8 | DataType::Int16 | DataType::Float32);
        cx.ensure(supported, OperatorProblem::DataType, dtype.code() as usize)?;
        let long = output.dtype == DataType::Int64;
        let code = output.dtype.code() as usize;
        let fits = long || output.dtype == DataType::Int32;
        cx.ensure(fits, OperatorProblem::OutputType, code)?;
        let dims = input.shape.dims();
        let (outer, from_axis) = dims.split_at(cx.constant_axis(1, dims.len())?);
        let wrong = cx.error(OperatorProblem::Shape, 2);
        let (&length, inner) = from_axis.split_first().ok_or(wrong)?;
        let fits = output.shape.dims().strip_prefix(outer) == Some(inner);
        cx.ensure(fits, OperatorProblem::Shape, 2)?;
        Ok(Self {
            dtype,
            min,
            length,
            stride: inner.iter().product(),
            long,
        })
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        // The least element is the greatest of the complements, or of the opposites.
        if self.dtype == DataType::Float32 {
            let sign = if self.min { -1.0 } else { 1.0 };
            self.search(input.len() / 4, output, |i| f32::load(input, i) * sign);
        } else {
            let wide = self.dtype == DataType::Int16;
            let complement = if self.min { -1 } else { 0 };
            let elements = input.len() >> u32::from(wide);
            self.search(elements, output, |i| integer(input, i, wide) ^ complement);
        }
    }
}

impl ArgReduce {
    /// TFLite `ArgMinMax`.
    #[inline(always)]
    fn search<T: Copy + PartialOrd>(
        &self,
        elements: usize,
        output: &mut [i8],
        element: impl Fn(usize) -> T,
    ) {
        for position in 0..elements / self.length {
            let (outer, inner) = (position / self.stride, position % self.stride);
            let first = outer * self.length * self.stride + inner;
            let (mut best, mut found) = (element(first), 0_usize);
            for i in 1..self.length {
                let x = element(first + i * self.stride);
                if x > best {
                    (best, found) = (x, i);
                }
            }
            if self.long {
                (found as i64).store(output, position);
            } else {
                (found as i32).store(output, position);
            }
        }
    }
}
