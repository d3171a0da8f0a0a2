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
        cx.form(2, 27)?;
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
                element(cx, input, output)?;
                Kind::Float(mean.then_some(geometry.count() as f32))
            }
            Opcode::MEAN | Opcode::SUM => {
                Kind::Quantized(Quantized::new(cx, geometry.count(), mean)?)
            }
            other => {
                element(cx, input, output)?;
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
        match self.dtype {
            DataType::Float32 => self.floats(input, output),
            dtype => self.integers(input, output, dtype == DataType::Int16),
        }
    }
}

impl Reduce {
    /// int16 if `wide`, else int8.
    fn integers(&self, input: &[i8], output: &mut [i8], wide: bool) {
        let (least, greatest) = if wide {
            (i16::MIN.into(), i16::MAX.into())
        } else {
            (i8::MIN.into(), i8::MAX.into())
        };
        // A least element is the complement of the greatest complement.
        let complement = if matches!(self.kind, Kind::Min) {
            -1
        } else {
            0
        };
        let element = |i| integer(input, i, wide);
        self.geometry.each(&mut |position, base| {
            let out = if let Kind::Quantized(quantized) = &self.kind {
                let mut sum = 0;
                self.geometry.runs(base, &mut |run| {
                    sum = run.fold(sum, element, |sum, x| sum + x);
                });
                quantized.output(sum, least, greatest)
            } else {
                let mut best = least;
                self.geometry.runs(base, &mut |run| {
                    best = run.fold(best, element, |best, x| best.max(x ^ complement));
                });
                best ^ complement
            };
            if wide {
                (out as i16).store(output, position);
            } else {
                (out as i8).store(output, position);
            }
        });
    }

    /// Extremes start from the least or greatest finite number.
    fn floats(&self, input: &[i8], output: &mut [i8]) {
        let sign = if matches!(self.kind, Kind::Min) {
            -1.0
        } else {
            1.0
        };
        let element = |i| f32::load(input, i);
        self.geometry.each(&mut |position, base| {
            let out = if let Kind::Float(divisor) = self.kind {
                let mut sum = 0.0;
                self.geometry.runs(base, &mut |run| {
                    sum = run.fold(sum, element, |sum, x| sum + x);
                });
                divisor.map_or(sum, |divisor| sum / divisor)
            } else {
                let mut best = f32::MIN;
                self.geometry.runs(base, &mut |run| {
                    best = run.fold(best, element, |best, x| {
                        let x = x * sign;
                        if x > best { x } else { best }
                    });
                });
                best * sign
            };
            out.store(output, position);
        });
    }
}

/// Integer number `i` of 16 bits or 8.
#[inline(always)]
fn integer(bytes: &[i8], i: usize, wide: bool) -> i32 {
    if wide {
        i16::load(bytes, i).into()
    } else {
        i8::load(bytes, i).into()
    }
}
