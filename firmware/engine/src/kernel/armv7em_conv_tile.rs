//! Two filters times three columns: the loop in which convolutions spend their time.

use core::arch::naked_asm;
use core::mem::offset_of;

use crate::kernel::armv7em_finish::{away, high, shifted};
use crate::kernel::{COLUMNS, Filters};
use crate::op::Factors;

/// Words of a column in one turn of the loop, which a shorter first turn enters in its middle.
const WORDS: usize = 8;

/// Bytes of the loop's code for one word.
const WORD_CODE: usize = 44;

/// What [`multiply_tile`] works on: triples of three columns, and pairs of filters. What it changes comes first.
#[repr(C)]
pub(super) struct Tile {
    /// Where the next two filters have their bias, multiplier, shift, weights and output.
    next_bias: *const u8,
    next_multiplier: *const u8,
    next_shift: *const u8,
    next_row: *const i8,
    next_out: *mut i8,
    filter_pairs: usize,

    bias_step: usize,
    multiplier_step: usize,
    shift_step: usize,
    depth: usize,
    /// Weights of a row by fours, and how many are left.
    fours: usize,
    rest: usize,
    /// Where two rows are laid out.
    rows: *mut i16,
    zero: i32,
    /// Where rows and columns would start if the first turn of the loop were a whole one, less one word.
    first_row: *const i16,
    first_columns: *const i16,
    /// Bytes of columns that all turns go over, those missing in the first turn included.
    turns: usize,
    /// Bytes of the loop's code that the first turn leaves out, and one for the instruction set.
    entry: usize,
    /// Bytes of a triple of columns that are missing in the first turn.
    missing: usize,
    triples: usize,
    /// Whether there is one more triple, some of whose columns are only there to fill it up.
    odd_triples: usize,
    /// Bytes from the first column's output to the second's and the third's, in a triple and in that last one, and to
    /// the next triple's.
    steps: [usize; 2],
    odd_steps: [usize; 2],
    advance: usize,
    /// What `next_bias` points to where there is none, and the others where one factor is for all.
    no_bias: [i32; 2],
    same_multiplier: [i32; 2],
    same_shift: [i8; 2],
}

