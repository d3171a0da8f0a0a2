//! Positive numbers in double precision, of which the cores in question have no instructions: scales' products, quotients
//! and roots with IEEE 754's rounding, in a tenth of the flash that a library of all double-precision arithmetic takes.

use core::ops::{Div, Mul};

/// `mantissa / 2^64 * 2^exponent`: 53 significant bits at the top of the mantissa, of which the highest is set; or 0.
///
/// Exponents are not limited to those of double precision, which products of a few single-precision numbers keep to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Real {
    // First, so that derived comparisons are those of numbers.
    pub(crate) exponent: i32,
    pub(crate) mantissa: u64,
}

impl Real {
    /// Rounds to nearest, ties to even. Bit 0 stands for itself and all lower ones: whether any of them is set.
    #[inline(never)]
    fn rounded(exponent: i32, mantissa: u64) -> Self {
        /// What the bits that are dropped can hold.
        const REST: u64 = (1 << 11) - 1;
        let zeros = mantissa.leading_zeros();
        if zeros == 64 {
            return Self {
                exponent: i32::MIN / 4,
                mantissa: 0,
            };
        }
        let mantissa = mantissa << zeros;
        let to_even = mantissa >> 11 & 1;
        let (sum, carry) = mantissa.overflowing_add(REST / 2 + to_even);
        Self {
            exponent: exponent - zeros as i32 + i32::from(carry),
            mantissa: sum & !REST | u64::from(carry) << 63,
        }
    }

    /// The square root, digit by digit.
    pub(crate) fn sqrt(self) -> Self {
        // The exponent is made even. Numbers are in 2^62ths from here on.
        let odd = self.exponent & 1;
        let mut rest = self.mantissa >> 1 >> odd;
        let (mut root, mut bit) = (0, 1 << 61);
        // The last one is the bit by which is rounded.
        while bit >= 1 << 8 {
            let next = 2 * root + bit;
            if next <= rest {
                rest -= next;
                root += bit;
            }
            rest <<= 1;
            bit >>= 1;
        }
        Self::rounded((self.exponent + odd) / 2, root << 2 | u64::from(rest != 0))
    }
}

/// The magnitude of a number. Infinity and what is no number are greater than all products and quotients.
impl From<f32> for Real {
    #[inline(never)]
    fn from(x: f32) -> Self {
        let bits = x.to_bits();
        let (mut exponent, mut mantissa) = (bits >> 23 & 0xff, bits & 0x7f_ffff);
        match exponent {
            // Subnormal numbers have the exponent of the least normal ones.
            0 => exponent = 1,
            _ => mantissa |= 1 << 23,
        }
        if exponent == 255 {
            exponent = 1 << 16;
        }
        Self::rounded(exponent as i32 - 126, u64::from(mantissa) << 40)
    }
}

impl Mul<f32> for Real {
    type Output = Self;

    fn mul(self, x: f32) -> Self {
        let x = Self::from(x);
        // A single-precision number has no bits below the upper 32.
        let factor = x.mantissa >> 32;
        let low = (self.mantissa & 0xffff_ffff) * factor;
        let high = (self.mantissa >> 32) * factor + (low >> 32);
        Self::rounded(
            self.exponent + x.exponent,
            high | u64::from(low as u32 != 0),
        )
    }
}

impl Div for Real {
    type Output = Self;

    /// Digit by digit, of 8 bits each. The divisor is not 0.
    fn div(self, divisor: Self) -> Self {
        let (mut rest, by) = (self.mantissa >> 8, divisor.mantissa >> 8);
        let leading = (by >> 32) as u32;
        let mut quotient = 0_u64;
        // The first digit is 0 or 1.
        for _ in 0..8 {
            // Exact for divisors of single precision, at most 1 too great for others.
            let mut digit = ((rest >> 32) as u32).checked_div(leading).unwrap_or(0);
            let mut product = by * u64::from(digit);
            if product > rest {
                product -= by;
                digit -= 1;
            }
            rest = (rest - product) << 8;
            quotient = quotient << 8 | u64::from(digit);
        }
        Self::rounded(
            self.exponent - divisor.exponent + 1,
            quotient << 7 | u64::from(rest != 0),
        )
    }
}

