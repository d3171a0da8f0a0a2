//! The buffers of a plan: how long each is needed, and where it is placed.

use core::ops::Range;

use crate::arena::{ALIGNMENT, align};
use crate::error::{Fault, GraphProblem};
use crate::flatbuffer::{Result, saturate};
use crate::kernel::cast::{self, Record};
use crate::model::Model;
use crate::op::{MAX_INPUTS, Op, Operand, Reuse};

/// Bytes of a buffer's record.
pub(super) const RECORD: usize = size_of::<Buffer>();

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
const FOREVER: u16 = u16::MAX - 1;

/// A buffer to be placed, or one that lies in another's memory.
#[derive(Clone, Copy)]
#[repr(C)]
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

// SAFETY: four integers of two bytes follow on two of four bytes.
unsafe impl Record for Buffer {}

const UNPLACED: u32 = u32::MAX;

impl Buffer {
    /// Lies somewhere, if it is used at all.
    pub(super) const fn unused_at(offset: u32) -> Self {
        Self {
            bytes: 0,
            offset,
            first: u16::MAX,
            last: 0,
            root: 0,
            shift: 0,
        }
    }

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

    pub(super) fn is_in(&self, root: usize) -> bool {
        usize::from(self.root) == root
    }

    /// Where the next one can start.
    fn end(&self) -> usize {
        self.offset as usize + align(self.bytes as usize)
    }
}

/// Is shown each step of each operator, and the buffers found so far.
pub(super) type Note<'a, 'm> = &'a mut dyn FnMut(&mut Buffers<'_>, &Op<'_, 'm>) -> Result<()>;

/// The buffers, kept in the arena.
pub(super) struct Buffers<'a>(pub(super) &'a mut [Buffer]);

impl<'a> Buffers<'a> {
    /// The records of so many buffers at the start of an arena that is aligned.
    pub(super) fn new(arena: &'a mut [u8], count: usize) -> Result<Self> {
        let needed = count * RECORD;
        let records = arena.get_mut(..needed).ok_or(Fault::arena(needed))?;
        Ok(Self(cast::as_records(records)))
    }
}

