//! What is done to a stored value when it is read.
//!
//! A stage stores what its sums gave. Bias or normalization, activation and rounding are elementwise
//! and cheap next to a walk through memory, so each reader does them anew, on a strip that is in the
//! nearest cache anyway; and the gradient is brought back through them by whoever wrote the last of it.

use pulp::Arch;

use crate::simd::vectorized;

use super::float::Float;

/// Least number of elements that a loop runs over: rows of few channels are taken several at once.
const TILE: usize = 64;

/// y = round(clamp(scale × z + shift)), scale and shift by channel.
#[derive(Debug, Clone)]
pub(super) struct Finish<T> {
    channels: usize,
    /// Per channel, repeated to at least [`TILE`] elements; so are the others.
    scale: Vec<T>,
    shift: Vec<T>,
    /// What is subtracted from z where its variation matters.
    center: Vec<T>,
    low: T,
    high: T,
    /// Length of a step of the rounding, and its inverse.
    step: Option<[T; 2]>,
    is_identity: bool,
}

impl<T: Float> Finish<T> {
    /// Changes nothing but what is outside the range, and rounds to multiples of `step`.
    pub(super) fn new(channels: usize, [low, high]: [T; 2], step: Option<T>) -> Self {
        let len = channels * TILE.div_ceil(channels);
        Self {
            channels,
            scale: vec![T::ONE; len],
            shift: vec![T::ZERO; len],
            center: vec![T::ZERO; len],
            low,
            high,
            step: step.map(|step| [step, T::ONE / step]),
            is_identity: low == -T::INFINITY && high == T::INFINITY && step.is_none(),
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// Sets what a channel is scaled and shifted by, and what it varies around.
    pub(super) fn set(&mut self, channel: usize, scale: T, shift: T, center: T) {
        let mut places = channel;
        while places < self.scale.len() {
            self.scale[places] = scale;
            self.shift[places] = shift;
            self.center[places] = center;
            places += self.channels;
        }
        self.is_identity &= scale == T::ONE && shift == T::ZERO;
    }

    /// The same without range and rounding.
    pub(super) fn unbounded(&self) -> Self {
        Self {
            low: -T::INFINITY,
            high: T::INFINITY,
            step: None,
            ..self.clone()
        }
    }

    #[cfg(test)]
    pub(super) fn refine(&mut self) {
        let inverse = T::of((1_u64 << 42) as f64);
        self.step = self.step.map(|_| [T::ONE / inverse, inverse]);
    }

    /// Whether reading changes nothing.
    pub(super) fn is_identity(&self) -> bool {
        self.is_identity
    }

    /// Reads whole pixels.
    pub(super) fn read(&self, arch: Arch, stored: &[T], read: &mut [T]) {
        vectorized(
            arch,
            #[inline(always)]
            || self.read_lanes(stored, read),
        );
    }

    #[inline(always)]
    fn read_lanes(&self, stored: &[T], read: &mut [T]) {
        let len = self.scale.len();
        let (low, high) = (self.low, self.high);
        for (stored, read) in stored.chunks(len).zip(read.chunks_mut(len)) {
            let affine = self.scale.iter().zip(&self.shift);
            let pairs = stored.iter().zip(read);
            if let Some([step, inverse]) = self.step {
                for ((z, y), (scale, shift)) in pairs.zip(affine) {
                    *y = (z.fma(*scale, *shift).bound(low, high) * inverse).round() * step;
                }
            } else {
                for ((z, y), (scale, shift)) in pairs.zip(affine) {
                    *y = z.fma(*scale, *shift).bound(low, high);
                }
            }
        }
    }

    /// Turns the gradient by what was read, whole pixels of it, into the one by what the clamp was
    /// given, and adds it up.
    pub(super) fn settle(&self, arch: Arch, stored: &[T], gradient: &mut [T], sums: &mut Sums<T>) {
        vectorized(
            arch,
            #[inline(always)]
            || self.settle_lanes(stored, gradient, sums),
        );
    }

    #[inline(always)]
    fn settle_lanes(&self, stored: &[T], gradient: &mut [T], sums: &mut Sums<T>) {
        let len = self.scale.len();
        let (scale, shift, center) = (&self.scale[..], &self.shift[..len], &self.center[..len]);
        let (plain, varied) = (&mut sums.plain[..len], &mut sums.varied[..len]);
        let (low, high) = (self.low, self.high);
        let passed = |z: T, g: T, i: usize| {
            let y = z.fma(scale[i], shift[i]);
            if y > low && y < high { g } else { T::ZERO }
        };
        let mut stored = stored.chunks_exact(4 * len);
        let mut gradient = gradient.chunks_exact_mut(4 * len);
        for (z, g) in stored.by_ref().zip(gradient.by_ref()) {
            let (z0, z1, z2, z3) = quarters(z, len);
            let (g01, g23) = g.split_at_mut(2 * len);
            let (g0, g1) = g01.split_at_mut(len);
            let (g2, g3) = g23.split_at_mut(len);
            let (g2, g3) = (&mut g2[..len], &mut g3[..len]);
            for i in 0..len {
                let d0 = passed(z0[i], g0[i], i);
                let d1 = passed(z1[i], g1[i], i);
                let d2 = passed(z2[i], g2[i], i);
                let d3 = passed(z3[i], g3[i], i);
                (g0[i], g1[i], g2[i], g3[i]) = (d0, d1, d2, d3);
                plain[i] += (d0 + d1) + (d2 + d3);
                let c = center[i];
                let left = d0.fma(z0[i] - c, d1 * (z1[i] - c));
                let right = d2.fma(z2[i] - c, d3 * (z3[i] - c));
                varied[i] += left + right;
            }
        }
        let rest = stored.remainder().chunks(len);
        for (z, g) in rest.zip(gradient.into_remainder().chunks_mut(len)) {
            for (i, (z, g)) in z.iter().zip(g).enumerate() {
                *g = passed(*z, *g, i);
                plain[i] += *g;
                varied[i] = g.fma(*z - center[i], varied[i]);
            }
        }
    }

    /// Turns the settled gradient of whole pixels into the one by what was stored.
    pub(super) fn unnormalize(
        &self,
        arch: Arch,
        slopes: &Slopes<T>,
        stored: &[T],
        gradient: &[T],
        out: &mut [T],
    ) {
        let len = self.scale.len();
        vectorized(
            arch,
            #[inline(always)]
            || {
                let parts = stored.chunks(len).zip(gradient.chunks(len));
                for ((z, g), out) in parts.zip(out.chunks_mut(len)) {
                    let slopes = slopes.direct.iter().zip(&slopes.varied).zip(&slopes.mean);
                    let pairs = z.iter().zip(g).zip(out);
                    for (((z, g), out), (((p, q), r), c)) in pairs.zip(slopes.zip(&self.center)) {
                        *out = g.fma(*p, q.fma(*z - *c, *r));
                    }
                }
            },
        );
    }
}

#[inline(always)]
fn quarters<T>(values: &[T], len: usize) -> (&[T], &[T], &[T], &[T]) {
    let (a, rest) = values.split_at(len);
    let (b, rest) = rest.split_at(len);
    let (c, rest) = rest.split_at(len);
    (a, b, c, &rest[..len])
}

/// Sums over pixels, per channel: of gradients, and of gradients times what they belong to.
#[derive(Debug, Clone)]
pub(super) struct Sums<T> {
    channels: usize,
    plain: Vec<T>,
    varied: Vec<T>,
}

impl<T: Float> Sums<T> {
    pub(super) fn new(finish: &Finish<T>) -> Self {
        Self {
            channels: finish.channels,
            plain: vec![T::ZERO; finish.scale.len()],
            varied: vec![T::ZERO; finish.scale.len()],
        }
    }

    pub(super) fn clear(&mut self) {
        self.plain.fill(T::ZERO);
        self.varied.fill(T::ZERO);
    }

    /// Of a channel: Σ g and Σ g × (z − center).
    pub(super) fn of(&self, channel: usize) -> (T, T) {
        let sum = |parts: &[T]| {
            let parts = parts.iter().skip(channel).step_by(self.channels);
            parts.fold(T::ZERO, |sum, &part| sum + part)
        };
        (sum(&self.plain), sum(&self.varied))
    }
}

/// How the gradient passes a normalization: direct × g + varied × (z − center) + mean.
#[derive(Debug, Clone)]
pub(super) struct Slopes<T> {
    direct: Vec<T>,
    varied: Vec<T>,
    mean: Vec<T>,
}

impl<T: Float> Slopes<T> {
    pub(super) fn new(finish: &Finish<T>) -> Self {
        let none = vec![T::ZERO; finish.scale.len()];
        Self {
            direct: none.clone(),
            varied: none.clone(),
            mean: none,
        }
    }

    pub(super) fn set(&mut self, finish: &Finish<T>, channel: usize, [p, q, r]: [T; 3]) {
        let mut place = channel;
        while place < self.direct.len() {
            (self.direct[place], self.varied[place], self.mean[place]) = (p, q, r);
            place += finish.channels;
        }
    }
}

/// Mean and variance of channels, gathered strip by strip.
///
/// Sums are of differences from the first pixel, so that a mean much larger than the deviation does
/// not drown it (Chan, Golub and LeVeque 1983, shifted data).
#[derive(Debug, Clone)]
pub(super) struct Moments<T> {
    channels: usize,
    count: usize,
    shift: Vec<T>,
    plain: Vec<T>,
    square: Vec<T>,
}

impl<T: Float> Moments<T> {
    pub(super) fn new(finish: &Finish<T>) -> Self {
        let zeros = vec![T::ZERO; finish.scale.len()];
        Self {
            channels: finish.channels,
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
        if self.count == 0 {
            let first = &values[..self.channels];
            for shift in self.shift.chunks_exact_mut(self.channels) {
                shift.copy_from_slice(first);
            }
        }
        self.count += values.len() / self.channels;
        vectorized(
            arch,
            #[inline(always)]
            || self.add_lanes(values),
        );
    }

    #[inline(always)]
    fn add_lanes(&mut self, values: &[T]) {
        let len = self.shift.len();
        let shift = &self.shift[..];
        let (plain, square) = (&mut self.plain[..len], &mut self.square[..len]);
        let mut parts = values.chunks_exact(4 * len);
        for part in parts.by_ref() {
            let (z0, z1, z2, z3) = quarters(part, len);
            for i in 0..len {
                let k = shift[i];
                let (a, b, c, d) = (z0[i] - k, z1[i] - k, z2[i] - k, z3[i] - k);
                plain[i] += (a + b) + (c + d);
                square[i] += a.fma(a, b * b) + c.fma(c, d * d);
            }
        }
        for part in parts.remainder().chunks(len) {
            for (i, z) in part.iter().enumerate() {
                let d = *z - shift[i];
                plain[i] += d;
                square[i] = d.fma(d, square[i]);
            }
        }
    }

    /// Of a channel: mean and variance (that of the pixels themselves, divided by their number).
    pub(super) fn of(&self, channel: usize) -> (T, T) {
        let sum = |parts: &[T]| {
            let parts = parts.iter().skip(channel).step_by(self.channels);
            parts.fold(T::ZERO, |sum, &part| sum + part)
        };
        let count = T::of(self.count as f64);
        let mean = sum(&self.plain) / count;
        let variance = sum(&self.square) / count - mean * mean;
        (self.shift[channel] + mean, variance.greater(T::ZERO))
    }

    /// Pixels taken in.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}
