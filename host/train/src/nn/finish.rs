//! What is done to a stored value when it is read.
//!
//! A stage stores what its sums gave. Bias or normalization, activation and rounding are elementwise
//! and cheap next to a walk through memory, so each reader does them anew, on a strip that is in the
//! nearest cache anyway; and the gradient is brought back through them by whoever wrote the last of it.

use pulp::{Arch, Scalar, Simd, WithSimd};

use crate::simd::{rows, rows_mut, vectorized};

use super::float::Float;
use super::sums::{Slopes, Sums};
use super::table::{ROWS, Table};

/// y = round(clamp(scale × z + shift)), scale and shift by channel.
#[derive(Debug, Clone)]
pub(super) struct Finish<T> {
    scale: Table<T>,
    shift: Table<T>,
    /// What is subtracted from z where its variation matters.
    center: Table<T>,
    low: T,
    high: T,
    /// Length of a step of the rounding, and its inverse.
    step: Option<[T; 2]>,
    is_identity: bool,
}

impl<T: Float> Finish<T> {
    /// Changes nothing but what is outside the range, and rounds to multiples of `step`.
    pub(super) fn new(channels: usize, [low, high]: [T; 2], step: Option<T>) -> Self {
        Self {
            scale: Table::new(channels, T::ONE),
            shift: Table::new(channels, T::ZERO),
            center: Table::new(channels, T::ZERO),
            low,
            high,
            step: step.map(|step| [step, T::ONE / step]),
            is_identity: low == -T::INFINITY && high == T::INFINITY && step.is_none(),
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.scale.channels()
    }

    /// Sets what a channel is scaled and shifted by, and what it varies around.
    pub(super) fn set(&mut self, channel: usize, scale: T, shift: T, center: T) {
        self.scale.set(channel, scale);
        self.shift.set(channel, shift);
        self.center.set(channel, center);
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
        let Some([step, inverse]) = self.step else {
            arch.dispatch(Read {
                finish: self,
                stored,
                read,
            });
            return;
        };
        let len = self.scale.len();
        let (low, high) = (self.low, self.high);
        vectorized(
            arch,
            #[inline(always)]
            || {
                for (stored, read) in stored.chunks(len).zip(read.chunks_mut(len)) {
                    let affine = self.scale.iter().zip(self.shift.iter());
                    for ((z, y), (scale, shift)) in stored.iter().zip(read).zip(affine) {
                        *y = (z.fma(*scale, *shift).bound(low, high) * inverse).round() * step;
                    }
                }
            },
        );
    }

    /// Turns a gradient by what was read, whole pixels of it, into the one by what the clamp was
    /// given, and adds it up. The gradient is `part`, or `part` and what `gradient` holds.
    pub(super) fn settle(
        &self,
        arch: Arch,
        stored: &[T],
        part: &[T],
        gradient: &mut [T],
        adds: bool,
        sums: &mut Sums<T>,
    ) {
        arch.dispatch(Settle {
            finish: self,
            stored,
            part,
            gradient,
            adds,
            sums,
        });
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
        arch.dispatch(Unnormalize {
            finish: self,
            slopes,
            stored,
            gradient,
            out,
        });
    }
}

struct Read<'a, T> {
    finish: &'a Finish<T>,
    stored: &'a [T],
    read: &'a mut [T],
}

impl<T: Float> WithSimd for Read<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Finish { scale, shift, .. } = self.finish;
        let range = [self.finish.low, self.finish.high];
        let len = scale.len();
        for (z, y) in self.stored.chunks(len).zip(self.read.chunks_mut(len)) {
            let whole = T::whole::<S>(z.len());
            read_lanes(simd, range, [scale, shift], z, y);
            if whole < z.len() {
                let affine = [&scale[whole..], &shift[whole..]];
                read_lanes(Scalar::new(), range, affine, &z[whole..], &mut y[whole..]);
            }
        }
    }
}

#[inline(always)]
fn read_lanes<T: Float, S: Simd>(simd: S, range: [T; 2], affine: [&[T]; 2], z: &[T], y: &mut [T]) {
    let range = range.map(|end| T::splat(simd, end));
    let [scale, shift] = affine.map(T::vectors::<S>);
    let pairs = T::vectors_mut::<S>(y).iter_mut().zip(T::vectors::<S>(z));
    for ((y, z), (scale, shift)) in pairs.zip(scale.iter().zip(shift)) {
        *y = T::clamp(simd, T::fused(simd, *z, *scale, *shift), range);
    }
}

struct Settle<'a, T> {
    finish: &'a Finish<T>,
    stored: &'a [T],
    part: &'a [T],
    gradient: &'a mut [T],
    adds: bool,
    sums: &'a mut Sums<T>,
}

impl<T: Float> WithSimd for Settle<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.adds {
            self.run::<S, true>(simd);
        } else {
            self.run::<S, false>(simd);
        }
    }
}