impl Buffers<'_> {
    #[inline(never)]
    pub(super) fn at(&mut self, i: usize) -> &mut Buffer {
        &mut self.0[i]
    }

    /// A new buffer, first written at `time`.
    fn define(&mut self, i: usize, bytes: usize, time: u16) -> &mut Buffer {
        let buffer = self.at(i);
        buffer.bytes = saturate(bytes);
        buffer.first = time;
        buffer.last = time;
        buffer.root = i as u16;
        buffer
    }

    /// Finds the buffers and gives each its place; returns the end of the last one.
    pub(super) fn plan(&mut self, model: &Model<'_>, sharing: Sharing) -> Result<usize> {
        self.0.fill(Buffer::unused_at(UNPLACED));
        self.collect(model, &mut |_, _| Ok(()))?;
        for index in 0..model.operator_count() {
            model.op(index, &mut |op| {
                self.share(op, sharing);
                Ok(())
            })?;
        }
        self.place()
    }

    /// Once all have places, tells those apart that share memory: each has its own place, length and lifetime from then on.
    pub(super) fn settle(&mut self, model: &Model<'_>) -> Result<()> {
        // Those that others lie in come last.
        for roots in [false, true] {
            for i in 0..self.0.len() {
                if self.0[i].is_in(i) == roots {
                    self.0[i].offset = self.offset(i);
                }
            }
        }
        self.collect(model, &mut |_, _| Ok(()))
    }

    /// Finds the buffers and their lifetimes, and leaves them where they lie. `note` is shown every step of each operator as
    /// soon as its output is known.
    #[inline(never)]
    pub(super) fn collect<'m>(&mut self, model: &Model<'m>, note: Note<'_, 'm>) -> Result<()> {
        for buffer in &mut *self.0 {
            *buffer = Buffer::unused_at(buffer.offset);
        }
        self.define(model.input.index, model.input.bytes, 0);
        // They are there before and after every inference.
        model.variables(&mut |i, tensor| self.define(i, tensor.bytes, 0).last = FOREVER);
        for index in 0..model.operator_count() {
            model.steps(index, &mut |op| {
                self.collect_step(model, op)?;
                note(self, op)
            })?;
        }
        // The result stays until it is fetched.
        self.extend(model.output.index, FOREVER)
    }

    /// Notes that a buffer is read at `time`.
    #[inline(never)]
    fn extend(&mut self, i: usize, time: u16) -> Result<()> {
        let buffer = self.at(i);
        if !buffer.is_known() {
            return Err(Fault::graph(GraphProblem::Unproduced, i));
        }
        buffer.last = buffer.last.max(time);
        Ok(())
    }

    fn collect_step(&mut self, model: &Model<'_>, op: &Op<'_, '_>) -> Result<()> {
        let time = op.index as u16;
        for input in op.operands.inputs.iter().flatten() {
            if input.data.is_none() {
                self.extend(input.tensor, time)?;
            }
        }
        let Some(output) = &op.operands.output else {
            return Ok(());
        };
        let buffer = self.at(output.tensor);
        if op.step > 0 && buffer.first == time {
            return Ok(());
        }
        if buffer.is_known() || model.read_tensor(output.tensor)?.is_constant() {
            return Err(Fault::graph(GraphProblem::ProducedTwice, output.tensor));
        }
        self.define(output.tensor, output.bytes, time);
        Ok(())
    }

    /// Lets the output of an operator lie in the memory of an input: one whose bytes it repeats, or one that nothing else
    /// needs from then on.
    fn share(&mut self, op: &Op<'_, '_>, sharing: Sharing) {
        let Some(output) = &op.operands.output else {
            return;
        };
        let reuse = op.operands.reuse;
        for input in (0..MAX_INPUTS).filter_map(|i| reusable(op, i)) {
            let root = usize::from(self.at(input.tensor).root);
            let is_free = usize::from(self.at(root).last) == op.index;
            let may = is_free && sharing.allows(input.bytes, output.bytes);
            if (may || reuse == Reuse::Alias)
                && lead(op).is_some_and(|lead| self.join(output.tensor, input.tensor, lead))
            {
                break;
            }
        }
    }

    /// Lays buffer `i`, which has its memory for itself, `lead` bytes or a little more before `other` into that one's
    /// memory. `false` if the distance is too great to be noted.
    #[inline(never)]
    fn join(&mut self, i: usize, other: usize, lead: usize) -> bool {
        let buffer = *self.at(i);
        let Buffer { root, shift, .. } = *self.at(other);
        let lead = lead.div_ceil(ALIGNMENT);
        // What the others must move by to make room before them.
        let growth = lead.saturating_sub(usize::from(shift));
        let mut greatest = 0;
        for member in self.0.iter().filter(|member| member.root == root) {
            greatest = greatest.max(usize::from(member.shift));
        }
        if lead.max(greatest + growth) > usize::from(u16::MAX) {
            return false;
        }
        for member in self.0.iter_mut().filter(|member| member.root == root) {
            member.shift += growth as u16;
        }
        let shift = usize::from(shift) + growth - lead;
        let memory = self.at(root.into());
        let bytes = (memory.bytes as usize + growth * ALIGNMENT)
            .max(shift * ALIGNMENT + buffer.bytes as usize);
        memory.bytes = saturate(bytes);
        memory.last = memory.last.max(buffer.last);
        let buffer = self.at(i);
        buffer.root = root;
        buffer.shift = shift as u16;
        true
    }

    /// Gives each buffer its place; returns the end of the last one.
    fn place(&mut self) -> Result<usize> {
        let mut end = 0;
        while let Some(i) = self.largest() {
            let buffer = self.0[i];
            let offset = self.lowest(&buffer);
            if i32::try_from(offset).is_err() {
                return Err(Fault::arena(usize::MAX));
            }
            end = end.max(offset + buffer.bytes as usize);
            self.0[i].offset = offset as u32;
        }
        Ok(end)
    }

    /// The lowest place that is free throughout a buffer's lifetime.
    fn lowest(&self, buffer: &Buffer) -> usize {
        let bytes = align(buffer.bytes as usize);
        let mut offset = 0_usize;
        // Whatever is in the way moves the buffer behind itself: no place before that one's end is free.
        while let Some(obstacle) = self.0.iter().find(|other| {
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
    #[inline(never)]
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
            let all = self.0.iter();
            all.filter(|other| other.is_placed() && other.is_live_at(index))
        };
        let (mut best, mut room, mut behind) = (0, 0, 0);
        // What is free starts at the arena's start or behind a buffer.
        for start in live().map(Buffer::end).chain([0]) {
            behind = start.max(behind);
            let mut next = None;
            for other in live().filter(|other| other.end() > start) {
                next = Some(next.unwrap_or(u32::MAX).min(other.offset));
            }
            let next = next.map_or(end, |next| next as usize);
            let free = next.saturating_sub(start).min(most);
            if free > room || (free == room && start < best) {
                (best, room) = (start, free);
            }
        }
        if room < least {
            (best, room) = (behind, least);
        }
        best..best + room
    }

    /// Where a buffer starts.
    pub(super) fn offset(&self, i: usize) -> u32 {
        let buffer = &self.0[i];
        if !buffer.is_known() {
            return 0;
        }
        self.0[usize::from(buffer.root)].offset + u32::from(buffer.shift) * ALIGNMENT as u32
    }

    /// The largest buffer without a place, the earliest among equals.
    fn largest(&self) -> Option<usize> {
        let (mut largest, mut most) = (None, 0);
        for (i, buffer) in self.0.iter().enumerate() {
            if buffer.bytes > most && !buffer.is_placed() && buffer.is_in(i) {
                (largest, most) = (Some(i), buffer.bytes);
            }
        }
        largest
    }
}

