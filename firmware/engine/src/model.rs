//! A model: a view of a TFLite file in which everything has been checked.

use crate::error::{self, Error, Fault, FileProblem, GraphProblem, TensorProblem};
use crate::flatbuffer::{Result, Table, Tables, Vector};
use crate::op::{Context, Op, Then};
use crate::opcode::Opcode;
use crate::tensor::{DataType, TensorInfo};
use crate::variables::Assign;

/// The most operands of all operators, each counted as often as its operator has steps: all that are joined or split
/// off before a step are read anew for it, and operators may share their lists, so that a file of 3 KB could take
/// seconds to check and one of some more any time. 2,000 tensors can still be joined.
const MOST_OPERANDS: usize = 1 << 22;

/// A TFLite model, read in place.
///
/// [`Model::new`] checks all that running it relies on: every offset, shape, buffer, quantization and option.
/// Only the memory plan is left to [`Interpreter::new`](crate::Interpreter::new).
#[derive(Clone, Copy)]
pub struct Model<'m> {
    codes: Tables<'m>,
    buffers: Tables<'m>,
    subgraphs: Tables<'m>,
    tensors: Tables<'m>,
    operators: Tables<'m>,
    pub(crate) input: TensorInfo<'m>,
    pub(crate) output: TensorInfo<'m>,
    kept: Option<&'m [u8]>,
    /// Whether all has been checked.
    checked: bool,
}

/// The name of the metadata that [`kept`](crate::kept) makes.
pub const KEPT: &str = "onchip.kept";

impl<'m> Model<'m> {
    /// Reads and checks a `.tflite` file.
    ///
    /// # Errors
    /// Says what is malformed or not supported, and where.
    pub fn new(bytes: &'m [u8]) -> error::Result<Self> {
        let mut model = Self::read(bytes).map_err(|fault| fault.error(Opcode(0), 0))?;
        model.check().map_err(|fault| model.explain(fault, 0))?;
        model.checked = true;
        Ok(model)
    }

    fn read(bytes: &'m [u8]) -> Result<Self> {
        if i32::try_from(bytes.len()).is_err() {
            return Err(Fault::file(FileProblem::TooLarge, 0));
        }
        if bytes.get(4..8) != Some(b"TFL3") {
            return Err(Fault::file(FileProblem::Identifier, 0));
        }
        let root = Table::root(bytes)?;
        let version = root.scalar::<u32>(0, 0)?;
        if version != 3 {
            return Err(Fault::file(FileProblem::Version, version));
        }
        let subgraphs = root.tables(2)?;
        if subgraphs.len() == 0 {
            return Err(Fault::graph(GraphProblem::Subgraphs, 0));
        }
        let subgraph = subgraphs.get(0)?;
        let tensors = subgraph.tables(0)?;
        let buffers = root.tables(4)?;
        let tensor = |id, problem| {
            let index = single(subgraph.vector(id)?, problem)?;
            let tensor = TensorInfo::read(index, &tensors.get(index)?, &buffers, false);
            if let Ok(tensor) = &tensor {
                tensor.ensure_some()?;
            }
            tensor
        };
        Ok(Self {
            codes: root.tables(1)?,
            buffers,
            subgraphs,
            tensors,
            operators: subgraph.tables(3)?,
            input: tensor(1, GraphProblem::Inputs)?,
            output: tensor(2, GraphProblem::Outputs)?,
            kept: metadata(&root.tables(6)?, &buffers)?,
            checked: false,
        })
    }

    fn check(&self) -> Result<()> {
        let count = self.operators.len().max(self.tensors.len());
        if self.operators.len() == 0 {
            return Err(Fault::graph(GraphProblem::Empty, 0));
        }
        if count > usize::from(u16::MAX) {
            return Err(Fault::graph(GraphProblem::TooManyTensors, count));
        }
        let mut operands = 0_usize;
        for i in 0..self.operators.len() {
            let context = &self.context(i)?;
            let each = context.inputs.len() + context.outputs.len();
            operands = operands.saturating_add(each.saturating_mul(context.steps()));
        }
        if operands > MOST_OPERANDS {
            return Err(Fault::graph(GraphProblem::TooManyTensors, operands));
        }
        for tensor in [&self.input, &self.output] {
            if tensor.dtype == DataType::Resource {
                let code = DataType::Resource.code();
                return Err(Fault::tensor(tensor.index, TensorProblem::DataType, code));
            }
        }
        if self.input.is_constant() {
            return Err(Fault::graph(GraphProblem::ConstantInput, self.input.index));
        }
        for i in 0..self.tensors.len() {
            match self.read_tensor(i) {
                Err(fault) if self.is_used(i) => return Err(fault),
                // Files of LSTMs have empty tensors that only say how what is within them is quantized.
                _ => {}
            }
        }
        for i in 0..self.operators.len() {
            // Those that run in steps name what is missing if they have none.
            self.some_steps(i, 1, usize::MAX, &mut |_| Ok(()))?;
        }
        self.check_variables()
    }

