//! Sums of products for Armv6-M.

use core::arch::naked_asm;

/// Sum of the products of a column and a row of weights over the whole groups of four elements, and how many elements
/// these are: none if the groups do not lie on whole words.
#[inline]
pub(super) fn dot_of_groups(column: &[i16], row: &[i8]) -> (i32, usize) {
    let whole = column.len().min(row.len()) / 4 * 4;
    let (column, row) = (column.as_ptr(), row[..whole].as_ptr_range());
    if whole == 0 || !(column.addr() | row.start.addr()).is_multiple_of(4) {
        return (0, 0);
    }
    // SAFETY: reads `whole` elements of each, which they have.
    (unsafe { dot(column, row.start, row.end) }, whole)
}

/// Four multiply-accumulates in 26 cycles.
///
/// Registers: r0 column, r1 row, r2 and r7 factors, r3 sum, r4 and r5 elements, r6 weights, r12 the row's end.
///
/// # Safety
/// There must be a positive multiple of four weights, and as many elements, all on whole words.
#[unsafe(naked)]
unsafe extern "C" fn dot(column: *const i16, row: *const i8, row_end: *const i8) -> i32 {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "mov r12, r2",
        "movs r3, #0",
        ".p2align 3",
        "1:",
        "ldm r1!, {{r6}}",
        "ldm r0!, {{r4, r5}}",
        "sxtb r2, r6",
        "sxth r7, r4",
        "muls r7, r2, r7",
        "adds r3, r7",
        "asrs r6, r6, #8",
        "asrs r4, r4, #16",
        "sxtb r2, r6",
        "muls r4, r2, r4",
        "adds r3, r4",
        "asrs r6, r6, #8",
        "sxtb r2, r6",
        "sxth r7, r5",
        "muls r7, r2, r7",
        "adds r3, r7",
        "asrs r6, r6, #8",
        "asrs r5, r5, #16",
        "muls r5, r6, r5",
        "adds r3, r5",
        "cmp r1, r12",
        "bne 1b",
        "movs r0, r3",
        "pop {{r4-r7, pc}}",
    )
}
