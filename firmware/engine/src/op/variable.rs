//! VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE: variables that have a name.
//!
//! A variable lies in the memory of the tensor that its VAR_HANDLE puts out. CALL_ONCE and VAR_HANDLE have nothing to do
//! at run time: [`Interpreter::reset`](crate::Interpreter::reset) initialises variables.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::linked;
use crate::op::context::Context;
use crate::op::{Kernel, Wiring};
use crate::opcode::Opcode;
use crate::tensor::DataType;

/// Whether models can have such variables.
pub(crate) const LINKED: bool = linked::LINKED.any(&[
    Opcode::VAR_HANDLE,
    Opcode::READ_VARIABLE,
    Opcode::ASSIGN_VARIABLE,
    Opcode::CALL_ONCE,
]);

pub(crate) enum Variable {
    Idle,
    Read,
    Assign,
}

/// The container and name of the variable that a VAR_HANDLE stands for.
pub(crate) fn name<'m>(cx: &Context<'m>) -> Result<[&'m [u8]; 2]> {
    let options = cx.options(111)?;
    Ok([options.bytes(0)?, options.bytes(1)?])
}

/// The subgraph that a CALL_ONCE calls.
pub(crate) fn callee(cx: &Context<'_>) -> Result<usize> {
    let index: i32 = cx.options(103)?.get(0, 0)?;
    usize::try_from(index).map_err(|_| {
        cx.error(
            OperatorProblem::Initialisation,
            index.unsigned_abs() as usize,
        )
    })
}

impl<'m> Kernel<'m> for Variable {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let (variable, inputs, outputs) = match cx.opcode {
            Opcode::READ_VARIABLE => (Self::Read, 1, 1),
            Opcode::ASSIGN_VARIABLE => (Self::Assign, 2, 0),
            Opcode::VAR_HANDLE => (Self::Idle, 0, 1),
            _ => (Self::Idle, 0, 0),
        };
        cx.ensure(
            cx.inputs.len() == inputs,
            OperatorProblem::Inputs,
            cx.inputs.len(),
        )?;
        cx.ensure(
            cx.outputs.len() == outputs,
            OperatorProblem::Outputs,
            cx.outputs.len(),
        )?;
        let handle = match cx.opcode {
            Opcode::VAR_HANDLE => {
                name(cx)?;
                cx.output()?
            }
            Opcode::CALL_ONCE => {
                callee(cx)?;
                return Ok(variable);
            }
            _ => cx.input(0)?,
        };
        let is_handle = handle.dtype == DataType::Resource;
        cx.ensure(
            is_handle && !handle.is_constant() && !handle.is_variable,
            OperatorProblem::Handle,
            0,
        )?;
        Ok(variable)
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        let none = Wiring {
            inputs: [None; 2],
            output: Wiring::NO_OUTPUT,
            ..Wiring::input(0)
        };
        let states = [Some(0), None];
        match self {
            Self::Idle => none,
            Self::Read => Wiring {
                states,
                output: 0,
                ..none
            },
            Self::Assign => Wiring {
                inputs: [Some(1), None],
                states,
                ..none
            },
        }
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            states: [variable, _],
            output,
            ..
        } = views;
        let (to, from) = match self {
            Self::Idle => return,
            Self::Read => (output, &*variable),
            Self::Assign => (variable, input),
        };
        for (to, from) in to.iter_mut().zip(from) {
            *to = *from;
        }
    }
}
