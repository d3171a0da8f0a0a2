//! Sums of two scaled tensors, four elements at a time.

use core::arch::naked_asm;
use core::mem::offset_of;

use crate::arena::Views;
use crate::kernel::Sum;
use crate::kernel::elementwise::Elements;

/// What [`add_fours`] works on.
#[repr(C)]
struct Fours {
    first: *const i8,
    second: *const i8,
    out: *mut i8,
    end: *const i8,
    terms: [Term; 2],
    multiplier: i32,
    /// Half of the divisor, and the output's zero point times the divisor.
    addend: i32,
    shift: u32,
}

/// How an input is scaled; see `ShortRescale`.
#[repr(C)]
struct Term {
    /// The zero point, shifted like the input.
    zero: i32,
    multiplier: i32,
    half: i32,
    ties: i32,
    shift: u32,
}

/// Adds as many elements from the start as whole groups of four hold; returns how many. None if the output's
/// factor is out of the assembly's range.
#[inline]
pub(crate) fn add(sum: &Sum, views: &mut Views<'_>) -> usize {
    let Elements {
        inputs: [first, second],
        output,
        count,
    } = Elements::new::<2>(views);
    let count = count / 4 * 4;
    if count == 0 || !(1..=20).contains(&sum.output.shift) {
        return 0;
    }
    let mut fours = Fours {
        first,
        second,
        out: output,
        end: first.wrapping_add(count),
        terms: sum.terms.each_ref().map(|term| Term {
            zero: term.zero_point << 21,
            multiplier: term.rescale.multiplier,
            half: term.rescale.half,
            ties: term.rescale.ties,
            shift: term.rescale.shift,
        }),
        multiplier: sum.output.multiplier,
        addend: sum.output.half + (sum.output_zero << sum.output.shift),
        shift: sum.output.shift,
    };
    // SAFETY: all three have `count` elements, a positive multiple of four; each four are read before the four of the
    // output at their place are written.
    unsafe { add_fours(&mut fours) };
    if sum.clamp.is_tight() {
        // Outputs have been cut to the type's range only.
        sum.clamp.apply_all(&mut views.output[..count]);
    }
    count
}

/// Scales byte `$bit / 8` of r9; the result in `$to`, r10 is lost.
macro_rules! scale {
    ($to:literal, $bit:literal) => {
        concat!(
            concat!("sbfx ", $to, ", r9, #", $bit, ", #8\n"),
            concat!("rsb.w ", $to, ", r4, ", $to, ", lsl #21\n"),
            concat!("smmulr ", $to, ", ", $to, ", r5\n"),
            concat!("and.w r10, r7, ", $to, ", asr #31\n"),
            concat!("add.w ", $to, ", ", $to, ", r6\n"),
            concat!("add.w ", $to, ", ", $to, ", r10\n"),
            concat!("asr.w ", $to, ", ", $to, ", r8\n"),
        )
    };
}

/// Turns a sum into an output, by multiplier r4, addend r5 and shift r6.
macro_rules! finish {
    ($sum:literal) => {
        concat!(
            concat!("lsl.w ", $sum, ", ", $sum, ", #1\n"),
            concat!("smmulr ", $sum, ", ", $sum, ", r4\n"),
            concat!("add.w ", $sum, ", ", $sum, ", ", $sum, ", asr #31\n"),
            concat!("add.w ", $sum, ", ", $sum, ", r5\n"),
            concat!("asr.w ", $sum, ", ", $sum, ", r6\n"),
            concat!("ssat ", $sum, ", #8, ", $sum, "\n"),
        )
    };
}

/// Adds four elements at a time. Registers: r0 to r3 sums, r4 to r8 what scales them, r9 four elements, r12 and lr the
/// inputs.
///
/// # Safety
/// The pointers must lead to as many elements as lie between `first` and `end`, at least four.
#[unsafe(naked)]
unsafe extern "C" fn add_fours(fours: &mut Fours) {
    naked_asm!(
        "push {{r4-r11, lr}}",
        "push {{r0}}",
        "mov r11, r0",
        "ldr r12, [r11, #{first}]",
        "ldr lr, [r11, #{second}]",
        ".p2align 2",
        "1:",
        "add.w r10, r11, #{terms}",
        "ldr.w r9, [r12], #4",
        "ldmia.w r10, {{r4-r8}}",
        scale!("r0", "0"),
        scale!("r1", "8"),
        scale!("r2", "16"),
        scale!("r3", "24"),
        "add.w r10, r11, #{terms} + 20",
        "ldr.w r9, [lr], #4",
        "ldmia.w r10, {{r4-r8}}",
        scale!("r11", "0"),
        "add.w r0, r0, r11",
        scale!("r11", "8"),
        "add.w r1, r1, r11",
        scale!("r11", "16"),
        "add.w r2, r2, r11",
        scale!("r11", "24"),
        "add.w r3, r3, r11",
        "ldr.w r11, [sp]",
        "ldr.w r4, [r11, #{multiplier}]",
        "ldr.w r5, [r11, #{addend}]",
        "ldr.w r6, [r11, #{shift}]",
        "ldr.w r7, [r11, #{out}]",
        "ldr.w r8, [r11, #{end}]",
        finish!("r0"),
        finish!("r1"),
        finish!("r2"),
        finish!("r3"),
        "bfi r0, r1, #8, #8",
        "bfi r2, r3, #8, #8",
        "pkhbt r0, r0, r2, lsl #16",
        "str.w r0, [r7], #4",
        "cmp.w r12, r8",
        "str.w r7, [r11, #{out}]",
        "bne 1b",
        "add sp, sp, #4",
        "pop {{r4-r11, pc}}",
        first = const offset_of!(Fours, first),
        second = const offset_of!(Fours, second),
        terms = const offset_of!(Fours, terms),
        out = const offset_of!(Fours, out),
        end = const offset_of!(Fours, end),
        multiplier = const offset_of!(Fours, multiplier),
        addend = const offset_of!(Fours, addend),
        shift = const offset_of!(Fours, shift),
    )
}
