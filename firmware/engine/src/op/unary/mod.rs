//! Operators that turn each element into another by itself: activations, ABS, SQRT, RSQRT, and conversions of scales and
//! types, QUANTIZE and DEQUANTIZE.
//!
//! An int8 element has 256 values: where a tensor has more elements than that, all results are computed first, into
//! a table.

mod convert;
mod curves;
mod float;
mod hard_swish;
mod sigmoid;
mod slopes;
#[cfg(test)]
mod tests;
mod wide_sigmoid;

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::kernel::elementwise;
use crate::kernel::sigmoid::Steps;
use crate::linked::LINKED;
use crate::op::context::{Affine, Clamp, Context};
use crate::op::{Kernel, Reuse, Wiring};
use crate::opcode::Opcode;
use crate::quantize::Rescale;
use crate::tensor::{DataType, TensorInfo};

/// Values of an int8 element.
const VALUES: usize = 256;

const INTEGERS: bool = LINKED.kernel("Unary");
const CONVERSIONS: bool = LINKED.kernel("Convert");
const FLOATS: bool = LINKED.kernel("FloatUnary");
const SIGMOIDS: bool = INTEGERS && LINKED.any(&[Opcode::LOGISTIC, Opcode::TANH]);
const SWISHES: bool = INTEGERS && LINKED.any(&[Opcode::HARD_SWISH]);
const CURVES: bool = INTEGERS && LINKED.any(&[Opcode::ELU, Opcode::SQRT]);
const ROOTS: bool = INTEGERS && LINKED.any(&[Opcode::RSQRT]);

/// What becomes of an element.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Function {
    /// Two straight lines that meet at zero.
    Slopes,
    /// LOGISTIC or TANH, int8.
    Sigmoid,
    /// The same, int16.
    WideSigmoid,
    HardSwish,
    /// ELU or SQRT, in floats.
    Curve,
    InverseRoot,
    /// Floats to integers.
    Quantize,
    /// Integers to floats.
    Dequantize,
    /// Half floats to floats.
    Widen,
    /// Any function of floats.
    Float,
}

/// A unary operator. What a function has no use for is as in [`Unary::new`].
pub(crate) struct Unary {
    opcode: Opcode,
    function: Function,
    /// Of the input and the output.
    types: [DataType; 2],
    elements: usize,
    from: Affine,
    to: Affine,
    /// The factor of inputs that are not negative; of HARD_SWISH that of the product.
    positive: Rescale,
    /// The magnitude of the factor of inputs that are negative; of HARD_SWISH that of the gate.
    negative: Rescale,
    /// Whether the sign of negative inputs changes after they have been scaled. That rounds halves the other way.
    flips: bool,
    steps: Steps,
    /// Of LEAKY_RELU.
    alpha: f32,
    /// The least and greatest output.
    clamp: Clamp,
}

/// Whether it takes or gives another type than int8.
pub(crate) fn converts(cx: &Context<'_>) -> bool {
    let is_int8 =
        |tensor: Result<&TensorInfo<'_>>| tensor.is_ok_and(|tensor| tensor.dtype == DataType::Int8);
    !(is_int8(cx.input(0)) && is_int8(cx.output()))
}

/// Scale and zero point of operand `i`; of floats those that change nothing.
fn affine<'m>(cx: &Context<'m>, i: usize, tensor: &TensorInfo<'m>) -> Result<Affine> {
    if matches!(tensor.dtype, DataType::Float16 | DataType::Float32) {
        return Ok(convert::NO_SCALE);
    }
    cx.affine(i, tensor)
}

