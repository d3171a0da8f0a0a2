//! Convolutions with one filter per channel, as direct sums.
//!
//! Images are laid into a frame of zeros first, so that no loop asks where the border is. Channels are
//! taken in blocks whose sums stay in registers. The gradient by the input is a convolution too: of
//! the gradient, spread out by the stride, with the taps in reverse.

use pulp::Arch;

use crate::simd::vectorized;

use super::finish::Moments;
use super::float::Float;
use super::flow::{Given, Input, Scratch, Sink, room};
use super::geometry::{Geometry, elements};

/// Places of the window whose sums are made together.
const PLACES: usize = 4;

/// Writes the sums without bias; `weights` are height × width × channel.
#[expect(clippy::too_many_arguments, reason = "a kernel's operands")]
pub(super) fn forward<T: Float>(
    arch: Arch,
    geometry: &Geometry,
    n: usize,
    input: Input<'_, T>,
    weights: &[T],
    out: &mut [T],
    mut moments: Option<&mut Moments<T>>,
    scratch: &mut Scratch<T>,
) {
    let [seen, made] = [elements(geometry.from), elements(geometry.to)];
    let frame = Frame::of_input(geometry);
    let framed = room(&mut scratch.work, frame.len());
    framed.fill(T::ZERO);
    let taps = frame.taps(geometry.size, false);
    let walk = Walk {
        places: [geometry.to[0], geometry.to[1]],
        channels: geometry.to[2],
        pitch: geometry.stride[0] * frame.pitch(),
        step: geometry.stride[1] * frame.channels,
    };
    for (image, out) in (0..n).zip(out.chunks_exact_mut(made)) {
        let stored = &input.stored[image * seen..(image + 1) * seen];
        frame.lay(geometry, stored, framed, |from, to| {
            input.finish.read(arch, from, to);
        });
        vectorized(
            arch,
            #[inline(always)]
            || correlate(&walk, framed, &taps, weights, out),
        );
        if let Some(moments) = &mut moments {
            moments.add(arch, out);
        }
    }
}

/// Adds the gradient by the weights to `slope`, and that by the input to `sink`.
#[expect(clippy::too_many_arguments, reason = "a kernel's operands")]
pub(super) fn backward<T: Float>(
    arch: Arch,
    geometry: &Geometry,
    n: usize,
    input: Input<'_, T>,
    weights: &[T],
    given: Given<'_, T>,
    slope: &mut [T],
    mut sink: Option<Sink<'_, T>>,
    scratch: &mut Scratch<T>,
) {
    let [seen, made] = [elements(geometry.from), elements(geometry.to)];
    let frame = Frame::of_input(geometry);
    let spread = Frame::of_gradient(geometry);
    let framed = room(&mut scratch.work, frame.len() + spread.len() + seen);
    let (framed, rest) = framed.split_at_mut(frame.len());
    let (spreaded, gradient) = rest.split_at_mut(spread.len());
    framed.fill(T::ZERO);
    spreaded.fill(T::ZERO);
    let taps = frame.taps(geometry.size, false);
    let reversed = spread.taps(geometry.size, true);
    let walk = Walk {
        places: [geometry.to[0], geometry.to[1]],
        channels: geometry.to[2],
        pitch: geometry.stride[0] * frame.pitch(),
        step: geometry.stride[1] * frame.channels,
    };
    let back = Walk {
        places: [geometry.from[0], geometry.from[1]],
        channels: geometry.to[2],
        pitch: spread.pitch(),
        step: spread.channels,
    };
    for image in 0..n {
        let source = image * seen..(image + 1) * seen;
        let target = image * made..(image + 1) * made;
        let stored = &input.stored[source.clone()];
        frame.lay(geometry, stored, framed, |from, to| {
            input.finish.read(arch, from, to);
        });
        let given = given.strip(arch, target, &mut scratch.given);
        vectorized(
            arch,
            #[inline(always)]
            || weigh(&walk, framed, &taps, given, slope),
        );
        let Some(sink) = &mut sink else { continue };
        spread.spread(geometry, given, spreaded);
        if sink.is_first {
            let gradient = &mut sink.gradient[source.clone()];
            vectorized(
                arch,
                #[inline(always)]
                || correlate(&back, spreaded, &reversed, weights, gradient),
            );
        } else {
            vectorized(
                arch,
                #[inline(always)]
                || correlate(&back, spreaded, &reversed, weights, gradient),
            );
            let sums = sink.gradient[source.clone()].iter_mut();
            sums.zip(&*gradient).for_each(|(sum, part)| *sum += *part);
        }
        sink.close(arch, source);
    }
}

