//! The memory plan: where each tensor lies in the arena while it is needed.
//!
//! Every tensor that is not constant is a buffer with a lifetime, counted in operators. Buffers are placed from the
//! largest to the smallest, each at the lowest place that is free throughout its lifetime ("greedy by size",
//! Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020). A RESHAPE's output is no
//! buffer of its own but its input's, and so is the output of an operator that goes element by element over an input
//! which nothing needs any more. Operators' working memory gets what is free while they run. Variables live
//! for ever.
//!
//! In the arena lie first the buffers, then what is [kept](mod@kept) for running. While the plan is made, its records take
//! the buffers' place. A file that carries what is kept is not planned but [checked](check).

mod buffers;
mod check;
mod kept;

use crate::arena::{Places, align};
use crate::error::Fault;
use crate::flatbuffer::{Result, saturate};
use crate::model::Model;
use crate::op::{ChannelScales, Op, Operand};
use buffers::{Buffers, RECORD, Sharing};
pub use kept::kept;
use kept::{HEADER, Numbers};

/// A plan, whose numbers lie in the arena or in the file.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'m> {
    numbers: Numbers<'m>,
    tensors: usize,
    /// Bytes used in all.
    pub(crate) used: usize,
}

impl<'m> Plan<'m> {
    /// Plans the arena, whose start is aligned, and computes the tables into it, unless the file carries both.
    pub(crate) fn new(model: &Model<'m>, arena: &mut [u8]) -> Result<Self> {
        match model.kept() {
            Some(bytes) => Self::check(model, arena, bytes),
            None => Self::make(model, arena).map(|(plan, _)| plan),
        }
    }

    /// A plan that is kept in the arena, and where buffers and working memory end.
    #[inline(never)]
    fn make(model: &Model<'m>, arena: &mut [u8]) -> Result<(Self, usize)> {
        let (tensors, operators) = (model.tensor_count(), model.operator_count());
        let available = arena.len();
        let mut buffers = Buffers::new(arena, tensors)?;
        let (mut end, mut best) = (usize::MAX, Sharing::LAST);
        for sharing in Sharing::ALL {
            let found = buffers.plan(model, sharing)?;
            if found <= end {
                (end, best) = (found, sharing);
            }
        }
        if best != Sharing::LAST {
            buffers.plan(model, best)?;
        }
        buffers.settle(model)?;
        let mut table_bytes = 0_usize;
        for index in 0..operators {
            model.op(index, &mut |op| {
                let work = buffers.working_memory(index, end, op.kernel.scratch_bytes());
                end = end.max(work.end);
                table_bytes = table_bytes.saturating_add(rounded_table_bytes(op));
                Ok(())
            })?;
        }

        // The records still lie at the arena's start, so the numbers are kept behind both.
        let numbers = align(end.max(tensors * RECORD).max(HEADER));
        let count = tensors + 3 * operators;
        let used = (numbers + 4 * count).saturating_add(table_bytes);
        if used > available {
            return Err(Fault::arena(used));
        }
        let (records, kept) = arena.split_at_mut(numbers);
        let buffers = Buffers::new(records, tensors)?;
        let (kept_numbers, tables) = kept.split_at_mut(4 * count);
        let (offsets, places) = kept_numbers.as_chunks_mut().0.split_at_mut(tensors);
        for (i, offset) in offsets.iter_mut().enumerate() {
            *offset = buffers.offset(i).to_le_bytes();
        }
        let first = 4 * count;
        let mut table = first;
        for (index, place) in places.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            model.op(index, &mut |op| {
                let work = buffers.working_memory(index, end, op.kernel.scratch_bytes());
                *place = [work.start, work.end, table].map(|number| saturate(number).to_le_bytes());
                let bytes = rounded_table_bytes(op);
                if let Some(scales) = op.kernel.scales() {
                    let (factors, padding) =
                        tables[table - first..][..bytes].split_at_mut(scales.table_bytes());
                    scales.fill(factors);
                    padding.fill(0);
                }
                table += bytes;
                Ok(())
            })?;
        }
        let numbers = Numbers::Arena(numbers);
        Ok((
            Self {
                numbers,
                tensors,
                used,
            },
            end,
        ))
    }

    /// Where tensor `i` starts.
    pub(crate) fn tensor(&self, arena: &[u8], i: usize) -> usize {
        self.numbers.get(arena, i)
    }

    /// Where the working memory of operator `index` starts and ends, and where its table starts.
    fn place(&self, arena: &[u8], index: usize) -> [usize; 3] {
        let place = self.tensors + 3 * index;
        [0, 1, 2].map(|i| self.numbers.get(arena, place + i))
    }

    /// Where all that operator `index` uses lies.
    pub(crate) fn places(&self, arena: &[u8], index: usize, op: &Op<'_, '_>) -> Places<'m> {
        let range = |start: usize, bytes| {
            if bytes == 0 {
                0..0
            } else {
                start..start + bytes
            }
        };
        let tensor = |operand| match operand {
            Some(Operand {
                tensor,
                bytes,
                data: None,
            }) => range(self.tensor(arena, tensor), bytes),
            _ => 0..0,
        };
        let [start, end, table] = self.place(arena, index);
        let table = range(
            table,
            op.kernel.scales().map_or(0, ChannelScales::table_bytes),
        );
        let (table, kept_table) = match self.numbers {
            Numbers::Arena(numbers) => (numbers + table.start..numbers + table.end, None),
            Numbers::File(bytes) => (0..0, bytes.get(table)),
        };
        Places {
            inputs: op.operands.inputs.map(tensor),
            states: op.operands.states.map(tensor),
            output: tensor(op.operands.output),
            scratch: start..end,
            table,
            kept_table,
        }
    }
}

/// Bytes of an operator's table, and what aligns the next one.
fn rounded_table_bytes(op: &Op<'_, '_>) -> usize {
    op.kernel
        .scales()
        .map_or(0, |scales| scales.table_bytes().next_multiple_of(4))
}
