//! Mean and variance of what a stage makes.

use pulp::{Arch, Scalar, Simd, WithSimd};

use crate::simd::rows;

use super::float::Float;
use super::table::{ROWS, Table};

/// Mean and variance of channels, gathered strip by strip.
///
/// Sums are of differences from the first pixel, so that a mean much larger than the deviation does
/// not drown it (Chan, Golub and LeVeque 1983, shifted data).
#[derive(Debug, Clone)]
pub(super) struct Moments<T> {
    count: usize,
    shift: Table<T>,
    plain: Table<T>,
    square: Table<T>,
}

impl<T: Float> Moments<T> {
    pub(super) fn new(channels: usize) -> Self {
        let zeros = Table::new(channels, T::ZERO);
        Self {
            count: 0,
            shift: zeros.clone(),
            plain: zeros.clone(),
            square: zeros,
        }
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.plain.fill(T::ZERO);
        self.square.fill(T::ZERO);
    }

    /// Takes in whole pixels.
    pub(super) fn add(&mut self, arch: Arch, values: &[T]) {
        let channels = self.shift.channels();
        if self.count == 0 {
            self.shift.repeat(&values[..channels]);
        }
        self.count += values.len() / channels;
        arch.dispatch(Add {
            moments: self,
            values,
        });
    }

    /// Of a channel: mean and variance (that of the pixels themselves, divided by their number).
    pub(super) fn of(&self, channel: usize) -> (T, T) {
        let count = T::of(self.count as f64);
        let mean = self.plain.sum(channel) / count;
        let variance = self.square.sum(channel) / count - mean * mean;
        (self.shift[channel] + mean, variance.greater(T::ZERO))
    }

    /// Pixels taken in.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

struct Add<'a, T> {
    moments: &'a mut Moments<T>,
    values: &'a [T],
}

impl<T: Float> WithSimd for Add<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { moments, values } = self;
        let len = moments.shift.len();
        let mut many = values.chunks_exact(ROWS * len);
        for values in many.by_ref() {
            add_lanes::<T, S, ROWS>(simd, moments, 0, rows(values, len));
        }
        for values in many.remainder().chunks(len) {
            let whole = T::whole::<S>(values.len());
            let (values, rest) = values.split_at(whole);
            add_lanes::<T, S, 1>(simd, moments, 0, [values]);
            if !rest.is_empty() {
                add_lanes::<T, Scalar, 1>(Scalar::new(), moments, whole, [rest]);
            }
        }
    }
}

/// On rows that begin at a place of the tables.
#[inline(always)]
fn add_lanes<T: Float, S: Simd, const R: usize>(
    simd: S,
    moments: &mut Moments<T>,
    place: usize,
    values: [&[T]; R],
) {
    let end = place + values[0].len();
    let shift = T::vectors::<S>(&moments.shift[place..end]);
    let count = shift.len();
    let values = values.map(|values| &T::vectors::<S>(values)[..count]);
    let plain = &mut T::vectors_mut::<S>(&mut moments.plain[place..end])[..count];
    let square = &mut T::vectors_mut::<S>(&mut moments.square[place..end])[..count];
    for i in 0..count {
        let (mut sum, mut squares) = (plain[i], square[i]);
        for values in values {
            let z = T::minus(simd, values[i], shift[i]);
            sum = T::plus(simd, sum, z);
            squares = T::fused(simd, z, z, squares);
        }
        (plain[i], square[i]) = (sum, squares);
    }
}
