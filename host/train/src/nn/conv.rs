//! Convolutions and dense layers as products of matrices.
//!
//! A row for each place of the window, with all that the window sees there; a strip of such rows is
//! made at a time, small enough to stay in the nearest caches. Windows of one pixel see a pixel as it
//! is stored, and a dense layer is one of them.

use std::ops::Range;

use pulp::Arch;

use super::float::Float;
use super::flow::{Given, Input, Made, Scratch, Sink, room};
use super::frame::Frame;
use super::geometry::{Geometry, elements};
use super::matmul::{Matrix, multiply};

/// Rows of a strip.
const STRIP: usize = 256;

/// Writes the sums without bias; `weights` are filter × height × width × channel.
pub(super) fn forward<T: Float>(
    arch: Arch,
    geometry: &Geometry,
    n: usize,
    input: Input<'_, T>,
    weights: &[T],
    mut made: Made<'_, T>,
    scratch: &mut Scratch<T>,
) {
    let (geometry, n) = normal(geometry, n);
    let filters = geometry.to[2];
    let depth = weights.len() / filters;
    let weights = Matrix::new(weights, filters, depth).transposed();
    let view = View::new(geometry, depth);
    let Scratch {
        read,
        frames: [framed, _],
        columns,
        ..
    } = scratch;
    view.clear(framed);
    for images in view.groups(n) {
        let seen = view.see(arch, input, images.clone(), read, framed);
        let first = images.start * geometry.places();
        for rows in strips(images.len() * geometry.places()) {
            let columns = view.columns(seen, rows.clone(), columns);
            let columns = Matrix::new(columns, rows.len(), depth);
            let range = (first + rows.start) * filters..(first + rows.end) * filters;
            made.write(arch, range, |out| {
                multiply(columns, weights, out, false);
            });
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
    mut given: Given<'_, T>,
    slope: &mut [T],
    mut sink: Option<Sink<'_, T>>,
    scratch: &mut Scratch<T>,
) {
    let (geometry, n) = normal(geometry, n);
    let filters = geometry.to[2];
    let depth = weights.len() / filters;
    let weights = Matrix::new(weights, filters, depth);
    let view = View::new(geometry, depth);
    let Scratch {
        read,
        given: turned,
        part,
        frames: [framed, returned],
        columns,
    } = scratch;
    view.clear(framed);
    for images in view.groups(n) {
        let source = images.start * view.seen..images.end * view.seen;
        let seen = view.see(arch, input, images.clone(), read, framed);
        let made = elements(geometry.to);
        let target = images.start * made..images.end * made;
        let gradient = given.strip(arch, target, turned);
        if sink.is_some() {
            view.clear(returned);
        }
        for rows in strips(images.len() * geometry.places()) {
            let count = rows.len();
            let gradient = &gradient[rows.start * filters..rows.end * filters];
            let gradient = Matrix::new(gradient, count, filters);
            let seen = Matrix::new(view.columns(seen, rows.clone(), columns), count, depth);
            multiply(gradient.transposed(), seen, slope, true);
            let Some(sink) = &mut sink else { continue };
            let part = room(part, count * depth);
            multiply(gradient, weights, part, false);
            match view.frame {
                Some(frame) => view.scatter(&frame, part, rows, returned),
                None => {
                    let start = source.start + rows.start * depth;
                    sink.take(arch, &mut given, start..start + count * depth, part);
                }
            }
        }
        if let (Some(frame), Some(sink)) = (view.frame, &mut sink) {
            let part = room(part, source.len());
            let images = part.chunks_exact_mut(view.seen);
            for (image, framed) in images.zip(returned.chunks_exact(frame.len())) {
                for [to, from] in frame.pieces() {
                    image[to].copy_from_slice(&framed[from]);
                }
            }
            sink.take(arch, &mut given, source, part);
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

fn strips(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows)
        .step_by(STRIP)
        .map(move |first| first..rows.min(first + STRIP))
}

/// How windows see images.
struct View {
    geometry: Geometry,
    /// Elements of an image.
    seen: usize,
    /// Elements that a window sees.
    depth: usize,
    /// `None` if a window sees a pixel as it is stored.
    frame: Option<Frame>,
    /// Images that fill a strip together.
    count: usize,
}

impl View {
    fn new(geometry: Geometry, depth: usize) -> Self {
        Self {
            seen: elements(geometry.from),
            depth,
            frame: (!geometry.is_pointwise()).then(|| Frame::of_input(&geometry)),
            count: (STRIP / geometry.places()).max(1),
            geometry,
        }
    }

    fn groups(&self, n: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let count = self.count;
        (0..n)
            .step_by(count)
            .map(move |first| first..n.min(first + count))
    }

    /// Makes the frames of a group, without images.
    fn clear<T: Float>(&self, frames: &mut Vec<T>) {
        if let Some(frame) = self.frame {
            room(frames, self.count * frame.len()).fill(T::ZERO);
        }
    }

    /// Reads a group: as it is stored, or into frames.
    fn see<'a, T: Float>(
        &self,
        arch: Arch,
        input: Input<'a, T>,
        images: Range<usize>,
        read: &'a mut Vec<T>,
        frames: &'a mut Vec<T>,
    ) -> &'a [T] {
        let Some(frame) = self.frame else {
            return input.strip(arch, images.start * self.seen..images.end * self.seen, read);
        };
        for (image, framed) in images.zip(frames.chunks_exact_mut(frame.len())) {
            input.frame(arch, &frame, image, framed);
        }
        frames
    }

    /// What windows see at some places of a group.
    fn columns<'a, T: Float>(
        &self,
        seen: &'a [T],
        rows: Range<usize>,
        columns: &'a mut Vec<T>,
    ) -> &'a [T] {
        let Some(frame) = self.frame else {
            return &seen[rows.start * self.depth..rows.end * self.depth];
        };
        let columns = room(columns, rows.len() * self.depth);
        let width = self.geometry.size[1] * self.geometry.from[2];
        let windows = self.windows(&frame, rows);
        for (start, column) in windows.zip(columns.chunks_exact_mut(self.depth)) {
            let starts = (start..).step_by(frame.pitch());
            for (start, column) in starts.zip(column.chunks_exact_mut(width)) {
                copy(&seen[start..start + width], column);
            }
        }
        columns
    }

    /// The other way: adds what was seen at some places to the frames.
    fn scatter<T: Float>(
        &self,
        frame: &Frame,
        columns: &[T],
        rows: Range<usize>,
        frames: &mut [T],
    ) {
        let width = self.geometry.size[1] * self.geometry.from[2];
        let windows = self.windows(frame, rows);
        for (start, column) in windows.zip(columns.chunks_exact(self.depth)) {
            let starts = (start..).step_by(frame.pitch());
            for (start, column) in starts.zip(column.chunks_exact(width)) {
                let pixels = frames[start..start + width].iter_mut();
                pixels
                    .zip(column)
                    .for_each(|(pixel, column)| *pixel += *column);
            }
        }
    }

    /// Where windows start in the frames of a group.
    fn windows(&self, frame: &Frame, rows: Range<usize>) -> impl Iterator<Item = usize> + use<> {
        let Geometry {
            to: [height, width, _],
            from: [_, _, channels],
            stride,
            ..
        } = self.geometry;
        let (len, down, across) = (frame.len(), stride[0] * frame.pitch(), stride[1] * channels);
        let (mut line, mut x) = (rows.start / width, rows.start % width);
        let start = move |line: usize| line / height * len + line % height * down;
        let mut place = start(line) + x * across;
        rows.map(move |_| {
            let here = place;
            (x, place) = (x + 1, place + across);
            if x == width {
                (line, x) = (line + 1, 0);
                place = start(line);
            }
            here
        })
    }
}

/// Like `copy_from_slice`, without a call for a few elements.
#[inline(always)]
fn copy<T: Float>(from: &[T], to: &mut [T]) {
    const FEW: usize = 4;
    const MANY: usize = 8 * FEW;
    match from.len() {
        ..FEW => to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
        len @ FEW..=MANY => {
            // The last few overlap those before.
            for start in (0..len - FEW).step_by(FEW).chain([len - FEW]) {
                to[start..start + FEW].copy_from_slice(&from[start..start + FEW]);
            }
        }
        _ => to.copy_from_slice(from),
    }
}
