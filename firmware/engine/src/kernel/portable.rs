//! Products of columns and filters, for any target. The columns of a triple lie one behind the other.

#[cfg(not(armv6m))]
use crate::arena::Io;
#[cfg(not(armv6m))]
use crate::kernel::{COLUMNS, Strips, Taps};
use crate::kernel::{Filters, Source};

/// Copies `rows` rows of `row` bytes, each `step` bytes after the one before.
#[inline]
pub(crate) fn copy_rows(
    to: &mut [i8],
    step: usize,
    source: Source<'_>,
    (rows, row): (usize, usize),
) {
    for i in 0..rows {
        to[i * step..][..row].copy_from_slice(&source.bytes[i * source.step..][..row]);
    }
}

/// Fills a triple of columns with `rows` rows of `row` elements, a multiple of 4, of each of `sources`, less `zero`.
#[cfg(not(armv6m))]
#[inline]
pub(crate) fn unpack(
    triple: &mut [i16],
    sources: [Source<'_>; COLUMNS],
    (rows, row): (usize, usize),
    zero: i32,
) {
    for i in 0..rows {
        let length = triple.len() / COLUMNS;
        for (column, source) in triple.chunks_exact_mut(length).zip(&sources) {
            let bytes = &source.bytes[i * source.step..][..row];
            unpack_column(&mut column[i * row..], bytes, zero);
        }
    }
}

/// Writes a column: `source` less `zero`.
#[inline]
pub(crate) fn unpack_column(column: &mut [i16], source: &[i8], zero: i32) {
    for (to, &from) in column.iter_mut().zip(source) {
        *to = i16::from(from) - zero as i16;
    }
}

/// Multiplies triples of columns, one after the other, with all filters; `out` gets the outputs of a column together. The
/// last triple may have columns that no output is asked of.
#[cfg(not(armv6m))]
#[inline]
pub(crate) fn multiply(triples: &[i16], filters: &Filters<'_>, _: &mut [i16], out: &mut [i8]) {
    multiply_each(triples, filters.depth.next_multiple_of(4), filters, out);
}

/// Multiplies a column with all filters.
#[inline]
pub(crate) fn multiply_column(column: &[i16], filters: &Filters<'_>, out: &mut [i8]) {
    multiply_each(column, filters.depth, filters, out);
}

#[inline]
fn multiply_each(columns: &[i16], step: usize, filters: &Filters<'_>, out: &mut [i8]) {
    let columns = columns.chunks_exact(step);
    for (column, out) in columns.zip(out.chunks_exact_mut(filters.count())) {
        for (filter, out) in out.iter_mut().enumerate() {
            *out = filters.finish(filter, dot(&column[..filters.depth], filters.row(filter)));
        }
    }
}

/// Sum of products. Cannot overflow for any filter that fits a microcontroller, and wraps like TFLite's if it does.
#[inline]
fn dot(column: &[i16], row: &[i8]) -> i32 {
    #[cfg(armv6m)]
    let (sum, done) = crate::kernel::armv6m_dot::dot_of_groups(column, row);
    #[cfg(not(armv6m))]
    let (sum, done) = (0, 0);
    let products = column[done..]
        .iter()
        .zip(&row[done..])
        .map(|(&a, &b)| i32::from(a) * i32::from(b));
    products.fold(sum, i32::wrapping_add)
}

/// Leaves depthwise convolutions to the general code, whose loops over channels the compiler vectorises.
#[cfg(not(armv6m))]
#[inline]
pub(crate) fn depthwise_3x3(_: &Strips<'_>, _: &mut [u8], _: &mut Io<'_>) -> bool {
    false
}

/// Leaves pixels of depthwise convolutions to the general code.
#[cfg(not(armv6m))]
#[inline]
pub(crate) fn depthwise_pixels(_: &Taps, _: &Filters<'_>, _: i32, _: &mut Io<'_>) -> bool {
    false
}
