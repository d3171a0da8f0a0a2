//! SOFTMAX, float32, over the innermost dimension.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::Context;
use crate::op::element::Element;
use crate::tensor::DataType;

/// Whether an operator's first input is float32.
pub(crate) fn is_float(cx: &Context<'_>) -> bool {
    cx.input(0)
        .is_ok_and(|input| input.dtype == DataType::Float32)
}

pub(crate) struct Float {
    pub(super) depth: usize,
    pub(super) beta: f32,
}

impl<'m> Kernel<'m> for Float {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(1, 1)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let beta = cx.options(9)?.get(0, 0.0_f32)?;
        for tensor in [&input, &output] {
            cx.ensure(
                tensor.dtype == DataType::Float32,
                OperatorProblem::DataType,
                tensor.dtype.code() as usize,
            )?;
        }
        cx.ensure(
            input.shape.dims() == output.shape.dims(),
            OperatorProblem::Shape,
            1,
        )?;
        cx.ensure(beta > 0.0 && beta.is_finite(), OperatorProblem::Beta, 0)?;
        let rank = cx.error(OperatorProblem::Rank, 0);
        let depth = *input.shape.dims().last().ok_or(rank)?;
        Ok(Self { depth, beta })
    }

    /// TFLite `reference_ops::Softmax`.
    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        let rows = input.chunks_exact(self.depth * 4);
        for (row, out) in rows.zip(output.chunks_exact_mut(self.depth * 4)) {
            let elements = || (0..self.depth).map(|i| (i, f32::load(row, i)));
            let greatest = elements().fold(
                f32::MIN,
                |greatest, (_, x)| {
                    if greatest < x { x } else { greatest }
                },
            );
            let mut sum = 0.0;
            for (i, x) in elements() {
                let exponential = libm::expf((x - greatest) * self.beta);
                exponential.store(out, i);
                sum += exponential;
            }
            for i in 0..self.depth {
                (f32::load(out, i) / sum).store(out, i);
            }
        }
    }
}
