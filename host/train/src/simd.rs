//! Loops for the best vectors that the processor has.

use pulp::{Arch, Simd, WithSimd};

/// Runs a loop compiled for the widest vectors at hand. The closure and all that it calls must be
/// `#[inline(always)]`: what is not inlined is compiled for the least of processors.
#[inline(always)]
pub(crate) fn vectorized(arch: Arch, run: impl FnMut()) {
    arch.dispatch(Loop(run));
}

/// `pulp` takes closures too, but as `FnOnce`, which reaches them through a function of the
/// compiler's that is not always inlined.
struct Loop<F>(F);

impl<F: FnMut()> WithSimd for Loop<F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        (self.0)();
    }
}

/// Vectors of numbers, for loops in which the compiler finds none by itself: it gives up where it
/// cannot prove that slices do not overlap, or sums are to stay in registers.
///
/// Vectors of [`pulp::Scalar`] have one lane, so that the same loop ends what others leave.
pub trait Lanes: Copy + Default + 'static {
    type Vector<S: Simd>: Copy;

    /// Lanes of a vector.
    fn count<S: Simd>() -> usize {
        size_of::<Self::Vector<S>>() / size_of::<Self>()
    }

    /// All whole vectors of a slice.
    fn vectors<S: Simd>(values: &[Self]) -> &[Self::Vector<S>];
    fn vectors_mut<S: Simd>(values: &mut [Self]) -> &mut [Self::Vector<S>];

    /// `value` in all lanes.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn minus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a × b + c, rounded once.
    fn fused<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// `value`, but at least the first and at most the second of `range`; NaN stays.
    fn clamp<S: Simd>(
        simd: S,
        value: Self::Vector<S>,
        range: [Self::Vector<S>; 2],
    ) -> Self::Vector<S>;
    /// `value` where `by` is between both of `range`, elsewhere 0.
    fn pass<S: Simd>(
        simd: S,
        value: Self::Vector<S>,
        by: Self::Vector<S>,
        range: [Self::Vector<S>; 2],
    ) -> Self::Vector<S>;

    /// Vectors at a place of a slice.
    ///
    /// # Safety
    /// The slice has as many elements from `place` on as `K` vectors do.
    #[inline(always)]
    unsafe fn load<S: Simd, const K: usize>(values: &[Self], place: usize) -> [Self::Vector<S>; K] {
        let range = place..place + K * Self::count::<S>();
        // SAFETY: as the caller promises.
        let vectors = Self::vectors::<S>(unsafe { values.get_unchecked(range) });
        std::array::from_fn(|k| vectors[k])
    }

    /// Writes vectors to a place of a slice.
    ///
    /// # Safety
    /// As that of [`load`](Self::load).
    #[inline(always)]
    unsafe fn store<S: Simd, const K: usize>(
        values: &mut [Self],
        place: usize,
        vectors: [Self::Vector<S>; K],
    ) {
        let range = place..place + K * Self::count::<S>();
        // SAFETY: as the caller promises.
        let places = Self::vectors_mut::<S>(unsafe { values.get_unchecked_mut(range) });
        places.copy_from_slice(&vectors);
    }

    /// The part of a slice that whole vectors hold.
    #[inline(always)]
    fn whole<S: Simd>(len: usize) -> usize {
        len - len % Self::count::<S>()
    }
}

macro_rules! lanes {
    ($type:ident, $vector:ident, $slice:ident, $slice_mut:ident, $splat:ident, $add:ident, $sub:ident,
        $fma:ident, $min:ident, $max:ident, $less:ident, $and:ident, $select:ident) => {
        impl Lanes for $type {
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn vectors<S: Simd>(values: &[Self]) -> &[Self::Vector<S>] {
                S::$slice(values).0
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(values: &mut [Self]) -> &mut [Self::Vector<S>] {
                S::$slice_mut(values).0
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> S::$vector {
                simd.$splat(value)
            }
            #[inline(always)]
            fn plus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn minus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$sub(a, b)
            }
            #[inline(always)]
            fn fused<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$fma(a, b, c)
            }
            #[inline(always)]
            fn clamp<S: Simd>(
                simd: S,
                value: S::$vector,
                [low, high]: [S::$vector; 2],
            ) -> S::$vector {
                if Self::count::<S>() == 1 {
                    let value = simd.$select(simd.$less(value, low), low, value);
                    return simd.$select(simd.$less(high, value), high, value);
                }
                // Of vectors, x86 takes the second operand if either is NaN, others a NaN.
                simd.$min(high, simd.$max(low, value))
            }
            #[inline(always)]
            fn pass<S: Simd>(
                simd: S,
                value: S::$vector,
                by: S::$vector,
                [low, high]: [S::$vector; 2],
            ) -> S::$vector {
                let is_inside = simd.$and(simd.$less(low, by), simd.$less(by, high));
                simd.$select(is_inside, value, simd.$splat(0.0))
            }
        }
    };
}

