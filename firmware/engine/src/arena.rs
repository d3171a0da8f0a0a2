//! The arena: how operators see the memory that the caller lends.

use core::ops::Range;

use crate::kernel::cast;
use crate::op::{MAX_INPUTS, MAX_STATES};

/// Everything in the arena starts at a multiple of this, and so does the arena itself.
pub(crate) const ALIGNMENT: usize = 16;

/// Where an operator's operands lie in the arena; an empty range at 0 where there is none.
#[derive(Clone, Default)]
pub(crate) struct Places {
    pub(crate) inputs: [Range<usize>; MAX_INPUTS],
    pub(crate) states: [Range<usize>; MAX_STATES],
    pub(crate) output: Range<usize>,
    pub(crate) scratch: Range<usize>,
    pub(crate) table: Range<usize>,
}

/// What an operator reads and writes while it runs.
pub(crate) struct Views<'a> {
    /// An input that lies where the output does is empty here.
    pub(crate) inputs: [&'a [i8]; MAX_INPUTS],
    /// Whether an input lies where the output does, which only [`Reuse`](crate::op::Reuse) brings about.
    pub(crate) overwritten: [bool; MAX_INPUTS],
    pub(crate) states: [&'a mut [i8]; MAX_STATES],
    pub(crate) output: &'a mut [i8],
    /// Working memory, aligned to [`ALIGNMENT`].
    pub(crate) scratch: &'a mut [u8],
    /// What was computed once, when the memory was planned.
    pub(crate) table: &'a [u8],
}

impl<'a> Views<'a> {
    /// Cuts the arena up. `constants` replace inputs that are not in the arena. `None` if places overlap or
    /// lie outside, which a plan does not bring about.
    pub(crate) fn new(
        arena: &'a mut [u8],
        places: Places,
        constants: [Option<&'a [u8]>; MAX_INPUTS],
    ) -> Option<Self> {
        let overwritten = places
            .inputs
            .each_ref()
            .map(|input| *input == places.output && !input.is_empty());
        let [first, second] = places.inputs;
        let same = first == second;
        let first = if overwritten[0] { 0..0 } else { first };
        let second = if overwritten[1] || same { 0..0 } else { second };
        let [state, other_state] = places.states;
        let cut = arena.get_disjoint_mut([
            first,
            second,
            state,
            other_state,
            places.output,
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
            scratch,
            table,
        })
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
