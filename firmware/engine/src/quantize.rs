//! Scales as integers: the fixed-point factors of TFLite and the arithmetic that applies them.
//!
//! Computed with the same roundings as TFLite's `QuantizeMultiplier` and `CalculateActivationRangeQuantized`: the core
//! library has no `frexp` and no `round`.

use crate::real::Real;

/// A positive real factor as `multiplier / 2^31 * 2^shift`, the multiplier in [2^30, 2^31) or 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rescale {
    pub(crate) multiplier: i32,
    pub(crate) shift: i32,
}

impl Rescale {
    pub(crate) const ZERO: Self = Self {
        multiplier: 0,
        shift: 0,
    };

    /// The factor nearest to a number; `None` from 2^30 on, where left shifts overflow.
    pub(crate) fn new(factor: impl Into<Real>) -> Option<Self> {
        let rescale = Self::of(factor.into());
        (rescale.shift <= 30).then_some(rescale)
    }

    /// The factor nearest to a number of any size.
    ///
    /// TFLite `QuantizeMultiplier`: `q = frexp(x, &shift); q_fixed = round(q * 2^31)`; a `q_fixed` of 2^31 is
    /// halved and the shift raised; below a shift of -31 the factor counts as zero.
    #[inline(never)]
    pub(crate) fn of(Real { exponent, mantissa }: Real) -> Self {
        // Of the upper 32 bits 31 are kept, halves rounded up.
        let upper = (mantissa >> 32) as u32;
        let mut multiplier = (upper >> 1) + (upper & 1);
        let mut shift = exponent;
        if multiplier == 1 << 31 {
            multiplier = 1 << 30;
            shift += 1;
        }
        if shift < -31 {
            return Self::ZERO;
        }
        Self {
            multiplier: multiplier as i32,
            shift,
        }
    }

    /// The factor nearest to `a * b / to`, in double precision; `None` as of [`Rescale::new`].
    #[inline(never)]
    pub(crate) fn product(a: f32, b: f32, to: f32) -> Option<Self> {
        Self::new(Real::from(a) * b / Real::from(to))
    }

    /// TFLite `MultiplyByQuantizedMultiplier`, double rounding:
    /// `RoundingDivideByPOT(SaturatingRoundingDoublingHighMul(x * 2^max(shift, 0), multiplier), max(-shift, 0))`.
    #[inline(always)]
    pub(crate) fn apply(self, x: i32) -> i32 {
        let high = doubling_high_mul(x.wrapping_shl(self.shift.max(0) as u32), self.multiplier);
        rounding_shift_right(high, (-self.shift).max(0) as u32)
    }

    /// Whether [`Rescale::apply_wide`] can apply it: from 2^7 on TFLite refuses.
    pub(crate) fn is_wide(self) -> bool {
        self.shift < 8
    }

    /// TFLite `MultiplyByQuantizedMultiplier` of a 64-bit number, for shifts of less than 8: only the multiplier's upper
    /// half, rounded, is used (0x7fff at most), and halves are rounded up.
    pub(crate) fn apply_wide(self, x: i64) -> i32 {
        let upper = if self.multiplier < 0x7fff_0000 {
            (self.multiplier + (1 << 15)) >> 16
        } else {
            0x7fff
        };
        let shift = 15 - self.shift;
        let rounded = x
            .wrapping_mul(i64::from(upper))
            .wrapping_add(1 << (shift - 1));
        (rounded >> shift) as i32
    }
}

impl Rescale {
    /// [`Rescale::apply`] where it is not worth being compiled in place.
    #[inline]
    pub(crate) fn apply_apart(self, x: i32) -> i32 {
        self.apply(x)
    }
}

/// A [`Rescale`] that does not shift left, prepared for numbers that are handed over doubled.
#[cfg(not(armv7em))]
#[derive(Clone, Copy)]
pub(crate) struct ShortRescale {
    pub(crate) multiplier: i32,
    pub(crate) shift: u32,
    pub(crate) half: i32,
    /// All ones, unless the shift is 0.
    pub(crate) ties: i32,
}

#[cfg(not(armv7em))]
impl ShortRescale {
    /// `None` if the factor shifts left.
    pub(crate) fn new(Rescale { multiplier, shift }: Rescale) -> Option<Self> {
        let shift = u32::try_from(-shift).ok()?;
        Some(Self {
            multiplier,
            shift,
            half: ((1_u32 << shift) >> 1) as i32,
            ties: if shift == 0 { 0 } else { -1 },
        })
    }

    /// The same as [`Rescale::apply`] of half of `doubled`, which is even and less than 2^30 either way.
    #[inline(always)]
    pub(crate) fn apply(self, doubled: i32) -> i32 {
        let high = rounding_high_mul(doubled, self.multiplier);
        // Halves are rounded away from zero: up, but for negative numbers one less is added.
        (high + (high >> 31 & self.ties) + self.half) >> self.shift
    }
}

/// The upper 32 bits of a product, rounded.
#[cfg(not(armv7em))]
#[inline(always)]
fn rounding_high_mul(a: i32, b: i32) -> i32 {
    #[cfg(armv6m)]
    return high_mul_of_halves::<32>(a, b);
    #[cfg(not(armv6m))]
    return ((i64::from(a) * i64::from(b) + (1 << 31)) >> 32) as i32;
}

