//! The arena: how operators see the memory that the caller lends.

use core::ops::Range;

use crate::kernel::cast;
use crate::op::{MAX_INPUTS, MAX_STATES, Reuse};

/// Everything in the arena starts at a multiple of this, and so does the arena itself.
pub(crate) const ALIGNMENT: usize = 16;

/// Where an operator's operands lie in the arena; an empty range at 0 where there is none.
#[derive(Clone, Default)]
pub(crate) struct Places<'m> {
    pub(crate) inputs: [Range<usize>; MAX_INPUTS],
    pub(crate) states: [Range<usize>; MAX_STATES],
    pub(crate) output: Range<usize>,
    pub(crate) scratch: Range<usize>,
    pub(crate) table: Range<usize>,
    /// The table, if it is not in the arena.
    pub(crate) kept_table: Option<&'m [u8]>,
}

/// What an operator reads and writes while it runs.
pub(crate) struct Views<'a> {
    /// An input that shares memory with the output is empty here.
    pub(crate) inputs: [&'a [i8]; MAX_INPUTS],
    /// Whether an input lies just where the output does.
    pub(crate) overwritten: [bool; MAX_INPUTS],
    pub(crate) states: [&'a mut [i8]; MAX_STATES],
    /// The output; where it trails the first input, all memory from its start to that one's end.
    pub(crate) output: &'a mut [i8],
    /// Where in that memory the first input and the output lie.
    pub(crate) trail: Option<[Range<usize>; 2]>,
    /// Working memory, aligned to [`ALIGNMENT`].
    pub(crate) scratch: &'a mut [u8],
    /// What was computed once, when the memory was planned.
    pub(crate) table: &'a [u8],
}

impl<'a> Views<'a> {
    /// Cuts the arena up. `constants` replace inputs that are not in the arena. `None` if places overlap or
    /// lie outside, which a plan does not bring about.
    #[inline(never)]
    pub(crate) fn new(
        arena: &'a mut [u8],
        places: Places<'a>,
        constants: [Option<&'a [u8]>; MAX_INPUTS],
        reuse: Reuse,
    ) -> Option<Self> {
        let Places { inputs, output, .. } = places;
        let [state, other_state] = places.states;
        let overwritten = inputs
            .each_ref()
            .map(|input| *input == output && !input.is_empty());
        let [first, second] = inputs;
        let trails = reuse == Reuse::Trail
            && !first.is_empty()
            && first.start < output.end
            && output.start < first.end;
        let memory = if trails {
            output.start..output.end.max(first.end)
        } else {
            output.clone()
        };
        let trail = trails.then(|| {
            [&first, &output]
                .map(|place| place.start.wrapping_sub(memory.start)..place.end - memory.start)
        });
        let same = first == second;
        let first = if overwritten[0] || trails {
            0..0
        } else {
            first
        };
        let second = if overwritten[1] || same { 0..0 } else { second };
        let cut = arena.get_disjoint_mut([
            first,
            second,
            state,
            other_state,
            memory,
            places.scratch,
            places.table,
        ]);
        let [first, second, state, other_state, output, scratch, table] = cut.ok()?;
        let (first, second): (&[u8], &[u8]) = (first, second);
        let second = if same { first } else { second };
        let inputs = [
            constants[0].unwrap_or(first),
            constants[1].unwrap_or(second),
        ];
        Some(Self {
            inputs: inputs.map(cast::as_i8),
            overwritten,
            states: [state, other_state].map(cast::as_i8_mut),
            output: cast::as_i8_mut(output),
            trail,
            scratch,
            table: places.kept_table.unwrap_or(table),
        })
    }

    /// The first input and the output, however they lie; then working memory and table.
    #[inline]
    pub(crate) fn io(self) -> (Io<'a>, &'a mut [u8], &'a [u8]) {
        let [from, to] = self.trail.unwrap_or_else(|| {
            let all = 0..self.output.len();
            let none = if self.overwritten[0] {
                all.clone()
            } else {
                0..0
            };
            [none, all]
        });
        let is_apart = from.is_empty();
        let io = Io {
            apart: is_apart.then_some(self.inputs[0]),
            memory: self.output,
            from,
            to,
        };
        (io, self.scratch, self.table)
    }
}

/// An input and an output that may share their memory. Either can be seen, one at a time.
pub(crate) struct Io<'a> {
    apart: Option<&'a [i8]>,
    memory: &'a mut [i8],
    from: Range<usize>,
    to: Range<usize>,
}

impl Io<'_> {
    #[inline]
    pub(crate) fn input(&self) -> &[i8] {
        self.apart
            .unwrap_or_else(|| &self.memory[self.from.clone()])
    }

    #[inline]
    pub(crate) fn output(&mut self) -> &mut [i8] {
        &mut self.memory[self.to.clone()]
    }

    /// Whether the output lies just where the input does.
    #[inline]
    pub(crate) fn is_in_place(&self) -> bool {
        self.apart.is_none() && self.from == self.to
    }

    /// Part `i` of both, of so many elements each.
    #[inline]
    pub(crate) fn part(&mut self, i: usize, input: usize, output: usize) -> Io<'_> {
        let (from, to) = (self.from.start + i * input, self.to.start + i * output);
        Io {
            apart: self.apart.map(|apart| &apart[i * input..][..input]),
            memory: self.memory,
            from: from..from + input,
            to: to..to + output,
        }
    }
}

/// The part of a slice that starts at a multiple of [`ALIGNMENT`].
pub(crate) fn aligned(arena: &mut [u8]) -> &mut [u8] {
    let skip = arena.as_ptr().align_offset(ALIGNMENT).min(arena.len());
    &mut arena[skip..]
}

/// The next multiple of [`ALIGNMENT`].
pub(crate) fn align(bytes: usize) -> usize {
    bytes.next_multiple_of(ALIGNMENT)
}
