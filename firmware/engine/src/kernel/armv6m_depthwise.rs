//! Depthwise 3x3 convolutions for Armv6-M: a channel at a time, whose lines are kept as words, less the zero point.

use core::arch::naked_asm;
use core::array;
use core::mem::offset_of;

use crate::arena::Io;
use crate::kernel::armv6m_row::high;
use crate::kernel::{Strips, cast};

/// The lines that are kept: those under the filter and, as the last, one of padding.
const LINES: usize = 4;

/// Computes an image, unless its factors are unusual. The output may lie in the input's place if it is as large.
#[inline]
pub(crate) fn depthwise_3x3(strips: &Strips<'_>, scratch: &mut [u8], io: &mut Io<'_>) -> bool {
    let filters = strips.filters;
    if !filters.are_short() {
        return false;
    }
    let (along, across) = (&strips.along, &strips.across);
    let length = (along.output - 1) * along.stride + 3;
    let lines = &mut cast::as_i32_mut(scratch)[..LINES * length];
    lines.fill(0);
    let inside = along.padding..(along.padding + along.input).min(length);
    let [step, line_step] = strips.input_steps;
    let out_step = strips.output_steps[0];
    for channel in 0..strips.channels {
        let factor = filters.factors.get(channel);
        let multiplier = factor.multiplier as u32;
        let mut job = Line {
            taps: array::from_fn(|tap| {
                let tap = tap / 3 * strips.tap_steps[1] + tap % 3 * strips.tap_steps[0];
                i32::from(filters.weights[tap * strips.channels + channel])
            }),
            multiplier: [multiplier & 0xffff, multiplier >> 16],
            shift: factor.shift.unsigned_abs(),
            zero: filters.output_zero,
            min: filters.clamp.min,
            max: filters.clamp.max,
            out: core::ptr::null_mut(),
            out_step,
            out_end: core::ptr::null(),
            bias: filters.bias(channel),
            lines: [core::ptr::null(); 3],
            step: 4 * along.stride,
        };
        let mut next = 0;
        for line in 0..across.output {
            let top = (line * across.stride).wrapping_sub(across.padding);
            for (tap, to) in job.lines.iter_mut().enumerate() {
                let line = top.wrapping_add(tap);
                let is_inside = line < across.input;
                let slot = if is_inside { line % 3 } else { LINES - 1 };
                let kept = &mut lines[slot * length..][..length];
                if is_inside && line >= next {
                    let from = &io.input()[line * line_step + channel..];
                    let kept = &mut kept[inside.clone()];
                    let end = &from[(kept.len() - 1) * step..].as_ptr();
                    // SAFETY: reads an element for each of `kept`, `step` apart, the last of which is there.
                    unsafe {
                        widen(
                            from.as_ptr(),
                            *end,
                            step,
                            kept.as_mut_ptr(),
                            strips.input_zero,
                        );
                    }
                    next = line + 1;
                }
                *to = kept.as_ptr();
            }
            let out = &mut io.output()[line * strips.output_steps[1] + channel..];
            let last = &raw const out[(along.output - 1) * out_step];
            job.out = out.as_mut_ptr();
            job.out_end = last.wrapping_add(out_step);
            // SAFETY: the lines have three words for each output, which is there.
            unsafe { convolve(&mut job) };
        }
    }
    true
}

/// Copies elements that are `step` apart, up to that at `last`, as words, less `zero`.
///
/// # Safety
/// The elements must be there, and room for them.
#[unsafe(naked)]
unsafe extern "C" fn widen(from: *const i8, last: *const i8, step: usize, to: *mut i32, zero: i32) {
    naked_asm!(
        "push {{r4-r6, lr}}",
        "ldr r4, [sp, #16]",
        "movs r5, #0",
        "adds r1, r2",
        ".p2align 3",
        "1:",
        "ldrsb r6, [r0, r5]",
        "adds r0, r2",
        "subs r6, r6, r4",
        "stm r3!, {{r6}}",
        "cmp r0, r1",
        "bne 1b",
        "pop {{r4-r6, pc}}",
    )
}

/// What [`convolve`] works on, in the order in which it needs it.
#[repr(C)]
struct Line {
    taps: [i32; 9],
    /// The halves of the multiplier.
    multiplier: [u32; 2],
    /// The divisor's binary logarithm.
    shift: u32,
    zero: i32,
    min: i32,
    max: i32,
    out: *mut i8,
    out_step: usize,
    out_end: *const i8,
    bias: i32,
    lines: [*const i32; 3],
    /// Bytes between the windows of neighbours.
    step: usize,
}

/// Three taps on the line that `$line` points to.
macro_rules! taps {
    ($line:literal) => {
        concat!(
            concat!("mov r1, ", $line, "\n"),
            concat!("add ", $line, ", lr\n"),
            "
            ldm r1!, {{r3, r4, r5}}
            ldm r2!, {{r0, r6, r7}}
            muls r3, r0, r3
            muls r4, r6, r4
            muls r5, r7, r5
            add r12, r3
            add r12, r4
            add r12, r5
            "
        )
    };
}

/// Computes a line of outputs.
///
/// Registers: r8 what to do, r9 to r11 lines, r12 a sum, lr the step between windows.
///
/// # Safety
/// The pointers must lead to as much as the numbers say.
#[unsafe(naked)]
unsafe extern "C" fn convolve(line: &mut Line) {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "mov r4, r8",
        "mov r5, r9",
        "mov r6, r10",
        "mov r7, r11",
        "push {{r4-r7}}",
        "mov r8, r0",
        "adds r0, #{lines}",
        "ldm r0!, {{r1, r2, r3, r4}}",
        "mov r9, r1",
        "mov r10, r2",
        "mov r11, r3",
        "mov lr, r4",
        ".p2align 3",
        "1:",
        "mov r2, r8",
        "ldr r0, [r2, #{bias}]",
        "mov r12, r0",
        taps!("r9"),
        taps!("r10"),
        taps!("r11"),
        "mov r0, r12",
        "ldm r2!, {{r5, r6}}",
        high!("r3"),
        "ldm r2!, {{r3, r4, r5, r6}}",
        "asrs r0, r3",
        "adcs r0, r4",
        "cmp r0, r5",
        "bge 2f",
        "movs r0, r5",
        "2:",
        "cmp r0, r6",
        "ble 2f",
        "movs r0, r6",
        "2:",
        "mov r7, r2",
        "ldm r2!, {{r1, r3, r4}}",
        "strb r0, [r1]",
        "adds r1, r3",
        "str r1, [r7]",
        "cmp r1, r4",
        "bne 1b",
        "pop {{r4-r7}}",
        "mov r8, r4",
        "mov r9, r5",
        "mov r10, r6",
        "mov r11, r7",
        "pop {{r4-r7, pc}}",
        lines = const offset_of!(Line, lines),
        bias = const offset_of!(Line, bias),
    )
}
