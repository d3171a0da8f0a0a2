//! Running a network, each operator timed.
//!
//! An image is compiled to be small, this crate to be fast. The engine's inner loops are `#[inline]` and become a part of
//! whatever crate invokes a network: so there is nothing else here, and nothing generic.
#![no_std]

use onchip_engine::{Error, Interpreter, Observer};

/// Runs all operators of `network` in order. Writes what the i-th one took to the i-th of `cycles`, if there is one:
/// by how much the word at `counter` grew, which is read once before and once after.
///
/// # Errors
/// Those of [`Interpreter::invoke`].
///
/// # Safety
/// `counter` is an aligned word that can be read at any time, such as a register that counts the core's cycles.
pub unsafe fn invoke(
    network: &mut Interpreter<'_, '_>,
    counter: *const u32,
    cycles: &mut [u32],
) -> Result<(), Error> {
    network.invoke(&mut Stopwatch {
        counter,
        began: 0,
        cycles,
    })
}

struct Stopwatch<'a> {
    counter: *const u32,
    began: u32,
    cycles: &'a mut [u32],
}

impl Stopwatch<'_> {
    #[inline(always)]
    fn now(&self) -> u32 {
        // SAFETY: by the contract of `invoke`; volatile, since something else counts.
        unsafe { self.counter.read_volatile() }
    }
}

impl Observer for Stopwatch<'_> {
    #[inline(always)]
    fn begin(&mut self, _: usize) {
        self.began = self.now();
    }

    #[inline(always)]
    fn end(&mut self, operator: usize) {
        let now = self.now();
        if let Some(cycles) = self.cycles.get_mut(operator) {
            *cycles = now.wrapping_sub(self.began);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::AtomicU32;

    use onchip_engine::Model;

    use super::*;

    #[test]
    fn each_operator_has_its_place_and_no_other_is_written() {
        let file = include_bytes!("../../../examples/models/hello_world_int8.tflite");
        let model = Model::new(file).unwrap();
        let operators = model.operator_count();
        let mut arena = [0; 2048];
        let mut network = Interpreter::new(&model, &mut arena).unwrap();
        // A clock that stands still: whatever is measured is zero.
        let clock = AtomicU32::new(5);
        let mut cycles = [7; 8];
        // SAFETY: the clock is an aligned word that outlives the call.
        unsafe { invoke(&mut network, clock.as_ptr(), &mut cycles) }.unwrap();
        let (measured, others) = cycles.split_at(operators);
        assert!(measured.iter().all(|&cycles| cycles == 0));
        assert!(!others.is_empty() && others.iter().all(|&cycles| cycles == 7));
        // Fewer places than operators.
        let mut cycles = [7; 1];
        // SAFETY: as above.
        unsafe { invoke(&mut network, clock.as_ptr(), &mut cycles) }.unwrap();
        assert_eq!(cycles, [0]);
    }
}
