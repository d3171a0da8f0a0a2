//! From sums to outputs in few instructions, each exact: [`Rescale::apply`](crate::quantize::Rescale::apply) for
//! factors below 1/4, then zero point and saturation.
//!
//! The multiplier, at least 2^30, is doubled: seen as a signed number it is then too small by 2^32, which [`high`] makes
//! up for by adding the sum. Shifting right by `s` and rounding halves up is multiplying by 2^(32 - s) and rounding
//! the upper half; that halves of negative numbers are rounded down [`away`] sees to.

use core::arch::naked_asm;
use core::mem::offset_of;

use crate::kernel::Filters;
use crate::op::Factors;

/// The sum times the doubled multiplier, the upper half rounded.
macro_rules! high {
    ($sum:literal, $multiplier:literal) => {
        concat!(
            concat!("smmlar ", $sum, ", ", $sum, ", ", $multiplier),
            concat!(", ", $sum, "\n"),
        )
    };
}

/// One less if negative.
macro_rules! away {
    ($sum:literal) => {
        concat!("add.w ", $sum, ", ", $sum, ", ", $sum, ", asr #31\n")
    };
}

/// Shifted right, by multiplying by a power of two, and the output's zero point added.
macro_rules! shifted {
    ($sum:literal, $power:literal, $zero:literal) => {
        concat!(
            concat!("smmlar ", $sum, ", ", $sum, ", ", $power),
            concat!(", ", $zero, "\n"),
        )
    };
}

/// From a sum to an output, shifted by `$shift`, which is negative; r2 holds the zero point.
macro_rules! shifted_right {
    ($sum:literal, $shift:literal) => {
        concat!(
            concat!("rsb.w ", $shift, ", ", $shift, ", #0\n"),
            away!($sum),
            concat!("asrs.w ", $sum, ", ", $sum, ", ", $shift, "\n"),
            concat!("adc.w ", $sum, ", ", $sum, ", r2\n"),
            concat!("ssat ", $sum, ", #8, ", $sum, "\n"),
        )
    };
}

/// The biases of the four filters from r10 on in r3 to r6, or zeros: r12 points to [`Finish`]; r11 is lost.
macro_rules! four_biases {
    ($skip:literal) => {
        concat!(
            "
            ldr.w r11, [r12, #{bias}]
            movs r3, #0
            movs r4, #0
            movs r5, #0
            movs r6, #0
            cmp r11, #0
            ",
            concat!("beq ", $skip, "f\n"),
            "
            add.w r11, r11, r10, lsl #2
            ldr.w r3, [r11]
            ldr.w r4, [r11, #4]
            ldr.w r5, [r11, #8]
            ldr.w r6, [r11, #12]
            ",
            concat!($skip, ":\n"),
        )
    };
}

pub(super) use {away, four_biases, high, shifted};

/// Filters whose outputs [`finish_four`] computes together.
pub(super) const FOUR: usize = 4;

/// The factor of all filters if they have one in common, four times.
pub(super) struct Same {
    multipliers: [i32; FOUR],
    shifts: [i8; FOUR],
}

impl Same {
    #[inline]
    pub(super) fn of(filters: &Filters<'_>) -> Self {
        let factor = filters.factors.get(0);
        Self {
            multipliers: [factor.multiplier; FOUR],
            shifts: [factor.shift as i8; FOUR],
        }
    }
}

/// How it does.
#[repr(C)]
pub(super) struct Finish {
    multipliers: *const u8,
    shifts: *const u8,
    /// No bit is set if one factor is for all filters.
    each: usize,
    zero: i32,
    /// The least and the greatest output, in all bytes.
    min: u32,
    max: u32,
    /// Null if there is none.
    pub(super) bias: *const u8,
    /// Where the first filter's output goes.
    pub(super) out: *mut i8,
    /// The first filter of the last four.
    pub(super) last: usize,
}

impl Finish {
    /// For all filters, of which there are four at least, whose factors are [short](Filters::are_short).
    #[inline]
    pub(super) fn new(filters: &Filters<'_>, same: &Same, out: &mut [i8]) -> Self {
        let count = filters.count();
        let (multipliers, shifts, each) = match filters.factors {
            Factors::Same(_) => (
                same.multipliers.as_ptr().cast(),
                same.shifts.as_ptr().cast(),
                0,
            ),
            Factors::Table {
                multipliers,
                shifts,
            } => (
                multipliers[..4 * count].as_ptr(),
                shifts[..count].as_ptr(),
                usize::MAX,
            ),
        };
        let in_all_bytes = |byte: i32| (byte as u32 & 0xff) * 0x0101_0101;
        Self {
            multipliers,
            shifts,
            each,
            zero: filters.output_zero,
            min: in_all_bytes(filters.clamp.min),
            max: in_all_bytes(filters.clamp.max),
            bias: match filters.bias {
                Some(bias) => bias.bytes()[..4 * count].as_ptr(),
                None => core::ptr::null(),
            },
            out: out[..count].as_mut_ptr(),
            last: count - FOUR,
        }
    }
}

/// Writes the outputs of four filters, whose sums are in r3 to r6, and goes on from filter r10 to the next four, or to the
/// last four; says by the zero flag whether these were the last. r12 points to [`Finish`]; the other registers are lost.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn finish_four() {
    naked_asm!(
        with_dsp!(),
        "ldr.w r7, [r12, #{each}]",
        "ldr.w r0, [r12, #{multipliers}]",
        "ldr.w r1, [r12, #{shifts}]",
        "ldr.w r2, [r12, #{zero}]",
        "and.w r7, r7, r10",
        "add.w r1, r1, r7",
        "add.w r0, r0, r7, lsl #2",
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
        shifted_right!("r3", "r7"),
        shifted_right!("r4", "r8"),
        shifted_right!("r5", "r9"),
        shifted_right!("r6", "r11"),
        "bfi r3, r4, #8, #8",
        "bfi r5, r6, #8, #8",
        "pkhbt r3, r3, r5, lsl #16",
        "ldr.w r7, [r12, #{min}]",
        "ldr.w r8, [r12, #{max}]",
        "ldr.w r9, [r12, #{out}]",
        "ldr.w r11, [r12, #{last}]",
        "ssub8 r0, r3, r7",
        "sel r3, r3, r7",
        "ssub8 r0, r8, r3",
        "sel r3, r3, r8",
        "str.w r3, [r9, r10]",
        "add.w r9, r10, #4",
        "cmp r9, r11",
        "it hi",
        "movhi r9, r11",
        "cmp r10, r11",
        "mov.w r10, r9",
        "bx lr",
        each = const offset_of!(Finish, each),
        multipliers = const offset_of!(Finish, multipliers),
        shifts = const offset_of!(Finish, shifts),
        zero = const offset_of!(Finish, zero),
        min = const offset_of!(Finish, min),
        max = const offset_of!(Finish, max),
        out = const offset_of!(Finish, out),
        last = const offset_of!(Finish, last),
    )
}
