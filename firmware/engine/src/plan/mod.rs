//! The memory plan: where each tensor lies in the arena while it is needed.
//!
//! Every tensor that is not constant is a buffer with a lifetime, counted in operators. Buffers are placed from the
//! largest to the smallest, each at the lowest place that is free throughout its lifetime ("greedy by size",
//! Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020). A RESHAPE's output is no
//! buffer of its own but its input's, and so is the output of an operator that goes element by element over an input
//! which nothing needs any more. Operators' working memory gets what is free while they run. Variables live
//! for ever.
//!
//! In the arena lie first the buffers, then what is kept for running: where everything lies, and the factors of
//! each convolution's channels. While the plan is made, its records take the buffers' place.

mod buffers;

use core::ops::Range;

use crate::arena::{Places, align};
use crate::error::{Error, Result};
use crate::flatbuffer::{Scalar, saturate};
use crate::model::Model;
use crate::op::{ChannelScales, Op, Operand};
use buffers::{Buffers, RECORD, Sharing};

/// A plan, whose numbers lie in the arena.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Where the numbers start, each of four bytes: each tensor's offset, then three for each operator, the start
    /// and end of its working memory and the offset of its table.
    numbers: usize,
    tensors: usize,
    /// Bytes used in all.
    pub(crate) used: usize,
}

impl Plan {
    /// Plans the arena, whose start is aligned, and computes the tables into it.
    pub(crate) fn new(model: &Model<'_>, arena: &mut [u8]) -> Result<Self> {
        let (tensors, operators) = (model.tensor_count(), model.operator_count());
        let available = arena.len();
        let too_small = |needed| Error::Arena {
            needed: saturate(needed),
            available: saturate(available),
        };

        let records = arena.as_chunks_mut().0.get_mut(..tensors);
        let mut buffers = Buffers(records.ok_or(too_small(tensors * RECORD))?);
        let too_large = too_small(usize::MAX);
        let mut best: Option<(usize, Sharing)> = None;
        for sharing in Sharing::ALL {
            let end = buffers.plan(model, sharing)?.ok_or(too_large)?;
            if best.is_none_or(|(least, _)| end < least) {
                best = Some((end, sharing));
            }
        }
        let (_, sharing) = best.ok_or(too_large)?;
        let tensors_end = buffers.plan(model, sharing)?.ok_or(too_large)?;
        let mut end = tensors_end;
        let mut table_bytes = 0;
        for index in 0..operators {
            let op = model.op(index)?;
            let (least, most) = op.scratch_bytes();
            end = end.max(buffers.working_memory(index, tensors_end, least, most).end);
            table_bytes += rounded_table_bytes(&op);
        }

        // The records still lie at the arena's start, so the numbers are kept behind both.
        let numbers = align(end.max(tensors * RECORD));
        let count = tensors + 3 * operators;
        let used = align(numbers + 4 * count + table_bytes);
        if used > available {
            return Err(too_small(used));
        }

        let (records, kept) = arena.split_at_mut(numbers);
        let buffers = Buffers(&mut records.as_chunks_mut().0[..tensors]);
        let (kept_numbers, mut tables) = kept.split_at_mut(4 * count);
        let (offsets, places) = kept_numbers.as_chunks_mut().0.split_at_mut(tensors);
        for (i, offset) in offsets.iter_mut().enumerate() {
            *offset = buffers.offset(i).to_le_bytes();
        }
        let mut table = numbers + 4 * count;
        for (index, place) in places.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let op = model.op(index)?;
            let (least, most) = op.scratch_bytes();
            let Range { start, end } = buffers.working_memory(index, tensors_end, least, most);
            *place = [start, end, table].map(|number| saturate(number).to_le_bytes());
            let (this, rest) = tables.split_at_mut(rounded_table_bytes(&op));
            if let Some(scales) = op.scales() {
                scales.fill(&mut this[..scales.table_bytes()]);
            }
            table += this.len();
            tables = rest;
        }
        Ok(Self {
            numbers,
            tensors,
            used,
        })
    }

    /// Where tensor `i` starts.
    pub(crate) fn tensor(&self, arena: &[u8], i: usize) -> usize {
        self.number(arena, i)
    }

    fn number(&self, arena: &[u8], i: usize) -> usize {
        u32::read(arena.get(self.numbers + 4 * i..).unwrap_or_default()) as usize
    }

    /// Where all that operator `index` uses lies.
    pub(crate) fn places(&self, arena: &[u8], index: usize, op: &Op<'_>) -> Places {
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
        let place = self.tensors + 3 * index;
        let [start, end, table] = [0, 1, 2].map(|i| self.number(arena, place + i));
        Places {
            inputs: op.operands.inputs.map(tensor),
            states: op.operands.states.map(tensor),
            output: tensor(op.operands.output),
            scratch: range(start, end - start),
            table: range(table, op.scales().map_or(0, ChannelScales::table_bytes)),
        }
    }
}

/// Bytes of an operator's table, and what aligns the next one.
fn rounded_table_bytes(op: &Op<'_>) -> usize {
    op.scales()
        .map_or(0, |scales| scales.table_bytes().next_multiple_of(4))
}
