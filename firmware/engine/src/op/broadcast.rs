//! Which elements of two tensors meet in an element of a third.
//!
//! Shapes are aligned at their last dimensions; a dimension of 1, or none, is repeated. Neighbouring dimensions along
//! which the same tensors are repeated become one, so that the innermost loop is long.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::tensor::{MAX_RANK, Shape};

/// How two tensors are broadcast.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Broadcast {
    /// Innermost first; those beyond `rank` are unused.
    axes: [Axis; MAX_RANK],
    rank: usize,
    elements: usize,
    inputs: [usize; 2],
}

/// A dimension of the output, or several neighbouring ones.
#[derive(Clone, Copy, Default, Debug)]
struct Axis {
    length: usize,
    /// How far it moves on in each input, 0 where that is repeated.
    steps: [usize; 2],
}

impl Broadcast {
    /// Checks that two shapes broadcast to the output's, and finds out how.
    #[inline(never)]
    pub(crate) fn read(
        &mut self,
        cx: &Context<'_>,
        inputs: [&Shape; 2],
        output: &Shape,
    ) -> Result<()> {
        match self.fit(inputs, output) {
            None => Ok(()),
            Some(operand) => cx.fail(OperatorProblem::Broadcast, operand),
        }
    }

    /// Which input does not fit, if any.
    fn fit(&mut self, inputs: [&Shape; 2], output: &Shape) -> Option<usize> {
        let dim = |shape: &Shape, i: usize| {
            let dims = shape.dims();
            let at = dims.len().checked_sub(i + 1);
            at.and_then(|at| dims.get(at)).copied().unwrap_or(1)
        };
        self.inputs = [1; 2];
        self.elements = 1;
        // Before the first dimension, one along which something else is repeated than along any other.
        let mut previous = [true; 2];
        let mut axis = 0;
        self.axes[0] = Axis {
            length: 1,
            steps: [1; 2],
        };
        for i in 0..MAX_RANK {
            let length = dim(output, i);
            let dims = inputs.map(|shape| dim(shape, i));
            for operand in 0..2 {
                let fits =
                    dims[operand] == length || dims[operand] == 1 && dims[1 - operand] == length;
                if !fits {
                    return Some(operand);
                }
            }
            if length == 1 {
                continue;
            }
            let repeated = dims.map(|dim| dim == 1);
            if repeated != previous {
                axis = self.rank;
                self.rank += 1;
                let mut steps = self.inputs;
                for (step, repeated) in steps.iter_mut().zip(repeated) {
                    if repeated {
                        *step = 0;
                    }
                }
                self.axes[axis] = Axis { length: 1, steps };
                previous = repeated;
            }
            self.axes[axis].length *= length;
            self.elements *= length;
            for (size, dim) in self.inputs.iter_mut().zip(dims) {
                *size *= dim;
            }
        }
        None
    }

    #[cfg(test)]
    pub(crate) fn of(inputs: [&Shape; 2], output: &Shape) -> core::result::Result<Self, usize> {
        let mut broadcast = Self::default();
        match broadcast.fit(inputs, output) {
            None => Ok(broadcast),
            Some(operand) => Err(operand),
        }
    }

    /// Elements of the output.
    pub(crate) fn elements(&self) -> usize {
        self.elements
    }

    /// Elements of each input.
    pub(crate) fn inputs(&self) -> [usize; 2] {
        self.inputs
    }

    /// The inputs that are not repeated: those whose memory the output may take.
    pub(crate) fn whole(&self) -> [bool; 2] {
        self.inputs.map(|elements| elements == self.elements)
    }

    fn axes(&self) -> &[Axis] {
        &self.axes[..self.rank]
    }

    /// Elements of a row, and how far each input moves on from one to the next: 1 or 0.
    pub(crate) fn row(&self) -> (usize, [usize; 2]) {
        let Axis { length, steps } = self.axes[0];
        (length, steps)
    }

