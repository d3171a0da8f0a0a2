//! The loops in which convolutions on Armv6-M spend their time.

use core::arch::naked_asm;
use core::mem::offset_of;
use core::ops::Range;

use crate::kernel::Filters;

/// Flips the signs of four bytes: they become numbers from 0 to 255, each 128 more than it was.
pub(super) const SIGNS: u32 = 0x8080_8080;
/// Every second byte.
pub(super) const LANES: u32 = 0x00ff_00ff;
/// 128 in both halves.
pub(super) const CENTRE: u32 = 0x0080_0080;

/// What the loops have in registers.
#[repr(C)]
pub(super) struct Constants([u32; 4]);

impl Constants {
    pub(super) const ALL: Self = Self([SIGNS, LANES, CENTRE, 16]);
}

/// Widens elements, four at a time, into every third word.
///
/// # Safety
/// From `from` to `end` there must be a positive multiple of four elements, aligned, and at `to` room for two words for
/// each four.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn unpack(
    from: *const i8,
    end: *const i8,
    to: *mut u32,
    constants: &Constants,
) {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "mov r12, r1",
        "ldm r3!, {{r4-r7}}",
        ".p2align 3",
        "1:",
        "ldm r0!, {{r1}}",
        "eors r1, r4",
        "rors r1, r7",
        "lsrs r3, r1, #8",
        "ands r1, r5",
        "ands r3, r5",
        "subs r1, r6, r1",
        "subs r3, r6, r3",
        "str r1, [r2]",
        "str r3, [r2, #12]",
        "adds r2, #24",
        "cmp r0, r12",
        "bne 1b",
        "pop {{r4-r7, pc}}",
    )
}

/// Widens weights, four at a time, into words. Returns the sums of those in the lower and in the upper halves, each weight
/// raised by 128.
///
/// # Safety
/// From `from` to `end` there must be a positive multiple of four weights, aligned, and at `to` room for two words for each
/// four.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn widen(
    from: *const i8,
    end: *const i8,
    to: *mut u32,
    constants: &Constants,
) -> u32 {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "mov r12, r1",
        "ldm r3!, {{r4-r6}}",
        "movs r7, #0",
        ".p2align 3",
        "1:",
        "ldm r0!, {{r1}}",
        "eors r1, r4",
        "lsrs r3, r1, #8",
        "ands r1, r5",
        "ands r3, r5",
        "adds r7, r1",
        "adds r7, r3",
        "subs r1, r1, r6",
        "subs r3, r3, r6",
        "stm r2!, {{r1, r3}}",
        "cmp r0, r12",
        "bne 1b",
        "movs r0, r7",
        "pop {{r4-r7, pc}}",
    )
}

/// Whether one of these bytes is -128, eight of them in 14 cycles. A byte that is raised to 0 is the first one to have a sign
/// after 1 is taken away from each, and none before.
///
/// # Safety
/// There must be a positive multiple of eight, aligned.
pub(super) unsafe fn have_least(weights: Range<*const i8>) -> bool {
    // SAFETY: as the caller promises.
    unsafe { signs_of_least(weights.start, weights.end, &[SIGNS, SIGNS >> 7]) & SIGNS != 0 }
}

#[unsafe(naked)]
unsafe extern "C" fn signs_of_least(from: *const i8, end: *const i8, constants: &[u32; 2]) -> u32 {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "ldm r2!, {{r4, r5}}",
        "movs r7, #0",
        ".p2align 3",
        "1:",
        "ldm r0!, {{r2, r3}}",
        "eors r2, r4",
        "eors r3, r4",
        "subs r6, r2, r5",
        "bics r6, r2",
        "orrs r7, r6",
        "subs r6, r3, r5",
        "bics r6, r3",
        "orrs r7, r6",
        "cmp r0, r1",
        "bne 1b",
        "movs r0, r7",
        "pop {{r4-r7, pc}}",
    )
}

/// What [`multiply`] works on: a row of weights and triples of columns. What it changes comes first.
#[repr(C)]
pub(super) struct Row {
    columns: *const u32,
    triples: usize,
    row: *const u32,
    row_end: *const u32,
    /// Bytes of code to leave out of the first round of the loop, which is unrolled.
    entry: usize,
    /// What the sums, which are negated, start at.
    start: i32,
    /// The halves of the multiplier.
    multiplier: [u32; 2],
    /// The divisor's binary logarithm.
    shift: u32,
    zero: i32,
    min: i32,
    max: i32,
    out: *mut i8,
    step: usize,
}

/// Words of a row that a round of the loop takes, and bytes of code for each.
const ROUND: usize = 8;
const CODE: usize = 24;

impl Row {
    /// A filter, whose weights are in `row`; it still must go to columns.
    pub(super) fn new(filters: &Filters<'_>, filter: usize, row: &[u32], start: i32) -> Self {
        let factor = filters.factors.get(filter);
        let multiplier = factor.multiplier as u32;
        let odd = row.len() % ROUND;
        let row = row.as_ptr_range();
        Self {
            columns: core::ptr::null(),
            triples: 0,
            row: row.start,
            row_end: row.end,
            entry: if odd == 0 { 0 } else { (ROUND - odd) * CODE },
            start,
            multiplier: [multiplier & 0xffff, multiplier >> 16],
            shift: factor.shift.unsigned_abs(),
            zero: filters.output_zero,
            min: filters.clamp.min,
            max: filters.clamp.max,
            out: core::ptr::null_mut(),
            step: 0,
        }
    }

    /// To so many triples of columns, the outputs of which are `step` elements apart.
    pub(super) fn go_to(&mut self, triples: &[u32], out: &mut [i8], step: usize, count: usize) {
        self.columns = triples.as_ptr();
        self.triples = count;
        self.out = out.as_mut_ptr();
        self.step = step;
    }
}

