//! What a kernel reads and writes, strip by strip: values forward, gradients backward.

use std::ops::Range;

use pulp::Arch;

use crate::simd::vectorized;

use super::finish::Finish;
use super::float::Float;
use super::frame::Frame;
use super::moments::Moments;
use super::sums::{Slopes, Sums};

/// Room for strips; grows in the first step of a training and never again.
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch<T> {
    /// What is read from a value.
    pub(super) read: Vec<T>,
    /// What is read from a gradient.
    pub(super) given: Vec<T>,
    /// What is made of the two.
    pub(super) part: Vec<T>,
    /// Images in frames, and what windows see of them.
    pub(super) frames: [Vec<T>; 2],
    pub(super) columns: Vec<T>,
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

    /// Reads an image into its frame.
    pub(super) fn frame(&self, arch: Arch, frame: &Frame, image: usize, framed: &mut [T]) {
        let stored = &self.stored[image * frame.image_len()..];
        for [from, to] in frame.pieces() {
            self.finish.read(arch, &stored[from], &mut framed[to]);
        }
    }
}

/// What a stage made, and its settled gradient.
pub(super) struct Given<'a, T> {
    pub(super) stored: &'a mut [T],
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
        if self.slopes.is_none() {
            return &self.gradient[range];
        }
        let into = room(into, range.len());
        self.read(arch, range, into);
        into
    }

    /// The same as a copy.
    pub(super) fn read(&self, arch: Arch, range: Range<usize>, into: &mut [T]) {
        let gradient = &self.gradient[range.clone()];
        match self.slopes {
            Some(slopes) => {
                let stored = &self.stored[range];
                self.finish
                    .unnormalize(arch, slopes, stored, gradient, into);
            }
            None => into.copy_from_slice(gradient),
        }
    }
}

/// Where a stage writes what it makes.
pub(super) struct Made<'a, T> {
    pub(super) values: &'a mut [T],
    /// What normalization is to know of it, if it is to follow.
    pub(super) moments: Option<&'a mut Moments<T>>,
}

impl<T: Float> Made<'_, T> {
    /// Lets `make` write a strip.
    pub(super) fn write(&mut self, arch: Arch, range: Range<usize>, make: impl FnOnce(&mut [T])) {
        let values = &mut self.values[range];
        make(values);
        if let Some(moments) = &mut self.moments {
            moments.add(arch, values);
        }
    }
}

/// Where a stage writes the gradient of what it read.
pub(super) struct Sink<'a, T> {
    pub(super) stored: &'a [T],
    /// `None`: where the stage's own values were ([`Place::Values`](super::plan::Place::Values)).
    pub(super) gradient: Option<&'a mut [T]>,
    pub(super) finish: &'a Finish<T>,
    pub(super) sums: &'a mut Sums<T>,
    /// Whether no other reader wrote before.
    pub(super) is_first: bool,
    /// Whether no other reader will write.
    pub(super) is_last: bool,
}

impl<T: Float> Sink<'_, T> {
    /// Takes the gradient of a strip by this reader, which has read what `given` has of it.
    ///
    /// It is made near at hand and moved here while it is settled: products that write far away, and
    /// a settling that then goes over it there, take longer.
    pub(super) fn take(
        &mut self,
        arch: Arch,
        given: &mut Given<'_, T>,
        range: Range<usize>,
        part: &[T],
    ) {
        let gradient = match &mut self.gradient {
            Some(gradient) => &mut gradient[range.clone()],
            None => &mut given.stored[range.clone()],
        };
        if self.is_last {
            let stored = &self.stored[range];
            let adds = !self.is_first;
            self.finish
                .settle(arch, stored, part, gradient, adds, self.sums);
        } else if self.is_first {
            gradient.copy_from_slice(part);
        } else {
            add(arch, part, gradient);
        }
    }
}

/// Adds a part to a sum.
pub(super) fn add<T: Float>(arch: Arch, part: &[T], sum: &mut [T]) {
    vectorized(
        arch,
        #[inline(always)]
        || {
            let pairs = sum.iter_mut().zip(part);
            pairs.for_each(|(sum, part)| *sum += *part);
        },
    );
}
