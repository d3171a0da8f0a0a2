//! Products of convolutions' columns and filters for Armv6-M, whose one multiplication keeps the lower 32 bits.
//!
//! One multiplication does two multiply-accumulates. A word holds two weights, `v + (w << 16)`, another the elements that
//! they meet, in the other order: `q + (p << 16)`. Modulo 2^32 their product is `v * q + ((v * p + w * q) << 16)`, of
//! which the upper half is wanted. It is exact unless both weights are -128: elements are kept negated, so that two products
//! add up to more than -2^15 and to less than 2^15; and the lower half, a product of two bytes, takes one from the upper if
//! it is negative, which bit 15 tells: `ASRS #16` puts it into the carry that `ADCS` adds. Where a weight is -128, which
//! TensorFlow's quantization never makes, products are computed one by one.
//!
//! Words hold elements 0 and 2, and 1 and 3, of each four. The words of a triple's columns take turns. Zero points
//! are not subtracted, which would not leave room for two products, but made up for with the sum of the weights.

use crate::kernel::armv6m_row::{self, CENTRE, Constants, LANES, Row, SIGNS};
use crate::kernel::{COLUMNS, Filters, Source};

/// Weights whose sum fits the lanes that [`armv6m_row::widen`] adds them up in.
const SUMMABLE: usize = 512;

/// Elements, or weights, 0 and 2, and 1 and 3, of up to four, each raised by 128.
#[inline]
fn lanes(bytes: &[i8]) -> [u32; 2] {
    let mut four = [0; 4];
    for (to, &from) in four.iter_mut().zip(bytes) {
        *to = from as u8;
    }
    let raised = u32::from_le_bytes(four) ^ SIGNS;
    [raised & LANES, raised >> 8 & LANES]
}

/// Halfwords as words.
#[inline]
fn words(halves: &[i16]) -> &[u32] {
    // SAFETY: every bit pattern is a valid `u32`, and `align_to` keeps to its size and alignment.
    unsafe { halves.align_to().1 }
}

/// The same, to be written.
#[inline]
fn words_mut(halves: &mut [i16]) -> &mut [u32] {
    // SAFETY: as in `words`.
    unsafe { halves.align_to_mut().1 }
}

