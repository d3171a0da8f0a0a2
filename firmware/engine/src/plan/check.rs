//! Checking a plan that a file carries: nothing in it is believed.
//!
//! Operators are read once, of the ten times that planning reads them, and no factor is computed. What lies where is
//! judged by the lifetimes that planning goes by, pair by pair; the tables by a digest of what they were computed from.

use core::ops::Range;

use crate::arena::ALIGNMENT;
use crate::error::{Fault, GraphProblem};
use crate::flatbuffer::{Result, saturate};
use crate::model::Model;
use crate::op::{MAX_INPUTS, Op, Reuse};
use crate::plan::Plan;
use crate::plan::buffers::{Buffer, Buffers, RECORD, lead, reusable};
use crate::plan::kept::{Digest, Header, Numbers};

impl<'m> Plan<'m> {
    /// The plan that a file carries, if it fits the network.
    #[inline(never)]
    pub(super) fn check(model: &Model<'m>, arena: &mut [u8], file: &'m [u8]) -> Result<Self> {
        let (tensors, operators) = (model.tensor_count(), model.operator_count());
        let (header, bytes) = Header::read(file)?;
        let count = tensors + 3 * operators;
        if (header.tensors, header.operators) != (tensors, operators) || bytes.len() < 4 * count {
            return Err(Fault::graph(GraphProblem::KeptCounts, header.tensors));
        }
        let used = header.arena.max(tensors * RECORD);
        if used > arena.len() {
            return Err(Fault::arena(used));
        }
        let plan = Self {
            numbers: Numbers::File(bytes),
            tensors,
            used,
        };

        let mut buffers = Buffers::new(arena, tensors)?;
        let mut digest = Digest::default();
        for (i, buffer) in buffers.0.iter_mut().enumerate() {
            *buffer = Buffer::unused_at(saturate(plan.tensor(&[], i)));
        }
        buffers.collect(model, &mut |buffers, op| {
            if op.step > 0 {
                return Ok(());
            }
            let [start, end, table] = plan.place(&[], op.index);
            let scales = op.kernel.scales();
            digest.add_operator(scales);
            let table = bytes.get(table..).unwrap_or_default();
            let problem = if !is_work(start..end, op, header.arena) {
                GraphProblem::KeptWork
            } else if !scales.is_none_or(|scales| scales.admit(table)) {
                GraphProblem::KeptTable
            } else {
                relate(buffers, op);
                return Ok(());
            };
            Err(Fault::graph(problem, op.index))
        })?;
        if digest != header.digest {
            return Err(Fault::graph(GraphProblem::KeptScales, 0));
        }
        check_tensors(&buffers, header.arena)?;
        for index in 0..operators {
            let [start, end, _] = plan.place(&[], index);
            let mut live = buffers.0.iter().filter(|buffer| buffer.is_live_at(index));
            if live.any(|buffer| overlap(&(start..end), &memory(buffer))) {
                return Err(Fault::graph(GraphProblem::KeptWork, index));
            }
        }
        Ok(plan)
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
    let Some(output) = &op.operands.output else {
        return;
    };
    let to = memory(buffers.at(output.tensor));
    let reuse = op.operands.reuse;
    for input in (0..MAX_INPUTS).filter_map(|i| reusable(op, i)) {
        let Buffer { root, .. } = *buffers.at(input.tensor);
        let from = memory(buffers.at(input.tensor));
        let is_related = if reuse == Reuse::Trail {
            let distance = from.start.checked_sub(to.start);
            overlap(&from, &to)
                && distance.is_some_and(|distance| lead(op).is_some_and(|lead| lead <= distance))
        } else {
            from == to
        };
        if !is_related {
            continue;
        }
        let output = buffers.at(output.tensor);
        if reuse == Reuse::Alias {
            output.root = root;
        } else {
            output.shift = input.tensor as u16 + 1;
        }
        break;
    }
}

/// Whether all tensors lie within an arena that ends at `end`, and none over another one that is needed at the same time.
fn check_tensors(buffers: &Buffers<'_>, end: usize) -> Result<()> {
    for (i, buffer) in buffers.0.iter().enumerate() {
        let place = memory(buffer);
        let is_inside = place.end <= end && place.start.is_multiple_of(ALIGNMENT);
        let mut before = buffers.0.iter().take(i).enumerate();
        let is_sound = is_inside
            && before.all(|(j, other)| {
                !other.is_known()
                    || !buffer.is_live_with(other)
                    || !overlap(&place, &memory(other))
                    || buffer.root == other.root
                    || may_overwrite(buffer, j, other)
                    || may_overwrite(other, i, buffer)
            });
        if buffer.is_known() && !is_sound {
            return Err(Fault::graph(GraphProblem::KeptTensor, i));
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
