//! The memory plan: where each tensor lies in the arena while it is needed.
//!
//! Every tensor that is not constant, and every operator's working memory, is a buffer with a lifetime, counted in
//! operators. Buffers are placed from the largest to the smallest, each at the lowest place that is free
//! throughout its lifetime ("greedy by size", Pisarchyk and Lee, "Efficient memory management for deep neural net
//! inference", 2020). A RESHAPE's output is no buffer of its own but its input's.
//!
//! In the arena lie first the buffers, then what is kept for running: where each buffer lies, and the factors of
//! each convolution's channels. While the plan is made, its records take the buffers' place.

use crate::arena::{ALIGNMENT, Places, align};
use crate::error::{Error, GraphProblem};
use crate::flatbuffer::{Result, Scalar, saturate};
use crate::model::Model;
use crate::op::{ChannelScales, Op, Operand};

/// A plan, whose offsets lie in the arena.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Where the offsets start: four bytes for each tensor, then for each operator's working memory, then for each
    /// operator's table.
    offsets: usize,
    tensors: usize,
    /// Bytes used in all.
    pub(crate) used: usize,
}

/// A buffer to be placed.
#[derive(Clone, Copy)]
struct Buffer {
    bytes: u32,
    offset: u32,
    /// The operators before which it is first written and after which it is last read.
    first: u16,
    last: u16,
    /// The buffer whose memory this is: its own number except behind a RESHAPE.
    root: u16,
    placed: bool,
}

impl Buffer {
    const SIZE: usize = 16;
    const UNUSED: Self = Self {
        bytes: 0,
        offset: 0,
        first: u16::MAX,
        last: 0,
        root: 0,
        placed: false,
    };

    fn is_live_with(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    fn end(&self) -> usize {
        self.offset as usize + align(self.bytes as usize)
    }
}

/// The buffers, kept as bytes in the arena.
struct Buffers<'a>(&'a mut [[u8; Buffer::SIZE]]);

impl Buffers<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, i: usize) -> Buffer {
        let record = &self.0[i];
        Buffer {
            bytes: u32::read(record),
            offset: u32::read(&record[4..]),
            first: u16::read(&record[8..]),
            last: u16::read(&record[10..]),
            root: u16::read(&record[12..]),
            placed: record[14] != 0,
        }
    }

    fn set(&mut self, i: usize, buffer: Buffer) {
        let record = &mut self.0[i];
        record[..4].copy_from_slice(&buffer.bytes.to_le_bytes());
        record[4..8].copy_from_slice(&buffer.offset.to_le_bytes());
        record[8..10].copy_from_slice(&buffer.first.to_le_bytes());
        record[10..12].copy_from_slice(&buffer.last.to_le_bytes());
        record[12..14].copy_from_slice(&buffer.root.to_le_bytes());
        record[14] = u8::from(buffer.placed);
    }

    fn all(&self) -> impl Iterator<Item = Buffer> {
        (0..self.len()).map(|i| self.get(i))
    }

    fn is_known(&self, i: usize) -> bool {
        self.get(i).first != u16::MAX
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
                ..Buffer::UNUSED
            },
        );
    }

    /// Notes that a buffer is read at `time`.
    fn extend(&mut self, i: usize, time: usize) {
        let root = usize::from(self.get(i).root);
        let buffer = self.get(root);
        self.set(
            root,
            Buffer {
                last: buffer.last.max(time as u16),
                ..buffer
            },
        );
    }

    /// Finds the buffers and their lifetimes. Buffer `t` is tensor `t`, buffer `tensors + o` operator `o`'s
    /// working memory.
    fn collect(&mut self, model: &Model<'_>) -> Result<()> {
        for i in 0..self.len() {
            self.set(i, Buffer::UNUSED);
        }
        let tensors = model.tensor_count();
        let (input, output) = (model.input(), model.output());
        self.define(input.index, input.bytes, 0);
        for index in 0..model.operator_count() {
            let op = model.op(index)?;
            for Operand { tensor, .. } in op.operands.arena_inputs() {
                if !self.is_known(tensor) {
                    return Err(graph(GraphProblem::Unproduced, tensor));
                }
                self.extend(tensor, index);
            }
            let produced = op.operands.output;
            if self.is_known(produced) || model.read_tensor(produced)?.is_constant() {
                return Err(graph(GraphProblem::ProducedTwice, produced));
            }
            self.define(produced, op.operands.output_bytes, index);
            if let (true, Some(source)) = (op.is_alias(), op.operands.arena_inputs().next()) {
                let root = self.get(source.tensor).root;
                self.set(
                    produced,
                    Buffer {
                        root,
                        ..self.get(produced)
                    },
                );
            }
            if op.scratch_bytes() > 0 {
                self.define(tensors + index, op.scratch_bytes(), index);
            }
        }
        if !self.is_known(output.index) {
            return Err(graph(GraphProblem::Unproduced, output.index));
        }
        // The result stays until it is fetched.
        self.extend(output.index, usize::from(u16::MAX) - 1);
        Ok(())
    }

    /// Gives each buffer its place; returns the end of the last one, or `None` if that lies beyond 2 GiB.
    fn place(&mut self) -> Option<usize> {
        let mut end = 0;
        while let Some(i) = self.largest() {
            let mut buffer = self.get(i);
            let mut offset = 0_usize;
            // Whatever is in the way moves the buffer behind itself: no place before that one's end is free.
            while let Some(obstacle) = self.all().find(|other| {
                other.placed
                    && other.is_live_with(&buffer)
                    && (other.offset as usize) < offset + align(buffer.bytes as usize)
                    && offset < other.end()
            }) {
                offset = obstacle.end();
            }
            buffer.placed = true;
            buffer.offset = i32::try_from(offset).ok()?.unsigned_abs();
            end = end.max(buffer.end());
            self.set(i, buffer);
        }
        Some(end)
    }

    /// The largest buffer without a place, the earliest among equals.
    fn largest(&self) -> Option<usize> {
        let mut best: Option<(u32, usize)> = None;
        for (i, buffer) in self.all().enumerate() {
            let candidate = buffer.bytes > 0 && !buffer.placed && usize::from(buffer.root) == i;
            if candidate && best.is_none_or(|(bytes, _)| buffer.bytes > bytes) {
                best = Some((buffer.bytes, i));
            }
        }
        best.map(|(_, i)| i)
    }
}