/// gemmlowp `SaturatingRoundingDoublingHighMul` for operands that are not both -2^31, which alone saturate.
///
/// gemmlowp adds 2^30 or 1 - 2^30, by the product's sign, and divides by 2^31 truncating. Both ways round half up.
#[inline(always)]
pub(crate) fn doubling_high_mul(a: i32, b: i32) -> i32 {
    #[cfg(armv6m)]
    return high_mul_of_halves::<31>(a, b);
    #[cfg(not(armv6m))]
    return ((i64::from(a) * i64::from(b) + (1 << 30)) >> 31) as i32;
}

/// A product without its lower `BITS` bits, 31 or 32 of them, rounded, by multiplications that keep 32 bits.
///
/// With `a = p * 2^16 + q` and `b = r * 2^16 + s`, q being signed, it is `p * r * 2^32 + (p * s + q * r) * 2^16 + q * s`.
/// What `q * s` has below 2^16 does not change how it is rounded.
#[cfg(any(armv6m, test))]
#[inline(always)]
fn high_mul_of_halves<const BITS: u32>(a: i32, b: i32) -> i32 {
    let shift = BITS - 16;
    let q = i32::from(a as i16);
    // One more than the upper half, if the lower is negative: up to 2^15.
    let p = (a >> 16) + (a >> 15 & 1);
    let (r, s) = (b >> 16, b & 0xffff);
    let (first, second) = (p * s, q * r + ((q * s) >> 16));
    // Together they can need 33 bits.
    let mask = (1 << shift) - 1;
    let rest = (first & mask) + (second & mask) + (1 << (shift - 1));
    let middle = (first >> shift) + (second >> shift) + (rest >> shift);
    (p * r).wrapping_shl(32 - BITS).wrapping_add(middle)
}

/// gemmlowp `RoundingDivideByPOT`: divides by `2^exponent` (0 to 31) and rounds half away from zero.
#[inline(always)]
pub(crate) fn rounding_shift_right(x: i32, exponent: u32) -> i32 {
    let mask = ((1_u32 << exponent) - 1) as i32;
    let threshold = (mask >> 1) + i32::from(x < 0);
    (x >> exponent) + i32::from(x & mask > threshold)
}

/// `round(x)` as C has it, halves away from zero, saturating.
pub(crate) fn round(x: f32) -> i32 {
    let whole = x as i32;
    let rest = x - whole as f32;
    if rest >= 0.5 {
        whole.saturating_add(1)
    } else if rest <= -0.5 {
        whole.saturating_sub(1)
    } else {
        whole
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Rescale, high_mul_of_halves};

    fn factor() -> impl Strategy<Value = i32> {
        let end = prop_oneof![
            Just(i32::MIN),
            Just(i32::MAX),
            Just(0),
            Just(-(1 << 15)),
            Just(1 << 15)
        ];
        prop_oneof![
            any::<i32>(),
            (end, -3..4_i32).prop_map(|(end, off)| end.wrapping_add(off)),
        ]
    }

    /// `QuantizeMultiplier` in double precision.
    fn quantized(x: f64) -> Option<Rescale> {
        if x == 0.0 {
            return Some(Rescale::ZERO);
        }
        let mut shift = x.log2().floor() as i32 + 1;
        // The logarithm may be rounded to a whole number.
        shift += i32::from(x >= f64::from(shift).exp2());
        shift -= i32::from(x < f64::from(shift - 1).exp2());
        let mut multiplier = (x * f64::from(31 - shift).exp2()).round() as i64;
        if multiplier == 1 << 31 {
            multiplier /= 2;
            shift += 1;
        }
        match shift {
            ..-31 => Some(Rescale::ZERO),
            -31..=30 => Some(Rescale {
                multiplier: multiplier as i32,
                shift,
            }),
            _ => None,
        }
    }

    /// Positive scales: usual ones, any, and those of few bits, whose products make ties.
    fn scale() -> impl Strategy<Value = f32> {
        let usual = 0x3000_0000..0x4000_0000_u32;
        let few_bits =
            (usual.clone(), 0..23_u32).prop_map(|(bits, kept)| bits & !(0x7f_ffff >> kept));
        prop_oneof![usual, 1..0x7f80_0000_u32, few_bits].prop_map(f32::from_bits)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 50_000, ..ProptestConfig::default() })]

        #[test]
        fn products_as_in_double_precision(a in scale(), b in scale(), to in scale()) {
            let factor = f64::from(a) * f64::from(b) / f64::from(to);
            prop_assert_eq!(Rescale::product(a, b, to), quantized(factor));
        }

        /// A 32-bit number is a tie of 31 bits where it is odd; its neighbours in double precision are not.
        #[test]
        fn ties(upper in 1_u32 << 31.., power in -70..40_i32, ulps in -1..2_i64) {
            for upper in [upper | 1, u32::MAX, 1 << 31] {
                let factor = f64::from(upper) * f64::from(power).exp2();
                let factor = f64::from_bits(factor.to_bits().wrapping_add_signed(ulps));
                prop_assert_eq!(Rescale::new(factor), quantized(factor));
            }
        }

        #[test]
        fn products_of_halves_are_those_of_64_bits(a in factor(), b in factor()) {
            prop_assume!(a != i32::MIN || b != i32::MIN);
            let product = i64::from(a) * i64::from(b);
            let rounded = |bits: u32| ((product + (1 << (bits - 1))) >> bits) as i32;
            prop_assert_eq!(high_mul_of_halves::<31>(a, b), rounded(31));
            prop_assert_eq!(high_mul_of_halves::<32>(a, b), rounded(32));
        }
    }
}