impl Tile {
    /// Filters `first` and `2 * filter_pairs - 1` more. `out` has all filters' outputs for each of `pixels`, `rows`
    /// room for two rows whose length is rounded up to a multiple of 4.
    #[inline]
    pub(super) fn new(
        columns: &[i16],
        filters: &Filters<'_>,
        (first, filter_pairs): (usize, usize),
        rows: &mut [i16],
        out: &mut [i8],
        pixels: usize,
    ) -> Self {
        let (depth, count) = (filters.depth, filters.count());
        let words = depth.div_ceil(4) * 2;
        let missing = words.next_multiple_of(WORDS) - words;
        let weights = &filters.weights[first * depth..][..2 * filter_pairs * depth];
        // Columns too many are the last one's repetitions, and so are their outputs.
        let odd_steps = if pixels % COLUMNS == 1 {
            [0; 2]
        } else {
            [count; 2]
        };
        let mut tile = Self {
            next_bias: core::ptr::null(),
            next_multiplier: core::ptr::null(),
            next_shift: core::ptr::null(),
            next_row: weights.as_ptr(),
            next_out: out[first..].as_mut_ptr(),
            filter_pairs,
            bias_step: 0,
            multiplier_step: 0,
            shift_step: 0,
            depth,
            fours: depth / 4,
            rest: depth % 4,
            rows: rows.as_mut_ptr(),
            zero: filters.output_zero,
            first_row: rows.as_ptr().wrapping_sub(2 + 2 * 2 * missing),
            first_columns: columns.as_ptr().wrapping_sub(2 + 2 * COLUMNS * missing),
            turns: words.next_multiple_of(WORDS) * COLUMNS * 4,
            entry: missing * WORD_CODE + 1,
            missing: missing * COLUMNS * 4,
            triples: pixels / COLUMNS,
            odd_triples: usize::from(!pixels.is_multiple_of(COLUMNS)),
            steps: [count, 2 * count],
            odd_steps,
            advance: COLUMNS * count,
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

/// A word of each of three columns and two rows, at offsets `$c0` and so on: 12 multiply-accumulates in 12 cycles.
/// `$wrap` after the last offsets moves the pointers on.
macro_rules! word {
    ($c0:literal, $c1:literal, $c2:literal, $w0:literal, $w1:literal, $wrap:literal) => {
        concat!(
            "ldr.w r8, [r0, #",
            $c0,
            "]\n",
            "ldr.w r9, [r0, #",
            $c1,
            "]\n",
            "ldr.w r10, [r0, #",
            $c2,
            "]",
            $wrap,
            "\n",
            "ldr.w r11, [r1, #",
            $w0,
            "]\n",
            "ldr.w r12, [r1, #",
            $w1,
            "]",
            $wrap,
            "\n",
            "smlad r2, r8, r11, r2\n",
            "smlad r3, r9, r11, r3\n",
            "smlad r4, r10, r11, r4\n",
            "smlad r5, r8, r12, r5\n",
            "smlad r6, r9, r12, r6\n",
            "smlad r7, r10, r12, r7\n",
        )
    };
}

/// An instruction for all six sums, with an operand for either filter.
macro_rules! six {
    ($each:ident, $first:literal, $second:literal $(, $common:literal)?) => {
        concat!(
            $each!("r2", $first $(, $common)?),
            $each!("r3", $first $(, $common)?),
            $each!("r4", $first $(, $common)?),
            $each!("r5", $second $(, $common)?),
            $each!("r6", $second $(, $common)?),
            $each!("r7", $second $(, $common)?),
        )
    };
}

/// Multiplies triples of columns with pairs of filters, and writes an output for each column and filter.
///
/// Registers in the loop: r0 columns, r1 rows, r2 to r4 sums of the first filter, r5 to r7 of the second, r8 to r10
/// elements, r11 and r12 weights, lr the loop's end. On the stack, in words: 0 biases, 2 doubled multipliers, 4 powers of two to shift
/// by, 6 the output's zero point, 8 row, 9 turns, 10 entry, 11 output, 12 steps,
/// 14 advance, 15 missing, 16 triples, 17 odd triples, 18 tile.
///
/// # Safety
/// The tile's pointers must lead to as much as its numbers say.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn multiply_tile(tile: &mut Tile) {
    naked_asm!(
        with_dsp!(),
        ".p2align 2",
        "push {{r4-r11, lr}}",
        "sub sp, sp, #76",
        "str r0, [sp, #72]",
        "mov r12, r0",
        "ldr r1, [r12, #{first_row}]",
        "ldr r2, [r12, #{turns}]",
        "ldr r3, [r12, #{entry}]",
        "adr.w r4, 2f",
        "add r3, r3, r4",
        "ldr r4, [r12, #{advance}]",
        "ldr r5, [r12, #{missing}]",
        "str r1, [sp, #32]",
        "str r2, [sp, #36]",
        "str r3, [sp, #40]",
        "str r4, [sp, #56]",
        "str r5, [sp, #60]",
        // Two filters.
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
        "ldrsb r7, [r2]",
        "ldrsb r8, [r2, #1]",
        "ldr r9, [r12, #{zero}]",
        "mov lr, #1",
        "add r7, r7, #32",
        "add r8, r8, #32",
        "lsl r5, r5, #1",
        "lsl r6, r6, #1",
        "lsl r7, lr, r7",
        "lsl r8, lr, r8",
        "stmia sp, {{r3-r9}}",
        // Where the next two are.
        "ldr r3, [r12, #{bias_step}]",
        "ldr r4, [r12, #{multiplier_step}]",
        "ldr r5, [r12, #{shift_step}]",
        "cmp r3, #0",
        "ite ne",
        "addne r0, r0, r3",
        "moveq r0, #0",
        "cmp r4, #0",
        "itte ne",
        "addne r1, r1, r4",
        "addne r2, r2, r5",
        "moveq r1, #0",
        "ldr r3, [r12, #{next_out}]",
        "ldr r4, [r12, #{steps}]",
        "ldr r5, [r12, #{steps} + 4]",
        "ldr r6, [r12, #{triples}]",
        "ldr r7, [r12, #{odd_triples}]",
        "str r0, [r12, #{next_bias}]",
        "str r1, [r12, #{next_multiplier}]",
        "str r2, [r12, #{next_shift}]",
        "str r3, [sp, #44]",
        "add r3, r3, #2",
        "str r3, [r12, #{next_out}]",
        "str r4, [sp, #48]",
        "str r5, [sp, #52]",
        "str r6, [sp, #64]",
        "str r7, [sp, #68]",
        // Their rows.
        "ldr r0, [r12, #{next_row}]",
        "ldr r3, [r12, #{depth}]",
        "ldr r2, [r12, #{rows}]",
        "ldr r8, [r12, #{fours}]",
        "ldr r9, [r12, #{rest}]",
        "add r1, r0, r3",
        "add r3, r0, r3, lsl #1",
        "str r3, [r12, #{next_row}]",
        "cmp r8, #0",
        "beq 4f",
        ".p2align 2",
        "3:",
        "ldr.w r10, [r0], #4",
        "ldr.w r11, [r1], #4",
        "subs.w r8, r8, #1",
        "sxtb16 r4, r10",
        "sxtb16 r6, r10, ror #8",
        "sxtb16 r5, r11",
        "sxtb16 r7, r11, ror #8",
        "stmia.w r2!, {{r4-r7}}",
        "bne 3b",
        "4:",
        "cmp r9, #0",
        "bne 7f",
        "5:",
        "ldr r0, [r12, #{first_columns}]",
        "ldr r6, [sp, #64]",
        "cmp r6, #0",
        "beq 8f",
        // A triple.
        ".p2align 2",
        "1:",
        "ldr.w r2, [sp]",
        "ldr.w r5, [sp, #4]",
        "ldr.w r1, [sp, #32]",
        "ldr.w lr, [sp, #36]",
        "ldr.w r8, [sp, #40]",
        "mov r3, r2",
        "mov r4, r2",
        "mov r6, r5",
        "mov r7, r5",
        "add lr, r0",
        "bx r8",
        ".p2align 2",
        "2:",
        word!("4", "8", "12", "4", "8", ""),
        word!("16", "20", "24", "12", "16", ""),
        word!("28", "32", "36", "20", "24", ""),
        word!("40", "44", "48", "28", "32", ""),
        word!("52", "56", "60", "36", "40", ""),
        word!("64", "68", "72", "44", "48", ""),
        word!("76", "80", "84", "52", "56", ""),
        word!("88", "92", "96", "60", "64", "!"),
        // Wide, so that what follows is aligned: a fetch brings an instruction.
        "cmp.w r0, lr",
        "bne.w 2b",
        // From sums to outputs.
        "ldr.w r8, [sp, #8]",
        "ldr.w r9, [sp, #12]",
        "ldr.w r10, [sp, #16]",
        "ldr.w r11, [sp, #20]",
        "ldr.w r12, [sp, #24]",
        six!(high, "r8", "r9"),
        away!("r2"),
        away!("r3"),
        away!("r4"),
        away!("r5"),
        away!("r6"),
        away!("r7"),
        six!(shifted, "r10", "r11", "r12"),
        "ldr.w r8, [sp, #44]",
        "ldr.w r9, [sp, #48]",
        "ldr.w r10, [sp, #52]",
        "ldr.w r11, [sp, #56]",
        "ldr.w r12, [sp, #60]",
        "ldr.w lr, [sp, #64]",
        "ssat r2, #8, r2",
        "ssat r3, #8, r3",
        "ssat r4, #8, r4",
        "ssat r5, #8, r5",
        "ssat r6, #8, r6",
        "ssat r7, #8, r7",
        "bfi r2, r5, #8, #8",
        "bfi r3, r6, #8, #8",
        "bfi r4, r7, #8, #8",
        "strh.w r2, [r8]",
        "strh.w r3, [r8, r9]",
        "strh.w r4, [r8, r10]",
        "add.w r8, r8, r11",
        "sub.w r0, r0, r12",
        "subs.w lr, lr, #1",
        "str.w r8, [sp, #44]",
        "str.w lr, [sp, #64]",
        "bne 1b",
        "ldr r12, [sp, #72]",
        // The triple that is not full.
        "8:",
        "ldr r6, [sp, #68]",
        "cmp r6, #0",
        "beq 9f",
        "mov r7, #0",
        "ldr r4, [r12, #{odd_steps}]",
        "ldr r5, [r12, #{odd_steps} + 4]",
        "str r7, [sp, #68]",
        "str r6, [sp, #64]",
        "str r4, [sp, #48]",
        "str r5, [sp, #52]",
        "b 1b",
        "9:",
        "ldr r4, [r12, #{filter_pairs}]",
        "subs r4, r4, #1",
        "str r4, [r12, #{filter_pairs}]",
        "bne 0b",
        "add sp, sp, #76",
        "pop {{r4-r11, pc}}",
        // One to three weights that are left over, and zeros.
        "7:",
        "mov r4, #0",
        "mov r5, #0",
        "mov r6, #0",
        "mov r7, #0",
        "stmia.w r2, {{r4-r7}}",
        "ldrsb r4, [r0]",
        "ldrsb r5, [r1]",
        "strh r4, [r2]",
        "strh r5, [r2, #4]",
        "cmp r9, #2",
        "blo 5b",
        "ldrsb r4, [r0, #1]",
        "ldrsb r5, [r1, #1]",
        "strh r4, [r2, #8]",
        "strh r5, [r2, #12]",
        "beq 5b",
        "ldrsb r4, [r0, #2]",
        "ldrsb r5, [r1, #2]",
        "strh r4, [r2, #2]",
        "strh r5, [r2, #6]",
        "b 5b",
        next_bias = const offset_of!(Tile, next_bias),
        next_multiplier = const offset_of!(Tile, next_multiplier),
        next_shift = const offset_of!(Tile, next_shift),
        next_row = const offset_of!(Tile, next_row),
        next_out = const offset_of!(Tile, next_out),
        filter_pairs = const offset_of!(Tile, filter_pairs),
        bias_step = const offset_of!(Tile, bias_step),
        multiplier_step = const offset_of!(Tile, multiplier_step),
        shift_step = const offset_of!(Tile, shift_step),
        depth = const offset_of!(Tile, depth),
        fours = const offset_of!(Tile, fours),
        rest = const offset_of!(Tile, rest),
        rows = const offset_of!(Tile, rows),
        zero = const offset_of!(Tile, zero),
        first_row = const offset_of!(Tile, first_row),
        first_columns = const offset_of!(Tile, first_columns),
        turns = const offset_of!(Tile, turns),
        entry = const offset_of!(Tile, entry),
        missing = const offset_of!(Tile, missing),
        triples = const offset_of!(Tile, triples),
        odd_triples = const offset_of!(Tile, odd_triples),
        steps = const offset_of!(Tile, steps),
        odd_steps = const offset_of!(Tile, odd_steps),
        advance = const offset_of!(Tile, advance),
        no_bias = const offset_of!(Tile, no_bias),
        same_multiplier = const offset_of!(Tile, same_multiplier),
        same_shift = const offset_of!(Tile, same_shift),
    )
}
