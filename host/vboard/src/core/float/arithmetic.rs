//! Addition, multiplication, division, square root, in all modes and for all operands.

use super::{
    DEFAULT_NAN, Fpscr, INFINITY, Rounding, SIGN, is_nan,
    round::{Exact, Unpacked},
};

impl Fpscr {
    pub(super) fn exact_add(&mut self, a: u32, b: u32) -> u32 {
        let (x, y) = (self.unpack(a), self.unpack(b));
        if is_nan(a) || is_nan(b) {
            return self.propagate(&[a, b]);
        }
        match (x, y) {
            (Unpacked::Infinity(s), Unpacked::Infinity(t)) if s != t => self.invalid(),
            (Unpacked::Infinity(s), _) | (_, Unpacked::Infinity(s)) => infinity(s),
            (Unpacked::Zero(s), Unpacked::Zero(t)) => self.zero_sum(s, t),
            (Unpacked::Zero(_), Unpacked::Finite(v)) | (Unpacked::Finite(v), Unpacked::Zero(_)) => {
                self.round(v)
            }
            (Unpacked::Finite(v), Unpacked::Finite(w)) => self.round_sum(v, w),
            (Unpacked::Nan, _) | (_, Unpacked::Nan) => DEFAULT_NAN,
        }
    }

    /// `a - b`.
    pub(super) fn exact_subtract(&mut self, a: u32, b: u32) -> u32 {
        if is_nan(b) {
            // Not a + -b: the sign of a NaN passes unchanged.
            self.unpack(a);
            self.propagate(&[a, b])
        } else {
            self.exact_add(a, b ^ SIGN)
        }
    }

    pub(super) fn exact_multiply(&mut self, a: u32, b: u32) -> u32 {
        let (x, y) = (self.unpack(a), self.unpack(b));
        if is_nan(a) || is_nan(b) {
            return self.propagate(&[a, b]);
        }
        let sign = (a ^ b) & SIGN != 0;
        match (x, y) {
            (Unpacked::Infinity(_), Unpacked::Zero(_))
            | (Unpacked::Zero(_), Unpacked::Infinity(_)) => self.invalid(),
            (Unpacked::Infinity(_), _) | (_, Unpacked::Infinity(_)) => infinity(sign),
            (Unpacked::Finite(v), Unpacked::Finite(w)) => self.round(product(v, w)),
            _ => zero(sign),
        }
    }

    pub(super) fn exact_divide(&mut self, a: u32, b: u32) -> u32 {
        let (x, y) = (self.unpack(a), self.unpack(b));
        if is_nan(a) || is_nan(b) {
            return self.propagate(&[a, b]);
        }
        let sign = (a ^ b) & SIGN != 0;
        match (x, y) {
            (Unpacked::Infinity(_), Unpacked::Infinity(_))
            | (Unpacked::Zero(_), Unpacked::Zero(_)) => self.invalid(),
            (Unpacked::Infinity(_), _) => infinity(sign),
            (_, Unpacked::Zero(_)) => {
                self.raise(Self::DIVIDE_BY_ZERO);
                infinity(sign)
            }
            (Unpacked::Finite(v), Unpacked::Finite(w)) => {
                let dividend = v.significand << 38;
                self.round(Exact {
                    sign,
                    exponent: v.exponent - w.exponent - 38,
                    significand: dividend / w.significand,
                    sticky: dividend % w.significand != 0,
                })
            }
            _ => zero(sign),
        }
    }

    pub(super) fn exact_square_root(&mut self, a: u32) -> u32 {
        let x = self.unpack(a);
        if is_nan(a) {
            return self.propagate(&[a]);
        }
        match x {
            Unpacked::Zero(sign) => zero(sign),
            Unpacked::Infinity(false) => INFINITY,
            Unpacked::Finite(v) if !v.sign => {
                let odd = v.exponent & 1;
                let radicand = v.significand << (38 + odd);
                let root = radicand.isqrt();
                self.round(Exact {
                    sign: false,
                    exponent: (v.exponent - odd - 38) / 2,
                    significand: root,
                    sticky: root * root != radicand,
                })
            }
            _ => self.invalid(),
        }
    }

