//! Operations that the host's arithmetic does as the manual's pseudocode would.
//!
//! In the usual modes (to nearest, nothing flushed; default NaN does not matter, since no NaN is
//! made here) a host's result is the result, as IEEE 754 leaves no choice. What is left to find
//! out are the cumulative flags. Each function gives the result and raises INEXACT if due, or
//! gives nothing and has raised nothing that the exact way would not: then NaNs, infinities,
//! overflow or underflow are about. So, of a result that is given,
//!
//! * it is finite, which also excludes operands that are NaN, and overflow;
//! * it is far enough from the denormal numbers that rounding cannot have brought it there or
//!   back, or is zero without rounding, or is a sum (which is exact where it is denormal): no
//!   underflow.

use super::{Fpscr, INFINITY};

/// Whether `bits` stand for a number at least twice the least normal one: the exact result that
/// was rounded to it was not tiny.
#[inline(always)]
fn is_plain(bits: u32) -> bool {
    (bits >> 23 & 0xff).wrapping_sub(2) < 0xfd
}

#[inline(always)]
fn single(bits: u32) -> f32 {
    f32::from_bits(bits)
}

#[inline(always)]
fn double(bits: u32) -> f64 {
    f64::from(single(bits))
}

impl Fpscr {
    /// Whether rounding is to nearest and nothing is flushed.
    #[inline(always)]
    fn host_modes(self) -> bool {
        self.0 & 0x01c0_0000 == 0
    }

    #[inline(always)]
    fn raise_inexact(&mut self, inexact: bool) {
        self.0 |= u32::from(inexact) * Self::INEXACT;
    }

    /// `result`, rounded from the double `exact` that is the exact result, or of which
    /// `trace` tells that it is not.
    #[inline(always)]
    fn rounded(&mut self, exact: f64, trace: bool) -> Option<u32> {
        let result = exact as f32;
        if is_plain(result.to_bits()) {
            self.raise_inexact(trace || f64::from(result) != exact);
        } else if exact != 0.0 {
            return None;
        }
        Some(result.to_bits())
    }

    /// `a + b`.
    ///
    /// The sum `s` is exact if and only if both `s - a` and `s - b` give back the other operand.
    /// If it is, they are exact too. If it is not, take the operand of the greater magnitude from
    /// `s`: that difference is always exact (the first step of Dekker's Fast2Sum, which holds for
    /// denormals and cannot overflow where `s` did not), and so it is not the other operand.
    #[inline(always)]
    pub(in crate::core) fn quick_add(&mut self, a: u32, b: u32) -> Option<u32> {
        let (x, y) = (single(a), single(b));
        let sum = x + y;
        if !self.host_modes() || sum.to_bits() & INFINITY == INFINITY {
            return None;
        }
        self.raise_inexact((sum - x != y) | (sum - y != x));
        Some(sum.to_bits())
    }

    /// `a * b`: 48 bits, which a double holds, as it does their exponents.
    #[inline(always)]
    pub(in crate::core) fn quick_multiply(&mut self, a: u32, b: u32) -> Option<u32> {
        if !self.host_modes() {
            return None;
        }
        self.rounded(double(a) * double(b), false)
    }

    /// `acc + n * m`, rounded once.
    ///
    /// The product is exact as a double. If the sum is not, it is rounded to odd before it is
    /// rounded to a single, which is then right since a double has more than 24 + 2 bits (Boldo
    /// and Melquiond, "Emulation of a FMA and correctly rounded sums", IEEE TC 57, 2008).
    #[inline(always)]
    pub(in crate::core) fn quick_fused(&mut self, acc: u32, n: u32, m: u32) -> Option<u32> {
        if !self.host_modes() {
            return None;
        }
        let (product, addend) = (double(n) * double(m), double(acc));
        let sum = product + addend;
        // As in `quick_add`.
        if (sum - product == addend) & (sum - addend == product) {
            return self.rounded(sum, false);
        }
        self.rounded(to_odd(product, addend), true)
    }

    /// `a / b`, exact if the quotient times the divisor, a product of 48 bits, is the dividend.
    #[inline(always)]
    pub(in crate::core) fn quick_divide(&mut self, a: u32, b: u32) -> Option<u32> {
        let quotient = single(a) / single(b);
        if !self.host_modes() || !is_plain(quotient.to_bits()) {
            return None;
        }
        self.raise_inexact(f64::from(quotient) * double(b) != double(a));
        Some(quotient.to_bits())
    }

    /// The square root, exact if its square, a product of 48 bits, is the radicand.
    #[inline(always)]
    pub(in crate::core) fn quick_square_root(&mut self, a: u32) -> Option<u32> {
        let root = single(a).sqrt();
        if !self.host_modes() || !is_plain(root.to_bits()) {
            return None;
        }
        self.raise_inexact(f64::from(root) * f64::from(root) != double(a));
        Some(root.to_bits())
    }

    /// To an integer of 32 bits towards zero, if it fits. The integer has no more bits than the
    /// single, which so holds it.
    #[inline(always)]
    pub(in crate::core) fn quick_truncate(&mut self, a: u32, signed: bool) -> Option<u32> {
        let x = single(a);
        let fits = if signed {
            (-2_147_483_648.0..2_147_483_648.0).contains(&x)
        } else {
            x > -1.0 && x < 4_294_967_296.0
        };
        if !self.host_modes() || !fits {
            return None;
        }
        let whole = x as i64;
        self.raise_inexact(whole as f32 != x);
        Some(whole as u32)
    }

