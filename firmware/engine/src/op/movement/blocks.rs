//! SPACE_TO_DEPTH and DEPTH_TO_SPACE: square blocks of pixels become the channels of one, and back.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::Context;
use crate::op::movement::{Copy, element};
use crate::opcode::Opcode;

pub(crate) struct Blocks(Copy);

impl<'m> Kernel<'m> for Blocks {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(1, 1)?;
        let to_depth = cx.opcode == Opcode::SPACE_TO_DEPTH;
        let options = cx.options(if to_depth { 19 } else { 94 })?;
        let size: i32 = options.get(0, 0)?;
        let wrong = cx.error(OperatorProblem::BlockSize, size.unsigned_abs() as usize);
        let size = usize::try_from(size).map_err(|_| wrong)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let element = element(cx, input, output)?;
        let (spread, deep) = if to_depth {
            (input, output)
        } else {
            (output, input)
        };
        let [batches, height, width, depth] = spread.shape.exactly().ok_or(wrong)?;
        let [_, rows, columns, _] = deep.shape.exactly().ok_or(wrong)?;
        let times = |a: usize| a.checked_mul(size);
        let all = times(depth).and_then(times);
        let fits = times(rows) == Some(height) && times(columns) == Some(width);
        let fits =
            fits && all.is_some_and(|all| deep.shape.dims() == [batches, rows, columns, all]);
        cx.ensure(fits, OperatorProblem::BlockSize, size)?;

        // From the outspread tensor to the deep one, by the tensors' strides: a block's row lies side by side in both.
        let block_row = size * depth * element;
        let (line, pixel) = (columns * block_row, size * block_row);
        let mut copy = Copy::run(block_row);
        for (count, from, to) in [
            (columns, block_row, pixel),
            (size, line, block_row),
            (rows, size * line, columns * pixel),
            (batches, height * line, rows * columns * pixel),
        ] {
            copy.repeat(count, from as isize, to as isize);
        }
        Ok(Self(if to_depth { copy } else { copy.reversed() }))
    }

    fn run(&self, views: Views<'_>) {
        self.0.between(views);
    }
}
