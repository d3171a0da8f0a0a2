//! An output pixel of any depthwise convolution by the 16-bit multiply-accumulate of Armv7E-M, four channels at a time.

use core::arch::naked_asm;
use core::mem::offset_of;

use crate::arena::Io;
use crate::kernel::armv7em_finish::{FOUR, Finish, Same, finish_four, four_biases};
use crate::kernel::{Filters, Taps};

/// What [`multiply_taps`] works on: where the first channel's numbers lie.
#[repr(C)]
struct Pixel {
    finish: Finish,
    data: *const i8,
    weights: *const i8,
    /// Bytes from tap to tap, in the input and among the weights.
    data_step: usize,
    weights_step: usize,
    /// And from the end of a row of taps to the next row.
    data_skip: usize,
    weights_skip: usize,
    row: usize,
    rows: usize,
    minus_zero: u32,
}

/// Computes a pixel, unless it has fewer than four channels, or several outputs of a channel, or a factor is out of the
/// assembly's range; returns whether it did.
#[inline]
pub(crate) fn depthwise_pixel(
    taps: &Taps,
    filters: &Filters<'_>,
    input_zero: i32,
    io: &mut Io<'_>,
) -> bool {
    let channels = taps.channels;
    let suits = channels == filters.count() && channels >= FOUR && filters.are_short();
    if !suits || taps.count.contains(&0) {
        return false;
    }
    let [data, weights] = taps.ends().map(|end| end + channels);
    assert!(data <= io.input().len() && weights <= filters.weights.len());
    // A column of taps is as good as a row.
    let is_column = taps.count[1] == 1;
    let turned = |[line, step]: [usize; 2]| {
        if is_column {
            [step, line]
        } else {
            [line, step]
        }
    };
    let [rows, row] = turned(taps.count);
    let [data_skip, data_step] = turned(taps.input_steps);
    let [weights_skip, weights_step] = turned(taps.weights_steps);
    let same = Same::of(filters);
    let mut pixel = Pixel {
        finish: Finish::new(filters, &same, &mut io.output()[taps.output..]),
        data: io.input()[taps.input..].as_ptr(),
        weights: filters.weights[taps.weights..].as_ptr(),
        data_step,
        weights_step,
        data_skip: data_skip.wrapping_sub(row * data_step),
        weights_skip: weights_skip.wrapping_sub(row * weights_step),
        row,
        rows,
        minus_zero: ((-input_zero) as u32 & 0xffff) * 0x1_0001,
    };
    // SAFETY: all channels of all taps lie in the slices, and so do factors, biases and outputs, as has just been checked.
    unsafe { multiply_taps(&mut pixel) };
    true
}

/// Computes a pixel.
///
/// Registers in the loop: r0 data, r1 weights, r2 taps left in the row, r3 to r6 sums, r7 and r8 steps, r9 and r10
/// elements, r11 and r12 weights, lr the zero point negated. On the stack: channel, rows left, pixel.
///
/// # Safety
/// The pointers must lead to as much as the numbers say, which is not nothing.
#[unsafe(naked)]
unsafe extern "C" fn multiply_taps(pixel: &mut Pixel) {
    naked_asm!(
        with_dsp!(),
        "push {{r4-r11, lr}}",
        "sub sp, sp, #12",
        "str r0, [sp, #8]",
        "mov r12, r0",
        "movs r10, #0",
        // Four channels.
        ".p2align 2",
        "1:",
        "ldr.w r9, [r12, #{rows}]",
        "ldr.w r0, [r12, #{data}]",
        "ldr.w r1, [r12, #{weights}]",
        "ldr.w r2, [r12, #{row}]",
        "ldr.w r7, [r12, #{data_step}]",
        "ldr.w r8, [r12, #{weights_step}]",
        "ldr.w lr, [r12, #{minus_zero}]",
        "strd r10, r9, [sp]",
        "add.w r0, r0, r10",
        "add.w r1, r1, r10",
        four_biases!("5"),
        // A tap: four multiply-accumulates in 16 cycles.
        ".p2align 2",
        "2:",
        "ldr.w r9, [r0]",
        "ldr.w r11, [r1]",
        "add.w r0, r0, r7",
        "add.w r1, r1, r8",
        "sxtab16 r10, lr, r9, ror #8",
        "sxtab16 r9, lr, r9",
        "sxtb16 r12, r11, ror #8",
        "sxtb16 r11, r11",
        "smlabb r3, r9, r11, r3",
        "smlabb r4, r10, r12, r4",
        "smlatt r5, r9, r11, r5",
        "smlatt r6, r10, r12, r6",
        "subs.w r2, r2, #1",
        "bne.w 2b",
        "ldrd r9, r12, [sp, #4]",
        "subs.w r9, r9, #1",
        "beq 3f",
        "str.w r9, [sp, #4]",
        "ldr.w r10, [r12, #{data_skip}]",
        "ldr.w r11, [r12, #{weights_skip}]",
        "ldr.w r2, [r12, #{row}]",
        "add.w r0, r0, r10",
        "add.w r1, r1, r11",
        "b 2b",
        // From sums to outputs.
        "3:",
        "ldr.w r10, [sp]",
        "bl {finish_four}",
        "bne 1b",
        "add sp, sp, #12",
        "pop {{r4-r11, pc}}",
        bias = const offset_of!(Finish, bias),
        data = const offset_of!(Pixel, data),
        weights = const offset_of!(Pixel, weights),
        data_step = const offset_of!(Pixel, data_step),
        weights_step = const offset_of!(Pixel, weights_step),
        data_skip = const offset_of!(Pixel, data_skip),
        weights_skip = const offset_of!(Pixel, weights_skip),
        row = const offset_of!(Pixel, row),
        rows = const offset_of!(Pixel, rows),
        minus_zero = const offset_of!(Pixel, minus_zero),
        finish_four = sym finish_four,
    )
}