/// A word of weights times a word of each column of a triple: six multiply-accumulates in 16 cycles.
macro_rules! word {
    () => {
        "
        ldm r1!, {{r5}}
        ldm r0!, {{r6, r7}}
        muls r6, r5, r6
        asrs r6, r6, #16
        adcs r2, r6
        muls r7, r5, r7
        asrs r7, r7, #16
        adcs r3, r7
        ldm r0!, {{r6}}
        muls r6, r5, r6
        asrs r6, r6, #16
        adcs r4, r6
        "
    };
}

/// From a sum in r0, below 2^30, and the halves of a multiplier, r5 and r6, to the doubled product without its lower half,
/// rounded, less one if it is negative: its rounding shift to the right, `ASRS` and `ADCS`, then takes halves away from
/// zero as `Rescale::apply` does. r1, r5 and `$temp` are lost.
///
/// The sum is `a * 2^16 + b`, b being signed, and the multiplier `c * 2^16 + d`. What is wanted is
/// `2 * a * c + ((a * d + b * c + (b * d >> 16) + 2^14) >> 15)`: before the last shift only whole multiples are left out,
/// and no term overflows.
macro_rules! high {
    ($temp:literal) => {
        concat!(
            "
            sxth r1, r0
            asrs r0, r0, #16
            ",
            concat!("movs ", $temp, ", #0\n"),
            concat!("adcs r0, ", $temp, "\n"),
            concat!("movs ", $temp, ", r1\n"),
            concat!("muls ", $temp, ", r5, ", $temp, "\n"),
            "
            muls r1, r6, r1
            muls r5, r0, r5
            muls r0, r6, r0
            ",
            concat!("asrs ", $temp, ", ", $temp, ", #16\n"),
            "adds r1, r5\n",
            concat!("adds r1, ", $temp, "\n"),
            "
            lsls r0, r0, #1
            asrs r1, r1, #15
            adcs r0, r1
            asrs r1, r0, #31
            adds r0, r1
            "
        )
    };
}
pub(super) use high;

/// From a negated sum to an output, in the place where lr points to, with multiplier, shift, zero point and clamp.
macro_rules! finish {
    ($sum:literal) => {
        concat!(
            concat!("negs r0, ", $sum, "\n"),
            "
            mov r5, r11
            mov r6, r12
            ",
            high!($sum),
            "
            ldr r5, [r7, #{shift}]
            ldr r6, [r7, #{zero}]
            asrs r0, r5
            adcs r0, r6
            ldr r5, [r7, #{min}]
            ldr r6, [r7, #{max}]
            cmp r0, r5
            bge 3f
            movs r0, r5
            3:
            cmp r0, r6
            ble 3f
            movs r0, r6
            3:
            mov r5, lr
            ldr r6, [r7, #{step}]
            strb r0, [r5]
            add lr, r6
            ",
        )
    };
}

/// Multiplies a row with triples of columns, and writes an output for each column.
///
/// Registers in the loop: r0 columns, r1 weights, r2 to r4 sums, r5 a word of weights, r6 and r7 words of the columns; r8
/// what to do, r9 the row's end, r10 where the loop is entered, r11 and r12 the multiplier, lr outputs.
///
/// # Safety
/// The pointers must lead to as much as the numbers say.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn multiply(row: &mut Row) {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "mov r4, r8",
        "mov r5, r9",
        "mov r6, r10",
        "mov r7, r11",
        "push {{r4-r7}}",
        "mov r8, r0",
        "ldr r1, [r0, #{row_end}]",
        "ldr r2, [r0, #{entry}]",
        "ldr r4, [r0, #{multiplier}]",
        "ldr r5, [r0, #{multiplier} + 4]",
        "ldr r6, [r0, #{out}]",
        "adr r3, 2f",
        "adds r3, r2",
        "mov r9, r1",
        "mov r10, r3",
        "mov r11, r4",
        "mov r12, r5",
        "mov lr, r6",
        // A triple of columns.
        "1:",
        "mov r7, r8",
        "ldr r0, [r7, #{columns}]",
        "ldr r1, [r7, #{row}]",
        "ldr r2, [r7, #{start}]",
        "movs r3, r2",
        "movs r4, r2",
        "mov pc, r10",
        ".p2align 3",
        "2:",
        word!(),
        word!(),
        word!(),
        word!(),
        word!(),
        word!(),
        word!(),
        word!(),
        "cmp r1, r9",
        "bne 2b",
        "mov r7, r8",
        "str r0, [r7, #{columns}]",
        finish!("r2"),
        finish!("r3"),
        finish!("r4"),
        "ldr r0, [r7, #{triples}]",
        "subs r0, #1",
        "beq 4f",
        "str r0, [r7, #{triples}]",
        "b 1b",
        "4:",
        "pop {{r4-r7}}",
        "mov r8, r4",
        "mov r9, r5",
        "mov r10, r6",
        "mov r11, r7",
        "pop {{r4-r7, pc}}",
        columns = const offset_of!(Row, columns),
        triples = const offset_of!(Row, triples),
        row = const offset_of!(Row, row),
        row_end = const offset_of!(Row, row_end),
        entry = const offset_of!(Row, entry),
        start = const offset_of!(Row, start),
        multiplier = const offset_of!(Row, multiplier),
        shift = const offset_of!(Row, shift),
        zero = const offset_of!(Row, zero),
        min = const offset_of!(Row, min),
        max = const offset_of!(Row, max),
        out = const offset_of!(Row, out),
        step = const offset_of!(Row, step),
    )
}
