//! The states of a pipeline between blocks, by number.

use std::collections::HashMap;
use std::hash::Hash;

use crate::core::block::PipelineState;

/// Gives each state a number, in the order in which they come; 0 is [`PipelineState::BRANCHED`].
#[derive(Clone, Debug)]
pub(super) struct States<T> {
    states: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T: Copy + Default + Eq + Hash> States<T> {
    /// Number 0 is of no state that can be asked for: what follows a branch is entered in another way.
    pub(super) fn apart_from_branched() -> Self {
        Self {
            states: vec![T::default()],
            numbers: HashMap::new(),
        }
    }

    /// Number 0 is that of the default state.
    pub(super) fn with_branched() -> Self {
        Self {
            states: vec![T::default()],
            numbers: HashMap::from([(T::default(), 0)]),
        }
    }

    /// The state that has this number.
    pub(super) fn get(&self, number: PipelineState) -> T {
        self.states[number.0 as usize]
    }

    /// The number of a state, a new one if it has none yet.
    pub(super) fn number(&mut self, state: T) -> PipelineState {
        let Self { states, numbers } = self;
        let number = *numbers.entry(state).or_insert_with(|| {
            states.push(state);
            (states.len() - 1) as u32
        });
        PipelineState(number)
    }
}
