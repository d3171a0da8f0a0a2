//! Output pixels of any depthwise convolution for Armv6-M, a channel at a time.

use core::arch::naked_asm;
use core::mem::offset_of;

use crate::arena::Io;
use crate::kernel::{Filters, Taps};

/// What [`sum_taps`] adds up: where the first channel's numbers lie.
#[repr(C)]
struct Pixel {
    data: *const i8,
    weights: *const i8,
    /// Bytes from tap to tap, in the input and among the weights.
    data_step: usize,
    weights_step: usize,
    /// And from the end of a row of taps to the next row.
    data_skip: usize,
    weights_skip: usize,
    /// Bytes of the input that a row of taps spans.
    row: usize,
    rows: usize,
    minus_zero: i32,
}

/// Computes pixels, unless they have several outputs of a channel; returns whether it did.
#[inline]
pub(crate) fn depthwise_pixels(
    taps: &Taps,
    filters: &Filters<'_>,
    input_zero: i32,
    io: &mut Io<'_>,
) -> bool {
    let channels = taps.channels;
    if channels != filters.count() || taps.count.contains(&0) || taps.pixels == 0 {
        return false;
    }
    let [data, weights] = taps.ends().map(|end| end + channels);
    assert!(data <= io.input().len() && weights <= filters.weights.len());
    let [[rows, row], data_steps, weights_steps] = taps.by_rows();
    let mut pixel = Pixel {
        data: core::ptr::null(),
        weights: filters.weights[taps.weights..].as_ptr(),
        data_step: data_steps[1],
        weights_step: weights_steps[1],
        data_skip: data_steps[0].wrapping_sub(row * data_steps[1]),
        weights_skip: weights_steps[0].wrapping_sub(row * weights_steps[1]),
        row: row * data_steps[1],
        rows,
        minus_zero: -input_zero,
    };
    for i in 0..taps.pixels {
        pixel.data = io.input()[taps.input + i * taps.pixel_step..].as_ptr();
        let out = &mut io.output()[taps.output + i * channels..][..channels];
        for (channel, out) in out.iter_mut().enumerate() {
            // SAFETY: all channels of all taps lie in the slices, as has just been checked.
            let sum = unsafe { sum_taps(&pixel, channel) };
            *out = filters.finish(channel, sum);
        }
    }
    true
}

/// The sum of a channel's products, of which there is one at least: each in 12 cycles.
///
/// Registers: r0 data, r1 weights, r2 sum, r3 and r4 steps, r5 channel, r6 element, r7 weight, r12 the row's end, lr the
/// zero point negated. On the stack: pixel, rows left.
///
/// # Safety
/// The pointers must lead to as much as the numbers say.
#[unsafe(naked)]
unsafe extern "C" fn sum_taps(pixel: &Pixel, channel: usize) -> i32 {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "sub sp, #8",
        "movs r5, r1",
        "movs r7, r0",
        "ldr r6, [r7, #{rows}]",
        "str r7, [sp]",
        "str r6, [sp, #4]",
        "ldr r6, [r7, #{minus_zero}]",
        "mov lr, r6",
        "ldr r0, [r7, #{data}]",
        "ldr r1, [r7, #{weights}]",
        "ldr r3, [r7, #{data_step}]",
        "ldr r4, [r7, #{weights_step}]",
        "movs r2, #0",
        "1:",
        "ldr r7, [r7, #{row}]",
        "adds r7, r0",
        "mov r12, r7",
        ".p2align 3",
        "2:",
        "ldrsb r6, [r0, r5]",
        "ldrsb r7, [r1, r5]",
        "add r6, lr",
        "muls r6, r7, r6",
        "adds r2, r6",
        "adds r1, r4",
        "adds r0, r3",
        "cmp r0, r12",
        "bne 2b",
        "ldr r6, [sp, #4]",
        "ldr r7, [sp]",
        "subs r6, #1",
        "beq 3f",
        "str r6, [sp, #4]",
        "ldr r6, [r7, #{data_skip}]",
        "adds r0, r6",
        "ldr r6, [r7, #{weights_skip}]",
        "adds r1, r6",
        "b 1b",
        "3:",
        "movs r0, r2",
        "add sp, #8",
        "pop {{r4-r7, pc}}",
        data = const offset_of!(Pixel, data),
        weights = const offset_of!(Pixel, weights),
        data_step = const offset_of!(Pixel, data_step),
        weights_step = const offset_of!(Pixel, weights_step),
        data_skip = const offset_of!(Pixel, data_skip),
        weights_skip = const offset_of!(Pixel, weights_skip),
        row = const offset_of!(Pixel, row),
        rows = const offset_of!(Pixel, rows),
        minus_zero = const offset_of!(Pixel, minus_zero),
    )
}
