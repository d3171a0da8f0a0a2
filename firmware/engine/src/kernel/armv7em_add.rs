//! Sums of two scaled tensors, four elements at a time.

use core::arch::naked_asm;
use core::mem::offset_of;

use crate::arena::Views;
use crate::kernel::Scaling;
use crate::kernel::armv7em_clamp::clamp_all;
use crate::kernel::elementwise::Elements;
use crate::quantize::Rescale;

/// What [`add_fours`] works on, in the order in which it is loaded. All but the last is in registers in its loop.
#[repr(C)]
struct Fours {
    half: *const i8,
    other: *const i8,
    /// The zero point of the term whose factor is a half, negated and doubled, shifted like the input.
    half_start: i32,
    /// The other's, shifted like the input.
    other_zero: i32,
    /// The multipliers of the other and of the sum, what is added to their products, and their shifts.
    other_multiplier: i32,
    other_addend: i32,
    other_shift: u32,
    multiplier: i32,
    /// Half of the divisor, and the output's zero point times the divisor.
    addend: i32,
    shift: u32,
    out: *mut i8,
    end: *const i8,
}

/// Adds as many elements from the start as whole groups of four hold; returns how many. None if a factor is out
/// of the assembly's range.
pub(crate) fn add(scaling: &Scaling, views: &mut Views<'_>) -> usize {
    let length = views.output.len();
    let Elements {
        inputs,
        output,
        count,
    } = Elements::new(views, &[length; 2]);
    let count = count / 4 * 4;
    let is_half = |rescale: Rescale| rescale.multiplier == 1 << 30 && rescale.shift == 0;
    let [first, second, sum] = scaling.factors;
    let half = usize::from(!is_half(first));
    let (half_factor, mut other) = if half == 0 {
        (first, second)
    } else {
        (second, first)
    };
    if is_half(other) {
        // A half without a shift is nearly one with a shift: after rounding, for all inputs, the same.
        other = Rescale {
            multiplier: i32::MAX,
            shift: -1,
        };
    }
    let (other_shift, shift) = (-other.shift as u32, -sum.shift as u32);
    let fits = is_half(half_factor) && other_shift > 0 && (1..=20).contains(&shift);
    if count == 0 || !fits {
        return 0;
    }
    let mut fours = Fours {
        half: inputs[half],
        other: inputs[1 - half],
        half_start: -scaling.zeros[half] << 20,
        other_zero: scaling.zeros[1 - half] << 21,
        other_multiplier: other.multiplier,
        other_addend: 1 << (other_shift - 1),
        other_shift,
        multiplier: sum.multiplier,
        addend: (1 << (shift - 1)) + (scaling.to_zero << shift),
        shift,
        out: output,
        end: inputs[half].wrapping_add(count),
    };
    // SAFETY: all three have `count` elements, a positive multiple of four; each four are read before the four of the
    // output at their place are written.
    unsafe { add_fours(&mut fours) };
    clamp_all(&mut views.output[..count], scaling.clamp);
    count
}

/// Turns byte `$bit / 8` of r12 and of lr into an output, which takes the byte's place in r12; r0 and r1 are lost.
///
/// Halves are rounded away from zero: where a number is negative, one less is added before it is shifted to the right. The
/// product's sign is that of what is multiplied, or the product is 0, and taking one from that changes nothing.
macro_rules! add {
    ($bit:literal) => {
        concat!(
            concat!("sbfx r0, lr, #", $bit, ", #8\n"),
            concat!("sbfx r1, r12, #", $bit, ", #8\n"),
            "
            rsb.w r0, r5, r0, lsl #21
            add.w r1, r4, r1, lsl #20
            smmlar r2, r0, r6, r7
            add.w r2, r2, r0, asr #31
            asr.w r2, r2, r8
            add.w r1, r1, r2, lsl #1
            smmlar r2, r1, r9, r10
            add.w r2, r2, r1, asr #31
            asr.w r2, r2, r11
            ssat r2, #8, r2
            ",
            concat!("bfi r12, r2, #", $bit, ", #8\n"),
        )
    };
}

/// Adds four elements at a time. Registers: r3 and, on the stack, the other input, the output and the end; r4 to r11 what
/// is computed with; r12 and lr four elements of each input.
///
/// # Safety
/// The pointers must lead to as many elements as lie between `half` and `end`, at least four.
#[unsafe(naked)]
unsafe extern "C" fn add_fours(fours: &mut Fours) {
    naked_asm!(
        with_dsp!(),
        "push {{r4-r11, lr}}",
        "mov r12, r0",
        "ldr r1, [r12, #{out}]",
        "ldr r2, [r12, #{end}]",
        "ldmia r12!, {{r0, r3-r11}}",
        "push {{r1, r2, r3}}",
        "mov r3, r0",
        ".p2align 2",
        "1:",
        "ldr.w r0, [sp, #8]",
        "ldr.w r12, [r3], #4",
        "ldr.w lr, [r0], #4",
        "str.w r0, [sp, #8]",
        add!("0"),
        add!("8"),
        add!("16"),
        add!("24"),
        "ldr.w r0, [sp]",
        "ldr.w r1, [sp, #4]",
        "str.w r12, [r0], #4",
        "cmp.w r3, r1",
        "str.w r0, [sp]",
        "bne 1b",
        "add sp, sp, #12",
        "pop {{r4-r11, pc}}",
        out = const offset_of!(Fours, out),
        end = const offset_of!(Fours, end),
    )
}
