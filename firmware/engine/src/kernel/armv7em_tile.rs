//! Two filters times two columns: the loop in which dense layers spend their time.

use core::arch::naked_asm;
use core::mem::offset_of;

use crate::kernel::Filters;
use crate::op::Factors;

/// What [`multiply_tile`] works on: pairs of filters and pairs of columns. What it changes comes first.
#[repr(C)]
pub(super) struct Tile {
    columns: *const i16,
    rows: [*const i8; 2],
    bias: [i32; 2],
    multiplier: [i32; 2],
    /// Half of the divisor, and the output's zero point times the divisor.
    addend: [i32; 2],
    /// The divisor's binary logarithm.
    shift: [u32; 2],
    out: *mut i8,
    pixel_step: usize,
    pairs: usize,
    /// Where the next two filters have their bias, multiplier, shift and output.
    next_bias: *const u8,
    next_multiplier: *const u8,
    next_shift: *const u8,
    next_out: *mut i8,
    filter_pairs: usize,

    /// Bytes of a pair of columns that are done in steps of sixteen elements, and then in steps of four.
    by_sixteen: usize,
    by_four: usize,
    /// Elements left after that.
    rest: usize,
    first_columns: *const i16,
    depth: usize,
    filters: usize,
    whole_pairs: usize,
    odd_pixels: usize,
    zero: i32,
    bias_step: usize,
    multiplier_step: usize,
    shift_step: usize,
    /// What `next_bias` points to where there is none, and the others where one factor is for all.
    no_bias: [i32; 2],
    same_multiplier: [i32; 2],
    same_shift: [i8; 2],
}

impl Tile {
    /// The filters from `first` on whose rows are in `weights`, an even number.
    #[inline]
    pub(super) fn new(
        columns: &[i16],
        filters: &Filters<'_>,
        first: usize,
        weights: &[i8],
        out: &mut [i8],
        pixels: usize,
    ) -> Self {
        let depth = filters.depth;
        let row = weights.as_ptr();
        let mut tile = Self {
            columns: columns.as_ptr(),
            rows: [row, weights[depth..].as_ptr()],
            bias: [0; 2],
            multiplier: [0; 2],
            addend: [0; 2],
            shift: [0; 2],
            out: core::ptr::null_mut(),
            pixel_step: 0,
            pairs: 0,
            next_bias: core::ptr::null(),
            next_multiplier: core::ptr::null(),
            next_shift: core::ptr::null(),
            next_out: out[first..].as_mut_ptr(),
            filter_pairs: weights.len() / (2 * depth),
            by_sixteen: depth / 16 * 64,
            by_four: depth % 16 / 4 * 16,
            rest: depth % 4,
            first_columns: columns.as_ptr(),
            depth,
            filters: filters.count(),
            whole_pairs: pixels / 2,
            odd_pixels: pixels % 2,
            zero: filters.output_zero,
            bias_step: 0,
            multiplier_step: 0,
            shift_step: 0,
            no_bias: [0; 2],
            same_multiplier: [0; 2],
            same_shift: [0; 2],
        };
        if let Some(bias) = filters.bias {
            tile.next_bias = bias.bytes()[4 * first..].as_ptr();
            tile.bias_step = 8;
        }
        match filters.factors {
            Factors::Same(factor) => {
                tile.same_multiplier = [factor.multiplier; 2];
                tile.same_shift = [factor.shift as i8; 2];
            }
            Factors::Table {
                multipliers,
                shifts,
            } => {
                tile.next_multiplier = multipliers[4 * first..].as_ptr();
                tile.next_shift = shifts[first..].as_ptr();
                (tile.multiplier_step, tile.shift_step) = (8, 2);
            }
        }
        tile
    }
}

