//! What operators compute and keep.

use onchip_engine::Opcode;

use crate::model::{Model, Operator, Subgraph, Tensor};

pub(super) struct Cost {
    pub(super) macs: u64,
    pub(super) parameters: u64,
    pub(super) parameter_bytes: u64,
}

/// Opcodes of the operators that multiply and accumulate.
mod opcode {
    use super::Opcode;

    pub(super) const CONV_2D: Opcode = Opcode(3);
    pub(super) const DEPTHWISE_CONV_2D: Opcode = Opcode(4);
    pub(super) const FULLY_CONNECTED: Opcode = Opcode(9);
    pub(super) const TRANSPOSE_CONV: Opcode = Opcode(67);
    pub(super) const BATCH_MATMUL: Opcode = Opcode(126);
}

pub(super) fn of(model: &Model, graph: &Subgraph, operator: &Operator) -> Cost {
    let macs = macs(model, graph, operator).unwrap_or(0);
    let mut cost = Cost {
        macs,
        parameters: 0,
        parameter_bytes: 0,
    };
    // The shapes and axes that other operators take as constants are no parameters.
    if macs > 0 {
        for &input in &operator.inputs {
            if let Some(tensor) = tensor(graph, input)
                && model.constant(tensor).is_some()
            {
                cost.parameters += tensor.elements();
                cost.parameter_bytes += tensor.bytes().unwrap_or(0);
            }
        }
    }
    cost
}

pub(super) fn elements(shape: &[i32]) -> u64 {
    let dimension = |&dim: &i32| u64::try_from(dim).unwrap_or(0);
    shape.iter().map(dimension).fold(1, u64::saturating_mul)
}

/// Multiply-accumulates of the whole operator; `None` for one that has none, or malformed operands.
fn macs(model: &Model, graph: &Subgraph, operator: &Operator) -> Option<u64> {
    let input = |i: usize| tensor(graph, *operator.inputs.get(i)?);
    let output = tensor(graph, *operator.outputs.first()?)?.elements();
    let per_output = match model.opcode(operator)? {
        // Weights: outputs × height × width × inputs (of one group).
        opcode::CONV_2D => elements(input(1)?.shape.get(1..)?),
        // Weights: 1 × height × width × outputs.
        opcode::DEPTHWISE_CONV_2D => elements(input(1)?.shape.get(1..3)?),
        // Weights: outputs × inputs.
        opcode::FULLY_CONNECTED => elements(input(1)?.shape.get(1..)?),
        // Operands: shape, weights (outputs × height × width × inputs), data. Each datum meets
        // every output channel in every place of the window.
        opcode::TRANSPOSE_CONV => {
            let per_input = elements(input(1)?.shape.get(..3)?);
            return Some(input(2)?.elements().saturating_mul(per_input));
        }
        // The sum runs over the dimension that the first operand has besides the output's rows.
        opcode::BATCH_MATMUL => {
            let shape = &tensor(graph, *operator.outputs.first()?)?.shape;
            let mut sides = shape.iter().rev().map(|&dim| u64::from(dim.max(1) as u32));
            let (columns, rows) = (sides.next()?, sides.next()?);
            // Two dimensions of 31 bits fit.
            let batches = output / (rows * columns);
            input(0)?.elements() / rows / batches.max(1)
        }
        _ => return None,
    };
    Some(output.saturating_mul(per_output))
}

fn tensor(graph: &Subgraph, index: i32) -> Option<&Tensor> {
    graph.tensors.get(usize::try_from(index).ok()?)
}
