//! Convolutions and dense layers as products of matrices.
//!
//! A row for each place of the window, with all that the window sees there; a strip of such rows is
//! made at a time, small enough to stay in the nearest caches. Windows of one pixel see a pixel as it
//! is stored, and a dense layer is one of them.

use std::ops::Range;

use pulp::Arch;

use super::finish::Moments;
use super::float::Float;
use super::flow::{Given, Input, Scratch, Sink, room};
use super::geometry::{Geometry, elements};
use super::matmul::{Matrix, multiply};

/// Rows of a strip.
const STRIP: usize = 256;

/// Writes the sums without bias; `weights` are filter × height × width × channel.
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
    let (geometry, n) = normal(geometry, n);
    let [seen, made] = [elements(geometry.from), elements(geometry.to)];
    let filters = geometry.to[2];
    let depth = weights.len() / filters;
    let weights = Matrix::new(weights, filters, depth).transposed();
    for images in groups(&geometry, n) {
        let read = input.strip(
            arch,
            images.start * seen..images.end * seen,
            &mut scratch.read,
        );
        let out = &mut out[images.start * made..images.end * made];
        for rows in strips(images.len() * geometry.places()) {
            let out = &mut out[rows.start * filters..rows.end * filters];
            let count = rows.len();
            let columns = columns(&geometry, read, rows, &mut scratch.work, depth);
            multiply(Matrix::new(columns, count, depth), weights, out, false);
            if let Some(moments) = &mut moments {
                moments.add(arch, out);
            }
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
    let (geometry, n) = normal(geometry, n);
    let [seen, made] = [elements(geometry.from), elements(geometry.to)];
    let filters = geometry.to[2];
    let depth = weights.len() / filters;
    let weights = Matrix::new(weights, filters, depth);
    for images in groups(&geometry, n) {
        let source = images.start * seen..images.end * seen;
        let read = input.strip(arch, source.clone(), &mut scratch.read);
        let target = images.start * made..images.end * made;
        let given = given.strip(arch, target, &mut scratch.given);
        for rows in strips(images.len() * geometry.places()) {
            let count = rows.len();
            let given = &given[rows.start * filters..rows.end * filters];
            let given = Matrix::new(given, count, filters);
            let seen_at = columns(&geometry, read, rows.clone(), &mut scratch.work, depth);
            let seen_at = Matrix::new(seen_at, count, depth);
            multiply(given.transposed(), seen_at, slope, true);
            let Some(sink) = &mut sink else { continue };
            if geometry.is_pointwise() {
                let start = source.start + rows.start * depth;
                let gradient = &mut sink.gradient[start..start + count * depth];
                multiply(given, weights, gradient, !sink.is_first);
            } else {
                let work = room(&mut scratch.work, count * depth);
                multiply(given, weights, work, false);
                let gradient = &mut sink.gradient[source.clone()];
                if sink.is_first && rows.start == 0 {
                    gradient.fill(T::ZERO);
                }
                scatter(&geometry, work, rows, gradient, depth);
            }
        }
        if let Some(sink) = &mut sink {
            sink.close(arch, source);
        }
    }
}

/// Each pixel an image of its own, where neighbours do not matter.
fn normal(geometry: &Geometry, n: usize) -> (Geometry, usize) {
    if !geometry.is_pointwise() {
        return (*geometry, n);
    }
    let pixel = Geometry {
        from: [1, 1, geometry.from[2]],
        to: [1, 1, geometry.to[2]],
        ..*geometry
    };
    (pixel, n * geometry.places())
}

/// Images that fill a strip together.
fn groups(geometry: &Geometry, n: usize) -> impl Iterator<Item = Range<usize>> + use<> {
    let count = (STRIP / geometry.places()).max(1);
    (0..n)
        .step_by(count)
        .map(move |first| first..n.min(first + count))
}

fn strips(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows)
        .step_by(STRIP)
        .map(move |first| first..rows.min(first + STRIP))
}

/// What the window sees at some places: zeros for padding.
fn columns<'a, T: Float>(
    geometry: &Geometry,
    images: &'a [T],
    rows: Range<usize>,
    work: &'a mut Vec<T>,
    depth: usize,
) -> &'a [T] {
    if geometry.is_pointwise() {
        return &images[rows.start * depth..rows.end * depth];
    }
    let work = room(work, rows.len() * depth);
    let width = geometry.size[1] * geometry.from[2];
    for (row, out) in rows.zip(work.chunks_exact_mut(depth)) {
        let (image, spans) = spans(geometry, row);
        let image = &images[image * elements(geometry.from)..];
        for (tap, out) in out.chunks_exact_mut(width).enumerate() {
            let Some(span) = spans.at(tap) else {
                out.fill(T::ZERO);
                continue;
            };
            let Span { from, to } = span;
            out[..to.start].fill(T::ZERO);
            out[to.end..].fill(T::ZERO);
            copy(&image[from..from + to.len()], &mut out[to]);
        }
    }
    work
}

/// The other way: adds what was seen at some places to the pixels.
fn scatter<T: Float>(
    geometry: &Geometry,
    work: &[T],
    rows: Range<usize>,
    images: &mut [T],
    depth: usize,
) {
    let width = geometry.size[1] * geometry.from[2];
    for (row, seen) in rows.zip(work.chunks_exact(depth)) {
        let (image, spans) = spans(geometry, row);
        let image = &mut images[image * elements(geometry.from)..];
        for (tap, seen) in seen.chunks_exact(width).enumerate() {
            let Some(Span { from, to }) = spans.at(tap) else {
                continue;
            };
            let pixels = &mut image[from..from + to.len()];
            for (pixel, seen) in pixels.iter_mut().zip(&seen[to]) {
                *pixel += *seen;
            }
        }
    }
}

/// A row of the window that is inside the image, at least in part.
struct Span {
    /// Where it starts in the image.
    from: usize,
    /// Where it is in the window's row.
    to: Range<usize>,
}

/// The rows of the window at a place.
struct Spans {
    down: Range<usize>,
    across: Range<usize>,
    /// Of the first pixel of window row 0, wherever that is; wraps around.
    origin: usize,
    pitch: usize,
    channels: usize,
}

impl Spans {
    fn at(&self, tap: usize) -> Option<Span> {
        let to = self.across.start * self.channels..self.across.end * self.channels;
        let start = self.origin.wrapping_add(tap * self.pitch);
        self.down.contains(&tap).then(|| Span {
            from: start.wrapping_add(to.start),
            to,
        })
    }
}

fn spans(geometry: &Geometry, row: usize) -> (usize, Spans) {
    let (image, place) = (row / geometry.places(), row % geometry.places());
    let (y, x) = (place / geometry.to[1], place % geometry.to[1]);
    let [_, width, channels] = geometry.from;
    let top = (y * geometry.stride[0]).wrapping_sub(geometry.before[0]);
    let left = (x * geometry.stride[1]).wrapping_sub(geometry.before[1]);
    let spans = Spans {
        down: geometry.inside(0, y),
        across: geometry.inside(1, x),
        origin: top
            .wrapping_mul(width)
            .wrapping_add(left)
            .wrapping_mul(channels),
        pitch: width * channels,
        channels,
    };
    (image, spans)
}

/// Like `copy_from_slice`, without a call for a few elements.
#[inline(always)]
fn copy<T: Float>(from: &[T], to: &mut [T]) {
    if from.len() > 8 {
        to.copy_from_slice(from);
    } else {
        for (to, from) in to.iter_mut().zip(from) {
            *to = *from;
        }
    }
}