/// Four elements of two columns, `$at` bytes on, times two filters: 16 multiply-accumulates in 19 cycles. `$advance`
/// is for the last step of a loop.
macro_rules! four_elements {
    ($at:literal $(, $advance:literal)?) => {
        concat!(
        "ldr.w r7, [r0, #", $at, "]\n",
        "ldr.w r8, [r0, #", $at, " + 4]\n",
        "ldr.w r9, [r0, #", $at, " + 8]\n",
        "ldr.w r10, [r0, #", $at, " + 12]\n",
        "
        ldr.w r11, [r1], #4
        ldr.w lr, [r2], #4
        ", $($advance,)? "
        sxtb16 r12, r11, ror #8
        sxtb16 r11, r11
        smlad r3, r11, r7, r3
        smlad r4, r11, r9, r4
        smlad r3, r12, r8, r3
        smlad r4, r12, r10, r4
        sxtb16 r12, lr, ror #8
        sxtb16 lr, lr
        smlad r5, lr, r7, r5
        smlad r6, lr, r9, r6
        smlad r5, r12, r8, r5
        smlad r6, r12, r10, r6
        ")
    };
}

/// From a sum to an output: `Rescale::apply` for a sum below 2^30 and a negative shift, then zero point and
/// saturation.
macro_rules! finish {
    ($sum:literal, $multiplier:literal, $addend:literal, $shift:literal) => {
        concat!(
            concat!("lsl.w ", $sum, ", ", $sum, ", #1\n"),
            concat!("smmulr ", $sum, ", ", $sum, ", ", $multiplier, "\n"),
            concat!("add.w ", $sum, ", ", $sum, ", ", $sum, ", asr #31\n"),
            concat!("add.w ", $sum, ", ", $sum, ", ", $addend, "\n"),
            concat!("asr.w ", $sum, ", ", $sum, ", ", $shift, "\n"),
            concat!("ssat ", $sum, ", #8, ", $sum, "\n"),
        )
    };
}

/// Multiplies pairs of columns with pairs of filters, and writes an output for each column and filter.
///
/// Registers in the loops: r0 columns, r1 and r2 rows, r3 to r6 sums (column 0 and 1 of filter 0, then of filter 1),
/// r7 to r10 elements, r11, r12 and lr weights. On the stack: where the loop ends, and the tile.
///
/// # Safety
/// The tile's pointers must lead to as much as its numbers say.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn multiply_tile(tile: &mut Tile) {
    naked_asm!(
        with_dsp!(),
        "push {{r4-r11, lr}}",
        "sub sp, sp, #8",
        "str r0, [sp, #4]",
        "mov r12, r0",
        // Two filters.
        ".p2align 2",
        "0:",
        "ldr r0, [r12, #{next_bias}]",
        "cmp r0, #0",
        "it eq",
        "addeq r0, r12, #{no_bias}",
        "ldr r1, [r12, #{next_multiplier}]",
        "ldr r2, [r12, #{next_shift}]",
        "cmp r1, #0",
        "itt eq",
        "addeq r1, r12, #{same_multiplier}",
        "addeq r2, r12, #{same_shift}",
        "ldr r3, [r0]",
        "ldr r4, [r0, #4]",
        "ldr r5, [r1]",
        "ldr r6, [r1, #4]",
        "ldrsb r9, [r2]",
        "ldrsb r10, [r2, #1]",
        "ldr r11, [r12, #{zero}]",
        "rsb r9, r9, #0",
        "rsb r10, r10, #0",
        "mov lr, #1",
        "lsl r7, lr, r9",
        "lsl r8, lr, r10",
        "lsl lr, r11, r9",
        "lsl r11, r11, r10",
        "add r7, lr, r7, lsr #1",
        "add r8, r11, r8, lsr #1",
        "add lr, r12, #{bias}",
        "stmia lr, {{r3-r10}}",
        // Where the next two are.
        "ldr r3, [r12, #{bias_step}]",
        "ldr r4, [r12, #{multiplier_step}]",
        "ldr r5, [r12, #{shift_step}]",
        "ldr r6, [r12, #{next_out}]",
        "ldr r7, [r12, #{first_columns}]",
        "ldr r8, [r12, #{filters}]",
        "ldr r9, [r12, #{whole_pairs}]",
        "cmp r3, #0",
        "it ne",
        "addne r0, r0, r3",
        "it eq",
        "moveq r0, #0",
        "cmp r4, #0",
        "itte ne",
        "addne r1, r1, r4",
        "addne r2, r2, r5",
        "moveq r1, #0",
        "str r7, [r12, #{columns}]",
        "str r6, [r12, #{out}]",
        "str r8, [r12, #{pixel_step}]",
        "add r6, r6, #2",
        "str r0, [r12, #{next_bias}]",
        "str r1, [r12, #{next_multiplier}]",
        "str r2, [r12, #{next_shift}]",
        "str r6, [r12, #{next_out}]",
        "cmp r9, #0",
        "beq 8f",
        "str r9, [r12, #{pairs}]",
        // A pair of columns.
        ".p2align 2",
        "1:",
        "ldr r0, [r12, #{columns}]",
        "ldr r1, [r12, #{rows}]",
        "ldr r2, [r12, #{rows} + 4]",
        "ldr r3, [r12, #{bias}]",
        "ldr r5, [r12, #{bias} + 4]",
        "ldr r11, [r12, #{by_sixteen}]",
        "mov.w r4, r3",
        "mov.w r6, r5",
        "cmp r11, #0",
        "beq 3f",
        "add.w r11, r0, r11",
        "str r11, [sp]",
        ".p2align 2",
        "2:",
        four_elements!("0"),
        four_elements!("16"),
        four_elements!("32"),
        four_elements!("48", "add r0, r0, #64"),
        "ldr r11, [sp]",
        "cmp.w r0, r11",
        "bne 2b",
        "3:",
        "ldr r12, [sp, #4]",
        "ldr r11, [r12, #{by_four}]",
        "ldr r7, [r12, #{rest}]",
        "orrs r8, r7, r11",
        "bne 4f",
        // From sums to outputs.
        ".p2align 2",
        "7:",
        "ldr.w r7, [r12, #{multiplier}]",
        "ldr.w r8, [r12, #{addend}]",
        "ldr.w r9, [r12, #{shift}]",
        "ldr.w r10, [r12, #{multiplier} + 4]",
        "ldr.w r11, [r12, #{addend} + 4]",
        "ldr.w lr, [r12, #{shift} + 4]",
        finish!("r3", "r7", "r8", "r9"),
        finish!("r4", "r7", "r8", "r9"),
        "ldr.w r7, [r12, #{out}]",
        "ldr.w r8, [r12, #{pixel_step}]",
        "ldr.w r9, [r12, #{pairs}]",
        finish!("r5", "r10", "r11", "lr"),
        finish!("r6", "r10", "r11", "lr"),
        "bfi r3, r5, #8, #8",
        "bfi r4, r6, #8, #8",
        "strh.w r3, [r7]",
        "strh.w r4, [r7, r8]",
        "add.w r7, r7, r8, lsl #1",
        "subs.w r9, r9, #1",
        "str.w r0, [r12, #{columns}]",
        "str.w r7, [r12, #{out}]",
        "str.w r9, [r12, #{pairs}]",
        "bne 1b",
        // An odd last column: both columns of its pair are the same, and both outputs go to the same place.
        "8:",
        "ldr r8, [r12, #{pixel_step}]",
        "ldr r9, [r12, #{odd_pixels}]",
        "cmp r8, #0",
        "beq 9f",
        "mov r8, #0",
        "str r8, [r12, #{pixel_step}]",
        "str r9, [r12, #{pairs}]",
        "cmp r9, #0",
        "bne 1b",
        "9:",
        "ldr r1, [r12, #{rows}]",
        "ldr r2, [r12, #{rows} + 4]",
        "ldr r3, [r12, #{depth}]",
        "ldr r4, [r12, #{filter_pairs}]",
        "add r1, r1, r3, lsl #1",
        "add r2, r2, r3, lsl #1",
        "subs r4, r4, #1",
        "str r1, [r12, #{rows}]",
        "str r2, [r12, #{rows} + 4]",
        "str r4, [r12, #{filter_pairs}]",
        "bne 0b",
        "add sp, sp, #8",
        "pop {{r4-r11, pc}}",
        // Elements that are left over, out of the way of the code that the instruction cache should hold.
        "4:",
        "cmp r11, #0",
        "beq 6f",
        "add r11, r0, r11",
        "str r11, [sp]",
        ".p2align 2",
        "5:",
        four_elements!("0", "add r0, r0, #16"),
        "ldr.w r11, [sp]",
        "cmp.w r0, r11",
        "bne 5b",
        "ldr r12, [sp, #4]",
        "ldr r7, [r12, #{rest}]",
        "6:",
        "movs r11, r7",
        "beq 7b",
        "10:",
        "ldr r7, [r0], #4",
        "ldrsb r8, [r1], #1",
        "ldrsb r9, [r2], #1",
        "subs r11, r11, #1",
        "smlabb r3, r8, r7, r3",
        "smlabt r4, r8, r7, r4",
        "smlabb r5, r9, r7, r5",
        "smlabt r6, r9, r7, r6",
        "bne 10b",
        "b 7b",
        columns = const offset_of!(Tile, columns),
        rows = const offset_of!(Tile, rows),
        bias = const offset_of!(Tile, bias),
        multiplier = const offset_of!(Tile, multiplier),
        addend = const offset_of!(Tile, addend),
        shift = const offset_of!(Tile, shift),
        out = const offset_of!(Tile, out),
        pixel_step = const offset_of!(Tile, pixel_step),
        pairs = const offset_of!(Tile, pairs),
        next_bias = const offset_of!(Tile, next_bias),
        next_multiplier = const offset_of!(Tile, next_multiplier),
        next_shift = const offset_of!(Tile, next_shift),
        next_out = const offset_of!(Tile, next_out),
        filter_pairs = const offset_of!(Tile, filter_pairs),
        by_sixteen = const offset_of!(Tile, by_sixteen),
        by_four = const offset_of!(Tile, by_four),
        rest = const offset_of!(Tile, rest),
        first_columns = const offset_of!(Tile, first_columns),
        depth = const offset_of!(Tile, depth),
        filters = const offset_of!(Tile, filters),
        whole_pairs = const offset_of!(Tile, whole_pairs),
        odd_pixels = const offset_of!(Tile, odd_pixels),
        zero = const offset_of!(Tile, zero),
        bias_step = const offset_of!(Tile, bias_step),
        multiplier_step = const offset_of!(Tile, multiplier_step),
        shift_step = const offset_of!(Tile, shift_step),
        no_bias = const offset_of!(Tile, no_bias),
        same_multiplier = const offset_of!(Tile, same_multiplier),
        same_shift = const offset_of!(Tile, same_shift),
    )
}
