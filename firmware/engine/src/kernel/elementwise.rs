//! Loops over tensors that go element by element, and may overwrite what they read.

use core::ptr;

use crate::arena::Views;

/// Operands of the same length, of which the output may be an input, too.
#[derive(Clone, Copy)]
pub(crate) struct Elements {
    pub(crate) inputs: [*const i8; 2],
    pub(crate) output: *mut i8,
    pub(crate) count: usize,
}

impl Elements {
    /// The output and the first `N` inputs, which must be as long.
    pub(crate) fn new<const N: usize>(views: &mut Views<'_>) -> Self {
        let output: *mut i8 = views.output.as_mut_ptr();
        let count = views.output.len();
        let mut inputs = [ptr::null(); 2];
        for (i, input) in inputs.iter_mut().enumerate().take(N) {
            *input = if views.overwritten[i] {
                output.cast_const()
            } else {
                assert!(views.inputs[i].len() == count);
                views.inputs[i].as_ptr()
            };
        }
        Self {
            inputs,
            output,
            count,
        }
    }
}

/// `output[i] = f(input[i])`.
#[inline(always)]
pub(crate) fn map(views: &mut Views<'_>, f: impl Fn(i8) -> i8) {
    let Elements {
        inputs: [input, _],
        output,
        count,
    } = Elements::new::<1>(views);
    for i in 0..count {
        // SAFETY: both have `count` elements and are borrowed by `views`; where they are the same memory, no reference
        // to it is in use.
        unsafe { output.add(i).write(f(input.add(i).read())) }
    }
}

/// `output[i] = f(first[i], second[i])` from element `start` on.
#[inline(always)]
pub(crate) fn zip(views: &mut Views<'_>, start: usize, f: impl Fn(i8, i8) -> i8) {
    let Elements {
        inputs: [first, second],
        output,
        count,
    } = Elements::new::<2>(views);
    for i in start..count {
        // SAFETY: as in `map`.
        unsafe {
            let element = f(first.add(i).read(), second.add(i).read());
            output.add(i).write(element);
        }
    }
}
