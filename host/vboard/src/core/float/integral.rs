//! Rounding to integers, and to singles that are integers.

use super::{
    Fpscr, Rounding, SIGN,
    round::{Exact, Unpacked},
};
use crate::core::insn::FpRounding;

impl Exact {
    /// The magnitude of the number times `2^fraction` as an integer, and whether rounding
    /// changed it. What is far beyond 32 bits is beyond them in the result, too.
    pub(super) fn whole(self, fraction: u8, by: Rounding) -> (i128, bool) {
        let shift = self.exponent + i32::from(fraction);
        let significand = i128::from(self.significand);
        let (whole, rest, half) = match shift {
            0.. => (significand << shift.min(64), 0, 1),
            -60..0 => {
                let unit = 1i128 << -shift;
                (significand >> -shift, significand & (unit - 1), unit >> 1)
            }
            _ => (0, 1, 2),
        };
        let up = match by {
            Rounding::Nearest => rest > half || rest == half && whole & 1 != 0,
            Rounding::NearestAway => rest >= half,
            Rounding::Up => rest != 0 && !self.sign,
            Rounding::Down => rest != 0 && self.sign,
            Rounding::Zero => false,
        };
        (whole + i128::from(up), rest != 0)
    }
}

impl Fpscr {
    /// VRINT (`FPRoundInt`).
    pub(crate) fn integral(&mut self, a: u32, how: FpRounding) -> u32 {
        let x = match self.unpack(a) {
            Unpacked::Nan => return self.propagate(&[a]),
            Unpacked::Infinity(_) => return a,
            Unpacked::Zero(sign) => return u32::from(sign) << 31,
            Unpacked::Finite(x) => x,
        };
        // It has no bits behind the point.
        if x.exponent >= 0 {
            return a;
        }
        let by = match how {
            FpRounding::Directed(direction) => direction.into(),
            FpRounding::Current { .. } => self.rounding(),
            FpRounding::Zero => Rounding::Zero,
        };
        let (magnitude, inexact) = x.whole(0, by);
        if inexact && how == (FpRounding::Current { exact: true }) {
            self.raise(Self::INEXACT);
        }
        // At most 2^23, which a single holds exactly.
        a & SIGN | (magnitude as f32).to_bits()
    }
}
