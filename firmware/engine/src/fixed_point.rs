//! Functions of fixed-point numbers, with gemmlowp's roundings. `Qm.n` has `m` integer bits, `n` fraction bits and a
//! sign.
//!
//! No product is one of twice -2^31, the one that gemmlowp's `SaturatingRoundingDoublingHighMul` saturates.

use crate::quantize::{doubling_high_mul, rounding_shift_right};

/// gemmlowp `logistic` for a Q4.27, as a Q0.31.
pub(crate) fn logistic(x: i32) -> i32 {
    let of_magnitude = one_over_one_plus(exp_on_negative(-magnitude(x), 4));
    match x {
        0 => 1 << 30,
        1.. => of_magnitude,
        _ => i32::MAX - of_magnitude,
    }
}

/// gemmlowp `tanh` for a Q4.27, as a Q0.31: (1 - e) / (1 + e) with e = exp(-2 |x|), the double of a Q4.27 being the
/// Q5.26 of the same bits.
pub(crate) fn tanh(x: i32) -> i32 {
    let of_magnitude = one_minus_over_one_plus(exp_on_negative(-magnitude(x), 5));
    match x {
        0 => 0,
        1.. => of_magnitude,
        _ => -of_magnitude,
    }
}

fn magnitude(x: i32) -> i32 {
    x.checked_abs().unwrap_or(i32::MAX)
}

/// gemmlowp `exp_on_negative_values` for a number of up to 5 integer bits, as a Q0.31.
pub(crate) fn exp_on_negative(x: i32, integer_bits: u32) -> i32 {
    /// exp(-2^k) in Q0.31 for k from -2 to 4.
    const FACTORS: [i32; 7] = [
        1_672_461_947,
        1_302_514_674,
        790_015_084,
        290_630_308,
        39_332_535,
        720_401,
        242,
    ];
    let quarter = 1 << (29 - integer_bits);
    // The part of x above the next lower multiple of 1/4, less 1/4: in [-1/4, 0).
    let rest = (x & (quarter - 1)) - quarter;
    let mut result = exp_on_interval(rest << integer_bits);
    let mut quarters = rest.wrapping_sub(x) as u32 >> (29 - integer_bits);
    for factor in &FACTORS {
        if quarters & 1 != 0 {
            result = doubling_high_mul(result, *factor);
        }
        quarters >>= 1;
    }
    if x == 0 { i32::MAX } else { result }
}

/// gemmlowp `exp_on_interval_between_negative_one_quarter_and_0_excl` in Q0.31: a Taylor polynomial around -1/8.
fn exp_on_interval(a: i32) -> i32 {
    const EXP_MINUS_EIGHTH: i32 = 1_895_147_668;
    const THIRD: i32 = 715_827_883;
    let mul = doubling_high_mul;
    let x = a.wrapping_add(1 << 28);
    let x2 = mul(x, x);
    let x3 = mul(x2, x);
    let x4 = mul(x2, x2);
    let x4_over_4 = rounding_shift_right(x4, 2);
    let sum = rounding_shift_right(mul(x4_over_4.wrapping_add(x3), THIRD).wrapping_add(x2), 1);
    EXP_MINUS_EIGHTH.wrapping_add(mul(EXP_MINUS_EIGHTH, x.wrapping_add(sum)))
}

/// One in Q2.29.
const ONE: i32 = 1 << 29;

/// gemmlowp `one_over_one_plus_x_for_x_in_0_1`, of a Q0.31.
pub(crate) fn one_over_one_plus(x: i32) -> i32 {
    // Halved from Q2.29 to Q1.30, and from there to Q0.31.
    shift_left_saturating(two_over_one_plus(x), 1)
}

/// gemmlowp `one_minus_x_over_one_plus_x_for_x_in_0_1`, of a Q0.31: 2 / (1 + x) - 1.
fn one_minus_over_one_plus(x: i32) -> i32 {
    shift_left_saturating(two_over_one_plus(x).wrapping_sub(ONE), 2)
}

