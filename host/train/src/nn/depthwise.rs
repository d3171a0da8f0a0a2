//! Convolutions with one filter per channel, as direct sums.
//!
//! Channels are taken in blocks whose sums stay in registers, at several places or for several taps at
//! once. The gradient by the input is a convolution too: of the gradient, spread out by the stride,
//! with the taps in reverse.

use pulp::{Arch, Simd, WithSimd};

use crate::simd::by_block;

use super::float::Float;
use super::flow::{Given, Input, Made, Scratch, Sink, room};
use super::frame::Frame;
use super::geometry::{Geometry, elements};

/// Writes the sums without bias; `weights` are height × width × channel.
pub(super) fn forward<T: Float>(
    arch: Arch,
    geometry: &Geometry,
    n: usize,
    input: Input<'_, T>,
    weights: &[T],
    mut made: Made<'_, T>,
    scratch: &mut Scratch<T>,
) {
    let len = elements(geometry.to);
    let frame = Frame::of_input(geometry);
    let framed = room(&mut scratch.frames[0], frame.len());
    framed.fill(T::ZERO);
    let taps: Vec<_> = frame.taps(geometry.size).collect();
    let walk = Walk::new(geometry.to, &frame, geometry.stride);
    for image in 0..n {
        input.frame(arch, &frame, image, framed);
        made.write(arch, image * len..(image + 1) * len, |out| {
            arch.dispatch(Correlate {
                walk,
                framed,
                taps: &taps,
                weights,
                out,
            });
        });
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
    mut given: Given<'_, T>,
    slope: &mut [T],
    mut sink: Option<Sink<'_, T>>,
    scratch: &mut Scratch<T>,
) {
    let [seen, made] = [elements(geometry.from), elements(geometry.to)];
    let frame = Frame::of_input(geometry);
    let spread = Frame::of_gradient(geometry);
    let [framed, spreaded] = &mut scratch.frames;
    let framed = room(framed, frame.len());
    let spreaded = room(spreaded, spread.len());
    framed.fill(T::ZERO);
    spreaded.fill(T::ZERO);
    let reversed: Vec<_> = spread.taps(geometry.size).rev().collect();
    let walk = Walk::new(geometry.to, &frame, geometry.stride);
    let walk = walk.beside(spread.steps());
    let back = Walk::new(geometry.from, &spread, [1, 1]);
    for image in 0..n {
        input.frame(arch, &frame, image, framed);
        for [from, to] in spread.pieces() {
            let range = image * made + from.start..image * made + from.end;
            given.read(arch, range, &mut spreaded[to]);
        }
        arch.dispatch(Weigh {
            walk,
            framed,
            size: geometry.size,
            pitch: frame.pitch(),
            given: &spreaded[spread.start()..],
            slope,
        });
        let Some(sink) = &mut sink else { continue };
        let part = room(&mut scratch.part, seen);
        arch.dispatch(Correlate {
            walk: back,
            framed: spreaded,
            taps: &reversed,
            weights,
            out: part,
        });
        sink.take(arch, &mut given, image * seen..(image + 1) * seen, part);
    }
}

/// How windows move over a frame, along the longer axis first.
#[derive(Debug, Clone, Copy)]
struct Walk {
    channels: usize,
    /// Windows, in the outer loop and in the inner one.
    places: [usize; 2],
    /// From one to the next in the frame.
    steps: [usize; 2],
    /// From one to the next in what belongs to each: an image without a frame at first.
    beside: [usize; 2],
    is_turned: bool,
}

impl Walk {
    fn new([height, width, channels]: [usize; 3], frame: &Frame, stride: [usize; 2]) -> Self {
        let walk = Self {
            channels,
            places: [height, width],
            steps: [stride[0] * frame.pitch(), stride[1] * channels],
            beside: [width * channels, channels],
            is_turned: height > width,
        };
        Self {
            places: walk.turned(walk.places),
            steps: walk.turned(walk.steps),
            beside: walk.turned(walk.beside),
            ..walk
        }
    }

    fn beside(self, steps: [usize; 2]) -> Self {
        let beside = self.turned(steps);
        Self { beside, ..self }
    }

    /// Down and across as outer and inner loop.
    fn turned(&self, [down, across]: [usize; 2]) -> [usize; 2] {
        match self.is_turned {
            true => [across, down],
            false => [down, across],
        }
    }

    /// Elements from the first place to the end of the last.
    fn reach(&self, steps: [usize; 2]) -> usize {
        let [outer, inner] = [0, 1].map(|axis| (self.places[axis] - 1) * steps[axis]);
        outer + inner + self.channels
    }
}

/// Sums of pixel × weight at each place.
struct Correlate<'a, T> {
    walk: Walk,
    framed: &'a [T],
    taps: &'a [usize],
    weights: &'a [T],
    out: &'a mut [T],
}

impl<T: Float> WithSimd for Correlate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let walk = &self.walk;
        let farthest = self
            .taps
            .iter()
            .max()
            .map_or(0, |tap| tap + walk.reach(walk.steps));
        assert!(farthest <= self.framed.len() && walk.reach(walk.beside) <= self.out.len());
        assert_eq!(self.weights.len(), self.taps.len() * walk.channels);
        by_block!(simd, self.walk.channels, 2, correlate, &mut self);
    }
}

/// Places whose sums are made together.
const PLACES: usize = 6;

