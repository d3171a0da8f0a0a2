//! Products of few columns and filters by the dual 16-bit multiply-accumulate of Armv7E-M, one column and four filters at a
//! time: the loop in which dense layers spend their time.
//!
//! `SXTB16` widens bytes 0 and 2 of a word, and with a rotation bytes 1 and 3. So that one multiplication meets
//! the right operands, a column is laid out by four elements: `p0 p2 p1 p3`, lowest first. A remainder of fewer than four
//! follows as it is.

use core::arch::{asm, naked_asm};
use core::array;
use core::mem::offset_of;

use crate::kernel::Filters;

/// Filters that are multiplied with a column together.
const ROWS: usize = 4;

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

/// Writes a column: `source` less `zero`.
#[inline]
pub(crate) fn unpack_column(column: &mut [i16], source: &[i8], zero: i32) {
    let groups = source.len() / 4;
    let column = &mut column[..source.len()];
    if groups > 0 {
        let minus_zero = ((-zero) as u32 & 0xffff) * 0x1_0001;
        // SAFETY: reads `4 * groups` bytes of the source and writes as many halfwords, which the slices hold.
        unsafe {
            asm!(
                ".p2align 2",
                "2:",
                "ldr.w {a}, [{from}], #4",
                "subs.w {groups}, {groups}, #1",
                "sxtab16 {b}, {minus_zero}, {a}, ror #8",
                "sxtab16 {a}, {minus_zero}, {a}",
                "str.w {b}, [{to}, #4]",
                "str.w {a}, [{to}], #8",
                "bne 2b",
                from = inout(reg) source.as_ptr() => _,
                to = inout(reg) column.as_mut_ptr() => _,
                groups = inout(reg) groups => _,
                minus_zero = in(reg) minus_zero,
                a = out(reg) _,
                b = out(reg) _,
                options(nostack),
            );
        }
    }
    for (to, &from) in column.iter_mut().zip(source).skip(4 * groups) {
        *to = i16::from(from) - zero as i16;
    }
}

/// Multiplies a column with all filters.
#[inline]
pub(crate) fn multiply_column(column: &[i16], filters: &Filters<'_>, out: &mut [i8]) {
    let column = &column[..filters.depth];
    let whole = column.len() / 4 * 4;
    for (group, out) in out.chunks_mut(ROWS).enumerate() {
        let first = group * ROWS;
        // Rows too many repeat the last one.
        let rows: [&[i8]; ROWS] = array::from_fn(|i| filters.row(first + i.min(out.len() - 1)));
        let mut product = Product {
            column: column.as_ptr(),
            rows: rows.map(<[i8]>::as_ptr),
            sums: [0; ROWS],
            end: column[whole..].as_ptr(),
        };
        if whole > 0 {
            // SAFETY: column and rows have as many elements.
            unsafe { multiply_rows(&mut product) };
        }
        let outputs = out.iter_mut().zip(rows).zip(product.sums);
        for (i, ((out, row), sum)) in outputs.enumerate() {
            let rest = column[whole..].iter().zip(&row[whole..]);
            let sum = rest.fold(sum, |sum, (&a, &b)| {
                sum.wrapping_add(i32::from(a) * i32::from(b))
            });
            *out = filters.finish(first + i, sum);
        }
    }
}

/// What [`multiply_rows`] works on.
#[repr(C)]
struct Product {
    column: *const i16,
    rows: [*const i8; ROWS],
    sums: [i32; ROWS],
    /// Where the column's whole groups of four end.
    end: *const i16,
}

/// Four elements of the column, `$at` bytes on, times four rows: 16 multiply-accumulates in 24 cycles. `$advance` is for
/// the last step of a loop.
macro_rules! four_elements {
    ($at:literal $(, $advance:literal)?) => {
        concat!(
        "ldr.w r9, [r0, #", $at, "]\n",
        "ldr.w r10, [r0, #", $at, " + 4]\n",
        "
        ldr.w r11, [r1], #4
        ldr.w r12, [r2], #4
        ", $($advance,)? "
        sxtb16 lr, r11, ror #8
        sxtb16 r11, r11
        smlad r5, lr, r10, r5
        smlad r5, r11, r9, r5
        sxtb16 lr, r12, ror #8
        sxtb16 r12, r12
        smlad r6, lr, r10, r6
        smlad r6, r12, r9, r6
        ldr.w r11, [r3], #4
        ldr.w r12, [r4], #4
        sxtb16 lr, r11, ror #8
        sxtb16 r11, r11
        smlad r7, lr, r10, r7
        smlad r7, r11, r9, r7
        sxtb16 lr, r12, ror #8
        sxtb16 r12, r12
        smlad r8, lr, r10, r8
        smlad r8, r12, r9, r8
        ")
    };
}

/// Adds the products of the column's whole groups of four, of which there is one at least, and of each row to its sum.
///
/// Registers: r0 column, r1 to r4 rows, r5 to r8 sums, r9 and r10 elements, r11, r12 and lr weights. On the stack: where
/// the loop ends, and the product.
///
/// # Safety
/// The pointers must lead to that many.
#[unsafe(naked)]
unsafe extern "C" fn multiply_rows(product: &mut Product) {
    naked_asm!(
        "ldr r1, [r0, #{end}]",
        "push {{r0, r1, r4-r11, lr}}",
        "ldm r0, {{r0-r8}}",
        "ldr r9, [sp, #4]",
        "sub r9, r9, r0",
        // An odd number of groups starts in the middle of the loop.
        "tst r9, #8",
        "it ne",
        "subne r0, #8",
        "bne 2f",
        ".p2align 2",
        "1:",
        four_elements!("0"),
        "2:",
        four_elements!("8", "add r0, r0, #16"),
        "ldr.w r11, [sp, #4]",
        "cmp.w r0, r11",
        "bne 1b",
        "ldr r0, [sp]",
        "add r0, #{sums}",
        "stm r0, {{r5-r8}}",
        "pop {{r0, r1, r4-r11, pc}}",
        end = const offset_of!(Product, end),
        sums = const offset_of!(Product, sums),
    )
}
