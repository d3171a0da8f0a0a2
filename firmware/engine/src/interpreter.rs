//! Running a model.

use crate::arena::{Views, aligned};
use crate::error::{Fault, GraphProblem, Result};
use crate::flatbuffer;
use crate::model::Model;
use crate::op::{Operands, Reuse};
use crate::plan::Plan;
use crate::tensor::{DataType, TensorInfo};

/// Is told when each operator starts and ends, for example to read a cycle counter.
pub trait Observer {
    /// Operator `op` is about to run.
    fn begin(&mut self, op: usize);
    /// Operator `op` has run.
    fn end(&mut self, op: usize);
}

/// Observes nothing.
impl Observer for () {
    fn begin(&mut self, _: usize) {}
    fn end(&mut self, _: usize) {}
}

/// A model with the memory it runs in.
pub struct Interpreter<'m, 'a> {
    model: Model<'m>,
    arena: &'a mut [u8],
    plan: Plan<'m>,
}

impl<'m, 'a> Interpreter<'m, 'a> {
    /// Plans the model's memory and computes once what all inferences share, unless the file carries both
    /// ([`kept`](crate::kept)).
    ///
    /// An `arena` that starts at a multiple of 16 need not be longer than [`arena_used`](Self::arena_used); what
    /// lies beyond that is never touched.
    ///
    /// # Errors
    /// The arena is too small, operators are not in order of execution, or what the file carries does not fit.
    pub fn new(model: &Model<'m>, arena: &'a mut [u8]) -> Result<Self> {
        let arena = aligned(arena);
        let available = arena.len();
        let plan = Plan::new(model, arena).map_err(|fault| model.explain(fault, available))?;
        let mut interpreter = Self {
            model: *model,
            arena,
            plan,
        };
        interpreter.reset();
        Ok(interpreter)
    }

    /// Forgets what earlier inferences left behind: all variables become what the file initialises them with, or else
    /// zero, which is their zero point.
    pub fn reset(&mut self) {
        let Self { model, arena, plan } = self;
        let mut set = |variable: usize, tensor: &TensorInfo<'_>, initial: Option<&[u8]>| {
            let start = plan.tensor(arena, variable);
            let Some(bytes) = arena.get_mut(start..start + tensor.bytes) else {
                return;
            };
            match initial {
                Some(initial) if initial.len() == bytes.len() => bytes.copy_from_slice(initial),
                _ => bytes.fill(zero(tensor)),
            }
        };
        model.variables(&mut |i, tensor| set(i, tensor, None));
        model.initial_values(&mut |i, tensor| set(i, tensor, tensor.data));
    }

    /// Bytes of the arena that planning and running use, in one piece from its start.
    #[must_use]
    pub fn arena_used(&self) -> usize {
        self.plan.used
    }

    /// The input tensor: elements of the type that [`Model::input`] says, such as int8, uint8, int16 or float32, each
    /// little-endian. It shares its memory with others: fill it before every [`invoke`](Self::invoke).
    pub fn input_mut(&mut self) -> &mut [u8] {
        let input = &self.model.input;
        let start = self.plan.tensor(self.arena, input.index);
        self.arena
            .get_mut(start..start + input.bytes)
            .unwrap_or_default()
    }

    /// The output tensor, as the latest [`invoke`](Self::invoke) left it: elements of the type that [`Model::output`]
    /// says, each little-endian.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        let output = &self.model.output;
        let start = self.plan.tensor(self.arena, output.index);
        self.arena
            .get(start..start + output.bytes)
            .unwrap_or_default()
    }

    /// Runs all operators in order.
    ///
    /// # Errors
    /// None that [`Model::new`] and [`Interpreter::new`] would not have found, unless the file's bytes have changed
    /// since.
    pub fn invoke(&mut self, observer: &mut impl Observer) -> Result<()> {
        for index in 0..self.model.operator_count() {
            observer.begin(index);
            self.run(index)
                .map_err(|fault| self.model.explain(fault, 0))?;
            observer.end(index);
        }
        Ok(())
    }

    #[inline]
    fn run(&mut self, index: usize) -> flatbuffer::Result<()> {
        let Self { model, arena, plan } = self;
        model.steps(index, &mut |op| {
            let places = plan.places(arena, index, op);
            let Operands { inputs, reuse, .. } = &op.operands;
            if *reuse == Reuse::Alias && places.inputs[0] == places.output {
                return Ok(());
            }
            let constants = inputs.map(|input| input.and_then(|input| input.data));
            let changed = Fault::graph(GraphProblem::Plan, index);
            let views = Views::new(arena, places, constants, *reuse).ok_or(changed)?;
            op.run(views);
            Ok(())
        })
    }
}

/// The byte that zero consists of in a tensor.
fn zero(tensor: &TensorInfo<'_>) -> u8 {
    match (tensor.dtype, tensor.quantization.zero_points.get(0)) {
        (DataType::Int8, Some(zero)) => zero as u8,
        _ => 0,
    }
}
