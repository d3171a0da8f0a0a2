//! SPACE_TO_DEPTH and DEPTH_TO_SPACE: square blocks of pixels become the channels of one, and back.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::movement::{Copy, Move, element};
use crate::opcode::Opcode;

#[inline(never)]
pub(super) fn read(cx: &Context<'_>, movement: &mut Move) -> Result<()> {
    let to_depth = cx.opcode == Opcode::SPACE_TO_DEPTH;
    let options = cx.form(1, if to_depth { 19 } else { 94 })?;
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
    let &[batches, height, width, depth] = spread.shape.dims() else {
        return Err(wrong);
    };
    let &[images, rows, columns, all] = deep.shape.dims() else {
        return Err(wrong);
    };
    // What two factors of at most 2^31 make can overflow 32 bits, never 64; and of a block's edge at most 16 bits can fit.
    let fits = images == batches
        && size <= 0xffff
        && rows.checked_mul(size) == Some(height)
        && columns.checked_mul(size) == Some(width)
        && depth.checked_mul(size * size) == Some(all);
    cx.ensure(fits, OperatorProblem::BlockSize, size)?;

    // From the outspread tensor to the deep one, by the tensors' strides: a block's row lies side by side in both.
    let block_row = size * depth * element;
    let (line, pixel) = (columns * block_row, size * block_row);
    let copy = &mut movement.copy;
    *copy = Copy::run(block_row);
    for (count, from, to) in [
        (columns, block_row, pixel),
        (size, line, block_row),
        (rows, size * line, columns * pixel),
        (batches, height * line, rows * columns * pixel),
    ] {
        copy.repeat(count, from as isize, to as isize);
    }
    if !to_depth {
        copy.reverse();
    }
    Ok(())
}
