//! An output pixel of any depthwise convolution by the 16-bit multiply-accumulate of Armv7E-M, four channels at a time.

use core::arch::naked_asm;
use core::mem::offset_of;

use crate::arena::Io;
use crate::kernel::{Filters, Taps};
use crate::op::Factors;

/// Channels that are done at a time.
const CHANNELS: usize = 4;

/// What [`multiply_taps`] works on: where the first channel's numbers lie.
#[repr(C)]
struct Pixel {
    data: *const i8,
    weights: *const i8,
    /// Null if there is none.
    bias: *const u8,
    out: *mut i8,
    multipliers: *const u8,
    shifts: *const u8,
    /// Bytes from tap to tap, in the input and among the weights.
    data_step: usize,
    weights_step: usize,
    /// And from the end of a row of taps to the next row.
    data_skip: usize,
    weights_skip: usize,
    row: usize,
    rows: usize,
    minus_zero: u32,
    zero: i32,
    /// The least and the greatest output, in all bytes.
    min: u32,
    max: u32,
    /// The last group's first channel.
    last: usize,
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
    let Factors::Table {
        multipliers,
        shifts,
    } = filters.factors
    else {
        return false;
    };
    let channels = taps.channels;
    let suits = channels == filters.count() && channels >= CHANNELS && filters.are_short();
    if !suits || taps.count.contains(&0) {
        return false;
    }
    let [data, weights] = taps.ends().map(|end| end + channels);
    assert!(data <= io.input().len() && weights <= filters.weights.len());
    assert!(multipliers.len() >= 4 * channels && shifts.len() >= channels);
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
    let mut pixel = Pixel {
        data: io.input()[taps.input..].as_ptr(),
        weights: filters.weights[taps.weights..].as_ptr(),
        bias: match filters.bias {
            Some(bias) => bias.bytes()[..4 * channels].as_ptr(),
            None => core::ptr::null(),
        },
        out: io.output()[taps.output..][..channels].as_mut_ptr(),
        multipliers: multipliers.as_ptr(),
        shifts: shifts.as_ptr(),
        data_step,
        weights_step,
        data_skip: data_skip.wrapping_sub(row * data_step),
        weights_skip: weights_skip.wrapping_sub(row * weights_step),
        row,
        rows,
        minus_zero: ((-input_zero) as u32 & 0xffff) * 0x1_0001,
        zero: filters.output_zero,
        min: in_all_bytes(filters.clamp.min),
        max: in_all_bytes(filters.clamp.max),
        last: channels - CHANNELS,
    };
    // SAFETY: all channels of all taps lie in the slices, and so do factors, biases and outputs, as has just been checked.
    unsafe { multiply_taps(&mut pixel) };
    true
}

fn in_all_bytes(byte: i32) -> u32 {
    (byte as u32 & 0xff) * 0x0101_0101
}

/// From a sum to an output, shifted by `$shift`, which is negative.
macro_rules! finish {
    ($sum:literal, $shift:literal) => {
        concat!(
            concat!("rsb.w ", $shift, ", ", $shift, ", #0\n"),
            concat!("add.w ", $sum, ", ", $sum, ", ", $sum, ", asr #31\n"),
            concat!("asrs.w ", $sum, ", ", $sum, ", ", $shift, "\n"),
            concat!("adc.w ", $sum, ", ", $sum, ", lr\n"),
            concat!("ssat ", $sum, ", #8, ", $sum, "\n"),
        )
    };
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
        "ldr.w r11, [r12, #{bias}]",
        "ldr.w r2, [r12, #{row}]",
        "ldr.w r7, [r12, #{data_step}]",
        "ldr.w r8, [r12, #{weights_step}]",
        "ldr.w lr, [r12, #{minus_zero}]",
        "strd r10, r9, [sp]",
        "add.w r0, r0, r10",
        "add.w r1, r1, r10",
        "movs r3, #0",
        "movs r4, #0",
        "movs r5, #0",
        "movs r6, #0",
        "cmp.w r11, #0",
        "beq 2f",
        "add.w r11, r11, r10, lsl #2",
        "ldr.w r3, [r11]",
        "ldr.w r4, [r11, #4]",
        "ldr.w r5, [r11, #8]",
        "ldr.w r6, [r11, #12]",
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
        "ldr.w r0, [r12, #{multipliers}]",
        "ldr.w r1, [r12, #{shifts}]",
        "ldr.w r2, [r12, #{out}]",
        "ldr.w lr, [r12, #{zero}]",
        "add.w r0, r0, r10, lsl #2",
        "add.w r1, r1, r10",
        "lsls r3, r3, #1",
        "lsls r4, r4, #1",
        "lsls r5, r5, #1",
        "lsls r6, r6, #1",
        "ldr.w r7, [r0]",
        "ldr.w r8, [r0, #4]",
        "ldr.w r9, [r0, #8]",
        "ldr.w r11, [r0, #12]",
        "smmulr r3, r3, r7",
        "smmulr r4, r4, r8",
        "smmulr r5, r5, r9",
        "smmulr r6, r6, r11",
        "ldrsb.w r7, [r1]",
        "ldrsb.w r8, [r1, #1]",
        "ldrsb.w r9, [r1, #2]",
        "ldrsb.w r11, [r1, #3]",
        finish!("r3", "r7"),
        finish!("r4", "r8"),
        finish!("r5", "r9"),
        finish!("r6", "r11"),
        "bfi r3, r4, #8, #8",
        "bfi r5, r6, #8, #8",
        "pkhbt r3, r3, r5, lsl #16",
        // Not less than the least output and not greater than the greatest.
        "ldr.w r7, [r12, #{min}]",
        "ldr.w r8, [r12, #{max}]",
        "ssub8 r9, r3, r7",
        "sel r3, r3, r7",
        "ssub8 r9, r8, r3",
        "sel r3, r3, r8",
        "str.w r3, [r2, r10]",
        // The next four, or the last ones if they are not whole.
        "ldr.w r0, [r12, #{last}]",
        "cmp.w r10, r0",
        "add.w r10, r10, #4",
        "beq 4f",
        "cmp.w r10, r0",
        "it hi",
        "movhi r10, r0",
        "b 1b",
        "4:",
        "add sp, sp, #12",
        "pop {{r4-r11, pc}}",
        data = const offset_of!(Pixel, data),
        weights = const offset_of!(Pixel, weights),
        bias = const offset_of!(Pixel, bias),
        out = const offset_of!(Pixel, out),
        multipliers = const offset_of!(Pixel, multipliers),
        shifts = const offset_of!(Pixel, shifts),
        data_step = const offset_of!(Pixel, data_step),
        weights_step = const offset_of!(Pixel, weights_step),
        data_skip = const offset_of!(Pixel, data_skip),
        weights_skip = const offset_of!(Pixel, weights_skip),
        row = const offset_of!(Pixel, row),
        rows = const offset_of!(Pixel, rows),
        minus_zero = const offset_of!(Pixel, minus_zero),
        zero = const offset_of!(Pixel, zero),
        min = const offset_of!(Pixel, min),
        max = const offset_of!(Pixel, max),
        last = const offset_of!(Pixel, last),
    )
}
