//! Operators that combine two tensors element by element, either of which may be broadcast: ADD, SUB, MUL, MAXIMUM,
//! MINIMUM and PRELU. Each is int8 and float32, and int16 where TFLite Micro's is; MAXIMUM and MINIMUM also int32.

mod sum;
#[cfg(test)]
mod tests;

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::kernel::{Scaling, elementwise};
use crate::linked::LINKED;
use crate::math::limit;
use crate::op::context::{Clamp, Context};
use crate::op::{Broadcast, Kernel, Reuse, Wiring, float};
use crate::opcode::Opcode;
use crate::quantize::Rescale;
use crate::tensor::{DataType, TensorInfo};

/// What becomes of two elements.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Function {
    Sum,
    Product,
    Extremum,
    Prelu,
    /// Any function of floats.
    Float,
}

const INTEGERS: bool = LINKED.kernel("Binary");
const FLOATS: bool = LINKED.kernel("FloatBinary");
const SUMS: bool = INTEGERS && LINKED.any(&[Opcode::ADD, Opcode::SUB]);
const PRODUCTS: bool = INTEGERS && LINKED.any(&[Opcode::MUL]);
const EXTREMA: bool = INTEGERS && LINKED.any(&[Opcode::MAXIMUM, Opcode::MINIMUM]);
const PRELUS: bool = INTEGERS && LINKED.any(&[Opcode::PRELU]);

pub(crate) struct Binary {
    opcode: Opcode,
    function: Function,
    dtype: DataType,
    geometry: Broadcast,
    /// Of integers. Extrema are what they are, without zero points.
    scaling: Scaling,
    /// The range of floats.
    range: [f32; 2],
}

impl<'m> Kernel<'m> for Binary {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(2, 2)?;
        let (first, second, output) = (cx.input(0)?, cx.input(1)?, cx.output()?);
        let dtype = output.dtype;
        for tensor in [first, second] {
            cx.ensure(
                tensor.dtype == dtype,
                OperatorProblem::DataType,
                tensor.dtype.code() as usize,
            )?;
        }
        let mut binary = Self {
            opcode: cx.opcode,
            function: Function::Float,
            dtype,
            geometry: Broadcast::default(),
            scaling: Scaling {
                zeros: [0; 2],
                factors: [Rescale::ZERO; 3],
                to_zero: 0,
                clamp: Clamp {
                    min: i32::MIN,
                    max: i32::MAX,
                },
            },
            range: [f32::NEG_INFINITY, f32::INFINITY],
        };
        let shapes = [&first.shape, &second.shape];
        binary.geometry.read(cx, shapes, &output.shape)?;
        use DataType::{Float32, Int8, Int16, Int32};
        binary.function = match (cx.opcode, dtype) {
            (_, Float32) if FLOATS => Function::Float,
            (Opcode::MAXIMUM | Opcode::MINIMUM, Int8 | Int16 | Int32) if EXTREMA => {
                Function::Extremum
            }
            (Opcode::ADD | Opcode::SUB, Int8 | Int16) if SUMS => Function::Sum,
            (Opcode::MUL, Int8 | Int16) if PRODUCTS => Function::Product,
            (Opcode::PRELU, Int8) if PRELUS => Function::Prelu,
            _ => return cx.fail(OperatorProblem::DataType, dtype.code() as usize),
        };
        let options = match cx.opcode {
            Opcode::ADD => 11,
            Opcode::SUB => 28,
            Opcode::MUL => 21,
            _ => 0,
        };
        let mut activation = 0;
        if options > 0 {
            activation = cx.option(options, 0, 0)?;
            if FLOATS && dtype == Float32 {
                binary.range = float::range(cx, activation)?;
            }
        }
        let fits = cx.opcode != Opcode::PRELU || binary.geometry.whole()[0];
        cx.ensure(fits, OperatorProblem::Broadcast, 0)?;
        if dtype != Float32 && dtype != Int32 {
            binary.scale(cx, [first, second, output], activation)?;
        }
        Ok(binary)
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::binary().reusing(Reuse::Overwrite(self.geometry.whole()))
    }

    fn run(&self, mut views: Views<'_>) {
        let mut done = 0;
        if SUMS
            && self.function == Function::Sum
            && self.dtype == DataType::Int8
            && self.opcode == Opcode::ADD
            && self.geometry.whole() == [true; 2]
        {
            done = self.scaling.add(&mut views);
        }
        let apply = |x, y| self.apply(x, y);
        elementwise::broadcast(&mut views, &self.geometry, self.dtype, done, &apply);
    }
}

impl Binary {
    /// Reads scales and zero points.
    #[inline(never)]
    fn scale<'m>(
        &mut self,
        cx: &Context<'m>,
        tensors: [&TensorInfo<'m>; 3],
        activation: i8,
    ) -> Result<()> {
        let [first, second, output] = tensors;
        let (a, b, to) = (
            cx.affine(0, first)?,
            cx.affine(1, second)?,
            cx.affine(2, output)?,
        );
        let scaling = &mut self.scaling;
        // TFLite compares elements as they are, which is right where all have the same scale and zero point.
        if self.function == Function::Extremum {
            return cx.ensure(a == to && b == to, OperatorProblem::SameQuantization, 0);
        }
        scaling.zeros = [a.zero_point, b.zero_point];
        scaling.to_zero = to.zero_point;
        scaling.clamp = cx.clamp_to(self.dtype, activation, to)?;
        if SUMS && self.function == Function::Sum {
            scaling.factors = sum::factors(cx, [a, b, to].map(|affine| affine.scale), self.dtype)?;
            return Ok(());
        }
        // TFLite `CalculateOpDataMul` and `CalculatePreluParams`.
        scaling.factors[0] = cx.rescale(a.scale, b.scale, to.scale)?;
        if PRELUS && self.function == Function::Prelu {
            scaling.factors[1] = cx.rescale(a.scale, 1.0, to.scale)?;
        }
        Ok(())
    }

    /// The result of two elements. Floats are seen as their bits.
    #[inline(never)]
    fn apply(&self, x: i32, y: i32) -> i32 {
        let Scaling {
            zeros,
            factors: [factor, positive, _],
            to_zero,
            clamp,
        } = &self.scaling;
        if FLOATS && self.function == Function::Float {
            let [x, y] = [x, y].map(|bits| f32::from_bits(bits as u32));
            return self.float(x, y).to_bits() as i32;
        }
        let (x, y) = (x - zeros[0], y - zeros[1]);
        let result = match self.function {
            Function::Sum if SUMS => self.sum(x, y),
            // TFLite `MulElementwise`.
            Function::Product if PRODUCTS => factor.apply_apart(x * y),
            // TFLite `BroadcastPrelu4DSlow`: the input where it is positive, otherwise its product with a factor of its own.
            Function::Prelu if PRELUS && x >= 0 => positive.apply_apart(x),
            Function::Prelu if PRELUS => factor.apply_apart(x * y),
            _ if (x > y) == (self.opcode == Opcode::MAXIMUM) => x,
            _ => y,
        };
        result
            .saturating_add(*to_zero)
            .max(clamp.min)
            .min(clamp.max)
    }

    fn float(&self, x: f32, y: f32) -> f32 {
        let result = match self.opcode {
            Opcode::ADD => x + y,
            Opcode::SUB => x - y,
            Opcode::MUL => x * y,
            Opcode::PRELU if x < 0.0 => x * y,
            Opcode::PRELU => x,
            Opcode::MAXIMUM if x > y => x,
            Opcode::MINIMUM if x < y => x,
            _ => y,
        };
        limit(result, self.range)
    }
}
