//! Taking numbers apart and rounding exact results.

use super::{Fpscr, INFINITY, Rounding, SIGN};

/// A single, taken apart. The flag is the sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unpacked {
    Zero(bool),
    Infinity(bool),
    Nan,
    Finite(Exact),
}

impl Unpacked {
    /// The number that `bits` stand for, zero if they were flushed; for comparing.
    pub(super) fn value(self, bits: u32) -> f32 {
        match self {
            Unpacked::Zero(_) => 0.0,
            _ => f32::from_bits(bits),
        }
    }
}

/// The number `±significand * 2^exponent`; `sticky`: and a little more (less than one unit
/// of the significand).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exact {
    pub(super) sign: bool,
    pub(super) exponent: i32,
    pub(super) significand: u64,
    pub(super) sticky: bool,
}

/// Where the bits of a binary format lie.
#[derive(Clone, Copy)]
pub(super) struct Format {
    /// Bits of the significand, the hidden one included.
    precision: u32,
    /// The exponent of the least normal number.
    min_exponent: i32,
    /// The exponent of the greatest number.
    max_exponent: i32,
}

/// Single precision.
pub(super) const SINGLE: Format = Format {
    precision: 24,
    min_exponent: -126,
    max_exponent: 127,
};
/// IEEE half precision.
pub(super) const HALF: Format = Format {
    precision: 11,
    min_exponent: -14,
    max_exponent: 15,
};
/// The alternative half precision, without infinities and NaNs.
pub(super) const ALTERNATIVE_HALF: Format = Format {
    max_exponent: 16,
    ..HALF
};

/// Unpacks a single.
pub(super) fn unpack(bits: u32) -> Unpacked {
    let sign = bits & SIGN != 0;
    let fraction = u64::from(bits & 0x7f_ffff);
    match (bits >> 23 & 0xff) as i32 {
        0xff if fraction == 0 => Unpacked::Infinity(sign),
        0xff => Unpacked::Nan,
        0 if fraction == 0 => Unpacked::Zero(sign),
        // All significands have bit 23 set, so that quotients have bits enough.
        0 => {
            let shift = fraction.leading_zeros() - 40;
            let exponent = -149 - shift as i32;
            Unpacked::Finite(Exact {
                sign,
                exponent,
                significand: fraction << shift,
                sticky: false,
            })
        }
        e => Unpacked::Finite(Exact {
            sign,
            exponent: e - 150,
            significand: fraction | 1 << 23,
            sticky: false,
        }),
    }
}

/// A rounded magnitude and what happened on the way.
pub(super) struct Rounded {
    /// Exponent and fraction bits, without sign.
    pub(super) bits: u32,
    pub(super) inexact: bool,
    /// Below the normal numbers before rounding.
    pub(super) tiny: bool,
    pub(super) overflow: bool,
}

impl Format {
    /// Rounds `x`, which is not zero. An overflowing result's bits are those of the
    /// exponent above the greatest.
    pub(super) fn round(self, x: Exact, rounding: Rounding) -> Rounded {
        let shift = x.significand.leading_zeros();
        let significand = x.significand << shift;
        let exponent = x.exponent - shift as i32 + 63;
        let tiny = exponent < self.min_exponent;
        let denormalise = if tiny {
            (self.min_exponent - exponent) as u32
        } else {
            0
        };
        let drop = (64 - self.precision).saturating_add(denormalise);
        let (kept, rest) = if drop < 64 {
            (significand >> drop, significand << (64 - drop))
        } else {
            // At exactly 64 the first dropped bit is the top one; beyond, all is sticky.
            (0, if drop == 64 { significand } else { 1 })
        };
        let half = 1 << 63;
        let inexact = rest != 0 || x.sticky;
        let up = match rounding {
            Rounding::Nearest => rest > half || rest == half && (x.sticky || kept & 1 != 0),
            Rounding::NearestAway => rest >= half,
            Rounding::Up => inexact && !x.sign,
            Rounding::Down => inexact && x.sign,
            Rounding::Zero => false,
        };
        // Rounding up carries into the exponent by itself.
        let biased = if tiny {
            0
        } else {
            (exponent - self.min_exponent) as u64
        };
        let bits = (biased << (self.precision - 1)) + kept + u64::from(up);
        let limit = (self.max_exponent - self.min_exponent + 2) as u64;
        let overflow = bits >> (self.precision - 1) >= limit;
        Rounded {
            bits: bits as u32,
            inexact,
            tiny,
            overflow,
        }
    }
}

/// Whether an overflow in this direction ends at infinity rather than the greatest number.
pub(super) fn overflows_to_infinity(rounding: Rounding, sign: bool) -> bool {
    match rounding {
        Rounding::Nearest | Rounding::NearestAway => true,
        Rounding::Up => !sign,
        Rounding::Down => sign,
        Rounding::Zero => false,
    }
}

impl Fpscr {
    /// Rounds to a single by FPSCR's mode.
    pub(super) fn round(&mut self, x: Exact) -> u32 {
        self.round_by(x, self.rounding())
    }

    /// Rounds to a single.
    pub(super) fn round_by(&mut self, x: Exact, rounding: Rounding) -> u32 {
        let sign = u32::from(x.sign) << 31;
        let r = SINGLE.round(x, rounding);
        if r.tiny && self.flush_to_zero() {
            self.raise(Self::UNDERFLOW);
            return sign;
        }
        if r.overflow {
            self.raise(Self::OVERFLOW | Self::INEXACT);
            let infinite = overflows_to_infinity(rounding, x.sign);
            return sign | if infinite { INFINITY } else { INFINITY - 1 };
        }
        if r.inexact {
            self.raise(Self::INEXACT);
            if r.tiny {
                self.raise(Self::UNDERFLOW);
            }
        }
        sign | r.bits
    }
}