impl Plan {
    /// Plans the arena, whose start is aligned, and computes the tables into it.
    pub(crate) fn new(model: &Model<'_>, arena: &mut [u8]) -> Result<Self> {
        let (tensors, operators) = (model.tensor_count(), model.operator_count());
        let (records, kept) = (tensors + operators, tensors + 2 * operators);
        let available = arena.len();
        let too_small = |needed: usize| Error::Arena {
            needed: saturate(needed),
            available: saturate(available),
        };

        let (buffers, _) = arena.as_chunks_mut();
        let mut buffers = Buffers(
            buffers
                .get_mut(..records)
                .ok_or(too_small(records * Buffer::SIZE))?,
        );
        buffers.collect(model)?;
        let end = buffers.place().ok_or(too_small(usize::MAX))?;

        // The records still lie at the arena's start, so the offsets are kept behind both.
        let offsets = end.max(records * Buffer::SIZE);
        let mut used = offsets + kept * 4;
        for index in 0..operators {
            used += model
                .op(index)?
                .scales()
                .map_or(0, |scales| scales.table_bytes().next_multiple_of(4));
        }
        let used = align(used);
        if used > available {
            return Err(too_small(used));
        }

        let (records_part, kept_part) = arena.split_at_mut(offsets);
        let (buffers, _) = records_part.as_chunks_mut();
        let buffers = Buffers(&mut buffers[..records]);
        let (offsets_part, mut tables) = kept_part.split_at_mut(kept * 4);
        let (slots, _) = offsets_part.as_chunks_mut::<4>();
        let (buffer_slots, table_slots) = slots.split_at_mut(records);
        for (i, slot) in buffer_slots.iter_mut().enumerate() {
            let root = usize::from(buffers.get(i).root);
            *slot = buffers.get(root).offset.to_le_bytes();
        }
        let mut at = offsets + kept * 4;
        for (index, slot) in table_slots.iter_mut().enumerate() {
            *slot = saturate(at).to_le_bytes();
            if let Some(scales) = model.op(index)?.scales() {
                let bytes = scales.table_bytes().next_multiple_of(4);
                let (table, rest) = tables.split_at_mut(bytes);
                scales.fill(&mut table[..scales.table_bytes()]);
                (tables, at) = (rest, at + bytes);
            }
        }
        Ok(Self {
            offsets,
            tensors,
            used,
        })
    }

    /// Where tensor `i` starts.
    pub(crate) fn tensor(&self, arena: &[u8], i: usize) -> usize {
        u32::read(arena.get(self.offsets + 4 * i..).unwrap_or_default()) as usize
    }

    /// Where all that operator `index` uses lies.
    pub(crate) fn places(
        &self,
        arena: &[u8],
        model: &Model<'_>,
        index: usize,
        op: &Op<'_>,
    ) -> Places {
        let range = |slot, bytes| {
            let start = self.tensor(arena, slot);
            if bytes == 0 {
                0..0
            } else {
                start..start + bytes
            }
        };
        let inputs = op.operands.inputs.map(|input| match input {
            Some(Operand {
                tensor,
                bytes,
                data: None,
            }) => range(tensor, bytes),
            _ => 0..0,
        });
        Places {
            inputs,
            output: range(op.operands.output, op.operands.output_bytes),
            scratch: range(self.tensors + index, op.scratch_bytes()),
            table: range(
                self.tensors + model.operator_count() + index,
                op.scales().map_or(0, ChannelScales::table_bytes),
            ),
        }
    }
}

fn graph(problem: GraphProblem, value: usize) -> Error {
    Error::Graph {
        problem,
        value: saturate(value),
    }
}

const _: () = assert!(Buffer::SIZE.is_multiple_of(ALIGNMENT));
