//! Products of columns and filters by the dual 16-bit multiply-accumulate of Armv7E-M, three columns and two filters at
//! a time.
//!
//! `SXTB16` widens bytes 0 and 2 of a word, and with a rotation bytes 1 and 3. So that one multiplication meets
//! the right operands, a triple of columns p, q and r is laid out by four elements: `p0 p2 q0 q2 r0 r2 p1 p3 q1 q3
//! r1 r3`, lowest first; two rows of weights v and w likewise: `v0 v2 w0 w2 v1 v3 w1 w3`. Zeros fill up the last four.

use core::arch::{asm, naked_asm};
use core::mem::offset_of;

use crate::kernel::armv7em_clamp::clamp_all;
use crate::kernel::armv7em_conv_tile::{Tile, multiply_tile};
use crate::kernel::{COLUMNS, Filters, Source};

/// Copies `rows` rows of `row` bytes, each `step` bytes after the one before.
#[inline]
pub(crate) fn copy_rows(
    to: &mut [i8],
    step: usize,
    source: Source<'_>,
    (rows, row): (usize, usize),
) {
    if rows == 0 {
        return;
    }
    let enough = |length: usize, step: usize| length >= (rows - 1) * step + row;
    assert!(enough(to.len(), step) && enough(source.bytes.len(), source.step));
    // SAFETY: both have all rows, and the registers come back as they are said to.
    unsafe {
        asm!(
            "1:",
            "movs {count}, {words}",
            "beq 3f",
            "2:",
            "ldr {x}, [{from}], #4",
            "subs {count}, {count}, #1",
            "str {x}, [{to}], #4",
            "bne 2b",
            "3:",
            "ands {count}, {row}, #3",
            "beq 5f",
            "4:",
            "ldrb {x}, [{from}], #1",
            "subs {count}, {count}, #1",
            "strb {x}, [{to}], #1",
            "bne 4b",
            "5:",
            "add {to}, {to}, {to_skip}",
            "add {from}, {from}, {from_skip}",
            "subs {rows}, {rows}, #1",
            "bne 1b",
            to = inout(reg) to.as_mut_ptr() => _,
            from = inout(reg) source.bytes.as_ptr() => _,
            to_skip = in(reg) step.wrapping_sub(row),
            from_skip = in(reg) source.step.wrapping_sub(row),
            rows = inout(reg) rows => _,
            row = in(reg) row,
            words = in(reg) row / 4,
            count = out(reg) _,
            x = out(reg) _,
            options(nostack),
        );
    }
}

/// What [`unpack_rows`] works on.
#[repr(C)]
struct Unpacking {
    to: *mut i16,
    sources: [*const i8; COLUMNS],
    /// Bytes from the end of a row to the start of the next one.
    skips: [usize; COLUMNS],
    minus_zero: u32,
    rows: usize,
    /// Elements of a row by fours.
    fours: usize,
}

/// Fills a triple of columns with `rows` rows of `row` elements, a multiple of 4, of each of `sources`, less `zero`.
#[inline]
pub(crate) fn unpack(
    triple: &mut [i16],
    sources: [Source<'_>; COLUMNS],
    (rows, row): (usize, usize),
    zero: i32,
) {
    let enough = |source: &Source<'_>| source.bytes.len() >= (rows - 1) * source.step + row;
    assert!(triple.len() >= COLUMNS * rows * row && sources.iter().all(enough));
    let mut unpacking = Unpacking {
        to: triple.as_mut_ptr(),
        sources: sources.map(|source| source.bytes.as_ptr()),
        skips: sources.map(|source| source.step.wrapping_sub(row)),
        minus_zero: ((-zero) as u32 & 0xffff) * 0x1_0001,
        rows,
        fours: row / 4,
    };
    // SAFETY: the sources have all rows, and the triple as many elements of three columns; both have just been checked.
    unsafe { unpack_rows(&mut unpacking) };
}

/// Unpacks rows, of which there is one at least, and not an empty one.
///
/// # Safety
/// Pointers must lead to as much as the numbers say.
#[unsafe(naked)]
unsafe extern "C" fn unpack_rows(unpacking: &mut Unpacking) {
    naked_asm!(
        with_dsp!(),
        "push {{r4-r11, lr}}",
        "ldr r11, [r0, #{minus_zero}]",
        "ldr lr, [r0, #{rows}]",
        "ldmia r0, {{r1-r4}}",
        "1:",
        "ldr r12, [r0, #{fours}]",
        ".p2align 2",
        "2:",
        "ldr.w r5, [r2], #4",
        "ldr.w r6, [r3], #4",
        "ldr.w r7, [r4], #4",
        "sxtab16 r8, r11, r5, ror #8",
        "sxtab16 r9, r11, r6, ror #8",
        "sxtab16 r10, r11, r7, ror #8",
        "sxtab16 r5, r11, r5",
        "sxtab16 r6, r11, r6",
        "sxtab16 r7, r11, r7",
        "subs.w r12, r12, #1",
        "stmia.w r1!, {{r5-r10}}",
        "bne 2b",
        "subs lr, lr, #1",
        "beq 3f",
        "ldr r5, [r0, #{skips}]",
        "ldr r6, [r0, #{skips} + 4]",
        "ldr r7, [r0, #{skips} + 8]",
        "add r2, r2, r5",
        "add r3, r3, r6",
        "add r4, r4, r7",
        "b 1b",
        "3:",
        "pop {{r4-r11, pc}}",
        minus_zero = const offset_of!(Unpacking, minus_zero),
        rows = const offset_of!(Unpacking, rows),
        fours = const offset_of!(Unpacking, fours),
        skips = const offset_of!(Unpacking, skips),
    )
}

/// Where element `i` of a column lies in its triple.
#[inline]
fn place(column: usize, i: usize) -> usize {
    i / 4 * 4 * COLUMNS + i % 2 * 2 * COLUMNS + 2 * column + i % 4 / 2
}

/// Multiplies triples of columns, one after the other, with all filters; `out` gets the outputs of a column together. The
/// last triple may have columns that no output is asked of, which repeat the one before. `rows` is room for two
/// rows of weights.
#[inline(never)]
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
    clamp_all(out, filters.clamp);
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
