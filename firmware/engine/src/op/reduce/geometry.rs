//! Which elements make up an output element.

use crate::op::element::Element;
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

    /// `output = finish(step(.. step(step(start, first element), second element) ..))` for every output element.
    #[inline(always)]
    pub(super) fn reduce<T: Element, A: Copy>(
        &self,
        (input, output): (&[i8], &mut [i8]),
        start: A,
        step: impl Fn(A, T) -> A,
        finish: impl Fn(A) -> T,
    ) {
        let mut position = 0;
        places(&self.kept).for_each(|base| {
            let all = places(&self.reduced).fold(start, |all, offset| {
                step(all, T::load(input, base + offset))
            });
            finish(all).store(output, position);
            position += 1;
        });
    }
}

/// Where every element of some dimensions lies, in order.
#[inline(always)]
fn places([outer, middle, inner]: &[Group; GROUPS]) -> impl Iterator<Item = usize> {
    let along = |group: Group| (0..group.count).map(move |i| i * group.stride);
    let (outer, middle, inner) = (*outer, *middle, *inner);
    along(outer)
        .flat_map(move |a| along(middle).flat_map(move |b| along(inner).map(move |c| a + b + c)))
}