/// Fills a triple of columns with `rows` rows of `row` elements, a multiple of 4, of each of `sources`.
#[inline]
pub(crate) fn unpack(
    triple: &mut [i16],
    sources: [Source<'_>; COLUMNS],
    (rows, row): (usize, usize),
    _: i32,
) {
    let words = words_mut(triple);
    for (column, source) in sources.into_iter().enumerate() {
        for i in 0..rows {
            let bytes = &source.bytes[i * source.step..][..row];
            unpack_row(&mut words[COLUMNS * i * row / 2 + column..], bytes);
        }
    }
}

/// Writes a row of a column to every third of `words`.
#[inline]
fn unpack_row(words: &mut [u32], row: &[i8]) {
    let groups = row.len() / 4;
    if groups > 0 && row.as_ptr().addr().is_multiple_of(4) {
        let to = &mut words[..COLUMNS * (2 * groups - 1) + 1];
        // SAFETY: reads all groups of four elements of the row, and writes every third word of `to`.
        unsafe {
            armv6m_row::unpack(
                row.as_ptr(),
                row.as_ptr().add(4 * groups),
                to.as_mut_ptr(),
                &Constants::ALL,
            );
        }
        return;
    }
    for (to, four) in words.chunks_mut(2 * COLUMNS).zip(row.chunks(4)) {
        let [first, second] = lanes(four).map(|lanes| CENTRE.wrapping_sub(lanes.rotate_left(16)));
        (to[0], to[COLUMNS]) = (first, second);
    }
}

/// Multiplies triples of columns, one after the other, with all filters; `out` gets the outputs of a column together. The
/// last triple may have columns that no output is asked of.
#[inline]
pub(crate) fn multiply(triples: &[i16], filters: &Filters<'_>, rows: &mut [i16], out: &mut [i8]) {
    let (depth, count) = (filters.depth.next_multiple_of(4), filters.count());
    let pixels = out.len() / count;
    let (triples, row) = (words(triples), &mut words_mut(rows)[..depth / 2]);
    let triple = COLUMNS * depth / 2;
    assert!(triples.len() >= pixels.div_ceil(COLUMNS) * triple);
    let whole = pixels / COLUMNS;
    for filter in 0..count {
        let sum = widen(filters.row(filter), row);
        let make_up = filters.input_zero.wrapping_mul(sum);
        if !filters.are_short() || filters.have_least() {
            for (pixel, out) in out[filter..].iter_mut().step_by(count).enumerate() {
                let column = &triples[pixel / COLUMNS * triple + pixel % COLUMNS..];
                let sum = make_up.wrapping_add(dot(column, row));
                *out = filters.finish(filter, sum.wrapping_neg());
            }
            continue;
        }
        let start = make_up.wrapping_sub(filters.bias(filter));
        let mut job = Row::new(filters, filter, row, start);
        let mut last = [0; COLUMNS];
        if whole > 0 {
            job.go_to(triples, &mut out[filter..], count, whole);
            // SAFETY: there are `whole` triples and as many outputs for each of their columns.
            unsafe { armv6m_row::multiply(&mut job) };
        }
        if pixels > whole * COLUMNS {
            job.go_to(&triples[whole * triple..], &mut last, 1, 1);
            // SAFETY: there is another triple, and an output for each of its columns.
            unsafe { armv6m_row::multiply(&mut job) };
            let out = out[whole * COLUMNS * count + filter..].iter_mut();
            for (out, last) in out.step_by(count).zip(last) {
                *out = last;
            }
        }
    }
}

/// Turns weights into words, and adds them up.
#[inline]
fn widen(weights: &[i8], row: &mut [u32]) -> i32 {
    let mut sum = 0;
    for (weights, row) in weights.chunks(SUMMABLE).zip(row.chunks_mut(SUMMABLE / 2)) {
        if weights.as_ptr().addr().is_multiple_of(4) && weights.len().is_multiple_of(4) {
            let end = weights.as_ptr_range().end;
            // SAFETY: reads all weights, whole groups of four, and writes two words for each, which `row` has.
            let lanes = unsafe {
                armv6m_row::widen(weights.as_ptr(), end, row.as_mut_ptr(), &Constants::ALL)
            };
            let raised = (lanes & 0xffff) + (lanes >> 16);
            sum += raised as i32 - 128 * weights.len() as i32;
            continue;
        }
        for (to, four) in row.as_chunks_mut().0.iter_mut().zip(weights.chunks(4)) {
            *to = lanes(four).map(|lanes| lanes.wrapping_sub(CENTRE));
            sum += four.iter().map(|&weight| i32::from(weight)).sum::<i32>();
        }
    }
    sum
}

/// Whether one of these weights is -128.
#[inline(never)]
pub(super) fn have_least(weights: &[i8]) -> bool {
    let whole = if weights.as_ptr().addr().is_multiple_of(4) {
        weights.len() / 8 * 8
    } else {
        0
    };
    let (words, rest) = weights.split_at(whole);
    // SAFETY: reads all of `words`, aligned, two words at a time.
    let found = !words.is_empty() && unsafe { armv6m_row::have_least(words.as_ptr_range()) };
    found || rest.contains(&i8::MIN)
}

/// The sum of the products of a row and the column whose words are every third from `column`'s first on, each product
/// apart.
fn dot(column: &[u32], row: &[u32]) -> i32 {
    /// The halves of a word, of which the lower has taken one from the upper if it is negative.
    fn halves(word: u32) -> [i32; 2] {
        let low = i32::from(word as i16);
        [low, (word as i32).wrapping_sub(low) >> 16]
    }
    let words = column.iter().step_by(COLUMNS).zip(row);
    words.fold(0, |sum, (&elements, &weights)| {
        let ([q, p], [v, w]) = (halves(elements), halves(weights));
        sum.wrapping_add(v * p + w * q)
    })
}