    /// `acc + n * m`, rounded once (`FPMulAdd`).
    pub(super) fn exact_fused(&mut self, acc: u32, n: u32, m: u32) -> u32 {
        let (a, x, y) = (self.unpack(acc), self.unpack(n), self.unpack(m));
        let undefined = matches!(
            (x, y),
            (Unpacked::Infinity(_), Unpacked::Zero(_)) | (Unpacked::Zero(_), Unpacked::Infinity(_))
        );
        if is_nan(acc) || is_nan(n) || is_nan(m) {
            let nan = self.propagate(&[acc, n, m]);
            let quiet = is_nan(acc) && !super::is_signaling(acc);
            return if undefined && quiet {
                self.invalid()
            } else {
                nan
            };
        }
        let sign = (n ^ m) & SIGN != 0;
        match (a, x, y) {
            _ if undefined => self.invalid(),
            (Unpacked::Infinity(s), Unpacked::Infinity(_), _)
            | (Unpacked::Infinity(s), _, Unpacked::Infinity(_))
                if s != sign =>
            {
                self.invalid()
            }
            (Unpacked::Infinity(s), _, _) => infinity(s),
            (_, Unpacked::Infinity(_), _) | (_, _, Unpacked::Infinity(_)) => infinity(sign),
            (Unpacked::Zero(_), Unpacked::Finite(v), Unpacked::Finite(w)) => {
                self.round(product(v, w))
            }
            (Unpacked::Finite(u), Unpacked::Finite(v), Unpacked::Finite(w)) => {
                self.round_sum(u, product(v, w))
            }
            (Unpacked::Finite(u), _, _) => self.round(u),
            (Unpacked::Zero(s), _, _) => self.zero_sum(s, sign),
            (Unpacked::Nan, _, _) => DEFAULT_NAN,
        }
    }

    /// The sum of zeros of signs `s` and `t`.
    fn zero_sum(self, s: bool, t: bool) -> u32 {
        zero(if s == t {
            s
        } else {
            self.rounding() == Rounding::Down
        })
    }

    fn round_sum(&mut self, v: Exact, w: Exact) -> u32 {
        let (big, small) = if v.exponent >= w.exponent {
            (v, w)
        } else {
            (w, v)
        };
        // 48 bits of significand, 70 to shift by, a sign.
        let distance = (big.exponent - small.exponent) as u32;
        let (up, exponent) = (distance.min(70), big.exponent - distance.min(70) as i32);
        let down = distance - up;
        let signed = |x: Exact, magnitude: i128| if x.sign { -magnitude } else { magnitude };
        let dropped = down != 0;
        let low = if down < 64 {
            small.significand >> down
        } else {
            0
        };
        // What is shifted out leaves a trace that can only decide a rounding.
        let low = i128::from(low) << 2 | i128::from(dropped);
        let sum = signed(big, i128::from(big.significand) << (up + 2)) + signed(small, low);
        if sum == 0 {
            return zero(self.rounding() == Rounding::Down);
        }
        let magnitude = sum.unsigned_abs();
        let excess = 64u32.saturating_sub(magnitude.leading_zeros());
        self.round(Exact {
            sign: sum < 0,
            exponent: exponent - 2 + excess as i32,
            significand: (magnitude >> excess) as u64,
            sticky: magnitude & ((1 << excess) - 1) != 0,
        })
    }
}

fn product(v: Exact, w: Exact) -> Exact {
    Exact {
        sign: v.sign != w.sign,
        exponent: v.exponent + w.exponent,
        significand: v.significand * w.significand,
        sticky: false,
    }
}

fn zero(sign: bool) -> u32 {
    u32::from(sign) << 31
}

fn infinity(sign: bool) -> u32 {
    zero(sign) | INFINITY
}
