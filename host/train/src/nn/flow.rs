//! What a kernel reads and writes, strip by strip: values forward, gradients backward.

use std::ops::Range;

use pulp::Arch;

use super::finish::{Finish, Slopes, Sums};
use super::float::Float;

/// Room for strips; grows in the first step of a training and never again.
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch<T> {
    /// What is read from a value.
    pub(super) read: Vec<T>,
    /// What is read from a gradient.
    pub(super) given: Vec<T>,
    /// Whatever else.
    pub(super) work: Vec<T>,
}

/// The first `len` elements of `room`, whatever they are.
pub(super) fn room<T: Float>(room: &mut Vec<T>, len: usize) -> &mut [T] {
    if room.len() < len {
        room.resize(len, T::ZERO);
    }
    &mut room[..len]
}

/// A value to read.
#[derive(Clone, Copy)]
pub(super) struct Input<'a, T> {
    pub(super) stored: &'a [T],
    pub(super) finish: &'a Finish<T>,
}

impl<'a, T: Float> Input<'a, T> {
    pub(super) fn strip<'b>(&self, arch: Arch, range: Range<usize>, into: &'b mut Vec<T>) -> &'b [T]
    where
        'a: 'b,
    {
        let stored = &self.stored[range];
        if self.finish.is_identity() {
            return stored;
        }
        let into = room(into, stored.len());
        self.finish.read(arch, stored, into);
        into
    }
}

/// The settled gradient of what a stage made.
#[derive(Clone, Copy)]
pub(super) struct Given<'a, T> {
    pub(super) stored: &'a [T],
    pub(super) gradient: &'a [T],
    pub(super) finish: &'a Finish<T>,
    /// Through the normalization, if there is one.
    pub(super) slopes: Option<&'a Slopes<T>>,
}

impl<'a, T: Float> Given<'a, T> {
    /// The gradient by what was stored.
    pub(super) fn strip<'b>(&self, arch: Arch, range: Range<usize>, into: &'b mut Vec<T>) -> &'b [T]
    where
        'a: 'b,
    {
        let gradient = &self.gradient[range.clone()];
        let Some(slopes) = self.slopes else {
            return gradient;
        };
        let into = room(into, gradient.len());
        let stored = &self.stored[range];
        self.finish
            .unnormalize(arch, slopes, stored, gradient, into);
        into
    }
}

/// Where a stage writes the gradient of what it read.
pub(super) struct Sink<'a, T> {
    pub(super) stored: &'a [T],
    pub(super) gradient: &'a mut [T],
    pub(super) finish: &'a Finish<T>,
    pub(super) sums: &'a mut Sums<T>,
    /// Whether no other reader wrote before.
    pub(super) is_first: bool,
    /// Whether no other reader will write.
    pub(super) is_last: bool,
}

impl<T: Float> Sink<'_, T> {
    /// Where to add a strip of the gradient.
    pub(super) fn open(&mut self, range: Range<usize>) -> &mut [T] {
        let strip = &mut self.gradient[range];
        if self.is_first {
            strip.fill(T::ZERO);
        }
        strip
    }

    /// After all of a strip is written.
    pub(super) fn close(&mut self, arch: Arch, range: Range<usize>) {
        if self.is_last {
            let stored = &self.stored[range.clone()];
            self.finish
                .settle(arch, stored, &mut self.gradient[range], self.sums);
        }
    }
}
