//! Products of columns and filters by the dual 16-bit multiply-accumulate of Armv7E-M, three columns and two filters at
//! a time.
//!
//! `SXTB16` widens bytes 0 and 2 of a word, and with a rotation bytes 1 and 3. So that one multiplication meets
//! the right operands, a triple of columns p, q and r is laid out by four elements: `p0 p2 q0 q2 r0 r2 p1 p3 q1 q3
//! r1 r3`, lowest first; two rows of weights v and w likewise: `v0 v2 w0 w2 v1 v3 w1 w3`. Zeros fill up the last four.

use core::arch::asm;

use crate::kernel::armv7em_conv_tile::{Tile, multiply_tile};
use crate::kernel::{COLUMNS, Filters};

/// Writes elements `at..` of a triple of columns: those of `sources`, less `zero`. `at` is a multiple of 4, and so is
/// the number of elements except at the columns' end.
#[inline]
pub(crate) fn unpack(triple: &mut [i16], at: usize, sources: [&[i8]; COLUMNS], zero: i32) {
    let count = sources[0].len();
    let fours = count / 4;
    let triple = &mut triple[COLUMNS * at..][..COLUMNS * count.next_multiple_of(4)];
    assert!(sources.iter().all(|source| source.len() == count));
    if fours > 0 {
        let minus_zero = ((-zero) as u32 & 0xffff) * 0x1_0001;
        let [first, second, third] = sources;
        // SAFETY: reads `4 * fours` bytes of each source and writes as many halfwords for each, which the slices hold.
        unsafe {
            asm!(
                ".p2align 2",
                "2:",
                "ldr.w r2, [{first}], #4",
                "ldr.w r3, [{second}], #4",
                "ldr.w r4, [{third}], #4",
                "sxtab16 r5, {minus_zero}, r2, ror #8",
                "sxtab16 r8, {minus_zero}, r3, ror #8",
                "sxtab16 r9, {minus_zero}, r4, ror #8",
                "sxtab16 r2, {minus_zero}, r2",
                "sxtab16 r3, {minus_zero}, r3",
                "sxtab16 r4, {minus_zero}, r4",
                "subs.w {fours}, {fours}, #1",
                "stmia.w {to}!, {{r2-r5, r8, r9}}",
                "bne 2b",
                first = inout(reg) first.as_ptr() => _,
                second = inout(reg) second.as_ptr() => _,
                third = inout(reg) third.as_ptr() => _,
                to = inout(reg) triple.as_mut_ptr() => _,
                fours = inout(reg) fours => _,
                minus_zero = in(reg) minus_zero,
                out("r2") _, out("r3") _, out("r4") _, out("r5") _, out("r8") _, out("r9") _,
                options(nostack),
            );
        }
    }
    if !count.is_multiple_of(4) {
        let rest = &mut triple[4 * COLUMNS * fours..];
        rest.fill(0);
        for (column, source) in sources.into_iter().enumerate() {
            for (i, &x) in source[4 * fours..].iter().enumerate() {
                rest[place(column, i)] = i16::from(x) - zero as i16;
            }
        }
    }
}

/// Where element `i` of a column lies in its triple.
#[inline]
fn place(column: usize, i: usize) -> usize {
    i / 4 * 4 * COLUMNS + i % 2 * 2 * COLUMNS + 2 * column + i % 4 / 2
}

/// Multiplies triples of columns, one after the other, with all filters; `out` gets the outputs of a column together. The
/// last triple may have columns that no output is asked of, which repeat the one before. `rows` is room for two
/// rows of weights.
#[inline]
pub(crate) fn multiply(triples: &[i16], filters: &Filters<'_>, rows: &mut [i16], out: &mut [i8]) {
    let (depth, count) = (filters.depth.next_multiple_of(4), filters.count());
    let pixels = out.len() / count;
    let rows = &mut rows[..2 * depth];
    assert!(triples.len() >= pixels.div_ceil(COLUMNS) * COLUMNS * depth);
    if count < 2 || !filters.are_short() {
        multiply_any(triples, filters, out);
        return;
    }
    // An odd last filter is computed together with the one before it once more.
    let spans = [(0, count / 2), (count - 2, count % 2)];
    for span in spans.into_iter().filter(|&(_, pairs)| pairs > 0) {
        let mut tile = Tile::new(triples, filters, span, rows, out, pixels);
        // SAFETY: the tile points to weights, factors and biases of as many filters as the span has; `rows` holds two
        // rows, `triples` a column and `out` an output of each filter for each pixel, and what is missing in the last
        // triple goes to the pixel before.
        unsafe { multiply_tile(&mut tile) };
    }
    if filters.clamp.is_tight() {
        // Outputs have been cut to the type's range only.
        filters.clamp.apply_all(out);
    }
}

/// The same for filters of any kind.
fn multiply_any(triples: &[i16], filters: &Filters<'_>, out: &mut [i8]) {
    let triple_length = COLUMNS * filters.depth.next_multiple_of(4);
    for (pixel, out) in out.chunks_exact_mut(filters.count()).enumerate() {
        let triple = &triples[pixel / COLUMNS * triple_length..];
        for (filter, out) in out.iter_mut().enumerate() {
            let products = filters.row(filter).iter().enumerate().map(|(i, &weight)| {
                i32::from(triple[place(pixel % COLUMNS, i)]) * i32::from(weight)
            });
            *out = filters.finish(filter, products.fold(0, i32::wrapping_add));
        }
    }
}