    /// From an integer of 32 bits, all of which a double holds.
    #[inline(always)]
    pub(in crate::core) fn quick_single(&mut self, value: u32, signed: bool) -> Option<u32> {
        if !self.host_modes() {
            return None;
        }
        let exact = if signed {
            f64::from(value as i32)
        } else {
            f64::from(value)
        };
        self.rounded(exact, false)
    }

    /// Compares and sets NZCV, unless there is a NaN.
    #[inline(always)]
    pub(in crate::core) fn quick_compare(&mut self, a: u32, b: u32) -> Option<()> {
        let (x, y) = (single(a), single(b));
        if !self.host_modes() || x.is_nan() || y.is_nan() {
            return None;
        }
        let (less, equal) = (u32::from(x < y), u32::from(x == y));
        let nzcv = less << 3 | equal << 2 | (1 - less) << 1;
        self.0 = self.0 & 0x0fff_ffff | nzcv << 28;
        Some(())
    }
}

/// `x + y`, of which the double nearest is not exact, rounded to odd.
fn to_odd(x: f64, y: f64) -> f64 {
    // Knuth's TwoSum: the residue is what rounding has left out.
    let sum = x + y;
    let virtual_y = sum - x;
    let residue = (x - (sum - virtual_y)) + (y - virtual_y);
    let bits = sum.to_bits();
    if bits & 1 != 0 || residue.is_nan() {
        return sum;
    }
    let away = (residue > 0.0) == (sum > 0.0);
    f64::from_bits(if away { bits + 1 } else { bits - 1 })
}

#[cfg(test)]
mod tests {
    use super::{super::Rounding, Fpscr};
    use proptest::prelude::*;

    /// Operands of all kinds, and often such that are near each other, small integers or near
    /// the ends of the range.
    fn operand() -> impl Strategy<Value = u32> {
        prop_oneof![
            any::<u32>(),
            (any::<bool>(), 120u32..136, any::<u32>()).prop_map(assemble),
            (
                any::<bool>(),
                120u32..136,
                (0u32..16).prop_map(|top| top << 19)
            )
                .prop_map(assemble),
            (any::<bool>(), 0u32..4, any::<u32>()).prop_map(assemble),
            (any::<bool>(), 60u32..70, any::<u32>()).prop_map(assemble),
            (any::<bool>(), 184u32..194, any::<u32>()).prop_map(assemble),
            (any::<bool>(), 252u32..256, any::<u32>()).prop_map(assemble),
            (-4096i32..4096).prop_map(|n| (n as f32).to_bits()),
            Just(0x8000_0000),
        ]
    }

    fn assemble((negative, exponent, fraction): (bool, u32, u32)) -> u32 {
        u32::from(negative) << 31 | exponent << 23 | fraction & 0x7f_ffff
    }

    /// The quick result and flags, if there are any, must be the exact ones.
    fn check<T: PartialEq + std::fmt::Debug>(
        what: &str,
        quick: impl FnOnce(&mut Fpscr) -> Option<T>,
        exact: impl FnOnce(&mut Fpscr) -> T,
    ) {
        let mut by_host = Fpscr::default();
        let mut by_book = Fpscr::default();
        let result = quick(&mut by_host);
        let expected = exact(&mut by_book);
        match result {
            Some(result) => assert_eq!((result, by_host), (expected, by_book), "{what}"),
            None => assert_eq!(by_host, Fpscr::default(), "{what}: raised in vain"),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn the_host_computes_what_the_manual_does(
            a in operand(),
            b in operand(),
            c in operand(),
            signed in any::<bool>(),
            quiet_raises in any::<bool>(),
        ) {
            let all = format!("{a:#x} {b:#x} {c:#x}");
            check(&format!("add {all}"), |f| f.quick_add(a, b), |f| f.exact_add(a, b));
            check(
                &format!("multiply {all}"),
                |f| f.quick_multiply(a, b),
                |f| f.exact_multiply(a, b),
            );
            check(&format!("divide {all}"), |f| f.quick_divide(a, b), |f| f.exact_divide(a, b));
            check(
                &format!("square root {all}"),
                |f| f.quick_square_root(a),
                |f| f.exact_square_root(a),
            );
            check(
                &format!("fused {all}"),
                |f| f.quick_fused(a, b, c),
                |f| f.exact_fused(a, b, c),
            );
            check(
                &format!("compare {all}"),
                |f| f.quick_compare(a, b),
                |f| f.exact_compare(a, b, quiet_raises),
            );
            check(
                &format!("to integer {all}"),
                |f| f.quick_truncate(a, signed),
                |f| f.exact_integer_of(a, signed, Rounding::Zero),
            );
            check(
                &format!("from integer {all}"),
                |f| f.quick_single(a, signed),
                |f| f.exact_single_of_integer(a, signed),
            );
        }

        #[test]
        fn the_host_computes_in_its_modes_only(
            a in operand(),
            b in operand(),
            mode in prop_oneof![Just(1u32 << 22), Just(2 << 22), Just(3 << 22), Just(1 << 24)],
        ) {
            let mut fpscr = Fpscr(mode);
            let results = [
                fpscr.quick_add(a, b),
                fpscr.quick_multiply(a, b),
                fpscr.quick_divide(a, b),
                fpscr.quick_square_root(a),
                fpscr.quick_fused(a, b, a),
                fpscr.quick_truncate(a, true),
                fpscr.quick_single(a, true),
                fpscr.quick_compare(a, b).map(|()| 0),
            ];
            prop_assert_eq!(results, [None; 8]);
            prop_assert_eq!(fpscr, Fpscr(mode));
        }
    }
}