    /// Whether an operator has tensor `i` among its inputs or outputs.
    fn is_used(&self, i: usize) -> bool {
        let has = |operator: &Table<'m>, id| {
            let operands = operator.vector::<i32>(id);
            operands.is_ok_and(|operands| operands.iter().any(|j| usize::try_from(j) == Ok(i)))
        };
        (0..self.operator_count()).any(|operator| {
            let operator = self.operators.get(operator);
            operator.is_ok_and(|operator| has(&operator, 1) || has(&operator, 2))
        })
    }

    /// The error that a fault stands for, of this model or an arena of so many bytes.
    #[cold]
    #[inline(never)]
    pub(crate) fn explain(&self, fault: Fault, available: usize) -> Error {
        let operator = fault.of_operator().map(|i| self.operators.get(i));
        let opcode = match operator {
            Some(Ok(operator)) => self.opcode(&operator).ok(),
            _ => None,
        };
        fault.error(opcode.unwrap_or(Opcode(0)), available)
    }

    /// Number of subgraphs, of which the first one is the network.
    pub(crate) fn subgraph_count(&self) -> usize {
        self.subgraphs.len()
    }

    /// The same model with the tensors and operators of another subgraph.
    pub(crate) fn subgraph(&self, i: usize) -> Result<Self> {
        let subgraph = self.subgraphs.get(i)?;
        let mut model = *self;
        model.tensors = subgraph.tables(0)?;
        model.operators = subgraph.tables(3)?;
        Ok(model)
    }

    /// Number of operators, which run in the file's order.
    #[must_use]
    pub fn operator_count(&self) -> usize {
        self.operators.len()
    }

    /// What the file says about operator `i`, if there is one.
    #[must_use]
    pub fn operator(&self, i: usize) -> Option<OperatorInfo<'m>> {
        let context = self.context(i).ok()?;
        let mut macs = 0;
        let note = &mut |op: &Op<'_, 'm>| {
            macs = op.kernel.macs();
            Ok(())
        };
        Op::with(&context, note).ok()?;
        let constants = context
            .inputs
            .iter()
            .filter_map(|input| self.tensor(usize::try_from(input).ok()?));
        let (mut parameters, mut weight_bytes) = (0, 0);
        // The shapes and axes that some operators take as constants are no parameters.
        for tensor in constants.filter(|tensor| tensor.is_constant() && macs > 0) {
            parameters += tensor.shape.elements();
            weight_bytes += tensor.bytes;
        }
        Some(OperatorInfo {
            index: i,
            opcode: context.opcode,
            macs,
            parameters,
            weight_bytes,
            inputs: context.inputs,
            outputs: context.outputs,
        })
    }

    /// The names of the kernel that runs operator `i` and of the part of it that is needed: what `ONCHIP_OPERATORS` must list
    /// beside the operator's number when this crate is compiled for a few models alone.
    pub fn kernels(&self, i: usize) -> impl Iterator<Item = &'static str> {
        let mut names = [None; 2];
        if let Ok(context) = self.context(i) {
            let note = &mut |op: &Op<'_, 'm>| {
                names = [Op::name(&context), op.kernel.part()];
                Ok(())
            };
            // What cannot be read needs none.
            Op::with(&context, note).ok();
        }
        names.into_iter().flatten()
    }

    /// All operators in order.
    pub fn operators(&self) -> impl Iterator<Item = OperatorInfo<'m>> {
        (0..self.operator_count()).map_while(|i| self.operator(i))
    }

    /// Number of tensors, constants included.
    #[must_use]
    pub fn tensor_count(&self) -> usize {
        self.tensors.len()
    }

    /// What the file says about tensor `i`, if there is one.
    #[must_use]
    pub fn tensor(&self, i: usize) -> Option<TensorInfo<'m>> {
        self.read_tensor(i).ok()
    }

    /// The network's input tensor.
    #[must_use]
    pub fn input(&self) -> TensorInfo<'m> {
        self.input
    }

    /// The network's output tensor.
    #[must_use]
    pub fn output(&self) -> TensorInfo<'m> {
        self.output
    }

    /// What the file carries so that neither planning nor tables take time or memory: metadata [`KEPT`].
    pub(crate) fn kept(&self) -> Option<&'m [u8]> {
        self.kept
    }

    /// Multiply-accumulates of one inference: those of convolutions and dense layers.
    #[must_use]
    pub fn macs(&self) -> u64 {
        self.operators().map(|operator| operator.macs).sum()
    }

    pub(crate) fn read_tensor(&self, i: usize) -> Result<TensorInfo<'m>> {
        TensorInfo::read(i, &self.tensors.get(i)?, &self.buffers, false)
    }

    /// Hands on the steps of operator `i`.
    #[inline(never)]
    pub(crate) fn steps(&self, i: usize, then: Then<'_, 'm>) -> Result<()> {
        self.some_steps(i, 0, usize::MAX, then)
    }

    /// Hands on the first step of operator `i`, which for most is the only one.
    #[inline(never)]
    pub(crate) fn op(&self, i: usize, then: Then<'_, 'm>) -> Result<()> {
        self.some_steps(i, 1, 1, then)
    }

    /// Hands on so many steps of operator `i`, even if it has less of them.
    #[inline(never)]
    fn some_steps(&self, i: usize, least: usize, most: usize, then: Then<'_, 'm>) -> Result<()> {
        match &mut self.context(i) {
            Err(fault) => Err(*fault),
            Ok(context) => (0..context.steps().max(least).min(most)).try_for_each(|step| {
                context.step = step;
                Op::with(context, then)
            }),
        }
    }

    /// Hands on all that keep their elements from one inference to the next.
    pub(crate) fn variables(&self, then: Assign<'_, 'm>) {
        for i in 0..self.tensors.len() {
            let table = self.tensors.get(i);
            // Takes little time for the others.
            if table.and_then(|table| TensorInfo::is_variable(&table)) == Ok(true)
                && let Ok(variable) = &self.read_tensor(i)
            {
                then(i, variable);
            }
        }
        self.named_variables(then);
    }

    fn opcode(&self, operator: &Table<'m>) -> Result<Opcode> {
        let code = self.codes.get(operator.scalar::<u32>(0, 0)? as usize)?;
        // `builtin_code` came when the numbers outgrew a byte; old files have only the byte.
        let opcode = code
            .scalar::<i32>(3, 0)?
            .max(i32::from(code.scalar::<i8>(0, 0)?));
        Ok(Opcode(opcode.unsigned_abs()))
    }

    pub(crate) fn context(&self, index: usize) -> Result<Context<'m>> {
        let table = self.operators.get(index)?;
        Ok(Context {
            tensors: self.tensors,
            buffers: self.buffers,
            checked: self.checked,
            index,
            opcode: self.opcode(&table)?,
            inputs: table.vector(1)?,
            outputs: table.vector(2)?,
            options_type: table.scalar(3, 0)?,
            options: table.table(4)?,
            step: 0,
            read: Default::default(),
        })
    }
}