/// An image with zeros around it.
struct Frame {
    height: usize,
    width: usize,
    channels: usize,
    /// Where the image starts.
    corner: [usize; 2],
}

impl Frame {
    fn of_input(geometry: &Geometry) -> Self {
        let [height, width] = geometry.padded();
        Self {
            height,
            width,
            channels: geometry.from[2],
            corner: geometry.before,
        }
    }

    /// Of the gradient, a pixel for each of the input's and as many as the window reaches beyond.
    fn of_gradient(geometry: &Geometry) -> Self {
        let [height, width] = [0, 1].map(|axis| geometry.from[axis] + geometry.size[axis] - 1);
        Self {
            height,
            width,
            channels: geometry.from[2],
            corner: [0, 1].map(|axis| geometry.size[axis] - 1 - geometry.before[axis]),
        }
    }

    fn pitch(&self) -> usize {
        self.width * self.channels
    }

    fn len(&self) -> usize {
        self.height * self.pitch()
    }

    fn at(&self, y: usize, x: usize) -> usize {
        (y + self.corner[0]) * self.pitch() + (x + self.corner[1]) * self.channels
    }

    /// Distances from a place's first pixel to what each tap sees.
    fn taps(&self, size: [usize; 2], is_reversed: bool) -> Vec<usize> {
        let count = size[0] * size[1];
        let tap = |tap: usize| {
            let tap = if is_reversed { count - 1 - tap } else { tap };
            tap / size[1] * self.pitch() + tap % size[1] * self.channels
        };
        (0..count).map(tap).collect()
    }

    fn lay<T>(
        &self,
        geometry: &Geometry,
        image: &[T],
        framed: &mut [T],
        mut copy: impl FnMut(&[T], &mut [T]),
    ) {
        let row = geometry.from[1] * self.channels;
        for (y, from) in image.chunks_exact(row).enumerate() {
            let start = self.at(y, 0);
            copy(from, &mut framed[start..start + row]);
        }
    }

    /// Lays a gradient, its pixels as far apart as the windows that they come from.
    fn spread<T: Float>(&self, geometry: &Geometry, image: &[T], framed: &mut [T]) {
        let [_, width, channels] = geometry.to;
        for (y, from) in image.chunks_exact(width * channels).enumerate() {
            let y = y * geometry.stride[0];
            if geometry.stride[1] == 1 {
                let start = self.at(y, 0);
                framed[start..start + from.len()].copy_from_slice(from);
                continue;
            }
            for (x, from) in from.chunks_exact(channels).enumerate() {
                let start = self.at(y, x * geometry.stride[1]);
                framed[start..start + channels].copy_from_slice(from);
            }
        }
    }
}

/// How windows move over a frame.
struct Walk {
    /// How many they are, down and across.
    places: [usize; 2],
    channels: usize,
    /// From one to the one below.
    pitch: usize,
    /// From one to the next.
    step: usize,
}

/// Runs `$kernel` on all channels, in blocks that are as wide as possible.
macro_rules! by_block {
    ($channels:expr, $kernel:ident, $($argument:expr),*) => {{
        let mut first = 0;
        while first + 16 <= $channels {
            $kernel::<T, 16>(first, $($argument),*);
            first += 16;
        }
        while first + 8 <= $channels {
            $kernel::<T, 8>(first, $($argument),*);
            first += 8;
        }
        while first + 4 <= $channels {
            $kernel::<T, 4>(first, $($argument),*);
            first += 4;
        }
        while first < $channels {
            $kernel::<T, 1>(first, $($argument),*);
            first += 1;
        }
    }};
}

/// Sums of pixel × weight at each place.
#[inline(always)]
fn correlate<T: Float>(walk: &Walk, framed: &[T], taps: &[usize], weights: &[T], out: &mut [T]) {
    by_block!(
        walk.channels,
        correlate_block,
        walk,
        framed,
        taps,
        weights,
        out
    );
}