lanes!(
    f32,
    f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    splat_f32s,
    add_f32s,
    sub_f32s,
    mul_add_f32s,
    min_f32s,
    max_f32s,
    less_than_f32s,
    and_m32s,
    select_f32s
);
lanes!(
    f64,
    f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    splat_f64s,
    add_f64s,
    sub_f64s,
    mul_add_f64s,
    min_f64s,
    max_f64s,
    less_than_f64s,
    and_m64s,
    select_f64s
);

/// `R` rows of `len` elements.
#[inline(always)]
pub(crate) fn rows<T, const R: usize>(values: &[T], len: usize) -> [&[T]; R] {
    std::array::from_fn(|row| &values[row * len..(row + 1) * len])
}

/// `R` rows of `len` elements.
#[inline(always)]
pub(crate) fn rows_mut<T, const R: usize>(mut values: &mut [T], len: usize) -> [&mut [T]; R] {
    std::array::from_fn(|_| {
        let (row, rest) = std::mem::take(&mut values).split_at_mut(len);
        values = rest;
        row
    })
}

/// Calls `$kernel::<T, S, K>` for all channels: in blocks of `$most` vectors, then of one, then in
/// single lanes.
macro_rules! by_block {
    ($simd:expr, $channels:expr, $most:literal, $kernel:ident, $operands:expr) => {{
        let (mut first, channels, lanes) = (0, $channels, T::count::<S>());
        while first + $most * lanes <= channels {
            $kernel::<T, S, $most>($simd, first, $operands);
            first += $most * lanes;
        }
        while $most > 1 && first + lanes <= channels {
            $kernel::<T, S, 1>($simd, first, $operands);
            first += lanes;
        }
        while first + 4 <= channels {
            $kernel::<T, pulp::Scalar, 4>(pulp::Scalar::new(), first, $operands);
            first += 4;
        }
        while first < channels {
            $kernel::<T, pulp::Scalar, 1>(pulp::Scalar::new(), first, $operands);
            first += 1;
        }
    }};
}
pub(crate) use by_block;

#[cfg(test)]
mod tests {
    use pulp::Scalar;

    use super::*;

    /// What a vector's lanes become, lane by lane like the scalar ones.
    struct Alike<T>([T; 8]);

    impl<T: Lanes + PartialOrd + From<f32>> WithSimd for Alike<T> {
        type Output = Vec<(T, T)>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<(T, T)> {
            let mut wide = self.0.repeat(8);
            let mut narrow = wide.clone();
            change::<T, S>(simd, &mut wide);
            change::<T, Scalar>(Scalar::new(), &mut narrow);
            wide.into_iter().zip(narrow).collect()
        }
    }

    #[inline(always)]
    fn change<T: Lanes + From<f32>, S: Simd>(simd: S, values: &mut [T]) {
        let range = [T::from(0.0), T::from(6.0)].map(|end| T::splat(simd, end));
        let half = T::splat(simd, T::from(0.5));
        assert_eq!(T::whole::<S>(values.len()), values.len());
        for value in T::vectors_mut::<S>(values) {
            let clamped = T::clamp(simd, *value, range);
            let passed = T::pass(simd, half, *value, range);
            *value = T::fused(
                simd,
                T::plus(simd, clamped, passed),
                half,
                T::minus(simd, half, half),
            );
        }
    }

    #[test]
    fn vectors_and_single_lanes_compute_the_same() {
        let values = [-1.0, 0.0, 0.25, 5.5, 6.0, 7.5, f32::INFINITY, f32::NAN];
        let expected = [0.0, 0.0, 0.375, 3.0, 3.0, 3.0, 3.0, f32::NAN];
        for (index, (wide, narrow)) in Arch::new().dispatch(Alike(values)).into_iter().enumerate() {
            let expected = expected[index % 8];
            assert_eq!(
                wide.to_bits() << 1,
                expected.to_bits() << 1,
                "{wide} {expected}"
            );
            assert_eq!(
                narrow.to_bits() << 1,
                expected.to_bits() << 1,
                "{narrow} {expected}"
            );
        }
        let doubles = values.map(f64::from);
        for (wide, narrow) in Arch::new().dispatch(Alike(doubles)) {
            assert!(wide == narrow || wide.is_nan() && narrow.is_nan());
        }
    }
}
