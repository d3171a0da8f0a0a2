//! The numbers that the kernels are written for: `f32` to train, `f64` to check gradients.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use crate::simd::Lanes;

/// A real number. Operations are the IEEE ones, so vector width changes no result.
pub trait Float:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Send
    + Sync
    + Lanes
    + 'static
    + Add<Output = Self>
    + AddAssign
    + Div<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
    + Sub<Output = Self>
{
    const ZERO: Self;
    const ONE: Self;
    const INFINITY: Self;

    fn of(number: f64) -> Self;
    fn to_f64(self) -> f64;
    /// self × factor + term, rounded once.
    fn fma(self, factor: Self, term: Self) -> Self;
    fn sqrt(self) -> Self;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn abs(self) -> Self;
    /// To the nearest integer, halves to the even one.
    fn round(self) -> Self;

    /// Like `f32::clamp`, also for an empty range; keeps NaN, so that a loss shows it.
    #[inline(always)]
    fn bound(self, low: Self, high: Self) -> Self {
        let bounded = if self < low { low } else { self };
        if bounded > high { high } else { bounded }
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        if self > other { self } else { other }
    }
}

macro_rules! float {
    ($type:ident) => {
        impl Float for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const INFINITY: Self = $type::INFINITY;

            #[inline(always)]
            fn of(number: f64) -> Self {
                number as $type
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self.into()
            }
            #[inline(always)]
            fn fma(self, factor: Self, term: Self) -> Self {
                self.mul_add(factor, term)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn exp(self) -> Self {
                self.exp()
            }
            #[inline(always)]
            fn ln(self) -> Self {
                self.ln()
            }
            #[inline(always)]
            fn abs(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn round(self) -> Self {
                self.round_ties_even()
            }
        }
    };
}

float!(f32);
float!(f64);