#[inline(always)]
fn correlate_block<T: Float, const L: usize>(
    first: usize,
    walk: &Walk,
    framed: &[T],
    taps: &[usize],
    weights: &[T],
    out: &mut [T],
) {
    let [height, width] = walk.places;
    let channels = walk.channels;
    for y in 0..height {
        let row = y * walk.pitch + first;
        let out = &mut out[y * width * channels..(y + 1) * width * channels];
        let mut x = 0;
        while x + PLACES <= width {
            let start = row + x * walk.step;
            let sums = sums::<T, L, PLACES>(first, walk, &framed[start..], taps, weights);
            for (place, sums) in sums.iter().enumerate() {
                let start = (x + place) * channels + first;
                out[start..start + L].copy_from_slice(sums);
            }
            x += PLACES;
        }
        while x < width {
            let start = row + x * walk.step;
            let [sums] = sums::<T, L, 1>(first, walk, &framed[start..], taps, weights);
            let start = x * channels + first;
            out[start..start + L].copy_from_slice(&sums);
            x += 1;
        }
    }
}

#[inline(always)]
fn sums<T: Float, const L: usize, const N: usize>(
    first: usize,
    walk: &Walk,
    framed: &[T],
    taps: &[usize],
    weights: &[T],
) -> [[T; L]; N] {
    let mut sums = [[T::ZERO; L]; N];
    for (tap, weights) in taps.iter().zip(weights.chunks_exact(walk.channels)) {
        let weights = &weights[first..first + L];
        for (place, sums) in sums.iter_mut().enumerate() {
            let start = tap + place * walk.step;
            let pixel = &framed[start..start + L];
            for i in 0..L {
                sums[i] = pixel[i].fma(weights[i], sums[i]);
            }
        }
    }
    sums
}

/// Adds the sums over places of pixel × gradient to each weight's.
#[inline(always)]
fn weigh<T: Float>(walk: &Walk, framed: &[T], taps: &[usize], given: &[T], slope: &mut [T]) {
    let mut taps = taps;
    let mut slope = slope;
    while !taps.is_empty() {
        let count = if taps.len() >= 3 { 3 } else { 1 };
        let (now, later) = taps.split_at(count);
        let (slope_now, slope_later) = slope.split_at_mut(count * walk.channels);
        if count == 3 {
            by_block!(
                walk.channels,
                weigh_three,
                walk,
                framed,
                now,
                given,
                slope_now
            );
        } else {
            by_block!(
                walk.channels,
                weigh_one,
                walk,
                framed,
                now,
                given,
                slope_now
            );
        }
        (taps, slope) = (later, slope_later);
    }
}

#[inline(always)]
fn weigh_three<T: Float, const L: usize>(
    first: usize,
    walk: &Walk,
    framed: &[T],
    taps: &[usize],
    given: &[T],
    slope: &mut [T],
) {
    weigh_block::<T, L, 3>(first, walk, framed, taps, given, slope);
}

#[inline(always)]
fn weigh_one<T: Float, const L: usize>(
    first: usize,
    walk: &Walk,
    framed: &[T],
    taps: &[usize],
    given: &[T],
    slope: &mut [T],
) {
    weigh_block::<T, L, 1>(first, walk, framed, taps, given, slope);
}

#[inline(always)]
fn weigh_block<T: Float, const L: usize, const N: usize>(
    first: usize,
    walk: &Walk,
    framed: &[T],
    taps: &[usize],
    given: &[T],
    slope: &mut [T],
) {
    let [height, width] = walk.places;
    let channels = walk.channels;
    for y in 0..height {
        let given = &given[y * width * channels..(y + 1) * width * channels];
        let framed = &framed[y * walk.pitch + first..];
        let sums = row_sums::<T, L, N>(first, walk, framed, taps, given);
        for (sums, slope) in sums.iter().zip(slope.chunks_exact_mut(channels)) {
            let slope = &mut slope[first..first + L];
            for i in 0..L {
                slope[i] += sums[i];
            }
        }
    }
}

/// Of a row only: compilers keep the sums of one loop in vectors, not those of nested ones.
#[inline(always)]
fn row_sums<T: Float, const L: usize, const N: usize>(
    first: usize,
    walk: &Walk,
    framed: &[T],
    taps: &[usize],
    given: &[T],
) -> [[T; L]; N] {
    let mut sums = [[T::ZERO; L]; N];
    for (x, given) in given.chunks_exact(walk.channels).enumerate() {
        let given = &given[first..first + L];
        for (sums, tap) in sums.iter_mut().zip(taps) {
            let start = tap + x * walk.step;
            let pixel = &framed[start..start + L];
            for i in 0..L {
                sums[i] = pixel[i].fma(given[i], sums[i]);
            }
        }
    }
    sums
}