    /// Visits all rows: where they start in the output and in the inputs.
    pub(crate) fn rows(&self, visit: &mut dyn FnMut(usize, [usize; 2])) {
        let row = self.axes[0].length;
        let outer = self.axes().get(1..).unwrap_or_default();
        let mut position = [0; MAX_RANK];
        let (mut at, mut from) = (0, [0; 2]);
        loop {
            visit(at, from);
            at += row;
            let mut advanced = false;
            for (axis, position) in outer.iter().zip(&mut position) {
                *position += 1;
                advanced = *position < axis.length;
                for (from, step) in from.iter_mut().zip(axis.steps) {
                    *from += step;
                    if !advanced {
                        *from -= step * axis.length;
                    }
                }
                if advanced {
                    break;
                }
                *position = 0;
            }
            if !advanced {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    /// The pairs of input elements that meet, in the output's order, found index by index.
    fn plain(inputs: [&[usize]; 2], output: &[usize]) -> Vec<[usize; 2]> {
        let count = output.iter().product::<usize>();
        let element = |mut at: usize, dims: &[usize]| {
            let (mut index, mut step) = (0, 1);
            for (i, length) in output.iter().rev().enumerate() {
                let dim = dims.iter().rev().nth(i).copied().unwrap_or(1);
                index += if dim == 1 { 0 } else { at % length * step };
                step *= dim;
                at /= length;
            }
            index
        };
        (0..count)
            .map(|at| inputs.map(|dims| element(at, dims)))
            .collect()
    }

    /// Output dimensions, and those of two inputs that broadcast to them.
    fn shapes() -> impl Strategy<Value = (Vec<usize>, Vec<usize>, Vec<usize>)> {
        let dim = prop_oneof![Just(1_usize), 2..5_usize].prop_flat_map(|dim| {
            let pair = prop_oneof![3 => Just((dim, dim)), 1 => Just((1, dim)), 1 => Just((dim, 1))];
            pair.prop_map(move |(a, b)| (dim, a, b))
        });
        let cut = (0..3_usize, any::<bool>());
        (prop::collection::vec(dim, 0..=MAX_RANK), cut).prop_map(|(dims, (cut, which))| {
            let output: Vec<_> = dims.iter().map(|dim| dim.0).collect();
            let mut a: Vec<_> = dims.iter().map(|dim| dim.1).collect();
            let mut b: Vec<_> = dims.iter().map(|dim| dim.2).collect();
            let (short, long) = if which {
                (&mut a, &mut b)
            } else {
                (&mut b, &mut a)
            };
            let cut = cut.min(dims.len());
            // A dimension that one lacks is the other's.
            long[..cut].copy_from_slice(&output[..cut]);
            short.drain(..cut);
            (output, a, b)
        })
    }

    proptest! {
        #[test]
        fn elements_meet_as_they_should((output, a, b) in shapes()) {
            let geometry = Broadcast::of([&Shape::of(&a), &Shape::of(&b)], &Shape::of(&output)).unwrap();
            prop_assert_eq!(geometry.elements(), output.iter().product::<usize>());
            prop_assert_eq!(geometry.inputs(), [&a, &b].map(|dims| dims.iter().product::<usize>()));
            let (row, steps) = geometry.row();
            let mut pairs = vec![];
            geometry.rows(&mut |at, from| {
                assert_eq!(at, pairs.len());
                pairs.extend((0..row).map(|i| [0, 1].map(|input| from[input] + i * steps[input])));
            });
            prop_assert_eq!(pairs, plain([&a, &b], &output));
        }
    }

    #[test]
    fn shapes_that_do_not_broadcast() {
        let check = |a: &[usize], b: &[usize], output: &[usize], operand| {
            let geometry = Broadcast::of([&Shape::of(a), &Shape::of(b)], &Shape::of(output));
            assert_eq!(geometry.err(), Some(operand), "{a:?} {b:?} {output:?}");
        };
        check(&[2, 3], &[2, 2], &[2, 3], 1);
        check(&[4, 3], &[3], &[2, 3], 0);
        check(&[1], &[1], &[5], 0);
        check(&[2, 3], &[2, 3], &[3], 0);
        check(&[3, 2], &[2, 3], &[2, 3], 0);
        check(&[], &[], &[2], 0);
    }
}
