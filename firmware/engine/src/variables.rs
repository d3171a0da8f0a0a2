//! A model's named variables: that their operators agree on them, and what they hold at first.

use crate::error::{Fault, GraphProblem, OperatorProblem};
use crate::flatbuffer::Result;
use crate::model::Model;
use crate::op::variable::{LINKED, callee, name};
use crate::op::{Context, Op};
use crate::opcode::Opcode;
use crate::tensor::TensorInfo;

/// What is to be done with the tensor in whose memory a variable lies, given by its number, and one that has the
/// variable's type and length: where it is to be initialised, with what.
pub(crate) type Assign<'a, 'm> = &'a mut dyn FnMut(usize, &TensorInfo<'m>);

impl<'m> Model<'m> {
    /// Checks that each variable has one VAR_HANDLE, which comes before all that read or assign it, that these agree on
    /// its type and size, and that other subgraphs than the first do nothing but initialise variables.
    pub(crate) fn check_variables(&self) -> Result<()> {
        for graph in 1..self.subgraph_count() {
            let calls = &mut |cx: &Context<'m>| is_call(cx) && callee(cx).ok() == Some(graph);
            if !LINKED || self.find(calls).is_none() {
                let count = self.subgraph_count();
                return Err(Fault::graph(GraphProblem::Subgraphs, count));
            }
        }
        if LINKED {
            for i in 0..self.operator_count() {
                let cx = &self.context(i)?;
                self.check_variable(cx).map_err(|fault| cx.explain(fault))?;
            }
        }
        Ok(())
    }

    /// Checks what an operator does with variables.
    fn check_variable(&self, cx: &Context<'m>) -> Result<()> {
        let (sound, problem, value) = if is_call(cx) {
            let graph = callee(cx)?;
            // Thereby it does not matter that it runs before the first inference instead of within.
            let access = self.find(&mut |other| access(other).is_some());
            let is_first = access.is_none_or(|access| access > cx.index);
            let sound = is_first && self.initialise(graph, &mut |_, _| {}).unwrap_or(false);
            (sound, OperatorProblem::Initialisation, graph)
        } else if is_handle(cx) {
            let same = self.named(name(cx)?);
            let is_first = same.is_some_and(|(first, _)| first == cx.index);
            (is_first, OperatorProblem::Handle, 0)
        } else if let Some((handle, value)) = access(cx) {
            let before = self.find(&mut |other| is_handle(other) && output(other) == Some(handle));
            let is_before = before.is_some_and(|before| before < cx.index);
            cx.ensure(is_before, OperatorProblem::Handle, 0)?;
            let mut same = false;
            self.value(handle, &mut |first| same = agree(first, value));
            (same, OperatorProblem::VariableType, 0)
        } else {
            return Ok(());
        };
        cx.ensure(sound, problem, value)
    }

    /// Hands on the constants that a subgraph assigns to variables; `false` if it does anything else. A variable that is
    /// initialised but not used does no harm.
    fn initialise(&self, graph: usize, assign: Assign<'_, 'm>) -> Result<bool> {
        let graph = self.subgraph(graph)?;
        for i in 0..graph.operator_count() {
            let cx = &graph.context(i)?;
            if !(is_handle(cx) || cx.opcode == Opcode::ASSIGN_VARIABLE) {
                return Ok(false);
            }
            Op::with(cx, &mut |_| Ok(()))?;
            let Some((handle, value)) = access(cx) else {
                continue;
            };
            let mut named = None;
            graph.find(&mut |other| {
                let found = is_handle(other) && output(other) == Some(handle);
                if found {
                    named = name(other).ok();
                }
                found
            });
            let Some(named) = named else {
                return Ok(false);
            };
            let mut is_sound = value.is_constant();
            if let Some((_, Some(variable))) = self.named(named)
                && self.value(variable, &mut |first| is_sound &= agree(first, value))
            {
                assign(variable, value);
            }
            if !is_sound {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Hands on what variables hold at first, if not their zero points, in the order in which it is assigned.
    pub(crate) fn initial_values(&self, assign: Assign<'_, 'm>) {
        for i in (0..self.operator_count()).take_while(|_| LINKED) {
            if let Ok(cx) = &self.context(i)
                && is_call(cx)
                && let Ok(graph) = callee(cx)
            {
                // It is known to be sound.
                self.initialise(graph, assign).ok();
            }
        }
    }

    /// Hands on the variables that have a VAR_HANDLE and are used.
    pub(crate) fn named_variables(&self, then: Assign<'_, 'm>) {
        if LINKED {
            self.find(&mut |cx| {
                if is_handle(cx)
                    && let Some(i) = output(cx)
                {
                    self.value(i, &mut |value| then(i, value));
                }
                false
            });
        }
    }

    /// The position of the first VAR_HANDLE of this container and name, and the tensor that it puts out.
    fn named(&self, wanted: [&[u8]; 2]) -> Option<(usize, Option<usize>)> {
        let mut tensor = None;
        let found = self.find(&mut |cx| {
            let found = is_handle(cx) && name(cx).is_ok_and(|name| name == wanted);
            if found {
                tensor = output(cx);
            }
            found
        });
        found.map(|i| (i, tensor))
    }

    /// Hands on the first value that the variable of this handle is read to or assigned from; `false` if it is not used.
    #[inline(never)]
    fn value(&self, handle: usize, then: &mut dyn FnMut(&TensorInfo<'m>)) -> bool {
        let first = self.find(&mut |cx| match access(cx) {
            Some((of, value)) if of == handle => {
                then(value);
                true
            }
            _ => false,
        });
        first.is_some()
    }

    /// The first operator of this kind.
    #[inline(never)]
    fn find(&self, is_wanted: &mut dyn FnMut(&Context<'m>) -> bool) -> Option<usize> {
        (0..self.operator_count()).find(|&i| self.context(i).is_ok_and(|cx| is_wanted(&cx)))
    }
}

fn is_call(cx: &Context<'_>) -> bool {
    cx.opcode == Opcode::CALL_ONCE
}

fn is_handle(cx: &Context<'_>) -> bool {
    cx.opcode == Opcode::VAR_HANDLE
}

/// The tensor that a VAR_HANDLE puts out.
fn output(cx: &Context<'_>) -> Option<usize> {
    cx.output().ok().map(|tensor| tensor.index)
}

/// The handle's tensor and the value that an operator reads from a variable or assigns to it, if it does.
fn access<'c, 'm>(cx: &'c Context<'m>) -> Option<(usize, &'c TensorInfo<'m>)> {
    let value = match cx.opcode {
        Opcode::READ_VARIABLE => cx.output(),
        Opcode::ASSIGN_VARIABLE => cx.input(1),
        _ => return None,
    };
    Some((cx.input(0).ok()?.index, value.ok()?))
}

/// Whether values of one variable have the same type and length.
fn agree(a: &TensorInfo<'_>, b: &TensorInfo<'_>) -> bool {
    (a.dtype, a.bytes) == (b.dtype, b.bytes)
}
