//! Operators that make one element of many.

mod arg;
mod geometry;
mod quantized;
#[cfg(test)]
mod tests;

pub(super) use arg::ArgReduce;

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::Context;
use crate::op::element::Element;
use crate::op::movement::element;
use crate::opcode::Opcode;
use crate::tensor::DataType;
use geometry::Geometry;
use quantized::Quantized;

/// MEAN, SUM, REDUCE_MAX and REDUCE_MIN, int8, int16 and float32, over any dimensions.
pub(crate) struct Reduce {
    geometry: Geometry,
    dtype: DataType,
    kind: Kind,
}

/// What becomes of the elements.
enum Kind {
    /// Their sum, in the output's scale; a mean has the division in its scale.
    Quantized(Quantized),
    /// Their sum, divided by this number if it is a mean.
    Float(Option<f32>),
    Max,
    Min,
}

impl<'m> Kernel<'m> for Reduce {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(2, 2)?;
        cx.options(27)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let dims = input.shape.dims();
        let geometry = Geometry::new(dims, &cx.axes(1, dims.len())?);
        cx.ensure(
            output.shape.elements() == geometry.outputs(),
            OperatorProblem::Shape,
            2,
        )?;
        let dtype = input.dtype;
        let supported = matches!(dtype, DataType::Int8 | DataType::Int16 | DataType::Float32);
        cx.ensure(supported, OperatorProblem::DataType, dtype.code() as usize)?;
        let mean = cx.opcode == Opcode::MEAN;
        let kind = match cx.opcode {
            Opcode::MEAN | Opcode::SUM if dtype == DataType::Float32 => {
                element(cx, &input, &output)?;
                Kind::Float(mean.then_some(geometry.count() as f32))
            }
            Opcode::MEAN | Opcode::SUM => {
                Kind::Quantized(Quantized::new(cx, geometry.count(), mean)?)
            }
            other => {
                element(cx, &input, &output)?;
                if other == Opcode::REDUCE_MIN {
                    Kind::Min
                } else {
                    Kind::Max
                }
            }
        };
        Ok(Self {
            geometry,
            dtype,
            kind,
        })
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        let geometry = &self.geometry;
        match (&self.kind, self.dtype) {
            (Kind::Quantized(quantized), DataType::Int16) => geometry.reduce(
                (input, output),
                0,
                |sum, x: i16| sum + i32::from(x),
                |sum| quantized.output(sum, i16::MIN.into(), i16::MAX.into()) as i16,
            ),
            (Kind::Quantized(quantized), _) => geometry.reduce(
                (input, output),
                0,
                |sum, x: i8| sum + i32::from(x),
                |sum| quantized.output(sum, i8::MIN.into(), i8::MAX.into()) as i8,
            ),
            (Kind::Float(divisor), _) => geometry.reduce(
                (input, output),
                0.0,
                |sum, x: f32| sum + x,
                |sum| divisor.map_or(sum, |divisor| sum / divisor),
            ),
            (_, DataType::Float32) => self.extreme(input, output, f32::MIN, f32::MAX),
            (_, DataType::Int16) => self.extreme(input, output, i16::MIN, i16::MAX),
            _ => self.extreme(input, output, i8::MIN, i8::MAX),
        }
    }
}

impl Reduce {
    /// The greatest or least elements, starting from the type's least or greatest finite number.
    fn extreme<T: Element>(&self, input: &[i8], output: &mut [i8], least: T, greatest: T) {
        let min = matches!(self.kind, Kind::Min);
        self.geometry.reduce(
            (input, output),
            if min { greatest } else { least },
            |best, x: T| {
                let better = if min { x < best } else { x > best };
                if better { x } else { best }
            },
            |best| best,
        );
    }
}
