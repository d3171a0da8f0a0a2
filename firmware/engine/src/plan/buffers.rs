//! The buffers of a plan: how long each is needed, and where it is placed.

use core::ops::Range;

use crate::arena::{ALIGNMENT, align};
use crate::error::{Error, GraphProblem, Result};
use crate::flatbuffer::{Scalar, saturate};
use crate::model::Model;
use crate::op::{Op, Operand, Operands, Reuse};

/// Bytes of a buffer's record.
pub(super) const RECORD: usize = 16;

/// Which outputs are laid into an input's memory. Memory that is shared is taken for as long as any of its parts is
/// needed, so that sharing can do harm where sizes differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// All that can.
    All,
    /// Those that are at least half as large, and no more than twice.
    Similar,
    /// Only those that repeat the input's bytes.
    None,
}

impl Sharing {
    /// Last what saves most on usual networks, so that its plan need not be made twice.
    pub(super) const ALL: [Self; 3] = [Self::None, Self::Similar, Self::LAST];
    pub(super) const LAST: Self = Self::All;

    fn allows(self, input: usize, output: usize) -> bool {
        match self {
            Self::All => true,
            Self::Similar => input / 2 <= output && output / 2 <= input,
            Self::None => false,
        }
    }
}

/// The time after all operators.
const FOREVER: usize = u16::MAX as usize - 1;

/// A buffer to be placed, or one that lies in another's memory.
#[derive(Clone, Copy)]
pub(super) struct Buffer {
    /// Of all that lie in its memory; its own once it is [settled](Buffers::settle).
    pub(super) bytes: u32,
    /// Where its memory starts; [`UNPLACED`] until it has been placed.
    pub(super) offset: u32,
    /// The operators before which it is first written and after which it is last read, with all that lie in its memory;
    /// by itself once it is settled.
    pub(super) first: u16,
    pub(super) last: u16,
    /// The buffer whose memory this lies in: its own number if it has memory of its own.
    pub(super) root: u16,
    /// Where in that memory it starts, in units of [`ALIGNMENT`].
    pub(super) shift: u16,
}

const UNPLACED: u32 = u32::MAX;

impl Buffer {
    const UNUSED: Self = Self {
        bytes: 0,
        offset: UNPLACED,
        first: u16::MAX,
        last: 0,
        root: 0,
        shift: 0,
    };

    fn is_placed(&self) -> bool {
        self.offset != UNPLACED
    }

    pub(super) fn is_known(&self) -> bool {
        self.first != u16::MAX
    }

    pub(super) fn is_live_with(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    pub(super) fn is_live_at(&self, index: usize) -> bool {
        (usize::from(self.first)..=usize::from(self.last)).contains(&index)
    }

    /// Where the next one can start.
    fn end(&self) -> usize {
        self.offset as usize + align(self.bytes as usize)
    }
}

/// Is shown each step of each operator: the buffers found so far, the operator's number, the step's, and its operands.
pub(super) type Note<'a, 'm> =
    &'a mut dyn FnMut(&mut Buffers<'_>, usize, usize, &Op<'_, 'm>) -> Result<()>;

/// The buffers, kept as bytes in the arena.
pub(super) struct Buffers<'a>(pub(super) &'a mut [[u8; RECORD]]);

