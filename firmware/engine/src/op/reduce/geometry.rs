//! Which elements make up an output element.

use crate::tensor::MAX_RANK;

/// Dimensions side by side that are kept, or reduced, count as one: of each kind there are at most this many.
const GROUPS: usize = MAX_RANK / 2;

/// Dimensions that are walked as one.
#[derive(Clone, Copy)]
struct Group {
    count: usize,
    /// Elements from one to the next.
    stride: usize,
}

/// Elements that lie equally far apart.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) stride: usize,
}

impl Run {
    /// `step(.. step(start, element(first place)) .., element(last place))`.
    #[inline(always)]
    pub(super) fn fold<T, A>(
        self,
        start: A,
        element: impl Fn(usize) -> T,
        step: impl Fn(A, T) -> A,
    ) -> A {
        let mut all = start;
        for i in 0..self.count {
            all = step(all, element(self.first + i * self.stride));
        }
        all
    }
}

/// The input's dimensions, outermost first, the unused ones of a single element.
pub(super) struct Geometry {
    kept: [Group; GROUPS],
    reduced: [Group; GROUPS],
}

impl Geometry {
    pub(super) fn new(dims: &[usize], reduced: &[bool; MAX_RANK]) -> Self {
        let unused = Group {
            count: 1,
            stride: 0,
        };
        let mut geometry = Self {
            kept: [unused; GROUPS],
            reduced: [unused; GROUPS],
        };
        let mut latest = None;
        let (mut kept, mut gone) = (GROUPS, GROUPS);
        let mut stride = 1;
        for (&count, &reduce) in dims.iter().zip(reduced).rev().filter(|(dim, _)| **dim > 1) {
            let (groups, first) = if reduce {
                (&mut geometry.reduced, &mut gone)
            } else {
                (&mut geometry.kept, &mut kept)
            };
            if latest == Some(reduce) {
                groups[*first].count *= count;
            } else {
                *first -= 1;
                groups[*first] = Group { count, stride };
            }
            latest = Some(reduce);
            stride *= count;
        }
        geometry
    }

    /// Output elements.
    pub(super) fn outputs(&self) -> usize {
        self.kept.iter().map(|group| group.count).product()
    }

    /// Elements that make up an output element.
    pub(super) fn count(&self) -> usize {
        self.reduced.iter().map(|group| group.count).product()
    }

    /// Calls `output` with each output element's position and where its elements are counted from.
    #[inline(never)]
    pub(super) fn each(&self, output: &mut dyn FnMut(usize, usize)) {
        let mut position = 0;
        runs(&self.kept, 0, &mut |run| {
            for i in 0..run.count {
                output(position, run.first + i * run.stride);
                position += 1;
            }
        });
    }

    /// Calls `run` with each run of elements that belong to the output element whose elements are counted from `base`,
    /// in order.
    pub(super) fn runs(&self, base: usize, run: &mut dyn FnMut(Run)) {
        runs(&self.reduced, base, run);
    }
}

#[inline(never)]
fn runs([outer, middle, inner]: &[Group; GROUPS], base: usize, run: &mut dyn FnMut(Run)) {
    for i in 0..outer.count {
        for j in 0..middle.count {
            run(Run {
                first: base + i * outer.stride + j * middle.stride,
                count: inner.count,
                stride: inner.stride,
            });
        }
    }
}