/// The content of the metadata [`KEPT`], if the file has it.
fn metadata<'m>(list: &Tables<'m>, buffers: &Tables<'m>) -> Result<Option<&'m [u8]>> {
    for i in 0..list.len() {
        let entry = list.get(i)?;
        if entry.bytes(0)? == KEPT.as_bytes() {
            let buffer = buffers.get(entry.scalar::<u32>(1, 0)? as usize)?;
            return Ok(Some(buffer.bytes(0)?));
        }
    }
    Ok(None)
}

/// The one tensor that a subgraph's list of inputs or outputs must name.
fn single(list: Vector<'_, i32>, problem: GraphProblem) -> Result<usize> {
    match (list.len(), list.get(0)) {
        (1, Some(index)) => usize::try_from(index)
            .map_err(|_| Fault::file(FileProblem::Index, index.unsigned_abs())),
        (count, _) => Err(Fault::graph(problem, count)),
    }
}

/// What the file says about an operator.
#[derive(Clone, Copy, Debug)]
pub struct OperatorInfo<'m> {
    /// Position in the order of execution.
    pub index: usize,
    /// Which operator it is.
    pub opcode: Opcode,
    /// Multiply-accumulates: those of convolutions and dense layers, padding counted as if it were data; else 0.
    pub macs: u64,
    /// Constant weights and biases.
    pub parameters: usize,
    /// Bytes that weights and biases take in the file.
    pub weight_bytes: usize,
    inputs: Vector<'m, i32>,
    outputs: Vector<'m, i32>,
}

impl OperatorInfo<'_> {
    /// The operator's name, such as `CONV_2D`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.opcode.name()
    }

    /// Indices of the input tensors; `None` stands for an optional input left out.
    pub fn inputs(&self) -> impl Iterator<Item = Option<usize>> {
        self.inputs.iter().map(|index| usize::try_from(index).ok())
    }

    /// Indices of the output tensors.
    pub fn outputs(&self) -> impl Iterator<Item = usize> {
        self.outputs
            .iter()
            .filter_map(|index| usize::try_from(index).ok())
    }
}
