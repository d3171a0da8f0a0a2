//! Products of columns and filters, for any target. A pair of columns lies one behind the other.

use crate::arena::Io;
use crate::kernel::{Filters, Strips};

/// Writes elements `at..` of a pair of columns: those of `sources`, less `zero`.
pub(crate) fn unpack(pair: &mut [i16], at: usize, sources: [&[i8]; 2], zero: i32) {
    let (first, second) = pair.split_at_mut(pair.len() / 2);
    for (column, source) in [first, second].into_iter().zip(sources) {
        for (to, &from) in column[at..].iter_mut().zip(source) {
            *to = i16::from(from) - zero as i16;
        }
    }
}

/// Multiplies columns, a pair after the other, with all filters; `out` gets the outputs of a column together.
/// An odd last column has a pair to itself.
pub(crate) fn multiply(columns: &[i16], filters: &Filters<'_>, _: &mut [i8], out: &mut [i8]) {
    let columns = columns.chunks_exact(filters.depth);
    for (column, out) in columns.zip(out.chunks_exact_mut(filters.count())) {
        for (filter, out) in out.iter_mut().enumerate() {
            *out = filters.finish(filter, dot(column, filters.row(filter)));
        }
    }
}

/// Sum of products. Cannot overflow for any filter that fits a microcontroller, and wraps like TFLite's if it does.
fn dot(column: &[i16], row: &[i8]) -> i32 {
    let products = column
        .iter()
        .zip(row)
        .map(|(&a, &b)| i32::from(a) * i32::from(b));
    products.fold(0, i32::wrapping_add)
}

/// Leaves depthwise convolutions to the general code, whose loops over channels the compiler vectorises.
pub(crate) fn depthwise_3x3(_: &Strips<'_>, _: &mut [u8], _: &mut Io<'_>) -> bool {
    false
}