#[inline(always)]
fn correlate<T: Float, S: Simd, const K: usize>(
    simd: S,
    first: usize,
    operands: &mut Correlate<'_, T>,
) {
    let walk = operands.walk;
    let [outer, inner] = walk.places;
    let groups = inner.div_ceil(PLACES);
    for line in 0..outer {
        for group in 0..groups {
            let [place, end] = [group, group + 1].map(|group| group * inner / groups);
            let at = [line, place];
            match end - place {
                1 => sums::<T, S, K, 1>(simd, first, operands, at),
                2 => sums::<T, S, K, 2>(simd, first, operands, at),
                3 => sums::<T, S, K, 3>(simd, first, operands, at),
                4 => sums::<T, S, K, 4>(simd, first, operands, at),
                5 => sums::<T, S, K, 5>(simd, first, operands, at),
                _ => sums::<T, S, K, PLACES>(simd, first, operands, at),
            }
        }
    }
}

/// At `N` places from one on.
#[inline(always)]
fn sums<T: Float, S: Simd, const K: usize, const N: usize>(
    simd: S,
    first: usize,
    operands: &mut Correlate<'_, T>,
    [line, place]: [usize; 2],
) {
    let Walk {
        channels,
        steps,
        beside,
        ..
    } = operands.walk;
    let mut sums = [[T::splat(simd, T::ZERO); K]; N];
    let from = first + line * steps[0] + place * steps[1];
    for (tap, offset) in operands.taps.iter().enumerate() {
        // SAFETY: weights have as many pixels as there are taps, `first` begins a block of channels.
        let weights = unsafe { T::load::<S, K>(operands.weights, tap * channels + first) };
        for (place, sums) in sums.iter_mut().enumerate() {
            // SAFETY: the last tap at the last place sees the frame's last pixel at most.
            let pixel =
                unsafe { T::load::<S, K>(operands.framed, from + offset + place * steps[1]) };
            for k in 0..K {
                sums[k] = T::fused(simd, pixel[k], weights[k], sums[k]);
            }
        }
    }
    let to = first + line * beside[0] + place * beside[1];
    for (place, sums) in sums.into_iter().enumerate() {
        // SAFETY: there is a pixel for each place.
        unsafe { T::store::<S, K>(operands.out, to + place * beside[1], sums) };
    }
}

/// Adds the sums over places of pixel × gradient to each weight's.
struct Weigh<'a, T> {
    walk: Walk,
    framed: &'a [T],
    /// The window's.
    size: [usize; 2],
    /// From a row of the frame to the next.
    pitch: usize,
    given: &'a [T],
    slope: &'a mut [T],
}

impl<T: Float> WithSimd for Weigh<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (walk, [height, width]) = (&self.walk, self.size);
        let farthest = (height - 1) * self.pitch + (width - 1) * walk.channels;
        assert!(farthest + walk.reach(walk.steps) <= self.framed.len());
        assert!(walk.reach(walk.beside) <= self.given.len());
        assert_eq!(self.slope.len(), height * width * walk.channels);
        by_block!(simd, self.walk.channels, 2, weigh, &mut self);
    }
}

#[inline(always)]
fn weigh<T: Float, S: Simd, const K: usize>(simd: S, first: usize, operands: &mut Weigh<'_, T>) {
    let [height, width] = operands.size;
    let mut y = 0;
    while y < height {
        let rows = if height - y >= 3 { 3 } else { 1 };
        let mut x = 0;
        while x < width {
            let columns = if width - x >= 3 { 3 } else { 1 };
            let tap = [y, x];
            match (rows, columns) {
                // Sums of more vectors would not stay in registers.
                (3, 3) => {
                    for k in 0..K {
                        let first = first + k * T::count::<S>();
                        weigh_taps::<T, S, 1, 3, 3>(simd, first, operands, tap);
                    }
                }
                (3, _) => weigh_taps::<T, S, K, 3, 1>(simd, first, operands, tap),
                (_, 3) => weigh_taps::<T, S, K, 1, 3>(simd, first, operands, tap),
                _ => weigh_taps::<T, S, K, 1, 1>(simd, first, operands, tap),
            }
            x += columns;
        }
        y += rows;
    }
}

/// For some rows and columns of taps from one on.
#[inline(always)]
fn weigh_taps<T: Float, S: Simd, const K: usize, const ROWS: usize, const COLUMNS: usize>(
    simd: S,
    first: usize,
    operands: &mut Weigh<'_, T>,
    [y, x]: [usize; 2],
) {
    let Walk {
        channels,
        places,
        steps,
        beside,
        ..
    } = operands.walk;
    let pitch = operands.pitch;
    let mut sums = [[[T::splat(simd, T::ZERO); K]; COLUMNS]; ROWS];
    for line in 0..places[0] {
        let given = first + line * beside[0];
        let seen = first + line * steps[0] + y * pitch + x * channels;
        for place in 0..places[1] {
            // SAFETY: there is a pixel for each place, `first` begins a block of channels.
            let given = unsafe { T::load::<S, K>(operands.given, given + place * beside[1]) };
            let seen = seen + place * steps[1];
            for (row, sums) in sums.iter_mut().enumerate() {
                for (column, sums) in sums.iter_mut().enumerate() {
                    let seen = seen + row * pitch + column * channels;
                    // SAFETY: the last tap at the last place sees the frame's last pixel at most.
                    let pixel = unsafe { T::load::<S, K>(operands.framed, seen) };
                    for k in 0..K {
                        sums[k] = T::fused(simd, pixel[k], given[k], sums[k]);
                    }
                }
            }
        }
    }
    for (y, sums) in (y..).zip(sums) {
        for (x, sums) in (x..).zip(sums) {
            let place = (y * operands.size[1] + x) * channels + first;
            // SAFETY: there is a slope for each weight.
            unsafe {
                let before = T::load::<S, K>(operands.slope, place);
                let after = std::array::from_fn(|k| T::plus(simd, before[k], sums[k]));
                T::store::<S, K>(operands.slope, place, after);
            }
        }
    }
}
