//! Batch normalization as part of the layer before it.

use onchip_tflite::ir::ValueId;
use onchip_tflite::topology::{Layer, Topology};

use super::error::QuantizeError;
use super::plan::place;

/// A topology without batch normalization.
///
/// # Errors
/// What is normalized is read by another layer too.
pub(super) fn topology(topology: &Topology) -> Result<Topology, QuantizeError> {
    let mut folded = Topology::new(topology.input());
    // The values of the folded topology that stand for each of the other's.
    let mut values = vec![ValueId::INPUT];
    for (index, node) in topology.nodes().iter().enumerate() {
        let inputs: Vec<_> = node
            .inputs
            .iter()
            .map(|&read| values[place(read)])
            .collect();
        if node.layer == Layer::BatchNorm {
            let mut nodes = topology.nodes().iter().enumerate();
            let other =
                nodes.find(|(i, other)| *i != index && other.inputs.contains(&node.inputs[0]));
            if let Some((reader, _)) = other {
                let layer = index;
                return Err(QuantizeError::Unfoldable { layer, reader });
            }
            values.push(inputs[0]);
        } else {
            values.push(folded.push(node.layer, &inputs)?);
        }
    }
    Ok(folded)
}
