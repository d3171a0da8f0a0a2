//! Checking a plan that a file carries: nothing in it is believed.
//!
//! Operators are read once, of the ten times that planning reads them, and no factor is computed. What lies where is
//! judged by the lifetimes that planning goes by, pair by pair; the tables by a digest of what they were computed from.

use core::ops::Range;

use crate::arena::ALIGNMENT;
use crate::error::{Error, GraphProblem, Result};
use crate::flatbuffer::saturate;
use crate::model::Model;
use crate::op::{Op, Operand, Reuse};
use crate::plan::Plan;
use crate::plan::buffers::{Buffer, Buffers, RECORD, graph};
use crate::plan::kept::{Digest, Header, Numbers};

impl<'m> Plan<'m> {
    /// The plan that a file carries, if it fits the network.
    #[inline(never)]
    pub(super) fn check(model: &Model<'m>, arena: &mut [u8], file: &'m [u8]) -> Result<Self> {
        let (tensors, operators) = (model.tensor_count(), model.operator_count());
        let (header, bytes) = Header::read(file)?;
        let count = tensors + 3 * operators;
        if (header.tensors, header.operators) != (tensors, operators) || bytes.len() < 4 * count {
            return Err(graph(GraphProblem::KeptCounts, header.tensors));
        }
        let used = header.arena.max(tensors * RECORD);
        let too_small = Error::Arena {
            needed: saturate(used),
            available: saturate(arena.len()),
        };
        if used > arena.len() {
            return Err(too_small);
        }
        let numbers = Numbers::File(bytes);
        let number = |i| numbers.get(&[], i);
        let place = |index: usize| [0, 1, 2].map(|i| number(tensors + 3 * index + i));

        let records = arena.as_chunks_mut().0.get_mut(..tensors);
        let mut buffers = Buffers(records.ok_or(too_small)?);
        let mut digest = Digest::default();
        (0..tensors).for_each(|i| buffers.put(i, saturate(number(i))));
        buffers.collect(model, &mut |buffers, index, step, op| {
            if step > 0 {
                return Ok(());
            }
            let [start, end, table] = place(index);
            if !is_work(start..end, op, header.arena) {
                return Err(graph(GraphProblem::KeptWork, index));
            }
            let scales = op.kernel.scales();
            digest.add_operator(scales);
            let table = bytes.get(table..).unwrap_or_default();
            if scales.is_some_and(|scales| {
                !scales.admit(table.get(..scales.table_bytes()).unwrap_or_default())
            }) {
                return Err(graph(GraphProblem::KeptTable, index));
            }
            relate(buffers, op);
            Ok(())
        })?;
        if digest != header.digest {
            return Err(graph(GraphProblem::KeptScales, 0));
        }
        check_tensors(&buffers, header.arena)?;
        for index in 0..operators {
            let [start, end, _] = place(index);
            let live = buffers.all().filter(|buffer| buffer.is_live_at(index));
            if live
                .map(|buffer| memory(&buffer))
                .any(|other| overlap(&(start..end), &other))
            {
                return Err(graph(GraphProblem::KeptWork, index));
            }
        }
        Ok(Self {
            numbers,
            tensors,
            used,
        })
    }
}

/// Whether an operator can work in this memory, of an arena that ends at `end`.
fn is_work(memory: Range<usize>, op: &Op<'_, '_>, end: usize) -> bool {
    let (least, most) = op.kernel.scratch_bytes();
    memory.start <= memory.end
        && memory.end <= end
        && memory.start.is_multiple_of(ALIGNMENT)
        && (least..=most.max(least)).contains(&memory.len())
}

/// Notes in an operator's output which tensor it may overlap: whose bytes it repeats in the same place is the root of
/// both; `shift` is one more than the number of the tensor that it overwrites.
fn relate(buffers: &mut Buffers<'_>, op: &Op<'_, '_>) {
    let Some(output) = op.operands.output else {
        return;
    };
    let buffer = buffers.get(output.tensor);
    let place = |operand: &Operand<'_>| memory(&buffers.get(operand.tensor));
    let is_there = |input: &Operand<'_>| place(input) == place(&output);
    let related = match op.operands.reuse {
        Reuse::Never => return,
        Reuse::Alias => {
            if let Some(input) = op.operands.arena_inputs().next().filter(is_there) {
                let root = buffers.get(input.tensor).root;
                buffers.set(output.tensor, Buffer { root, ..buffer });
            }
            return;
        }
        Reuse::Overwrite(_) => op.operands.reusable().find(is_there),
        Reuse::Trail => op.operands.reusable().find(|input| {
            let (from, to) = (place(input), place(&output));
            let distance = from.start.checked_sub(to.start);
            overlap(&from, &to)
                && distance
                    .is_some_and(|distance| op.kernel.lead().is_some_and(|lead| lead <= distance))
        }),
    };
    if let Some(input) = related {
        let shift = input.tensor as u16 + 1;
        buffers.set(output.tensor, Buffer { shift, ..buffer });
    }
}

/// Whether all tensors lie within an arena that ends at `end`, and none over another one that is needed at the same time.
fn check_tensors(buffers: &Buffers<'_>, end: usize) -> Result<()> {
    let known = |count| {
        (0..count)
            .map(|i| (i, buffers.get(i)))
            .filter(|(_, buffer)| buffer.is_known())
    };
    for (i, buffer) in known(buffers.len()) {
        let place = memory(&buffer);
        let is_inside = place.end <= end && place.start.is_multiple_of(ALIGNMENT);
        let is_free = || {
            known(i).all(|(j, other)| {
                !buffer.is_live_with(&other)
                    || !overlap(&place, &memory(&other))
                    || buffer.root == other.root
                    || may_overwrite(&buffer, j, &other)
                    || may_overwrite(&other, i, &buffer)
            })
        };
        if !(is_inside && is_free()) {
            return Err(graph(GraphProblem::KeptTensor, i));
        }
    }
    Ok(())
}

/// Whether an operator writes `output` over tensor `i`, which nothing reads any more.
fn may_overwrite(output: &Buffer, i: usize, input: &Buffer) -> bool {
    usize::from(output.shift) == i + 1 && input.last == output.first
}

fn memory(buffer: &Buffer) -> Range<usize> {
    let start = buffer.offset as usize;
    start..start.saturating_add(buffer.bytes as usize)
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}