impl<'m> Kernel<'m> for Unary {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(1, 1)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let types = [input.dtype, output.dtype];
        let elements = input.shape.elements();
        cx.ensure(
            elements == output.shape.elements(),
            OperatorProblem::Shape,
            1,
        )?;
        let function = function(cx, types)?;
        let (from, to) = (affine(cx, 0, input)?, affine(cx, 1, output)?);
        let mut unary = Self::new(cx.opcode, function, types, from, to);
        unary.elements = elements;
        if cx.opcode == Opcode::LEAKY_RELU {
            unary.alpha = cx.option(75, 0, 0.0)?;
        }
        match function {
            Function::Slopes => unary.read_slopes(cx)?,
            Function::Sigmoid if SIGMOIDS => unary.read_sigmoid(cx)?,
            Function::WideSigmoid if SIGMOIDS => unary.read_wide_sigmoid(cx)?,
            Function::HardSwish if SWISHES => unary.read_hard_swish(cx)?,
            Function::InverseRoot if ROOTS => unary.read_inverse_root(cx)?,
            Function::Curve if CURVES => {}
            Function::Float if FLOATS => {}
            Function::Quantize | Function::Dequantize | Function::Widen if CONVERSIONS => {}
            // It is not linked.
            _ => return cx.fail(OperatorProblem::Unsupported, 0),
        }
        Ok(unary)
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        let [from, to] = self.types.map(DataType::bits);
        Wiring::input(0).reusing(Reuse::Overwrite([from == to, false]))
    }

    fn scratch_bytes(&self) -> (usize, usize) {
        let table = if self.types == [DataType::Int8; 2] && self.elements > VALUES {
            VALUES
        } else {
            0
        };
        (table, table)
    }

    fn run(&self, mut views: Views<'_>) {
        let scratch = core::mem::take(&mut views.scratch);
        let Some(table) = scratch.first_chunk_mut::<VALUES>() else {
            elementwise::map(&mut views, self.types, &|x| self.apply(x));
            return;
        };
        for (x, y) in (0..).zip(table.iter_mut()) {
            *y = self.apply(i32::from(x as i8)) as u8;
        }
        elementwise::look_up(&mut views, table);
    }
}

/// What the operator does with elements of these types.
fn function(cx: &Context<'_>, [from, to]: [DataType; 2]) -> Result<Function> {
    use DataType::{Float16, Float32, Int8, Int16, Uint8};
    let (problem, dtype) = match cx.opcode {
        Opcode::QUANTIZE if !convert::quantizes(from, to) => (OperatorProblem::Conversion, to),
        Opcode::QUANTIZE if from == Float32 => return Ok(Function::Quantize),
        Opcode::QUANTIZE => return Ok(Function::Slopes),
        Opcode::DEQUANTIZE if to != Float32 => (OperatorProblem::DataType, to),
        Opcode::DEQUANTIZE if from == Float16 => return Ok(Function::Widen),
        Opcode::DEQUANTIZE if matches!(from, Int8 | Uint8 | Int16) => {
            return Ok(Function::Dequantize);
        }
        _ if to != from => (OperatorProblem::DataType, to),
        _ if FLOATS && from == Float32 => return Ok(Function::Float),
        _ if from != Int8 && from != Int16 => (OperatorProblem::DataType, from),
        Opcode::LOGISTIC | Opcode::TANH if from == Int16 => return Ok(Function::WideSigmoid),
        Opcode::LOGISTIC | Opcode::TANH => return Ok(Function::Sigmoid),
        Opcode::HARD_SWISH if from == Int8 => return Ok(Function::HardSwish),
        Opcode::ELU | Opcode::SQRT if from == Int8 => return Ok(Function::Curve),
        Opcode::RSQRT if from == Int8 => return Ok(Function::InverseRoot),
        Opcode::HARD_SWISH | Opcode::ELU | Opcode::SQRT | Opcode::RSQRT => {
            (OperatorProblem::DataType, from)
        }
        _ => return Ok(Function::Slopes),
    };
    cx.fail(problem, dtype.code() as usize)
}

impl Unary {
    fn new(
        opcode: Opcode,
        function: Function,
        types: [DataType; 2],
        from: Affine,
        to: Affine,
    ) -> Self {
        let (min, max) = convert::range(types[1]);
        Self {
            opcode,
            function,
            types,
            elements: 0,
            from,
            to,
            positive: Rescale::ZERO,
            negative: Rescale::ZERO,
            flips: false,
            steps: Steps::ONE,
            alpha: 0.0,
            clamp: Clamp { min, max },
        }
    }

    /// The result for an element. Floats are seen as their bits.
    #[inline(never)]
    fn apply(&self, x: i32) -> i32 {
        let float = f32::from_bits(x as u32);
        let x = x.wrapping_sub(self.from.zero_point);
        let y = match self.function {
            Function::Float if FLOATS => return self.float(float).to_bits() as i32,
            Function::Dequantize if CONVERSIONS => {
                return (self.from.scale * x as f32).to_bits() as i32;
            }
            Function::Widen if CONVERSIONS => return convert::widened(x as u16) as i32,
            Function::Quantize if CONVERSIONS => convert::quantized(float, self.to.scale),
            Function::Sigmoid if SIGMOIDS => self.sigmoid(x),
            Function::WideSigmoid if SIGMOIDS => self.wide_sigmoid(x),
            Function::HardSwish if SWISHES => self.hard_swish(x),
            Function::Curve if CURVES => self.curve(x),
            Function::InverseRoot if ROOTS => self.inverse_root(x),
            _ => self.slope(x),
        };
        let y = y.saturating_add(self.to.zero_point);
        y.max(self.clamp.min).min(self.clamp.max)
    }
}
