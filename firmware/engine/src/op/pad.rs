//! PAD, int8: borders of zeros.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Vector};
use crate::op::Kernel;
use crate::op::context::Context;
use crate::tensor::DataType;

/// Most dimensions it handles.
const RANK: usize = 4;

pub(crate) struct Pad {
    /// Dimensions of the input, and elements before it along each, from the front filled up with 1 and 0.
    input: [usize; RANK],
    before: [usize; RANK],
    output: [usize; RANK],
    zero: i8,
}

impl<'m> Kernel<'m> for Pad {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(2, 2)?;
        let (input, paddings, output) = (cx.input(0)?, cx.input(1)?, cx.output()?);
        cx.options(22)?;
        let (from, to) = (cx.int8(0, &input)?, cx.int8(2, &output)?);
        cx.ensure(from == to, OperatorProblem::SameQuantization, 0)?;

        let rank = input.shape.dims().len();
        cx.ensure((1..=RANK).contains(&rank), OperatorProblem::Rank, rank)?;
        cx.ensure(output.shape.dims().len() == rank, OperatorProblem::Shape, 2)?;
        cx.ensure(
            paddings.shape.dims() == [rank, 2],
            OperatorProblem::Shape,
            1,
        )?;
        let amounts = Vector::<i32>::new(cx.constant(1, &paddings, DataType::Int32)?);
        let mut pad = Self {
            input: [1; RANK],
            before: [0; RANK],
            output: [1; RANK],
            zero: to.zero_point as i8,
        };
        let dims = input
            .shape
            .dims()
            .iter()
            .zip(output.shape.dims())
            .enumerate();
        for (i, (&from, &to)) in dims {
            let amount = |side| {
                amounts
                    .get(2 * i + side)
                    .and_then(|amount| usize::try_from(amount).ok())
            };
            let fits = |before: usize, after: usize| before.checked_add(after)?.checked_add(from);
            let (before, after) = (amount(0), amount(1));
            let sum = before
                .zip(after)
                .and_then(|(before, after)| fits(before, after));
            cx.ensure(sum == Some(to), OperatorProblem::Paddings, i)?;
            let slot = RANK - rank + i;
            (pad.input[slot], pad.before[slot], pad.output[slot]) = (from, before.unwrap_or(0), to);
        }
        Ok(pad)
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        let [_, dim_y, dim_x, dim_c] = self.input;
        let [_, out_y, out_x, out_c] = self.output;
        output.fill(self.zero);
        for (line, from) in input.chunks_exact(dim_c).enumerate() {
            let (n, y, x) = (line / (dim_y * dim_x), line / dim_x % dim_y, line % dim_x);
            let [before_n, before_y, before_x, before_c] = self.before;
            let line = ((n + before_n) * out_y + y + before_y) * out_x + x + before_x;
            output[line * out_c + before_c..][..dim_c].copy_from_slice(from);
        }
    }
}
