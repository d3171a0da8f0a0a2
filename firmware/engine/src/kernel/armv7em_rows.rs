//! Products of few columns and filters by the dual 16-bit multiply-accumulate of Armv7E-M, one column and four filters at a
//! time: the loop in which dense layers spend their time.
//!
//! `SXTB16` widens bytes 0 and 2 of a word, and with a rotation bytes 1 and 3. So that one multiplication meets
//! the right operands, a column is laid out by four elements: `p0 p2 p1 p3`, lowest first. A remainder of fewer than four
//! follows as it is.

use core::arch::{asm, naked_asm};
use core::mem::offset_of;

use crate::kernel::Filters;
use crate::kernel::armv7em_finish::{FOUR, Finish, Same, finish_four, four_biases};

/// Writes a column: `source` less `zero`.
#[inline(never)]
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
#[inline(never)]
pub(crate) fn multiply_column(column: &[i16], filters: &Filters<'_>, out: &mut [i8]) {
    let depth = filters.depth;
    if filters.count() < FOUR || !filters.are_short() {
        return multiply_any(column, filters, out);
    }
    let whole = depth / 4 * 4;
    let same = Same::of(filters);
    let mut product = Product {
        finish: Finish::new(filters, &same, out),
        column: column[..depth].as_ptr(),
        end: column[whole..].as_ptr(),
        rows: filters.weights.as_ptr(),
        depth,
        rest: depth % 4,
    };
    // SAFETY: the column has `depth` elements, and there are as many weights for each filter.
    unsafe { multiply_rows(&mut product) };
}

/// The same for filters of any kind.
fn multiply_any(column: &[i16], filters: &Filters<'_>, out: &mut [i8]) {
    let whole = filters.depth / 4 * 4;
    for (filter, out) in out.iter_mut().enumerate() {
        let row = filters.row(filter).iter().enumerate();
        let sum = row.fold(0, |sum: i32, (i, &weight)| {
            // The middle two of four have changed places.
            let swapped = i < whole && (1..3).contains(&(i % 4));
            let place = if swapped { i ^ 3 } else { i };
            sum.wrapping_add(i32::from(column[place]) * i32::from(weight))
        });
        *out = filters.finish(filter, sum);
    }
}

/// What [`multiply_rows`] works on.
#[repr(C)]
struct Product {
    finish: Finish,
    column: *const i16,
    /// Where the column's whole groups of four end.
    end: *const i16,
    rows: *const i8,
    depth: usize,
    /// Elements behind the groups.
    rest: usize,
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
        smlad r3, lr, r10, r3
        smlad r3, r11, r9, r3
        sxtb16 lr, r12, ror #8
        sxtb16 r12, r12
        smlad r4, lr, r10, r4
        smlad r4, r12, r9, r4
        ldr.w r11, [r7], #4
        ldr.w r12, [r8], #4
        sxtb16 lr, r11, ror #8
        sxtb16 r11, r11
        smlad r5, lr, r10, r5
        smlad r5, r11, r9, r5
        sxtb16 lr, r12, ror #8
        sxtb16 r12, r12
        smlad r6, lr, r10, r6
        smlad r6, r12, r9, r6
        ")
    };
}

/// Multiplies the column with all rows, of which there are four at least, and writes an output for each.
///
/// Registers in the loop: r0 column, r1, r2, r7 and r8 rows, r3 to r6 sums, r9 and r10 elements, r11, r12 and lr weights. On the
/// stack: where the loop ends, the first row's number, and the product.
///
/// # Safety
/// The pointers must lead to as much as the numbers say.
#[unsafe(naked)]
unsafe extern "C" fn multiply_rows(product: &mut Product) {
    naked_asm!(
        with_dsp!(),
        "push {{r4-r11, lr}}",
        "ldr r1, [r0, #{end}]",
        "movs r2, #0",
        "push {{r1, r2, r3}}",
        "str r0, [sp, #8]",
        "mov r12, r0",
        "mov r10, r2",
        // Four rows.
        ".p2align 2",
        "0:",
        "str r10, [sp, #4]",
        "ldr.w r0, [r12, #{column}]",
        "ldr.w r1, [r12, #{rows}]",
        "ldr.w r2, [r12, #{depth}]",
        "ldr.w r9, [sp]",
        "mla r1, r10, r2, r1",
        "add.w r8, r2, r2, lsl #1",
        "add.w r7, r1, r2, lsl #1",
        "add.w r8, r8, r1",
        "add.w r2, r2, r1",
        four_biases!("5"),
        "subs r9, r9, r0",
        "beq 3f",
        // An odd number of groups starts in the middle of the loop.
        "tst r9, #8",
        "itt ne",
        "subne r0, #8",
        "bne 2f",
        ".p2align 2",
        "1:",
        four_elements!("0"),
        "2:",
        four_elements!("8", "add.w r0, r0, #16"),
        "ldr.w r11, [sp]",
        "cmp.w r0, r11",
        "bne.w 1b",
        "ldr.w r12, [sp, #8]",
        "3:",
        "ldr.w r11, [r12, #{rest}]",
        "cmp r11, #0",
        "bne 6f",
        "4:",
        "ldr.w r10, [sp, #4]",
        "bl {finish_four}",
        "bne 0b",
        "pop {{r1-r11, pc}}",
        // One to three elements.
        "6:",
        "ldrsh r9, [r0], #2",
        "ldrsb r10, [r1], #1",
        "ldrsb lr, [r2], #1",
        "smlabb r3, r10, r9, r3",
        "smlabb r4, lr, r9, r4",
        "ldrsb r10, [r7], #1",
        "ldrsb lr, [r8], #1",
        "subs r11, r11, #1",
        "smlabb r5, r10, r9, r5",
        "smlabb r6, lr, r9, r6",
        "bne 6b",
        "b 4b",
        bias = const offset_of!(Finish, bias),
        column = const offset_of!(Product, column),
        end = const offset_of!(Product, end),
        rows = const offset_of!(Product, rows),
        depth = const offset_of!(Product, depth),
        rest = const offset_of!(Product, rest),
        finish_four = sym finish_four,
    )
}
