//! Conversions to and from integers, fixed point and half precision.

use super::{
    Fpscr, INFINITY, QUIET, Rounding, is_nan, is_signaling,
    round::{ALTERNATIVE_HALF, Exact, HALF, Unpacked, overflows_to_infinity},
};

impl Fpscr {
    /// A single as an integer of `bits` bits with `fraction` of them behind the point,
    /// limited to what fits and extended to 32 bits.
    fn limited_fixed_of(
        &mut self,
        a: u32,
        signed: bool,
        bits: u8,
        fraction: u8,
        by: Rounding,
    ) -> u32 {
        let (min, max) = if signed {
            (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
        } else {
            (0, (1i128 << bits) - 1)
        };
        let x = match self.unpack(a) {
            Unpacked::Nan => {
                self.raise(Self::INVALID);
                return 0;
            }
            Unpacked::Infinity(sign) => {
                self.raise(Self::INVALID);
                return (if sign { min } else { max }) as u32;
            }
            Unpacked::Zero(_) => return 0,
            Unpacked::Finite(x) => x,
        };
        let (magnitude, inexact) = x.whole(fraction, by);
        let exact = if x.sign { -magnitude } else { magnitude };
        let limited = exact.clamp(min, max);
        if limited != exact {
            self.raise(Self::INVALID);
        } else if inexact {
            self.raise(Self::INEXACT);
        }
        limited as u32
    }

    /// VCVT from single to integer.
    pub(crate) fn integer_of(&mut self, a: u32, signed: bool, by: Rounding) -> u32 {
        if by == Rounding::Zero
            && let Some(integer) = self.quick_truncate(a, signed)
        {
            return integer;
        }
        self.exact_integer_of(a, signed, by)
    }

    pub(super) fn exact_integer_of(&mut self, a: u32, signed: bool, by: Rounding) -> u32 {
        self.limited_fixed_of(a, signed, 32, 0, by)
    }

    /// VCVT from single to fixed point.
    pub(crate) fn fixed_of(&mut self, a: u32, signed: bool, bits: u8, fraction: u8) -> u32 {
        self.limited_fixed_of(a, signed, bits, fraction, Rounding::Zero)
    }

    fn integer(value: u32, signed: bool, bits: u8) -> i64 {
        match (signed, bits) {
            (true, 16) => i64::from(value as i16),
            (true, _) => i64::from(value as i32),
            (false, 16) => i64::from(value as u16),
            (false, _) => i64::from(value),
        }
    }

    /// VCVT from integer to single, by FPSCR's mode.
    pub(crate) fn single_of_integer(&mut self, value: u32, signed: bool) -> u32 {
        match self.quick_single(value, signed) {
            Some(single) => single,
            None => self.exact_single_of_integer(value, signed),
        }
    }

    pub(super) fn exact_single_of_integer(&mut self, value: u32, signed: bool) -> u32 {
        self.rounded_single_of(Self::integer(value, signed, 32), 0, self.rounding())
    }

    /// VCVT from fixed point to single, to nearest.
    pub(crate) fn single_of_fixed(
        &mut self,
        value: u32,
        signed: bool,
        bits: u8,
        fraction: u8,
    ) -> u32 {
        self.rounded_single_of(
            Self::integer(value, signed, bits),
            fraction,
            Rounding::Nearest,
        )
    }

    fn rounded_single_of(&mut self, value: i64, fraction: u8, by: Rounding) -> u32 {
        if value == 0 {
            return 0;
        }
        let exact = Exact {
            sign: value < 0,
            exponent: -i32::from(fraction),
            significand: value.unsigned_abs(),
            sticky: false,
        };
        self.round_by(exact, by)
    }

    /// VCVTB/VCVTT from half precision.
    pub(crate) fn single_of_half(&mut self, half: u16) -> u32 {
        let half = u32::from(half);
        let sign = (half & 0x8000) << 16;
        let (exponent, fraction) = (half >> 10 & 0x1f, half & 0x3ff);
        match exponent {
            0x1f if !self.alternative_half() => {
                let bits = sign | INFINITY | fraction << 13;
                if fraction == 0 {
                    bits
                } else {
                    self.propagate(&[bits])
                }
            }
            0 if fraction == 0 => sign,
            0 => {
                // Denormals of half precision are normal singles.
                let shift = fraction.leading_zeros() - 21;
                let exponent = 113 - shift;
                sign | exponent << 23 | (fraction << shift & 0x3ff) << 13
            }
            _ => sign | (exponent + 112) << 23 | fraction << 13,
        }
    }

    /// VCVTB/VCVTT to half precision.
    pub(crate) fn half_of(&mut self, a: u32) -> u16 {
        let sign = a >> 16 & 0x8000;
        let alternative = self.alternative_half();
        let magnitude = match self.unpack(a) {
            Unpacked::Zero(_) => 0,
            Unpacked::Nan if alternative => {
                self.raise(Self::INVALID);
                0
            }
            Unpacked::Infinity(_) if alternative => {
                self.raise(Self::INVALID);
                0x7fff
            }
            Unpacked::Infinity(_) => 0x7c00,
            Unpacked::Nan => {
                if is_signaling(a) {
                    self.raise(Self::INVALID);
                }
                if self.default_nan() {
                    return 0x7e00;
                }
                debug_assert!(is_nan(a));
                0x7c00 | ((a | QUIET) >> 13 & 0x3ff)
            }
            Unpacked::Finite(x) => self.round_half(x, alternative),
        };
        (sign | magnitude) as u16
    }

    fn round_half(&mut self, x: Exact, alternative: bool) -> u32 {
        let rounding = self.rounding();
        let format = if alternative { ALTERNATIVE_HALF } else { HALF };
        let r = format.round(x, rounding);
        if r.overflow && alternative {
            self.raise(Self::INVALID);
            return 0x7fff;
        }
        if r.overflow {
            self.raise(Self::OVERFLOW | Self::INEXACT);
            return if overflows_to_infinity(rounding, x.sign) {
                0x7c00
            } else {
                0x7bff
            };
        }
        if r.inexact {
            self.raise(Self::INEXACT);
            if r.tiny {
                self.raise(Self::UNDERFLOW);
            }
        }
        r.bits
    }
}
