//! SPLIT, SPLIT_V and UNPACK: a tensor cut up along a dimension, one part in each step.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::movement::{Copy, part};
use crate::op::{Kernel, Wiring};
use crate::opcode::Opcode;

pub(crate) struct Split(Copy);

impl<'m> Kernel<'m> for Split {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let (inputs, count) = (cx.inputs.len(), cx.outputs.len());
        // Where the options and the number of parts in them are.
        let (wanted, kind) = match cx.opcode {
            Opcode::SPLIT => (2, 35),
            Opcode::SPLIT_V => (3, 79),
            _ => (1, 64),
        };
        cx.ensure(inputs == wanted, OperatorProblem::Inputs, inputs)?;
        let options = cx.options(kind)?;
        let parts: i32 = options.get(0, 0)?;
        let fits = usize::try_from(parts) == Ok(count);
        cx.ensure(fits, OperatorProblem::Parts, count)?;
        let input = cx.input(input(cx))?;
        let rank = input.shape.dims().len();
        let axis = match cx.opcode {
            Opcode::SPLIT => cx.constant_axis(0, rank)?,
            Opcode::SPLIT_V => cx.constant_axis(2, rank)?,
            _ => cx.axis(options.get(1, 0)?, rank)?,
        };
        let sized = cx.opcode != Opcode::UNPACK;
        let copy = part::part(cx, input, axis, sized, count, &|i| cx.nth_output(i))?;

        // The converter has given the outputs the sizes that the operands say.
        let output = cx.nth_output(cx.step)?;
        let length = |dims: &[usize]| dims.get(axis).copied().unwrap_or(0);
        let (own, all) = (length(output.shape.dims()), length(input.shape.dims()));
        let agrees = match cx.opcode {
            Opcode::SPLIT => own.checked_mul(count) == Some(all),
            Opcode::SPLIT_V => {
                let sizes = cx.integers(1)?;
                let size = sizes.get(cx.step);
                sizes.len() == count && (size == Some(-1) || sizes.size(cx.step) == Some(own))
            }
            _ => true,
        };
        cx.ensure(agrees, OperatorProblem::Parts, cx.step)?;
        Ok(Self(copy.reversed()))
    }

    fn wiring(&self, cx: &Context<'m>) -> Wiring {
        Wiring {
            output: cx.step,
            ..Wiring::input(input(cx))
        }
    }

    fn run(&self, views: Views<'_>) {
        self.0.between(views);
    }
}

/// Which input is cut up.
fn input(cx: &Context<'_>) -> usize {
    usize::from(cx.opcode == Opcode::SPLIT)
}
