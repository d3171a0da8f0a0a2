//! GATHER: the elements along a dimension that a list of indices names.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Vector};
use crate::op::context::Context;
use crate::op::movement::element;
use crate::op::{Kernel, Wiring};
use crate::tensor::DataType;

pub(crate) struct Gather {
    /// Indices that each batch has of its own.
    pub(super) indices: usize,
    /// How often a batch goes through its indices.
    pub(super) outer: usize,
    /// Elements to choose from.
    pub(super) length: usize,
    /// Bytes of an element.
    pub(super) run: usize,
}

impl<'m> Kernel<'m> for Gather {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let options = cx.form(2, 23)?;
        let (input, indices, output) = (cx.input(0)?, cx.input(1)?, cx.output()?);
        let element = element(cx, input, output)?;
        cx.of_type(indices, DataType::Int32)?;
        let (dims, chosen) = (input.shape.dims(), indices.shape.dims());
        let axis = cx.axis(options.get(0, 0)?, dims.len())?;
        let batch_dims: i32 = options.get(1, 0)?;
        let wrong = cx.error(
            OperatorProblem::BatchDims,
            batch_dims.unsigned_abs() as usize,
        );
        let batch_dims = if batch_dims < 0 {
            batch_dims.saturating_add(chosen.len() as i32)
        } else {
            batch_dims
        };
        let batch_dims = usize::try_from(batch_dims).map_err(|_| wrong)?;
        let (before, from_axis) = dims.split_at(axis);
        let (&length, inner) = from_axis.split_first().ok_or(wrong)?;
        let (batches, outer) = before.split_at_checked(batch_dims).ok_or(wrong)?;
        let chosen = chosen.strip_prefix(batches).ok_or(wrong)?;
        let out = output.shape.dims().strip_prefix(before);
        let out = out.and_then(|out| out.strip_prefix(chosen));
        let fits = out == Some(inner);
        cx.ensure(fits, OperatorProblem::Shape, 2)?;

        if let Some(constant) = indices.data {
            for index in Vector::<i32>::new(constant).iter() {
                let inside = usize::try_from(index).is_ok_and(|index| index < length);
                let value = index.unsigned_abs() as usize;
                cx.ensure(inside, OperatorProblem::Index, value)?;
            }
        }
        Ok(Self {
            indices: chosen.iter().product(),
            outer: outer.iter().product(),
            length,
            run: inner.iter().product::<usize>() * element,
        })
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::binary()
    }

    /// An index out of range, which only one computed at run time can be, counts as the nearest one in range. TFLite
    /// stops the inference there.
    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, indices],
            output,
            ..
        } = views;
        let lines = input.chunks_exact(self.length * self.run);
        let outs = output.chunks_exact_mut(self.indices * self.run);
        for (line, (elements, outs)) in lines.zip(outs).enumerate() {
            let batch = line / self.outer;
            let indices = indices.as_chunks::<4>().0;
            let indices = indices.get(batch * self.indices..).unwrap_or_default();
            for (out, index) in outs.chunks_exact_mut(self.run).zip(indices) {
                let index = i32::from_le_bytes(index.map(|byte| byte as u8));
                let index = usize::try_from(index).unwrap_or(0).min(self.length - 1);
                out.copy_from_slice(&elements[index * self.run..][..self.run]);
            }
        }
    }
}
