//! Functions of floats: the core library has none, and those of C libraries take several times as much flash.

/// log2(e).
const LOG2_E: f32 = core::f32::consts::LOG2_E;

/// ln(2) as a number of few bits, which small integers multiply exactly, and the rest.
const LN_2: [f32; 2] = [355.0 / 512.0, -2.121_944_4e-4];

/// The reciprocals of the factorials of 7 to 2.
const FACTORS: [f32; 6] = [
    1.0 / 5040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    1.0 / 2.0,
];

/// `x`, but no less than `min` and no greater than `max`; not a number where it is not.
pub(crate) fn limit(x: f32, [min, max]: [f32; 2]) -> f32 {
    if x < min {
        min
    } else if x > max {
        max
    } else {
        x
    }
}

/// `[p, k]` with `exp(x) = (1 + p) * 2^k` and p in [-0.3, 0.42].
///
/// The power of two next to the exponential is taken out (Cody and Waite, "Software manual for the elementary functions",
/// 1980); what remains is the series, of which the first term left out is less than 2^-27.
#[inline(never)]
fn exponential(x: f32) -> (f32, i32) {
    // Beyond these, all results are 0 or infinite.
    let x = limit(x, [-105.0, 89.0]);
    let scaled = x * LOG2_E;
    let k = (scaled + if scaled < 0.0 { -0.5 } else { 0.5 }) as i32;
    let rest = x - k as f32 * LN_2[0] - k as f32 * LN_2[1];
    let mut sum = 0.0;
    for factor in FACTORS {
        sum = sum * rest + factor;
    }
    (sum * rest * rest + rest, k)
}

/// `e^x`, to within 1.1 units in the last place.
pub(crate) fn exp(x: f32) -> f32 {
    let (p, k) = exponential(x);
    // In two steps, since the power itself can be out of range where the result is not.
    let power = |k: i32| f32::from_bits(((127 + k) << 23) as u32);
    (1.0 + p) * power(k / 2) * power(k - k / 2)
}

/// `e^x - 1`, to within a few units in the last place.
pub(crate) fn exp_minus_one(x: f32) -> f32 {
    match exponential(x) {
        (p, 0) => p,
        _ => exp(x) - 1.0,
    }
}

/// The hyperbolic tangent, to within a few units in the last place.
pub(crate) fn tanh(x: f32) -> f32 {
    let p = exp_minus_one(-2.0 * x.abs());
    (-p / (2.0 + p)).copysign(x)
}

/// The square root, rounded to nearest: digit by digit.
pub(crate) fn sqrt(x: f32) -> f32 {
    const INFINITY: u32 = 0x7f80_0000;
    let bits = x.to_bits();
    if x == 0.0 || bits == INFINITY {
        return x;
    }
    if bits > INFINITY {
        return f32::NAN;
    }
    // The number is `rest * 2^exponent`, `rest` having 24 bits.
    let mut exponent = (bits >> 23) as i32;
    let mut rest = bits & 0x7f_ffff | 0x80_0000;
    if exponent == 0 {
        rest = bits;
        let zeros = bits.leading_zeros() as i32 - 8;
        rest <<= zeros;
        exponent = 1 - zeros;
    }
    exponent -= 127;
    // An even exponent, and one bit more for rounding.
    rest <<= 1 + (exponent & 1);
    let (mut root, mut bit) = (0, 1 << 24);
    let mut double = 0;
    while bit != 0 {
        let next = double + bit;
        if next <= rest {
            double = next + bit;
            rest -= next;
            root += bit;
        }
        rest <<= 1;
        bit >>= 1;
    }
    // No root lies half way between two numbers.
    root = (root + 1) >> 1;
    f32::from_bits(root + (((exponent >> 1) + 126) << 23) as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How many units in its last place a number differs from what it should be.
    fn units(found: f32, exact: f64) -> f64 {
        let nearest = exact as f32;
        let unit =
            f64::from(f32::from_bits(nearest.abs().to_bits() + 1)) - f64::from(nearest.abs());
        (f64::from(found) - exact).abs() / unit
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

        #[test]
        fn close_to_the_real_functions(x in -103.0..88.7_f32, small in -1.0..1.0_f32) {
            prop_assert!(units(exp(x), f64::from(x).exp()) <= 1.1, "exp {x}");
            for x in [x, x / 16.0, small, small / 1000.0] {
                prop_assert!(units(tanh(x), f64::from(x).tanh()) <= 6.0, "tanh {x}");
                prop_assert!(units(exp_minus_one(x), f64::from(x).exp_m1()) <= 4.0, "exp - 1 {x}");
            }
        }

        #[test]
        fn roots_are_the_nearest(bits in 0..0x7f80_0000_u32) {
            let x = f32::from_bits(bits);
            prop_assert_eq!(sqrt(x), x.sqrt(), "{}", x);
        }
    }

    #[test]
    fn ends_of_the_line() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        assert_eq!(
            [exp(-inf), exp(0.0), exp(inf), exp(200.0)],
            [0.0, 1.0, inf, inf]
        );
        assert_eq!([tanh(-inf), tanh(0.0), tanh(inf)], [-1.0, 0.0, 1.0]);
        assert_eq!([exp_minus_one(-inf), exp_minus_one(inf)], [-1.0, inf]);
        assert_eq!(
            [sqrt(0.0), sqrt(inf), sqrt(f32::from_bits(1))],
            [0.0, inf, f32::from_bits(1).sqrt()]
        );
        assert!(
            [
                exp(nan),
                tanh(nan),
                exp_minus_one(nan),
                sqrt(nan),
                sqrt(-1.0)
            ]
            .iter()
            .all(|x| x.is_nan())
        );
    }
}
