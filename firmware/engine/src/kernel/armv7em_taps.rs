//! Output pixels of any depthwise convolution by the 16-bit multiply-accumulate of Armv7E-M, four channels at a time.

use core::arch::naked_asm;
use core::mem::offset_of;

use crate::arena::Io;
use crate::kernel::armv7em_finish::{FOUR, Finish, Same, finish_four, four_biases};
use crate::kernel::{Filters, Taps};

/// What [`multiply_taps`] works on: where the first channel's numbers lie.
#[repr(C)]
struct Pixels {
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
    pixels: usize,
    pixel_step: usize,
    count: usize,
}

/// Computes pixels, unless they have fewer than four channels, or several outputs of a channel, or a factor is out of the
/// assembly's range; returns whether it did.
#[inline]
pub(crate) fn depthwise_pixels(
    taps: &Taps,
    filters: &Filters<'_>,
    input_zero: i32,
    io: &mut Io<'_>,
) -> bool {
    let channels = taps.channels;
    let suits = channels == filters.count() && channels >= FOUR && filters.are_short();
    if !suits || taps.count.contains(&0) || taps.pixels == 0 {
        return false;
    }
    let [data, weights] = taps.ends().map(|end| end + channels);
    assert!(data <= io.input().len() && weights <= filters.weights.len());
    let [
        [rows, row],
        [data_skip, data_step],
        [weights_skip, weights_step],
    ] = taps.by_rows();
    let same = Same::of(filters);
    let out = &mut io.output()[taps.output..][..taps.pixels * channels];
    let mut pixels = Pixels {
        finish: Finish::new(filters, &same, out),
        data: io.input()[taps.input..].as_ptr(),
        weights: filters.weights[taps.weights..].as_ptr(),
        data_step,
        weights_step,
        data_skip: data_skip.wrapping_sub(row * data_step),
        weights_skip: weights_skip.wrapping_sub(row * weights_step),
        row,
        rows,
        minus_zero: ((-input_zero) as u32 & 0xffff) * 0x1_0001,
        pixels: taps.pixels,
        pixel_step: taps.pixel_step,
        count: channels,
    };
    // SAFETY: all channels of all taps lie in the slices, and so do factors, biases and outputs, as has just been checked.
    unsafe { multiply_taps(&mut pixels) };
    true
}

/// Computes pixels, one after the other.
///
/// Registers in the loop: r0 data, r1 weights, r2 taps left in the row, r3 to r6 sums, r7 and r8 steps, r9 and r10
/// elements, r11 and r12 weights, lr the zero point negated. On the stack: channel, rows left, pixels.
///
/// # Safety
/// The pointers must lead to as much as the numbers say, which is not nothing.
#[unsafe(naked)]
unsafe extern "C" fn multiply_taps(pixels: &mut Pixels) {
    naked_asm!(
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
        // The next pixel.
        "ldr.w r0, [r12, #{pixels}]",
        "ldr.w r1, [r12, #{data}]",
        "ldr.w r2, [r12, #{pixel_step}]",
        "ldr.w r3, [r12, #{out}]",
        "ldr.w r4, [r12, #{count}]",
        "movs r10, #0",
        "add r1, r2",
        "add r3, r4",
        "str.w r1, [r12, #{data}]",
        "str.w r3, [r12, #{out}]",
        "subs r0, #1",
        "str.w r0, [r12, #{pixels}]",
        "bne 1b",
        "add sp, sp, #12",
        "pop {{r4-r11, pc}}",
        bias = const offset_of!(Finish, bias),
        out = const offset_of!(Finish, out),
        pixels = const offset_of!(Pixels, pixels),
        pixel_step = const offset_of!(Pixels, pixel_step),
        count = const offset_of!(Pixels, count),
        data = const offset_of!(Pixels, data),
        weights = const offset_of!(Pixels, weights),
        data_step = const offset_of!(Pixels, data_step),
        weights_step = const offset_of!(Pixels, weights_step),
        data_skip = const offset_of!(Pixels, data_skip),
        weights_skip = const offset_of!(Pixels, weights_skip),
        row = const offset_of!(Pixels, row),
        rows = const offset_of!(Pixels, rows),
        minus_zero = const offset_of!(Pixels, minus_zero),
        finish_four = sym finish_four,
    )
}
