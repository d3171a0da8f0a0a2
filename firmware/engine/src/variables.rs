//! A model's named variables: that their operators agree on them, and what they hold at first.

use crate::error::{Error, GraphProblem, OperatorProblem, Result};
use crate::flatbuffer::{self, saturate};
use crate::model::Model;
use crate::op::variable::{Access, LINKED, callee, name};
use crate::op::{Context, Op};
use crate::opcode::Opcode;
use crate::tensor::TensorInfo;

/// A variable with a name.
pub(crate) struct Variable<'m> {
    /// The tensor in whose memory it lies.
    pub(crate) tensor: usize,
    /// A tensor that it is read to or assigned from.
    pub(crate) value: TensorInfo<'m>,
    /// What it holds at first, if not its zero point.
    pub(crate) initial: Option<&'m [u8]>,
}

impl<'m> Model<'m> {
    /// Checks that each variable has one VAR_HANDLE, which comes before all that read or assign it, that these agree on
    /// its type and size, and that other subgraphs than the first do nothing but initialise variables.
    pub(crate) fn check_variables(&self) -> Result<()> {
        for graph in 1..self.subgraph_count() {
            let mut calls = self.contexts().filter(|cx| cx.opcode == Opcode::CALL_ONCE);
            let is_called = |cx| callee(&cx).is_ok_and(|callee| callee == graph);
            if !(LINKED && calls.any(is_called)) {
                return Err(Error::Graph {
                    problem: GraphProblem::Subgraphs,
                    value: saturate(self.subgraph_count()),
                });
            }
        }
        for cx in self.contexts().take_while(|_| LINKED) {
            self.check_variable(&cx)
                .map_err(|fault| cx.explain(fault))?;
        }
        Ok(())
    }

    /// Checks what an operator does with variables.
    fn check_variable(&self, cx: &Context<'m>) -> flatbuffer::Result<()> {
        match cx.opcode {
            Opcode::CALL_ONCE => {
                let graph = callee(cx)?;
                // Thereby it does not matter that it runs before the first inference instead of within.
                let mut before = self.contexts().take(cx.index);
                let is_first = before.all(|before| matches!(Access::read(&before), Ok(None)));
                let sound = is_first && self.check_initialisation(graph).unwrap_or(false);
                cx.ensure(sound, OperatorProblem::Initialisation, graph)?;
            }
            Opcode::VAR_HANDLE => {
                let wanted = name(cx)?;
                let same = self.handle(|other| name(other).is_ok_and(|name| name == wanted));
                let first = same.is_some_and(|first| first.index == cx.index);
                cx.ensure(first, OperatorProblem::Handle, 0)?;
            }
            _ => {
                let Some(Access { handle, value }) = Access::read(cx)? else {
                    return Ok(());
                };
                let before = self.handle(|other| output(other) == Some(handle));
                let before = before.is_some_and(|before| before.index < cx.index);
                cx.ensure(before, OperatorProblem::Handle, 0)?;
                let first = self.first_access(handle);
                let agree = first.is_some_and(|first| agree(&first.value, &value));
                cx.ensure(agree, OperatorProblem::VariableType, 0)?;
            }
        }
        Ok(())
    }

    /// Whether a subgraph assigns constants to variables and does nothing else.
    fn check_initialisation(&self, graph: usize) -> Result<bool> {
        let graph = self.subgraph(graph)?;
        for i in 0..graph.operator_count() {
            let cx = graph.context(i)?;
            if !matches!(cx.opcode, Opcode::VAR_HANDLE | Opcode::ASSIGN_VARIABLE) {
                return Ok(false);
            }
            Op::with(&cx, &mut |_| Ok(()))?;
            let Some(Access { handle, value }) = Access::read(&cx)? else {
                continue;
            };
            let Some(handle) = graph.handle(|other| output(other) == Some(handle)) else {
                return Ok(false);
            };
            let name_there = name(&handle)?;
            let variable = self
                .handle(|other| name(other).is_ok_and(|name| name == name_there))
                .and_then(|handle| output(&handle));
            // A variable that is initialised but not used does no harm.
            let access = variable.and_then(|variable| self.first_access(variable));
            if !value.is_constant() || access.is_some_and(|access| !agree(&access.value, &value)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The variable that operator `i` stands for, if it is a VAR_HANDLE of one that is used.
    pub(crate) fn variable(&self, i: usize) -> Option<Variable<'m>> {
        if !(LINKED && self.is(i, Opcode::VAR_HANDLE)) {
            return None;
        }
        let cx = self.context(i).ok()?;
        let tensor = output(&cx)?;
        let name = name(&cx).ok()?;
        Some(Variable {
            tensor,
            value: self.first_access(tensor)?.value,
            initial: self.initial(name),
        })
    }

    /// What the variable of this name is initialised with.
    fn initial(&self, wanted: [&[u8]; 2]) -> Option<&'m [u8]> {
        let calls = self
            .contexts()
            .filter(|cx| cx.opcode == Opcode::CALL_ONCE)
            .filter_map(|cx| self.subgraph(callee(&cx).ok()?).ok());
        let assigned = |graph: Self| {
            let accesses = graph.contexts().filter_map(|cx| Access::read(&cx).ok()?);
            let values = accesses.filter_map(|Access { handle, value }| {
                let handle = graph.handle(|other| output(other) == Some(handle))?;
                let is_wanted = name(&handle).is_ok_and(|name| name == wanted);
                value.data.filter(|_| is_wanted)
            });
            values.last()
        };
        calls.filter_map(assigned).last()
    }

    /// The first VAR_HANDLE that is like this.
    fn handle(&self, mut wanted: impl FnMut(&Context<'m>) -> bool) -> Option<Context<'m>> {
        self.contexts()
            .find(|cx| cx.opcode == Opcode::VAR_HANDLE && wanted(cx))
    }

    fn first_access(&self, handle: usize) -> Option<Access<'m>> {
        self.contexts()
            .filter_map(|cx| Access::read(&cx).ok()?)
            .find(|access| access.handle == handle)
    }

    /// All operators.
    fn contexts(&self) -> impl Iterator<Item = Context<'m>> {
        (0..self.operator_count()).map_while(|i| self.context(i).ok())
    }
}

/// The tensor that a VAR_HANDLE puts out.
fn output(cx: &Context<'_>) -> Option<usize> {
    cx.output().ok().map(|tensor| tensor.index)
}

/// Whether values of one variable have the same type and length.
fn agree(a: &TensorInfo<'_>, b: &TensorInfo<'_>) -> bool {
    (a.dtype, a.bytes) == (b.dtype, b.bytes)
}