impl Buffers<'_> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, i: usize) -> Buffer {
        let record = &self.0[i];
        Buffer {
            bytes: u32::read(record),
            offset: u32::read(&record[4..]),
            first: u16::read(&record[8..]),
            last: u16::read(&record[10..]),
            root: u16::read(&record[12..]),
            shift: u16::read(&record[14..]),
        }
    }

    pub(super) fn set(&mut self, i: usize, buffer: Buffer) {
        let record = &mut self.0[i];
        record[..4].copy_from_slice(&buffer.bytes.to_le_bytes());
        record[4..8].copy_from_slice(&buffer.offset.to_le_bytes());
        record[8..10].copy_from_slice(&buffer.first.to_le_bytes());
        record[10..12].copy_from_slice(&buffer.last.to_le_bytes());
        record[12..14].copy_from_slice(&buffer.root.to_le_bytes());
        record[14..].copy_from_slice(&buffer.shift.to_le_bytes());
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Buffer> {
        (0..self.len()).map(|i| self.get(i))
    }

    fn is_known(&self, i: usize) -> bool {
        self.get(i).is_known()
    }

    /// A new buffer, first written at `time`.
    fn define(&mut self, i: usize, bytes: usize, time: usize) {
        let time = time as u16;
        self.set(
            i,
            Buffer {
                bytes: saturate(bytes),
                first: time,
                last: time,
                root: i as u16,
                ..self.get(i)
            },
        );
    }

    /// Notes that a buffer is read at `time`.
    fn extend(&mut self, i: usize, time: usize) {
        let buffer = self.get(i);
        let last = buffer.last.max(time as u16);
        self.set(i, Buffer { last, ..buffer });
    }

    /// Finds the buffers and gives each its place; returns the end of the last one, or `None` if that lies beyond
    /// 2 GiB.
    pub(super) fn plan(&mut self, model: &Model<'_>, sharing: Sharing) -> Result<Option<usize>> {
        (0..self.len()).for_each(|i| self.put(i, UNPLACED));
        self.collect(model, &mut |_, _, _, _| Ok(()))?;
        for index in 0..model.operator_count() {
            model.op(index, &mut |op| {
                self.share(op, index, sharing);
                Ok(())
            })?;
        }
        Ok(self.place())
    }

    /// Once all have places, tells those apart that share memory: each has its own place, length and lifetime from then on.
    pub(super) fn settle(&mut self, model: &Model<'_>) -> Result<()> {
        // Those that others lie in come last.
        for roots in [false, true] {
            for i in 0..self.len() {
                let buffer = self.get(i);
                if (usize::from(buffer.root) == i) == roots {
                    let offset = self.offset(i);
                    self.set(i, Buffer { offset, ..buffer });
                }
            }
        }
        self.collect(model, &mut |_, _, _, _| Ok(()))
    }

    /// Lays a buffer somewhere.
    pub(super) fn put(&mut self, i: usize, offset: u32) {
        let unused = Buffer::UNUSED;
        self.set(i, Buffer { offset, ..unused });
    }

    /// Finds the buffers and their lifetimes, and leaves them where they lie. `note` is shown every step of each operator as
    /// soon as its output is known.
    #[inline(never)]
    pub(super) fn collect<'m>(&mut self, model: &Model<'m>, note: Note<'_, 'm>) -> Result<()> {
        for i in 0..self.len() {
            self.put(i, self.get(i).offset);
        }
        let (input, output) = (model.input(), model.output());
        self.define(input.index, input.bytes, 0);
        for i in 0..self.len() {
            if let Some(tensor) = model.variable_tensor(i) {
                // It is there before and after every inference.
                self.define(i, tensor.bytes, 0);
                self.extend(i, FOREVER);
            }
        }
        for variable in (0..model.operator_count()).filter_map(|i| model.variable(i)) {
            self.define(variable.tensor, variable.value.bytes, 0);
            self.extend(variable.tensor, FOREVER);
        }
        for index in 0..model.operator_count() {
            model.steps(index, &mut |step, op| {
                self.collect_step(model, index, step, &op.operands)?;
                note(self, index, step, op)
            })?;
        }
        if !self.is_known(output.index) {
            return Err(graph(GraphProblem::Unproduced, output.index));
        }
        // The result stays until it is fetched.
        self.extend(output.index, FOREVER);
        Ok(())
    }

    fn collect_step(
        &mut self,
        model: &Model<'_>,
        index: usize,
        step: usize,
        operands: &Operands<'_>,
    ) -> Result<()> {
        for Operand { tensor, .. } in operands.arena_inputs() {
            if !self.is_known(tensor) {
                return Err(graph(GraphProblem::Unproduced, tensor));
            }
            self.extend(tensor, index);
        }
        let Some(Operand {
            tensor: output,
            bytes,
            ..
        }) = operands.output
        else {
            return Ok(());
        };
        let continues = step > 0 && self.get(output).first == index as u16;
        if continues {
            return Ok(());
        }
        if self.is_known(output) || model.read_tensor(output)?.is_constant() {
            return Err(graph(GraphProblem::ProducedTwice, output));
        }
        self.define(output, bytes, index);
        Ok(())
    }

    /// Lets the output of operator `index` lie in the memory of an input: one whose bytes it repeats, or one that
    /// nothing else needs from then on.
    fn share(&mut self, op: &Op<'_, '_>, index: usize, sharing: Sharing) {
        let Some(output) = op.operands.output else {
            return;
        };
        if op.operands.reuse == Reuse::Alias {
            if let Some(input) = op.operands.arena_inputs().next() {
                self.join(output.tensor, input.tensor, 0);
            }
            return;
        }
        let lead = match op.operands.reuse {
            Reuse::Trail => op.kernel.lead(),
            _ => Some(0),
        };
        for input in op.operands.reusable() {
            let root = self.get(usize::from(self.get(input.tensor).root));
            let is_free = usize::from(root.last) == index;
            if !is_free || !sharing.allows(input.bytes, output.bytes) {
                continue;
            }
            if lead.is_some_and(|lead| self.join(output.tensor, input.tensor, lead)) {
                break;
            }
        }
    }

    /// Lays buffer `i`, which has its memory for itself, `lead` bytes or a little more before `other` into that one's
    /// memory. `false` if the distance is too great to be noted.
    fn join(&mut self, i: usize, other: usize, lead: usize) -> bool {
        let root = usize::from(self.get(other).root);
        let (buffer, other) = (self.get(i), self.get(other));
        let Ok(lead) = u16::try_from(lead.div_ceil(ALIGNMENT)) else {
            return false;
        };
        // What the others must move by to make room before them.
        let growth = lead.saturating_sub(other.shift);
        if self.all().any(|member| {
            usize::from(member.root) == root && member.shift.checked_add(growth).is_none()
        }) {
            return false;
        }
        for member in 0..self.len() {
            let moved = self.get(member);
            if usize::from(moved.root) == root && moved.first != u16::MAX {
                let shift = moved.shift + growth;
                self.set(member, Buffer { shift, ..moved });
            }
        }
        let shift = other.shift + growth - lead;
        let memory = self.get(root);
        let start = usize::from(shift) * ALIGNMENT;
        let bytes = (memory.bytes as usize + usize::from(growth) * ALIGNMENT)
            .max(start + buffer.bytes as usize);
        self.set(
            root,
            Buffer {
                bytes: saturate(bytes),
                last: memory.last.max(buffer.last),
                ..memory
            },
        );
        let root = root as u16;
        self.set(
            i,
            Buffer {
                root,
                shift,
                ..buffer
            },
        );
        true
    }

    /// Gives each buffer its place; returns the end of the last one, or `None` if that lies beyond 2 GiB.
    fn place(&mut self) -> Option<usize> {
        let mut end = 0;
        while let Some(i) = self.largest() {
            let mut buffer = self.get(i);
            let offset = self.lowest(&buffer);
            buffer.offset = i32::try_from(offset).ok()?.unsigned_abs();
            end = end.max(offset + buffer.bytes as usize);
            self.set(i, buffer);
        }
        Some(end)
    }

    /// The lowest place that is free throughout a buffer's lifetime.
    fn lowest(&self, buffer: &Buffer) -> usize {
        let bytes = align(buffer.bytes as usize);
        let mut offset = 0_usize;
        // Whatever is in the way moves the buffer behind itself: no place before that one's end is free.
        while let Some(obstacle) = self.all().find(|other| {
            other.is_placed()
                && other.is_live_with(buffer)
                && (other.offset as usize) < offset + bytes
                && offset < other.end()
        }) {
            offset = obstacle.end();
        }
        offset
    }

    /// A place for working memory while one operator runs, in an arena whose buffers are settled and end at `end`:
    /// the lowest of those that have most room, at least `least` bytes, and up to `most` if they are free anyway.
    pub(super) fn working_memory(
        &self,
        index: usize,
        end: usize,
        (least, most): (usize, usize),
    ) -> Range<usize> {
        let most = most.max(least);
        if most == 0 {
            return 0..0;
        }
        let live = || {
            self.all()
                .filter(|other| other.is_placed() && other.is_live_at(index))
        };
        let mut best = 0..0;
        let mut behind = 0;
        // What is free starts at the arena's start or behind a buffer.
        for start in live().map(|other| other.end()).chain([0]) {
            behind = start.max(behind);
            let next = live()
                .filter(|other| other.end() > start)
                .map(|other| other.offset as usize);
            let free = next.min().unwrap_or(end).saturating_sub(start).min(most);
            if free > best.len() || (free == best.len() && start < best.start) {
                best = start..start + free;
            }
        }
        if best.len() < least {
            best = behind..behind + least;
        }
        best
    }

    /// Where a buffer starts.
    pub(super) fn offset(&self, i: usize) -> u32 {
        let buffer = self.get(i);
        if !buffer.is_known() {
            return 0;
        }
        let memory = self.get(usize::from(buffer.root));
        memory.offset + u32::from(buffer.shift) * ALIGNMENT as u32
    }

    /// The largest buffer without a place, the earliest among equals.
    fn largest(&self) -> Option<usize> {
        let mut best: Option<(u32, usize)> = None;
        for (i, buffer) in self.all().enumerate() {
            let candidate =
                buffer.bytes > 0 && !buffer.is_placed() && usize::from(buffer.root) == i;
            if candidate && best.is_none_or(|(bytes, _)| buffer.bytes > bytes) {
                best = Some((buffer.bytes, i));
            }
        }
        best.map(|(_, i)| i)
    }
}

