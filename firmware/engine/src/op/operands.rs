//! The tensors that an operator reads and writes while it runs. Weights and the like are not among them.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::{Context, KEPT_INPUTS};
use crate::tensor::{DataType, TensorInfo};

/// The most inputs of a step that change from one inference to the next.
pub(crate) const MAX_INPUTS: usize = 2;

/// The most tensors in which an operator keeps what it has to remember for the next inference.
pub(crate) const MAX_STATES: usize = 2;

/// Which operands an operator reads and writes, by their places in its lists of inputs and outputs.
#[derive(Clone, Copy)]
pub(crate) struct Wiring {
    pub(crate) inputs: [Option<usize>; MAX_INPUTS],
    /// Variables, which are in the list of inputs.
    pub(crate) states: [Option<usize>; MAX_STATES],
    /// May be [`Wiring::NO_OUTPUT`].
    pub(crate) output: usize,
    pub(crate) reuse: Reuse,
}

/// Whether the output can take an input's memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// It must lie apart.
    Never,
    /// It is the input's bytes unchanged: nothing is left to do where they share their memory.
    Alias,
    /// Each element is written after the elements at its place in these inputs have been read, and none of them is
    /// read again. The inputs are as long as the output.
    Overwrite([bool; MAX_INPUTS]),
    /// It may overlap the first input if it starts at least [`Kernel::lead`](super::Kernel::lead) bytes before it: then
    /// each element is written where nothing is read any more (Blacker, Bridges and Hadfield, "Diagonal memory optimisation for machine
    /// learning on micro-controllers", 2020).
    Trail,
}

impl Reuse {
    /// [`Reuse::Trail`] on a condition.
    pub(crate) fn trail_if(condition: bool) -> Self {
        if condition { Self::Trail } else { Self::Never }
    }
}

impl Wiring {
    /// The place of the output of operators that write nothing but variables.
    pub(crate) const NO_OUTPUT: usize = usize::MAX;

    /// From input `i` to the first output.
    pub(crate) fn input(i: usize) -> Self {
        Self {
            inputs: [Some(i), None],
            states: [None; MAX_STATES],
            output: 0,
            reuse: Reuse::Never,
        }
    }

    /// From the first two inputs to the first output.
    pub(crate) fn binary() -> Self {
        Self {
            inputs: [Some(0), Some(1)],
            ..Self::input(0)
        }
    }

    pub(crate) fn reusing(self, reuse: Reuse) -> Self {
        Self { reuse, ..self }
    }
}

/// The tensors of a step.
#[derive(Clone, Copy)]
pub(crate) struct Operands<'m> {
    pub(crate) inputs: [Option<Operand<'m>>; MAX_INPUTS],
    pub(crate) states: [Option<Operand<'m>>; MAX_STATES],
    pub(crate) output: Option<Operand<'m>>,
    pub(crate) reuse: Reuse,
}

/// A tensor that an operator reads or writes.
#[derive(Clone, Copy)]
pub(crate) struct Operand<'m> {
    pub(crate) tensor: usize,
    pub(crate) bytes: usize,
    pub(crate) data: Option<&'m [u8]>,
}

impl<'m> Operands<'m> {
    #[inline(never)]
    pub(super) fn read(cx: &Context<'m>, wiring: Wiring) -> Result<Self> {
        let plain = |tensor: &TensorInfo<'m>| {
            let code = DataType::Resource.code() as usize;
            let is_handle = tensor.dtype == DataType::Resource;
            cx.ensure(!is_handle, OperatorProblem::DataType, code)?;
            Ok(Operand::from(tensor))
        };
        let mut inputs = [None; MAX_INPUTS];
        for (operand, i) in inputs.iter_mut().zip(wiring.inputs) {
            *operand = match i {
                None => None,
                Some(i) if i < KEPT_INPUTS => Some(plain(cx.input(i)?)?),
                Some(i) => Some(plain(&cx.any_input(i)?)?),
            };
        }
        let output = match wiring.output {
            Wiring::NO_OUTPUT => None,
            0 => Some(plain(cx.output()?)?),
            i => Some(plain(&cx.nth_output(i)?)?),
        };
        let mut states = [None; MAX_STATES];
        for (operand, i) in states.iter_mut().zip(wiring.states) {
            let Some(i) = i else { continue };
            let tensor = &cx.any_input(i)?;
            // What a handle stands for is as long as what it is read to or assigned from.
            let bytes = match output.or(inputs[0]) {
                Some(value) if tensor.dtype == DataType::Resource => value.bytes,
                _ => tensor.bytes,
            };
            let is_variable = tensor.is_variable || tensor.dtype == DataType::Resource;
            cx.ensure(is_variable, OperatorProblem::State, i)?;
            *operand = Some(Operand {
                bytes,
                ..Operand::from(tensor)
            });
        }
        Ok(Self {
            inputs,
            states,
            output,
            reuse: wiring.reuse,
        })
    }
}

impl<'m> From<&TensorInfo<'m>> for Operand<'m> {
    fn from(tensor: &TensorInfo<'m>) -> Self {
        Self {
            tensor: tensor.index,
            bytes: tensor.bytes,
            data: tensor.data,
        }
    }
}
