//! Output pixels of any depthwise convolution for Armv6-M, a channel at a time.

use core::arch::naked_asm;
use core::mem::offset_of;

use crate::arena::Io;
use crate::kernel::armv6m_row::high;
use crate::kernel::{Filters, Taps};
use crate::op::Factors;

/// What [`multiply_taps`] works on: where the first channel's numbers lie.
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
    /// Null if there is none.
    bias: *const u8,
    multipliers: *const u8,
    shifts: *const u8,
    zero: i32,
    min: i32,
    max: i32,
    out: *mut i8,
    channels: usize,
}

/// Computes pixels, unless they have several outputs of a channel, or factors that are out of the assembly's range or do not
/// lie on whole words; returns whether it did.
#[inline]
pub(crate) fn depthwise_pixels(
    taps: &Taps,
    filters: &Filters<'_>,
    input_zero: i32,
    io: &mut Io<'_>,
) -> bool {
    let channels = taps.channels;
    let Factors::Table {
        multipliers,
        shifts,
    } = filters.factors
    else {
        return false;
    };
    let bias = match filters.bias {
        Some(bias) => bias.bytes()[..4 * channels].as_ptr(),
        None => core::ptr::null(),
    };
    let suits = channels == filters.count()
        && filters.are_short()
        && (multipliers.as_ptr().addr() | bias.addr()).is_multiple_of(4);
    if !suits || taps.count.contains(&0) || taps.pixels == 0 {
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
        bias,
        multipliers: multipliers[..4 * channels].as_ptr(),
        shifts: shifts[..channels].as_ptr(),
        zero: filters.output_zero,
        min: filters.clamp.min,
        max: filters.clamp.max,
        out: core::ptr::null_mut(),
        channels,
    };
    for i in 0..taps.pixels {
        pixel.data = io.input()[taps.input + i * taps.pixel_step..].as_ptr();
        let out = &mut io.output()[taps.output + i * channels..][..channels];
        pixel.out = out.as_mut_ptr();
        // SAFETY: all channels of all taps lie in the slices, and so do factors, biases and outputs, as has been checked.
        unsafe { multiply_taps(&pixel) };
    }
    true
}

/// Computes a pixel: a multiply-accumulate takes 12 cycles.
///
/// Registers in the loop: r0 data, r1 weights, r2 sum, r3 and r4 steps, r5 channel, r6 element, r7 weight, r12 the row's end,
/// lr the zero point negated. On the stack: pixel, rows left, channel.
///
/// # Safety
/// The pointers must lead to as much as the numbers say, which is not nothing.
#[unsafe(naked)]
unsafe extern "C" fn multiply_taps(pixel: &Pixel) {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "sub sp, #12",
        "movs r7, r0",
        "str r7, [sp]",
        "movs r5, #0",
        // A channel.
        "1:",
        "str r5, [sp, #8]",
        "ldr r6, [r7, #{rows}]",
        "str r6, [sp, #4]",
        "ldr r6, [r7, #{minus_zero}]",
        "mov lr, r6",
        "ldr r2, [r7, #{bias}]",
        "cmp r2, #0",
        "beq 2f",
        "lsls r6, r5, #2",
        "ldr r2, [r2, r6]",
        "2:",
        "ldr r0, [r7, #{data}]",
        "ldr r1, [r7, #{weights}]",
        "ldr r3, [r7, #{data_step}]",
        "ldr r4, [r7, #{weights_step}]",
        // A row of taps.
        "3:",
        "ldr r7, [r7, #{row}]",
        "adds r7, r0",
        "mov r12, r7",
        ".p2align 3",
        "4:",
        "ldrsb r6, [r0, r5]",
        "ldrsb r7, [r1, r5]",
        "add r6, lr",
        "muls r6, r7, r6",
        "adds r2, r6",
        "adds r1, r4",
        "adds r0, r3",
        "cmp r0, r12",
        "bne 4b",
        "ldr r6, [sp, #4]",
        "ldr r7, [sp]",
        "subs r6, #1",
        "beq 5f",
        "str r6, [sp, #4]",
        "ldr r6, [r7, #{data_skip}]",
        "adds r0, r6",
        "ldr r6, [r7, #{weights_skip}]",
        "adds r1, r6",
        "b 3b",
        // From a sum to an output.
        "5:",
        "movs r0, r2",
        "ldr r6, [r7, #{multipliers}]",
        "lsls r5, r5, #2",
        "ldr r6, [r6, r5]",
        "uxth r5, r6",
        "lsrs r6, r6, #16",
        high!("r2"),
        "ldr r5, [sp, #8]",
        "ldr r1, [r7, #{shifts}]",
        "ldr r2, [r7, #{zero}]",
        "ldrsb r1, [r1, r5]",
        "ldr r3, [r7, #{min}]",
        "ldr r4, [r7, #{max}]",
        "negs r1, r1",
        "asrs r0, r1",
        "adcs r0, r2",
        "cmp r0, r3",
        "bge 6f",
        "movs r0, r3",
        "6:",
        "cmp r0, r4",
        "ble 7f",
        "movs r0, r4",
        "7:",
        "ldr r1, [r7, #{out}]",
        "ldr r2, [r7, #{channels}]",
        "strb r0, [r1, r5]",
        "adds r5, #1",
        "cmp r5, r2",
        "bne 1b",
        "add sp, #12",
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
        bias = const offset_of!(Pixel, bias),
        multipliers = const offset_of!(Pixel, multipliers),
        shifts = const offset_of!(Pixel, shifts),
        zero = const offset_of!(Pixel, zero),
        min = const offset_of!(Pixel, min),
        max = const offset_of!(Pixel, max),
        out = const offset_of!(Pixel, out),
        channels = const offset_of!(Pixel, channels),
    )
}