impl<T: Float> Settle<'_, T> {
    #[inline(always)]
    fn run<S: Simd, const ADDS: bool>(self, simd: S) {
        let Self {
            finish,
            stored,
            part,
            gradient,
            sums,
            ..
        } = self;
        let len = finish.scale.len();
        let many = ROWS * len;
        let bulk = stored.len() - stored.len() % many;
        let (ours, rest) = gradient.split_at_mut(bulk);
        for ((z, part), gradient) in stored
            .chunks_exact(many)
            .zip(part.chunks_exact(many))
            .zip(ours.chunks_exact_mut(many))
        {
            let (z, part) = (rows::<T, ROWS>(z, len), rows(part, len));
            let gradient = rows_mut(gradient, len);
            settle_lanes::<T, S, ADDS, ROWS>(simd, finish, sums, 0, z, part, gradient);
        }
        let left = stored[bulk..].chunks(len).zip(part[bulk..].chunks(len));
        for ((z, part), gradient) in left.zip(rest.chunks_mut(len)) {
            let whole = T::whole::<S>(z.len());
            let ((z, z_rest), (part, part_rest)) = (z.split_at(whole), part.split_at(whole));
            let (gradient, gradient_rest) = gradient.split_at_mut(whole);
            settle_lanes::<T, S, ADDS, 1>(simd, finish, sums, 0, [z], [part], [gradient]);
            if !z_rest.is_empty() {
                settle_lanes::<T, Scalar, ADDS, 1>(
                    Scalar::new(),
                    finish,
                    sums,
                    whole,
                    [z_rest],
                    [part_rest],
                    [gradient_rest],
                );
            }
        }
    }
}

/// On rows that begin at a place of the tile.
#[inline(always)]
fn settle_lanes<T: Float, S: Simd, const ADDS: bool, const R: usize>(
    simd: S,
    finish: &Finish<T>,
    sums: &mut Sums<T>,
    place: usize,
    z: [&[T]; R],
    part: [&[T]; R],
    gradient: [&mut [T]; R],
) {
    let end = place + z[0].len();
    let range = [finish.low, finish.high].map(|end| T::splat(simd, end));
    let z = z.map(T::vectors::<S>);
    let count = z[0].len();
    let part = part.map(|part| &T::vectors::<S>(part)[..count]);
    let gradient = gradient.map(|gradient| &mut T::vectors_mut::<S>(gradient)[..count]);
    let tables = [&finish.scale, &finish.shift, &finish.center];
    let [scale, shift, center] = tables.map(|table| &T::vectors::<S>(&table[place..end])[..count]);
    let plain = &mut T::vectors_mut::<S>(&mut sums.plain[place..end])[..count];
    let varied = &mut T::vectors_mut::<S>(&mut sums.varied[place..end])[..count];
    let z = z.map(|z| &z[..count]);
    for i in 0..count {
        let (mut sum, mut variation) = (plain[i], varied[i]);
        for row in 0..R {
            let z = z[row][i];
            let mut given = part[row][i];
            if ADDS {
                given = T::plus(simd, given, gradient[row][i]);
            }
            let y = T::fused(simd, z, scale[i], shift[i]);
            let given = T::pass(simd, given, y, range);
            gradient[row][i] = given;
            sum = T::plus(simd, sum, given);
            variation = T::fused(simd, given, T::minus(simd, z, center[i]), variation);
        }
        (plain[i], varied[i]) = (sum, variation);
    }
}

struct Unnormalize<'a, T> {
    finish: &'a Finish<T>,
    slopes: &'a Slopes<T>,
    stored: &'a [T],
    gradient: &'a [T],
    out: &'a mut [T],
}

impl<T: Float> WithSimd for Unnormalize<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Slopes {
            direct,
            varied,
            mean,
        } = self.slopes;
        let center = &self.finish.center;
        let len = center.len();
        let parts = self.stored.chunks(len).zip(self.gradient.chunks(len));
        for ((z, g), out) in parts.zip(self.out.chunks_mut(len)) {
            let whole = T::whole::<S>(z.len());
            unnormalize_lanes(simd, [direct, varied, mean, center], z, g, out);
            if whole < z.len() {
                let tables = [direct, varied, mean, center].map(|table| &table[whole..]);
                let (z, g) = (&z[whole..], &g[whole..]);
                unnormalize_lanes(Scalar::new(), tables, z, g, &mut out[whole..]);
            }
        }
    }
}

#[inline(always)]
fn unnormalize_lanes<T: Float, S: Simd>(
    simd: S,
    tables: [&[T]; 4],
    z: &[T],
    g: &[T],
    out: &mut [T],
) {
    let [direct, varied, mean, center] = tables.map(T::vectors::<S>);
    let slopes = direct.iter().zip(varied).zip(mean).zip(center);
    let values = T::vectors::<S>(z).iter().zip(T::vectors::<S>(g));
    let values = T::vectors_mut::<S>(out).iter_mut().zip(values);
    for ((out, (z, g)), (((direct, varied), mean), center)) in values.zip(slopes) {
        let z = T::minus(simd, *z, *center);
        *out = T::fused(simd, *g, *direct, T::fused(simd, *varied, z, *mean));
    }
}
