//! Maximum and minimum that prefer a number to a NaN (IEEE 754-2008 maxNum and minNum).

use super::{Fpscr, INFINITY, SIGN, is_nan, is_signaling};

impl Fpscr {
    /// VMAXNM (`FPMaxNum`).
    pub(super) fn greater_number(&mut self, a: u32, b: u32) -> u32 {
        self.number(a, b, INFINITY | SIGN, |x, y| x > y, |a, b| a & b)
    }

    /// VMINNM (`FPMinNum`).
    pub(super) fn lesser_number(&mut self, a: u32, b: u32) -> u32 {
        self.number(a, b, INFINITY, |x, y| x < y, |a, b| a | b)
    }

    /// `a` if it is `first`, else `b`. A quiet NaN yields to a number by becoming `last`,
    /// which loses against all; of zeros the `sign` follows from both.
    fn number(
        &mut self,
        a: u32,
        b: u32,
        last: u32,
        first: impl Fn(f32, f32) -> bool,
        sign: impl Fn(u32, u32) -> u32,
    ) -> u32 {
        let quiet = |bits| is_nan(bits) && !is_signaling(bits);
        let (x, y) = (self.unpack(a), self.unpack(b));
        let (a, b) = match (quiet(a), quiet(b)) {
            (true, false) => (last, b),
            (false, true) => (a, last),
            _ => (a, b),
        };
        if is_nan(a) || is_nan(b) {
            return self.propagate(&[a, b]);
        }
        let (x, y) = (x.value(a), y.value(b));
        let (chosen, bits) = if first(x, y) { (x, a) } else { (y, b) };
        if chosen == 0.0 {
            sign(a, b) & SIGN
        } else {
            bits
        }
    }
}
