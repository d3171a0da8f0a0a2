//! Maxima and means over windows, and sums of values.

use pulp::Arch;

use crate::simd::vectorized;

use super::float::Float;
use super::flow::{Given, Input, Scratch, Sink, room};
use super::geometry::{Geometry, elements};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pool {
    Max,
    /// Padding does not count.
    Mean,
}

/// What every window sees of an image, reduced.
pub(super) fn forward<T: Float>(
    arch: Arch,
    pool: Pool,
    geometry: &Geometry,
    n: usize,
    input: Input<'_, T>,
    out: &mut [T],
    scratch: &mut Scratch<T>,
) {
    let [seen, made] = [elements(geometry.from), elements(geometry.to)];
    for (image, out) in (0..n).zip(out.chunks_exact_mut(made)) {
        let source = image * seen..(image + 1) * seen;
        let read = input.strip(arch, source, &mut scratch.read);
        vectorized(
            arch,
            #[inline(always)]
            || reduce(pool, geometry, read, out),
        );
    }
}

#[inline(always)]
fn reduce<T: Float>(pool: Pool, geometry: &Geometry, image: &[T], out: &mut [T]) {
    let channels = geometry.to[2];
    for (place, out) in out.chunks_exact_mut(channels).enumerate() {
        let mut count = 0;
        each_pixel(geometry, place, |start| {
            let pixel = &image[start..start + channels];
            if count == 0 {
                out.copy_from_slice(pixel);
            } else if pool == Pool::Max {
                let pairs = out.iter_mut().zip(pixel);
                // The order keeps a NaN that a pixel brings.
                pairs.for_each(|(out, pixel)| *out = if *pixel < *out { *out } else { *pixel });
            } else {
                out.iter_mut()
                    .zip(pixel)
                    .for_each(|(out, pixel)| *out += *pixel);
            }
            count += 1;
        });
        if pool == Pool::Mean {
            let share = T::ONE / T::of(f64::from(count));
            out.iter_mut().for_each(|out| *out = *out * share);
        }
    }
}

/// Calls with where each pixel starts that the window sees.
#[inline(always)]
fn each_pixel(geometry: &Geometry, place: usize, mut visit: impl FnMut(usize)) {
    let [_, width, channels] = geometry.from;
    let (down, across) = (place / geometry.to[1], place % geometry.to[1]);
    for y in geometry.inside(0, down) {
        let row = geometry.pixel(0, down, y) * width;
        for x in geometry.inside(1, across) {
            visit((row + geometry.pixel(1, across, x)) * channels);
        }
    }
}

/// Gives the gradient of a maximum to the first pixel that has it, that of a mean to all.
#[expect(clippy::too_many_arguments, reason = "a kernel's operands")]
pub(super) fn backward<T: Float>(
    arch: Arch,
    pool: Pool,
    geometry: &Geometry,
    n: usize,
    input: Input<'_, T>,
    mut given: Given<'_, T>,
    mut sink: Sink<'_, T>,
    scratch: &mut Scratch<T>,
) {
    let [seen, made] = [elements(geometry.from), elements(geometry.to)];
    let channels = geometry.to[2];
    for image in 0..n {
        let source = image * seen..(image + 1) * seen;
        let target = image * made..(image + 1) * made;
        let read = input.strip(arch, source.clone(), &mut scratch.read);
        let stored = &given.stored[target.clone()];
        let from = &given.gradient[target];
        let (gradient, left) = room(&mut scratch.part, seen + channels).split_at_mut(seen);
        gradient.fill(T::ZERO);
        vectorized(
            arch,
            #[inline(always)]
            || match pool {
                Pool::Max => give(geometry, read, stored, from, gradient, left),
                Pool::Mean => share(geometry, from, gradient),
            },
        );
        sink.take(arch, &mut given, source, gradient);
    }
}

#[inline(always)]
fn give<T: Float>(
    geometry: &Geometry,
    image: &[T],
    maxima: &[T],
    given: &[T],
    gradient: &mut [T],
    left: &mut [T],
) {
    let channels = left.len();
    let places = maxima
        .chunks_exact(channels)
        .zip(given.chunks_exact(channels));
    for (place, (maxima, given)) in places.enumerate() {
        left.copy_from_slice(given);
        each_pixel(geometry, place, |start| {
            let pixel = image[start..start + channels].iter().zip(maxima);
            let gradient = gradient[start..start + channels].iter_mut();
            for ((gradient, (pixel, maximum)), left) in gradient.zip(pixel).zip(&mut *left) {
                let is_maximum = *pixel == *maximum;
                *gradient += if is_maximum { *left } else { T::ZERO };
                *left = if is_maximum { T::ZERO } else { *left };
            }
        });
    }
}

#[inline(always)]
fn share<T: Float>(geometry: &Geometry, given: &[T], gradient: &mut [T]) {
    let channels = geometry.to[2];
    for (place, given) in given.chunks_exact(channels).enumerate() {
        let (down, across) = (place / geometry.to[1], place % geometry.to[1]);
        let count = geometry.inside(0, down).len() * geometry.inside(1, across).len();
        let share = T::ONE / T::of(count as f64);
        each_pixel(geometry, place, |start| {
            let gradient = gradient[start..start + channels].iter_mut();
            gradient
                .zip(given)
                .for_each(|(sum, given)| *sum = given.fma(share, *sum));
        });
    }
}
