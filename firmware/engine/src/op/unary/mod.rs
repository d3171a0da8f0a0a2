//! Operators that turn each element into another by itself: activations, ABS, RSQRT, and QUANTIZE to another scale.
//!
//! An int8 element has 256 values: where a tensor has more elements than that, all results are computed first, into
//! a table.

mod curves;
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
use crate::linked::LINKED;
use crate::op::context::Context;
use crate::op::{Kernel, Reuse, Wiring};
use crate::opcode::Opcode;
use crate::tensor::DataType;
use curves::{Curve, InverseRoot};
use hard_swish::HardSwish;
use sigmoid::Sigmoid;
use slopes::Slopes;
use wide_sigmoid::WideSigmoid;

/// Values of an int8 element.
const VALUES: usize = 256;

const SIGMOIDS: bool = LINKED.any(&[Opcode::LOGISTIC, Opcode::TANH]);
const SWISHES: bool = LINKED.any(&[Opcode::HARD_SWISH]);
const CURVES: bool = LINKED.any(&[Opcode::ELU, Opcode::SQRT]);
const ROOTS: bool = LINKED.any(&[Opcode::RSQRT]);

/// What becomes of an element.
enum Function {
    Slopes(Slopes),
    Sigmoid(Sigmoid),
    WideSigmoid(WideSigmoid),
    HardSwish(HardSwish),
    Curve(Curve),
    InverseRoot(InverseRoot),
}

/// A unary operator, int8; those of straight lines, LOGISTIC and TANH also int16.
pub(crate) struct Unary {
    function: Function,
    /// Whether elements have 16 bits.
    wide: bool,
    elements: usize,
}

/// Whether QUANTIZE goes from int8 to int8.
pub(crate) fn requantizes(cx: &Context<'_>) -> bool {
    let is_int8 = |tensor: Result<&crate::TensorInfo<'_>>| {
        tensor.is_ok_and(|tensor| tensor.dtype == DataType::Int8)
    };
    is_int8(cx.input(0)) && is_int8(cx.output())
}

impl<'m> Kernel<'m> for Unary {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(1, 1)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let unsupported =
            |dtype: DataType| cx.error(OperatorProblem::DataType, dtype.code() as usize);
        let wide = match input.dtype {
            DataType::Int8 => false,
            DataType::Int16 => true,
            other => return Err(unsupported(other)),
        };
        cx.ensure(
            output.dtype == input.dtype,
            OperatorProblem::DataType,
            output.dtype.code() as usize,
        )?;
        cx.ensure(
            input.shape.elements() == output.shape.elements(),
            OperatorProblem::Shape,
            1,
        )?;
        let (from, to) = (cx.affine(0, input)?, cx.affine(1, output)?);
        let function = match cx.opcode {
            Opcode::RELU
            | Opcode::RELU6
            | Opcode::RELU_N1_TO_1
            | Opcode::LEAKY_RELU
            | Opcode::ABS
            | Opcode::QUANTIZE => Function::Slopes(Slopes::read(cx, from, to, input.dtype)?),
            Opcode::LOGISTIC | Opcode::TANH if SIGMOIDS && wide => {
                Function::WideSigmoid(WideSigmoid::read(cx, from, to)?)
            }
            _ if wide => return Err(unsupported(input.dtype)),
            Opcode::LOGISTIC | Opcode::TANH if SIGMOIDS => {
                Function::Sigmoid(Sigmoid::read(cx, from, to)?)
            }
            Opcode::HARD_SWISH if SWISHES => Function::HardSwish(HardSwish::read(cx, from, to)?),
            Opcode::ELU | Opcode::SQRT if CURVES => Function::Curve(Curve {
                is_sqrt: cx.opcode == Opcode::SQRT,
                from,
                to,
            }),
            Opcode::RSQRT if ROOTS => Function::InverseRoot(InverseRoot::read(cx, from, to)?),
            // It is not linked.
            _ => return cx.fail(OperatorProblem::Unsupported, 0),
        };
        Ok(Self {
            function,
            wide,
            elements: input.shape.elements(),
        })
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::input(0).reusing(Reuse::Overwrite([true, false]))
    }

    fn scratch_bytes(&self) -> (usize, usize) {
        let table = if !self.wide && self.elements > VALUES {
            VALUES
        } else {
            0
        };
        (table, table)
    }

    fn run(&self, mut views: Views<'_>) {
        if self.wide {
            elementwise::map(&mut views, |x: i16| self.apply(i32::from(x)) as i16);
            return;
        }
        let scratch = core::mem::take(&mut views.scratch);
        let Some(table) = scratch.first_chunk_mut::<VALUES>() else {
            elementwise::map(&mut views, |x: i8| self.apply(i32::from(x)) as i8);
            return;
        };
        for (x, y) in (0_u8..=255).zip(table.iter_mut()) {
            *y = self.apply(i32::from(x as i8)) as u8;
        }
        elementwise::map(&mut views, |x: i8| table[usize::from(x as u8)] as i8);
    }
}

impl Unary {
    /// The result, which is in the type's range, for an element.
    #[inline(never)]
    fn apply(&self, x: i32) -> i32 {
        match &self.function {
            Function::Slopes(slopes) => slopes.apply(x),
            Function::Sigmoid(sigmoid) if SIGMOIDS => sigmoid.apply(x),
            Function::WideSigmoid(sigmoid) if SIGMOIDS => sigmoid.apply(x),
            Function::HardSwish(swish) if SWISHES => swish.apply(x),
            Function::Curve(curve) if CURVES => curve.apply(x),
            Function::InverseRoot(root) if ROOTS => root.apply(x),
            // Reading refuses what is not linked.
            _ => x,
        }
    }
}
