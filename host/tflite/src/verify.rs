//! What holds for every model that was read, and for every one that is written.

use crate::error::{Error, Place, Problem, Result};
use crate::model::{Model, Operator, Subgraph, Tensor};

impl Model {
    /// Checks that indices name something, that constants have the bytes that their shapes and
    /// types ask for, and that quantizations fit their tensors.
    ///
    /// # Errors
    /// [`Error::Invalid`], which says where and what.
    pub fn verify(&self) -> Result<()> {
        let of_model = |problem| Error::Invalid {
            place: Place::Model,
            problem,
        };
        if self.subgraphs.is_empty() {
            return Err(of_model(Problem::NoSubgraph));
        }
        if let Some(first) = self.buffers.first().filter(|first| !first.is_empty()) {
            return Err(of_model(Problem::FirstBuffer { len: first.len() }));
        }
        for metadata in &self.metadata {
            self.buffer(metadata.buffer).map_err(of_model)?;
        }
        for (i, subgraph) in self.subgraphs.iter().enumerate() {
            self.verify_subgraph(i, subgraph)?;
        }
        for signature in &self.signatures {
            let subgraph = index("subgraph", signature.subgraph.into(), self.subgraphs.len());
            let count = self.subgraphs[subgraph.map_err(of_model)?].tensors.len();
            for (_, tensor) in signature.inputs.iter().chain(&signature.outputs) {
                index("tensor", (*tensor).into(), count).map_err(of_model)?;
            }
        }
        Ok(())
    }

    fn verify_subgraph(&self, number: usize, subgraph: &Subgraph) -> Result<()> {
        for (index, tensor) in subgraph.tensors.iter().enumerate() {
            self.verify_tensor(tensor).map_err(|problem| {
                let place = Place::Tensor {
                    subgraph: number,
                    index,
                    name: tensor.name.clone(),
                };
                Error::Invalid { place, problem }
            })?;
        }
        let count = subgraph.tensors.len();
        for &tensor in subgraph.inputs.iter().chain(&subgraph.outputs) {
            index("tensor", tensor.into(), count).map_err(|problem| Error::Invalid {
                place: Place::Subgraph(number),
                problem,
            })?;
        }
        for (index, operator) in subgraph.operators.iter().enumerate() {
            self.verify_operator(operator, count).map_err(|problem| {
                let opcode = self
                    .opcode(operator)
                    .map_or("unknown", |opcode| opcode.name());
                Error::Invalid {
                    place: Place::Operator {
                        subgraph: number,
                        index,
                        opcode,
                    },
                    problem,
                }
            })?;
        }
        Ok(())
    }

    fn verify_operator(&self, operator: &Operator, tensors: usize) -> Result<(), Problem> {
        index("operator code", operator.code.into(), self.codes.len())?;
        for &tensor in operator.inputs.iter().chain(&operator.intermediates) {
            if tensor != -1 {
                index("tensor", tensor.into(), tensors)?;
            }
        }
        for &tensor in &operator.outputs {
            index("tensor", tensor.into(), tensors)?;
        }
        Ok(())
    }

    fn verify_tensor(&self, tensor: &Tensor) -> Result<(), Problem> {
        let shape = || tensor.shape.clone();
        if tensor.shape.iter().any(|&dim| dim < 0) {
            return Err(Problem::Shape { shape: shape() });
        }
        let data = self.buffer(tensor.buffer)?;
        if let Some(wanted) = tensor.bytes()
            && !data.is_empty()
            && data.len() as u64 != wanted
        {
            return Err(Problem::ConstantLength {
                wanted,
                found: data.len(),
            });
        }
        if let Some(quantization) = &tensor.quantization {
            let (scales, zero_points) = (quantization.scale.len(), quantization.zero_point.len());
            let axis = usize::try_from(quantization.axis).ok();
            let along = axis.and_then(|axis| tensor.shape.get(axis));
            let fits = scales <= 1 || along.is_some_and(|&dim| dim as usize == scales);
            if scales != zero_points || !fits {
                let axis = quantization.axis;
                return Err(Problem::QuantizationLength {
                    scales,
                    zero_points,
                    axis,
                    shape: shape(),
                });
            }
        }
        Ok(())
    }

    fn buffer(&self, number: u32) -> Result<&[u8], Problem> {
        let i = index("buffer", number.into(), self.buffers.len())?;
        Ok(&self.buffers[i])
    }
}

/// `index` as an index into a list of `count`.
fn index(what: &'static str, index: i64, count: usize) -> Result<usize, Problem> {
    let fits = usize::try_from(index).ok().filter(|&i| i < count);
    fits.ok_or(Problem::Index { what, index, count })
}