#[cfg(test)]
impl From<f64> for Real {
    /// For normal positive numbers and 0.
    fn from(x: f64) -> Self {
        let bits = x.to_bits();
        let hidden = u64::from(bits != 0) << 63;
        Self::rounded((bits >> 52) as i32 - 1022, bits << 11 | hidden)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Real;

    /// Positive numbers of all sizes, subnormal ones included; those of few bits make ties.
    fn scale() -> impl Strategy<Value = f32> {
        let positive = 1..0x7f80_0000_u32;
        let few_bits = (positive.clone(), 0..23_u32).prop_map(|(bits, kept)| {
            let cleared = bits & !(0x7f_ffff >> kept);
            cleared.max(1 << 22)
        });
        let ends = prop_oneof![
            1..4_u32,
            0x7f_fffe..0x80_0002_u32,
            0x7f7f_fffe..0x7f80_0000_u32
        ];
        let usual = 0x3000_0000..0x4000_0000_u32;
        prop_oneof![4 => positive, 2 => few_bits, 1 => ends, 3 => usual].prop_map(f32::from_bits)
    }

    /// Odd mantissas of few bits, and a power of two.
    fn odd(bits: u32) -> impl Strategy<Value = f32> {
        (0..1_u32 << (bits - 1), -60..60_i32)
            .prop_map(move |(half, power)| (2 * half + 1) as f32 * (power as f32).exp2())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 50_000, ..ProptestConfig::default() })]

        #[test]
        fn as_in_double_precision(a in scale(), b in scale(), c in scale()) {
            let [x, y, z] = [a, b, c].map(f64::from);
            let real = Real::from;
            prop_assert_eq!(real(a), x.into());
            prop_assert_eq!(real(a) * b, (x * y).into());
            prop_assert_eq!(real(a) / real(c), (x / z).into());
            prop_assert_eq!(real(a) * b / real(c), (x * y / z).into());
            prop_assert_eq!(real(a).sqrt(), x.sqrt().into());
            prop_assert_eq!((real(a) * b).sqrt(), (x * y).sqrt().into());
            // Divisors and factors of 53 bits.
            let (long, long_real) = (x.sqrt(), real(a).sqrt());
            prop_assert_eq!(real(b) / long_real, (y / long).into());
            prop_assert_eq!(long_real * b, (long * y).into());
            prop_assert_eq!(real(1.0) / (long_real * b), (1.0 / (long * y)).into());
            prop_assert_eq!(real(a) * b > real(c), x * y > z);
        }

        /// Products of 53 and 24 bits whose lowest bits are a half of the last place kept, or next to it.
        #[test]
        fn ties_of_products(a in odd(24), b in odd(24), c in odd(8), d in 1..64_u32) {
            let [x, y, z] = [a, b, c].map(f64::from);
            // 48 bits and 8: up to 56, of which three are dropped.
            prop_assert_eq!(Real::from(a) * b * c, (x * y * z).into());
            prop_assert_eq!(Real::from(a) * b * d as f32, (x * y * f64::from(d)).into());
        }
    }

    #[test]
    fn zero_and_infinity() {
        let real = Real::from;
        let zero = real(0.0);
        assert_eq!(zero.mantissa, 0);
        assert_eq!(
            [zero * 3.0, zero / real(3.0), real(3.0) * 0.0].map(|x| x.mantissa),
            [0; 3]
        );
        assert!(zero < real(f32::from_bits(1)));
        for x in [f32::INFINITY, f32::NAN, f32::NEG_INFINITY] {
            let least = real(x) * f32::from_bits(1) / real(f32::MAX);
            assert!(least > real(f32::MAX) * f32::MAX);
        }
        assert_eq!(real(-2.5), real(2.5));
    }
}