/// Input `i` of an operator, if the output may take its memory.
pub(super) fn reusable<'a, 'm>(op: &'a Op<'_, 'm>, i: usize) -> Option<&'a Operand<'m>> {
    let may = match op.operands.reuse {
        Reuse::Never => false,
        Reuse::Overwrite(may) => may[i],
        Reuse::Alias | Reuse::Trail => i == 0,
    };
    let input = op.operands.inputs[i].as_ref();
    input.filter(|input| may && input.data.is_none())
}

/// How many bytes before such an input the output must start; `None` if nothing is gained by that.
pub(super) fn lead(op: &Op<'_, '_>) -> Option<usize> {
    match op.operands.reuse {
        Reuse::Trail => op.kernel.lead(),
        _ => Some(0),
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
            let mut records = vec![Buffer::unused_at(UNPLACED); wanted.len()];
            let mut buffers = Buffers(&mut records);
            for (i, &(bytes, first, length)) in wanted.iter().enumerate() {
                let root = i as u16;
                *buffers.at(i) = Buffer { bytes, first, last: first + length, root, ..*buffers.at(i) };
            }
            let end = buffers.place().unwrap();
            let memory = buffers.working_memory(index, end, (least, most));
            prop_assert!(memory.len() >= least && (memory.end <= end || memory.len() == least));
            prop_assert!(memory.len() <= most.max(least) && memory.start.is_multiple_of(ALIGNMENT));
            let apart = |a: &Buffer, b: &Range<usize>| a.end() <= b.start || b.end <= a.offset as usize;
            for (i, a) in buffers.0.iter().enumerate() {
                prop_assert!(a.bytes == 0 || a.offset as usize + a.bytes as usize <= end);
                for b in buffers.0.iter().skip(i + 1).filter(|b| a.is_live_with(b) && a.bytes > 0 && b.bytes > 0) {
                    prop_assert!(apart(a, &(b.offset as usize..b.end())));
                }
                let live = (a.first..=a.last).contains(&(index as u16)) && a.bytes > 0;
                prop_assert!(!live || apart(a, &memory));
            }
        }
    }
}
