//! Loops over tensors that go element by element, and may overwrite what they read.

use core::ptr;

use crate::arena::Views;
use crate::op::Broadcast;
use crate::tensor::DataType;

/// Operands of the same length, of which the output may be an input, too.
#[derive(Clone, Copy)]
pub(crate) struct Elements {
    pub(crate) inputs: [*const i8; 2],
    pub(crate) output: *mut i8,
    /// Bytes of the output.
    pub(crate) count: usize,
}

impl Elements {
    /// The output and the first inputs, which must have these lengths; if they do not, which a plan does not bring about, no
    /// elements at all.
    #[inline(never)]
    pub(crate) fn new(views: &mut Views<'_>, lengths: &[usize]) -> Self {
        let output: *mut i8 = views.output.as_mut_ptr();
        let mut elements = Self {
            inputs: [ptr::null(); 2],
            output,
            count: views.output.len(),
        };
        let operands = views.inputs.iter().zip(views.overwritten);
        for ((to, (input, overwritten)), &length) in
            elements.inputs.iter_mut().zip(operands).zip(lengths)
        {
            let (start, available) = if overwritten {
                (output.cast_const(), views.output.len())
            } else {
                (input.as_ptr(), input.len())
            };
            *to = start;
            if available != length {
                elements.count = 0;
            }
        }
        elements
    }
}

/// An integer, or the bits of a float. Constants in the file may be misaligned.
///
/// # Safety
/// The element's bytes must be there to be read.
#[inline(never)]
unsafe fn load(from: *const i8, dtype: DataType) -> i32 {
    // SAFETY: the caller's; bytes need no alignment.
    unsafe {
        match dtype {
            DataType::Int8 => from.read().into(),
            DataType::Uint8 => from.cast::<u8>().read().into(),
            DataType::Int16 | DataType::Float16 => {
                i16::from_le_bytes(from.cast::<[u8; 2]>().read()).into()
            }
            _ => i32::from_le_bytes(from.cast::<[u8; 4]>().read()),
        }
    }
}

/// Writes the lowest bytes, `1 << size` of them.
///
/// # Safety
/// They must be there to be written.
#[inline(never)]
unsafe fn store(element: i32, to: *mut i8, size: usize) {
    // SAFETY: the caller's; bytes need no alignment.
    unsafe {
        match size {
            0 => to.write(element as i8),
            1 => to.cast::<[u8; 2]>().write((element as i16).to_le_bytes()),
            _ => to.cast::<[u8; 4]>().write(element.to_le_bytes()),
        }
    }
}

/// The power of two that is an element's size in bytes.
fn size(dtype: DataType) -> usize {
    dtype.bits() / 16
}

/// `output[i] = f(input[i])`, of an input and an output of these types.
pub(crate) fn map(views: &mut Views<'_>, types: [DataType; 2], f: &dyn Fn(i32) -> i32) {
    let [from, to] = types.map(size);
    let length = views.output.len() >> to << from;
    let Elements {
        inputs: [input, _],
        output,
        count,
    } = Elements::new(views, &[length]);
    for i in 0..count >> to {
        // SAFETY: both have that many elements and are borrowed by `views`; where they are the same memory, no reference
        // to it is in use, and elements are read where they are written.
        unsafe {
            let element = f(load(input.add(i << from), types[0]));
            store(element, output.add(i << to), to);
        }
    }
}

/// `output[i] = table[input[i]]`, int8.
pub(crate) fn look_up(views: &mut Views<'_>, table: &[u8; 256]) {
    let length = views.output.len();
    let Elements {
        inputs: [input, _],
        output,
        count,
    } = Elements::new(views, &[length]);
    for i in 0..count {
        // SAFETY: as in `map`.
        unsafe {
            let element = table[usize::from(input.add(i).read() as u8)];
            output.add(i).write(element as i8);
        }
    }
}

/// `output[i] = f(first[i], second[i])`, int8. How many elements there are.
#[cfg(not(armv7em))]
pub(crate) fn zip(views: &mut Views<'_>, f: impl Fn(i8, i8) -> i8) -> usize {
    let length = views.output.len();
    let Elements {
        inputs: [first, second],
        output,
        count,
    } = Elements::new(views, &[length; 2]);
    for i in 0..count {
        // SAFETY: as in `map`.
        unsafe {
            let element = f(first.add(i).read(), second.add(i).read());
            output.add(i).write(element);
        }
    }
    count
}

/// `output[i] = f(first[j], second[k])`, the inputs' elements being those that broadcasting brings to `i`. All are of this
/// type. The first `done` elements of each row are left out.
pub(crate) fn broadcast(
    views: &mut Views<'_>,
    geometry: &Broadcast,
    dtype: DataType,
    done: usize,
    f: &dyn Fn(i32, i32) -> i32,
) {
    let size = size(dtype);
    let lengths = geometry.inputs().map(|elements| elements << size);
    let Elements {
        inputs: [first, second],
        output,
        count,
    } = Elements::new(views, &lengths);
    if count != geometry.elements() << size {
        return;
    }
    let (row, [step, other_step]) = geometry.row();
    geometry.rows(&mut |start, [from, other_from]| {
        for i in done..row {
            let at = |start, step| (start + i * step) << size;
            // SAFETY: the geometry visits the elements of tensors of these lengths; see also `map`. An input that shares
            // the output's memory is as long, and so is read where it is written.
            unsafe {
                let (first, second) = (
                    first.add(at(from, step)),
                    second.add(at(other_from, other_step)),
                );
                let output = output.add(at(start, 1));
                if size == 0 {
                    output.write(f(first.read().into(), second.read().into()) as i8);
                } else {
                    store(f(load(first, dtype), load(second, dtype)), output, size);
                }
            }
        }
    });
}
