//! What a model consists of, what it costs, and whether the engine runs it.

mod cost;
mod table;
mod verdict;

use onchip_engine::{Error as EngineError, Interpreter};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::model::{self, Model, Operator, Subgraph};

/// What a file holds: its operators in order, what they cost, and what stands against running it.
///
/// [`Display`](std::fmt::Display) gives a table for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// What made the file, in its own words.
    pub description: String,
    /// Bytes of the file.
    pub bytes: usize,
    /// Tensors to be given.
    pub inputs: Vec<Tensor>,
    /// Tensors that come out.
    pub outputs: Vec<Tensor>,
    /// The operators, in order of execution.
    pub operators: Vec<OperatorReport>,
    /// Sums over all operators.
    pub totals: Totals,
    /// Bytes of RAM that the engine plans for tensors and their bookkeeping; `None` where it
    /// does not run the model.
    pub arena: Option<usize>,
    /// Why the engine does not run the model, apart from what is said at its operators.
    pub problems: Vec<String>,
}

/// An operator and its costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperatorReport {
    /// Its place in the order of execution.
    pub index: usize,
    /// Its name in the format, such as `CONV_2D`.
    pub op: String,
    /// Its options, in words: strides, padding, fused activation.
    pub options: String,
    /// What it reads, without constants.
    pub inputs: Vec<Tensor>,
    /// What it reads from the file.
    pub constants: Vec<Tensor>,
    /// What it writes.
    pub outputs: Vec<Tensor>,
    /// Multiply-accumulates; padding counts as if it were data.
    pub macs: u64,
    /// Elements of weights and biases.
    pub parameters: u64,
    /// Bytes of weights and biases.
    pub parameter_bytes: u64,
    /// Why the engine does not run it.
    pub problem: Option<String>,
}

/// A tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tensor {
    /// Its place in the file's list.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Its dimensions, outermost first.
    pub shape: Vec<i32>,
    /// Type of its elements, such as `int8`.
    pub dtype: String,
    /// Bytes of all elements; `None` for types without a fixed size.
    pub bytes: Option<u64>,
    /// What its integers stand for.
    pub quantization: Option<Quantization>,
}

/// What integers stand for: scale × (integer − zero point).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quantization {
    /// One for the tensor, or one per index of `axis`.
    pub scales: Vec<f32>,
    /// As many zero points.
    pub zero_points: Vec<i64>,
    /// The dimension that several scales run along.
    pub axis: Option<usize>,
}

/// Sums over all operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Multiply-accumulates.
    pub macs: u64,
    /// Elements of weights and biases; those that operators share count once.
    pub parameters: u64,
    /// Their bytes.
    pub parameter_bytes: u64,
}

/// Describes a TFLite file.
///
/// A model that the engine does not run is described as well; its operators and
/// [`problems`](Inspection::problems) then say why not.
///
/// # Errors
/// The bytes are no sound TFLite file.
pub fn inspect(file: &[u8]) -> Result<Inspection> {
    let model = Model::read(file)?;
    let verdict = verdict::judge(file, &model);
    let Some(graph) = model.subgraphs.first() else {
        unreachable!("a model that was read has a subgraph");
    };
    let operators: Vec<_> = graph
        .operators
        .iter()
        .zip(verdict.operators)
        .enumerate()
        .map(|(index, (operator, problem))| report(&model, graph, index, operator, problem))
        .collect();
    let mut problems = verdict.problems;
    let runs = problems.is_empty() && operators.iter().all(|operator| operator.problem.is_none());
    let arena = if runs {
        arena(file)
            .map_err(|error| problems.push(error.to_string()))
            .ok()
    } else {
        None
    };
    Ok(Inspection {
        description: model.description.clone(),
        bytes: file.len(),
        inputs: tensors(graph, &graph.inputs),
        outputs: tensors(graph, &graph.outputs),
        totals: totals(&operators),
        operators,
        arena,
        problems,
    })
}

impl Inspection {
    /// Whether the engine runs the model.
    pub fn runs(&self) -> bool {
        self.arena.is_some()
    }
}

fn report(
    model: &Model,
    graph: &Subgraph,
    index: usize,
    operator: &Operator,
    problem: Option<String>,
) -> OperatorReport {
    let is_constant = |&&i: &&i32| {
        let tensor = usize::try_from(i).ok().and_then(|i| graph.tensors.get(i));
        tensor.is_some_and(|tensor| model.constant(tensor).is_some())
    };
    let (constants, inputs): (Vec<i32>, Vec<i32>) = operator.inputs.iter().partition(is_constant);
    let cost = cost::of(model, graph, operator);
    let code = model.codes.get(operator.code as usize);
    let name = code.map_or("UNKNOWN", |code| code.opcode.name());
    let custom = code.and_then(|code| code.custom.as_deref());
    OperatorReport {
        index,
        op: custom.map_or_else(|| name.to_owned(), |custom| format!("{name} {custom}")),
        options: operator
            .options
            .as_ref()
            .map_or_else(String::new, table::options),
        inputs: tensors(graph, &inputs),
        constants: tensors(graph, &constants),
        outputs: tensors(graph, &operator.outputs),
        macs: cost.macs,
        parameters: cost.parameters,
        parameter_bytes: cost.parameter_bytes,
        problem,
    }
}

fn tensors(graph: &Subgraph, indices: &[i32]) -> Vec<Tensor> {
    let tensor = |&i: &i32| {
        let index = usize::try_from(i).ok()?;
        let tensor = graph.tensors.get(index)?;
        Some(Tensor {
            index,
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            dtype: format!("{:?}", tensor.ty).to_lowercase(),
            bytes: tensor.bytes(),
            quantization: tensor.quantization.as_ref().and_then(quantization),
        })
    };
    indices.iter().filter_map(tensor).collect()
}

fn quantization(from: &model::Quantization) -> Option<Quantization> {
    let several = from.scale.len() > 1;
    (!from.scale.is_empty()).then(|| Quantization {
        scales: from.scale.clone(),
        zero_points: from.zero_point.clone(),
        axis: usize::try_from(from.axis).ok().filter(|_| several),
    })
}

fn totals(operators: &[OperatorReport]) -> Totals {
    let mut totals = Totals {
        macs: 0,
        parameters: 0,
        parameter_bytes: 0,
    };
    let mut seen = std::collections::HashSet::new();
    for operator in operators {
        totals.macs = totals.macs.saturating_add(operator.macs);
        if operator.parameters > 0 {
            for tensor in operator
                .constants
                .iter()
                .filter(|tensor| seen.insert(tensor.index))
            {
                totals.parameters += cost::elements(&tensor.shape);
                totals.parameter_bytes += tensor.bytes.unwrap_or(0);
            }
        }
    }
    totals
}

/// Bytes that the engine plans for, found by giving it more than enough.
fn arena(file: &[u8]) -> Result<usize, EngineError> {
    let model = onchip_engine::Model::new(file)?;
    let mut len = 1 << 20;
    loop {
        let mut arena = vec![0; len];
        match Interpreter::new(&model, &mut arena) {
            Ok(interpreter) => return Ok(interpreter.arena_used()),
            Err(EngineError::Arena { .. }) if len < 1 << 31 => len *= 4,
            Err(error) => return Err(error),
        }
    }
}
