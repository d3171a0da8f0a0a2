//! Loops over tensors that go element by element, and may overwrite what they read.

use core::ptr;

use crate::arena::Views;
use crate::op::Broadcast;

/// A number that tensors are made of. Constants in the file may be misaligned.
pub(crate) trait Element: Copy {
    const SIZE: usize;

    /// # Safety
    /// `SIZE` bytes must be there to be read.
    unsafe fn load(from: *const i8) -> Self;

    /// # Safety
    /// `SIZE` bytes must be there to be written.
    unsafe fn store(self, to: *mut i8);
}

macro_rules! elements {
    ($($t:ty),*) => {$(
        impl Element for $t {
            const SIZE: usize = size_of::<$t>();

            #[inline(always)]
            unsafe fn load(from: *const i8) -> Self {
                // SAFETY: the caller's; bytes need no alignment.
                Self::from_le_bytes(unsafe { from.cast::<[u8; size_of::<$t>()]>().read() })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut i8) {
                // SAFETY: as in `load`.
                unsafe { to.cast::<[u8; size_of::<$t>()]>().write(self.to_le_bytes()) }
            }
        }
    )*};
}
elements!(i8, i16, i32, f32);

/// Operands of the same length, of which the output may be an input, too.
#[derive(Clone, Copy)]
pub(crate) struct Elements {
    pub(crate) inputs: [*const i8; 2],
    pub(crate) output: *mut i8,
    /// Bytes of each.
    pub(crate) count: usize,
}

impl Elements {
    /// The output and the first `N` inputs, which must be as long.
    pub(crate) fn new<const N: usize>(views: &mut Views<'_>) -> Self {
        let count = views.output.len();
        Self::of_lengths(views, [count; N])
    }

    /// Operands that are broadcast, their elements being of `size` bytes.
    #[inline(never)]
    fn broadcast(views: &mut Views<'_>, geometry: &Broadcast, size: usize) -> Self {
        assert!(views.output.len() == geometry.elements() * size);
        Self::of_lengths(views, geometry.inputs().map(|elements| elements * size))
    }

    /// The output and the first `N` inputs, which must have these lengths.
    fn of_lengths<const N: usize>(views: &mut Views<'_>, lengths: [usize; N]) -> Self {
        let output: *mut i8 = views.output.as_mut_ptr();
        let count = views.output.len();
        let mut inputs = [ptr::null(); 2];
        for (i, (input, length)) in inputs.iter_mut().zip(lengths).enumerate() {
            *input = if views.overwritten[i] {
                assert!(length == count);
                output.cast_const()
            } else {
                assert!(views.inputs[i].len() == length);
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
pub(crate) fn map<T: Element>(views: &mut Views<'_>, f: impl Fn(T) -> T) {
    let Elements {
        inputs: [input, _],
        output,
        count,
    } = Elements::new::<1>(views);
    for i in 0..count / T::SIZE {
        // SAFETY: both have `count` bytes and are borrowed by `views`; where they are the same memory, no reference
        // to it is in use.
        unsafe { f(T::load(input.add(i * T::SIZE))).store(output.add(i * T::SIZE)) }
    }
}

/// `output[i] = f(first[i], second[i])` from element `start` on.
#[cfg(armv7em)]
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

/// `output[i] = f(first[j], second[k])`, the inputs' elements being those that broadcasting brings to `i`.
#[inline(always)]
pub(crate) fn broadcast<T: Element>(
    views: &mut Views<'_>,
    geometry: &Broadcast,
    f: impl Fn(T, T) -> T,
) {
    let Elements {
        inputs: [first, second],
        output,
        ..
    } = Elements::broadcast(views, geometry, T::SIZE);
    let (row, steps) = geometry.row();
    let [step, other_step] = steps.map(|step| step * T::SIZE);
    geometry.rows(&mut |at, [from, other_from]| {
        // SAFETY: the geometry visits the elements of tensors of these lengths; see also `map`. An input that shares
        // the output's memory is as long, and so is read where it is written.
        unsafe {
            let (first, second) = (first.add(from * T::SIZE), second.add(other_from * T::SIZE));
            let output = output.add(at * T::SIZE);
            for i in 0..row {
                let element = f(
                    T::load(first.add(i * step)),
                    T::load(second.add(i * other_step)),
                );
                element.store(output.add(i * T::SIZE));
            }
        }
    });
}