pub(super) fn graph(problem: GraphProblem, value: usize) -> Error {
    Error::Graph {
        problem,
        value: saturate(value),
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn live_buffers_never_overlap(
            wanted in prop::collection::vec((0..300_u32, 0..12_u16, 0..6_u16), 1..30),
            (index, least, most) in (0..12_usize, 1..100_usize, 0..400_usize),
        ) {
            let mut records = vec![[0; RECORD]; wanted.len()];
            let mut buffers = Buffers(&mut records);
            for (i, &(bytes, first, length)) in wanted.iter().enumerate() {
                let root = i as u16;
                buffers.set(i, Buffer { bytes, first, last: first + length, root, ..Buffer::UNUSED });
            }
            let end = buffers.place().unwrap();
            let memory = buffers.working_memory(index, end, (least, most));
            prop_assert!(memory.len() >= least && (memory.end <= end || memory.len() == least));
            prop_assert!(memory.len() <= most.max(least) && memory.start.is_multiple_of(ALIGNMENT));
            let apart = |a: &Buffer, b: &Range<usize>| a.end() <= b.start || b.end <= a.offset as usize;
            for (i, a) in buffers.all().enumerate() {
                prop_assert!(a.bytes == 0 || a.offset as usize + a.bytes as usize <= end);
                for b in buffers.all().skip(i + 1).filter(|b| a.is_live_with(b) && a.bytes > 0 && b.bytes > 0) {
                    prop_assert!(apart(&a, &(b.offset as usize..b.end())));
                }
                let live = (a.first..=a.last).contains(&(index as u16)) && a.bytes > 0;
                prop_assert!(!live || apart(&a, &memory));
            }
        }
    }
}