/// In Q2.29: three steps of Newton and Raphson from 48/17 - 32/17 * d, d being half of the denominator.
fn two_over_one_plus(x: i32) -> i32 {
    /// Constants in Q2.29.
    const FORTY_EIGHT_SEVENTEENTHS: i32 = 1_515_870_810;
    const MINUS_THIRTY_TWO_SEVENTEENTHS: i32 = -1_010_580_540;
    // (x + 1) / 2.
    let half_denominator = ((x as u32 + (1 << 31)) >> 1) as i32;
    let mut estimate = FORTY_EIGHT_SEVENTEENTHS.wrapping_add(doubling_high_mul(
        half_denominator,
        MINUS_THIRTY_TWO_SEVENTEENTHS,
    ));
    for _ in 0..3 {
        let product = doubling_high_mul(half_denominator, estimate);
        let correction = doubling_high_mul(estimate, ONE.wrapping_sub(product));
        // The product of two Q2.29 is a Q4.27: two bits up again.
        estimate = estimate.wrapping_add(shift_left_saturating(correction, 2));
    }
    estimate
}

/// `1 / sqrt(x)` of a positive integer, as a multiplier of 2^-31 and a shift to the left.
///
/// TFLite `GetInvSqrtQuantizedMultiplierExp`: five steps of Newton and Raphson from 1 in Q3.28, on a number that is
/// shifted into [2^27, 2^29) by pairs of bits.
pub(crate) fn inverse_sqrt(x: i32) -> (i32, i32) {
    const HALF_THREE: i32 = 3 << 27;
    /// sqrt(2) / 2 in Q0.31.
    const HALF_SQRT_2: i32 = 1_518_500_250;
    if x <= 1 {
        return (i32::MAX, 0);
    }
    let mul = doubling_high_mul;
    let (mut x, mut right) = (x, 11);
    while x >= 1 << 29 {
        x /= 4;
        right += 1;
    }
    let pairs = (x.leading_zeros() - 1) / 2 - 1;
    right -= pairs as i32;
    let half = rounding_shift_right((x << (2 * pairs)) >> 1, 1);
    let mut root: i32 = 1 << 28;
    for _ in 0..5 {
        let cube = shift_left_saturating(mul(mul(root, root), root), 6);
        root = shift_left_saturating(mul(HALF_THREE, root).wrapping_sub(mul(half, cube)), 3);
    }
    let root = mul(root, HALF_SQRT_2);
    let left = (-right).max(0) as u32;
    (root.wrapping_shl(left), -right.max(0))
}

/// gemmlowp `SaturatingRoundingMultiplyByPOT` for a positive exponent.
fn shift_left_saturating(x: i32, exponent: u32) -> i32 {
    let shifted = x << exponent;
    if shifted >> exponent == x {
        shifted
    } else {
        i32::MAX ^ (x >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_to_the_real_functions() {
        let real = |x: i32, bits: i32| f64::from(x) / libm::exp2(f64::from(bits));
        for x in (-(15 << 27)..15 << 27).step_by(1_234_567) {
            let (logistic, tanh) = (real(logistic(x), 31), real(tanh(x), 31));
            let x = real(x, 27);
            assert!(
                (logistic - 1.0 / (1.0 + libm::exp(-x))).abs() < 1e-6,
                "logistic {x}"
            );
            assert!((tanh - libm::tanh(x)).abs() < 1e-6, "tanh {x}");
        }
        for x in (2..256).chain([1 << 20, (1 << 29) + 5, i32::MAX]) {
            let (root, shift) = inverse_sqrt(x);
            let root = real(root, 31 - shift);
            let error = root * libm::sqrt(f64::from(x)) - 1.0;
            assert!(error.abs() < 1e-3, "1 / sqrt({x}) = {root}");
        }
    }
}
