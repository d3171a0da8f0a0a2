//! MEAN, int8, over any dimensions.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Vector};
use crate::op::Kernel;
use crate::op::context::Context;
use crate::quantize::Rescale;
use crate::tensor::{DataType, MAX_RANK};

pub(crate) struct Mean {
    /// For each input dimension, outermost first: its length and how far an output element moves along it, 0
    /// where it is reduced.
    dims: [(usize, usize); MAX_RANK],
    rank: usize,
    /// Elements that make up an output element.
    count: i32,
    input_zero: i32,
    output_zero: i32,
    rescale: Rescale,
}

impl<'m> Kernel<'m> for Mean {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(2, 2)?;
        let (input, axes, output) = (cx.input(0)?, cx.input(1)?, cx.output()?);
        cx.options(27)?;
        let (from, to) = (cx.int8(0, &input)?, cx.int8(2, &output)?);

        let dims = input.shape.dims();
        let mut reduced = [false; MAX_RANK];
        for axis in Vector::<i32>::new(cx.constant(1, &axes, DataType::Int32)?).iter() {
            let wrapped = if axis < 0 {
                axis.checked_add(dims.len() as i32)
            } else {
                Some(axis)
            };
            let axis = wrapped
                .and_then(|axis| usize::try_from(axis).ok())
                .filter(|&axis| axis < dims.len())
                .ok_or(cx.error(OperatorProblem::Axis, axis.unsigned_abs() as usize))?;
            reduced[axis] = true;
        }
        let mut mean = [(1, 0); MAX_RANK];
        let mut step = 1;
        for ((slot, &dim), &reduced) in mean.iter_mut().zip(dims).zip(&reduced).rev() {
            *slot = (dim, if reduced { 0 } else { step });
            step *= if reduced { 1 } else { dim };
        }
        cx.ensure(output.shape.elements() == step, OperatorProblem::Shape, 2)?;
        let count = input.shape.elements() / step;
        // Sums of this many bytes fit 32 bits.
        cx.ensure(count < 1 << 23, OperatorProblem::TooLarge, count)?;
        Ok(Self {
            dims: mean,
            rank: dims.len(),
            count: count as i32,
            input_zero: from.zero_point,
            output_zero: to.zero_point,
            rescale: divided(
                cx.rescale(f64::from(from.scale) / f64::from(to.scale))?,
                count,
            ),
        })
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        for (position, out) in output.iter_mut().enumerate() {
            let sum = self.sum(&self.dims[..self.rank], input, position);
            let centred = sum - self.input_zero * self.count;
            *out = self
                .rescale
                .apply(centred)
                .saturating_add(self.output_zero)
                .clamp(-128, 127) as i8;
        }
    }
}

impl Mean {
    /// Sum of the elements of `input` that belong to the output element at `position`.
    fn sum(&self, dims: &[(usize, usize)], input: &[i8], position: usize) -> i32 {
        let Some((&(dim, step), inner)) = dims.split_first() else {
            return input.first().copied().map_or(0, i32::from);
        };
        let size = inner.iter().map(|&(dim, _)| dim).product::<usize>();
        let reduced = step == 0;
        if reduced {
            input
                .chunks_exact(size)
                .take(dim)
                .map(|part| self.sum(inner, part, position))
                .sum()
        } else {
            self.sum(
                inner,
                &input[position / step % dim * size..][..size],
                position,
            )
        }
    }
}

/// A factor divided by a count.
///
/// TFLite `QuantizedMeanOrSum`: the multiplier is shifted up by the count's whole binary logarithm, at most 32 and
/// by no more than leaves the shift at -31, then divided, truncating.
fn divided(factor: Rescale, count: usize) -> Rescale {
    let shift = (count.max(1).ilog2() as i32).min(32).min(31 + factor.shift);
    Rescale {
        multiplier: ((i64::from(factor.multiplier) << shift) / count as i64) as i32,
        shift: factor.shift - shift,
    }
}
