//! Products of a dense layer's columns and filters by the dual 16-bit multiply-accumulate of Armv7E-M.
//!
//! `SXTB16` widens bytes 0 and 2 of a word, and with a rotation bytes 1 and 3. So that one multiplication meets
//! the right operands, a pair of columns is laid out in groups of four elements, p being the first and q the second
//! column: `p0 p2 p1 p3 q0 q2 q1 q3`, lowest first. A remainder of fewer than four follows as `p q p q`.

use core::arch::asm;

use crate::kernel::Filters;
use crate::kernel::armv7em_tile::{Tile, multiply_tile};

/// The upper 32 bits of a product, rounded.
#[inline(always)]
pub(crate) fn rounding_high_mul(a: i32, b: i32) -> i32 {
    let product;
    // SAFETY: computes on registers alone.
    unsafe {
        asm!(
            "smmulr {product}, {a}, {b}",
            product = out(reg) product,
            a = in(reg) a,
            b = in(reg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    product
}

/// Writes elements `at..` of a pair of columns: those of `sources`, less `zero`. `at` is a multiple of 4, and so is
/// the number of elements except at the columns' end.
#[inline(never)]
pub(crate) fn unpack_pair(pair: &mut [i16], at: usize, [first, second]: [&[i8]; 2], zero: i32) {
    let count = first.len();
    let groups = count / 4;
    let pair = &mut pair[2 * at..][..2 * count];
    assert!(second.len() == count);
    if groups > 0 {
        let minus_zero = ((-zero) as u32 & 0xffff) * 0x1_0001;
        // SAFETY: reads `4 * groups` bytes of each source and writes twice as many halfwords, which the slices hold.
        unsafe {
            asm!(
                ".p2align 2",
                "2:",
                "ldr.w {a}, [{first}], #4",
                "ldr.w {b}, [{second}], #4",
                "sxtab16 r2, {minus_zero}, {a}",
                "sxtab16 r3, {minus_zero}, {a}, ror #8",
                "sxtab16 r4, {minus_zero}, {b}",
                "sxtab16 r5, {minus_zero}, {b}, ror #8",
                "subs.w {groups}, {groups}, #1",
                "stmia.w {to}!, {{r2-r5}}",
                "bne 2b",
                first = inout(reg) first.as_ptr() => _,
                second = inout(reg) second.as_ptr() => _,
                to = inout(reg) pair.as_mut_ptr() => _,
                groups = inout(reg) groups => _,
                minus_zero = in(reg) minus_zero,
                a = out(reg) _,
                b = out(reg) _,
                out("r2") _, out("r3") _, out("r4") _, out("r5") _,
                options(nostack),
            );
        }
    }
    let rest = first[4 * groups..].iter().zip(&second[4 * groups..]);
    for (to, (&p, &q)) in pair[8 * groups..].as_chunks_mut().0.iter_mut().zip(rest) {
        *to = [i16::from(p) - zero as i16, i16::from(q) - zero as i16];
    }
}

/// Multiplies columns, a pair after the other, with all filters; `out` gets the outputs of a column together.
/// An odd last column has a pair to itself.
#[inline(never)]
pub(crate) fn multiply_pairs(columns: &[i16], filters: &Filters<'_>, out: &mut [i8]) {
    let (depth, count) = (filters.depth, filters.count());
    let pixels = out.len() / count;
    assert!(columns.len() >= pixels.div_ceil(2) * 2 * depth);
    if count < 2 || !filters.are_short() {
        multiply_any(columns, filters, out);
        return;
    }
    // An odd last filter is computed together with the one before it once more.
    let spans = [(0, count / 2 * 2), (count - 2, count % 2 * 2)];
    for (first, span) in spans.into_iter().filter(|&(_, span)| span > 0) {
        let weights = &filters.weights[first * depth..][..span * depth];
        let mut tile = Tile::new(columns, filters, first, weights, out, pixels);
        // SAFETY: `weights` holds the rows of `span` filters from `first` on, whose factors and biases the tile
        // points to; `columns` a pair for each pair of pixels; `out` all filters' outputs for each pixel.
        unsafe { multiply_tile(&mut tile) };
    }
    if filters.clamp.is_tight() {
        // Outputs have been cut to the type's range only.
        filters.clamp.apply_all(out);
    }
}

/// The same for filters of any kind.
fn multiply_any(columns: &[i16], filters: &Filters<'_>, out: &mut [i8]) {
    for (pixel, out) in out.chunks_exact_mut(filters.count()).enumerate() {
        let pair = &columns[pixel / 2 * 2 * filters.depth..];
        for (filter, out) in out.iter_mut().enumerate() {
            *out = filters.finish(filter, dot(pair, pixel % 2, filters.row(filter)));
        }
    }
}

/// The product of a row of weights and one column of the pair at the start of `columns`.
fn dot(columns: &[i16], which: usize, row: &[i8]) -> i32 {
    let whole = row.len() / 4 * 4;
    row.iter().enumerate().fold(0, |sum, (i, &weight)| {
        let place = if i < whole {
            i / 4 * 8 + which * 4 + [0, 2, 1, 3][i % 4]
        } else {
            i * 2 + which
        };
        sum.wrapping_add(i32::from(columns[place]) * i32::from(weight))
    })
}
