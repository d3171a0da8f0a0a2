//! QUANTIZE and DEQUANTIZE between element types: integers, floats and half floats. From int8 to int8 is not among them.

mod numbers;
#[cfg(test)]
mod tests;

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::kernel::cast;
use crate::op::context::Context;
use crate::op::{Kernel, Reuse, Wiring};
use crate::opcode::Opcode;
use crate::quantize::{Rescale, round};
use crate::tensor::DataType;

/// Elements that are converted together, so that types are told apart only once for all of them.
const BLOCK: usize = 32;

pub(crate) struct Convert {
    from: DataType,
    to: DataType,
    step: Step,
}

/// What becomes of a number; floats are their bits.
#[derive(Clone, Copy)]
enum Step {
    /// TFLite `Requantize`: `MultiplyByQuantizedMultiplier(x - zero) + zero of the output`, cut to the output's range.
    Requantize {
        zero: i32,
        rescale: Rescale,
        to_zero: i32,
        range: (i32, i32),
    },
    /// TFLite `AffineQuantize`: `round(x / scale) + zero`, cut to the output's range.
    Quantize {
        scale: f32,
        zero: i32,
        range: (i32, i32),
    },
    /// TFLite `Dequantize`: `scale * (x - zero)`.
    Dequantize { scale: f32, zero: i32 },
    /// Half floats to floats.
    Widen,
}

/// All but int8 to int8.
pub(crate) fn applies(cx: &Context<'_>) -> bool {
    let is_int8 = |dtype| dtype == DataType::Int8;
    let from = cx.input(0).is_ok_and(|tensor| is_int8(tensor.dtype));
    !(from && cx.output().is_ok_and(|tensor| is_int8(tensor.dtype)))
}

/// Whether TFLite Micro or LiteRT has this QUANTIZE.
fn quantizes(from: DataType, to: DataType) -> bool {
    use DataType::{Float32, Int8, Int16, Int32, Uint8};
    matches!(
        (from, to),
        (Float32 | Uint8, Int8 | Uint8 | Int16)
            | (Int32, Int8 | Int16)
            | (Int16, Int8 | Int16 | Int32)
            | (Int8, Uint8 | Int16 | Int32)
    )
}

impl<'m> Kernel<'m> for Convert {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(1, 1)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let (from, to) = (input.dtype, output.dtype);
        let refuse = |dtype: DataType| cx.error(OperatorProblem::DataType, dtype.code() as usize);
        let step = if cx.opcode == Opcode::QUANTIZE {
            cx.options(89)?;
            cx.ensure(
                quantizes(from, to),
                OperatorProblem::Conversion,
                to.code() as usize,
            )?;
            let target = cx.affine(1, output)?;
            let range = numbers::range(to).ok_or(refuse(to))?;
            if from == DataType::Float32 {
                Step::Quantize {
                    scale: target.scale,
                    zero: target.zero_point,
                    range,
                }
            } else {
                let source = cx.affine(0, input)?;
                Step::Requantize {
                    zero: source.zero_point,
                    rescale: cx.rescale(f64::from(source.scale) / f64::from(target.scale))?,
                    to_zero: target.zero_point,
                    range,
                }
            }
        } else {
            cx.options(38)?;
            cx.ensure(
                to == DataType::Float32,
                OperatorProblem::DataType,
                to.code() as usize,
            )?;
            match from {
                DataType::Float16 => Step::Widen,
                DataType::Int8 | DataType::Uint8 | DataType::Int16 => {
                    let source = cx.affine(0, input)?;
                    Step::Dequantize {
                        scale: source.scale,
                        zero: source.zero_point,
                    }
                }
                other => return Err(refuse(other)),
            }
        };
        cx.ensure(
            input.shape.elements() == output.shape.elements(),
            OperatorProblem::Shape,
            1,
        )?;
        Ok(Self { from, to, step })
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::input(0).reusing(if self.from.bits() == self.to.bits() {
            Reuse::Overwrite([true, false])
        } else {
            Reuse::Never
        })
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            overwritten: [overwritten, _],
            output,
            ..
        } = views;
        let (input, output) = (cast::as_u8(input), cast::as_u8_mut(output));
        let (from_bytes, to_bytes) = (BLOCK * self.from.bits() / 8, BLOCK * self.to.bits() / 8);
        let mut numbers = [0; BLOCK];
        for (block, out) in output.chunks_mut(to_bytes).enumerate() {
            let numbers = &mut numbers[..out.len() * 8 / self.to.bits()];
            if overwritten {
                numbers::load(self.from, out, numbers);
            } else {
                numbers::load(self.from, &input[block * from_bytes..], numbers);
            }
            numbers.iter_mut().for_each(|x| *x = self.step.apply(*x));
            numbers::store(numbers, out);
        }
    }
}

impl Step {
    fn apply(self, x: i32) -> i32 {
        match self {
            Self::Requantize {
                zero,
                rescale,
                to_zero,
                range: (min, max),
            } => {
                let scaled = rescale.apply(x.wrapping_sub(zero));
                scaled.saturating_add(to_zero).max(min).min(max)
            }
            Self::Quantize {
                scale,
                zero,
                range: (min, max),
            } => {
                let rounded = round(f32::from_bits(x as u32) / scale);
                rounded.saturating_add(zero).max(min).min(max)
            }
            Self::Dequantize { scale, zero } => (scale * (x - zero) as f32).to_bits() as i32,
            Self::Widen => numbers::widened(x as u16) as i32,
        }
    }
}
