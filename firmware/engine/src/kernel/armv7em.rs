//! Products of columns and filters by the dual 16-bit multiply-accumulate of Armv7E-M.
//!
//! `SXTB16` widens bytes 0 and 2 of a word, and with a rotation bytes 1 and 3. So that one multiplication meets
//! the right operands, a pair of columns is laid out in groups of four elements, p being the first and q the second
//! column: `p0 p2 p1 p3 q0 q2 q1 q3`, lowest first. A remainder of fewer than four follows as `p q p q`.

use core::arch::{asm, naked_asm};

use crate::kernel::{CACHED_WEIGHTS, Filters};

/// The upper 32 bits of a product, rounded.
#[inline(always)]
pub(crate) fn rounding_high_mul(a: i32, b: i32) -> i32 {
    let product;
    // SAFETY: computes on registers alone.
    unsafe {
        asm!(
            "smmulr {product}, {a}, {b}",
            product = out(reg) product,
            a = in(reg) a,
            b = in(reg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    product
}

/// Writes elements `at..` of a pair of columns: those of `sources`, less `zero`. `at` is a multiple of 4, and so is
/// the number of elements except at the columns' end.
pub(crate) fn unpack(pair: &mut [i16], at: usize, [first, second]: [&[i8]; 2], zero: i32) {
    let count = first.len();
    let groups = count / 4;
    let pair = &mut pair[2 * at..][..2 * count];
    assert!(second.len() == count);
    if groups > 0 {
        let minus_zero = ((-zero) as u32 & 0xffff) * 0x1_0001;
        // SAFETY: reads `4 * groups` bytes of each source and writes twice as many halfwords, which the slices hold.
        unsafe {
            asm!(
                "2:",
                "ldr {a}, [{first}], #4",
                "ldr {b}, [{second}], #4",
                "sxtab16 r2, {minus_zero}, {a}",
                "sxtab16 r3, {minus_zero}, {a}, ror #8",
                "sxtab16 r4, {minus_zero}, {b}",
                "sxtab16 r5, {minus_zero}, {b}, ror #8",
                "subs {groups}, {groups}, #1",
                "stmia {to}!, {{r2-r5}}",
                "bne 2b",
                first = inout(reg) first.as_ptr() => _,
                second = inout(reg) second.as_ptr() => _,
                to = inout(reg) pair.as_mut_ptr() => _,
                groups = inout(reg) groups => _,
                minus_zero = in(reg) minus_zero,
                a = out(reg) _,
                b = out(reg) _,
                out("r2") _, out("r3") _, out("r4") _, out("r5") _,
                options(nostack),
            );
        }
    }
    let rest = first[4 * groups..].iter().zip(&second[4 * groups..]);
    for (to, (&p, &q)) in pair[8 * groups..].as_chunks_mut().0.iter_mut().zip(rest) {
        *to = [i16::from(p) - zero as i16, i16::from(q) - zero as i16];
    }
}

/// Multiplies columns, a pair after the other, with all filters; `out` gets the outputs of a column together.
/// An odd last column has a pair to itself. Rows that several pairs share are copied into `rows` if there is room.
pub(crate) fn multiply(columns: &[i16], filters: &Filters<'_>, rows: &mut [i8], out: &mut [i8]) {
    let (depth, count) = (filters.depth, filters.count());
    let pixels = out.len() / count;
    let pairs = pixels.div_ceil(2);
    assert!(columns.len() >= pairs * 2 * depth);
    let copies = 2 * depth > CACHED_WEIGHTS && pairs > 2;
    let mut rows = rows.get_mut(..2 * depth).filter(|_| copies);
    let mut tile = Tile::new(columns, filters);
    for next in (0..count).step_by(2) {
        // An odd last filter is computed together with the one before it once more.
        let filter = next.min(count.saturating_sub(2));
        if !tile.select(filters, filter) {
            for filter in next..(next + 2).min(count) {
                for (pixel, out) in out.chunks_exact_mut(count).enumerate() {
                    let pair = &columns[pixel / 2 * 2 * depth..];
                    out[filter] = filters.finish(filter, dot(pair, pixel % 2, filters.row(filter)));
                }
            }
            continue;
        }
        let weights = &filters.weights[filter * depth..][..2 * depth];
        let weights = match &mut rows {
            Some(rows) => {
                rows.copy_from_slice(weights);
                rows
            }
            None => weights,
        };
        tile.rows = [weights.as_ptr(), weights[depth..].as_ptr()];
        tile.columns = columns.as_ptr();
        tile.out = out[filter..].as_mut_ptr();
        (tile.pixel_step, tile.pairs) = (count, pixels / 2);
        if tile.pairs > 0 {
            // SAFETY: the rows hold `depth` weights each, `columns` a pair of `depth` for each pair of pixels, and
            // `out` two bytes from `filter` on for each pixel.
            unsafe { multiply_tile(&mut tile) };
        }
        if pixels % 2 == 1 {
            // The two columns of the last pair are the same, and so is where their outputs go. The tile has got
            // there.
            (tile.pixel_step, tile.pairs) = (0, 1);
            // SAFETY: as above; there is a pair of columns for the last pixel too.
            unsafe { multiply_tile(&mut tile) };
        }
    }
    if filters.clamp.is_tight() {
        // Outputs have been cut to the type's range only.
        filters.clamp.apply_all(out);
    }
}

/// The product of a row of weights and one column of the pair at the start of `columns`.
fn dot(columns: &[i16], which: usize, row: &[i8]) -> i32 {
    let whole = row.len() / 4 * 4;
    row.iter().enumerate().fold(0, |sum, (i, &weight)| {
        let place = if i < whole {
            i / 4 * 8 + which * 4 + [0, 2, 1, 3][i % 4]
        } else {
            i * 2 + which
        };
        sum.wrapping_add(i32::from(columns[place]) * i32::from(weight))
    })
}

/// What [`multiply_tile`] works on: two filters and pairs of columns.
#[repr(C)]
struct Tile {
    columns: *const i16,
    rows: [*const i8; 2],
    bias: [i32; 2],
    /// Bytes of a pair of columns that are done in steps of sixteen elements, and then in steps of four.
    by_sixteen: usize,
    by_four: usize,
    /// Elements left after that.
    rest: usize,
    multiplier: [i32; 2],
    /// Half of the divisor, and the output's zero point times the divisor.
    addend: [i32; 2],
    /// The divisor's binary logarithm.
    shift: [i32; 2],
    out: *mut i8,
    pixel_step: usize,
    pairs: usize,
}

impl Tile {
    /// What is the same for all filters.
    fn new(columns: &[i16], filters: &Filters<'_>) -> Self {
        let depth = filters.depth;
        Self {
            columns: columns.as_ptr(),
            rows: [filters.weights.as_ptr(); 2],
            bias: [0; 2],
            by_sixteen: depth / 16 * 64,
            by_four: depth % 16 / 4 * 16,
            rest: depth % 4,
            multiplier: [0; 2],
            addend: [0; 2],
            shift: [0; 2],
            out: core::ptr::null_mut(),
            pixel_step: 0,
            pairs: 0,
        }
    }

    /// Takes filters `filter` and the next one; `false` where there is no next one or where the short arithmetic of
    /// [`multiply_tile`] would not be exact.
    #[inline(always)]
    fn select(&mut self, filters: &Filters<'_>, filter: usize) -> bool {
        if filter + 2 > filters.count() || filters.depth > 1 << 14 {
            return false;
        }
        for i in 0..2 {
            let Some(factor) = filters.short_factor(filter + i) else {
                return false;
            };
            let shift = -factor.shift;
            self.bias[i] = filters.bias(filter + i);
            self.multiplier[i] = factor.multiplier;
            self.addend[i] = (1 << (shift - 1)) + (filters.output_zero << shift);
            self.shift[i] = shift;
        }
        true
    }
}

/// Four elements of two columns times two filters: 16 multiply-accumulates in 20 cycles.
macro_rules! four_elements {
    () => {
        "
        ldmia r0!, {{r7, r8, r9, r10}}
        ldr r11, [r1], #4
        ldr lr, [r2], #4
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
        "
    };
}

/// From a sum to an output: `Rescale::apply` for a sum below 2^30 and a negative shift, then zero point and
/// saturation.
macro_rules! finish {
    ($sum:literal, $multiplier:literal, $addend:literal, $shift:literal) => {
        concat!(
            concat!("lsl ", $sum, ", ", $sum, ", #1\n"),
            concat!("smmulr ", $sum, ", ", $sum, ", ", $multiplier, "\n"),
            concat!("add ", $sum, ", ", $sum, ", ", $sum, ", asr #31\n"),
            concat!("add ", $sum, ", ", $sum, ", ", $addend, "\n"),
            concat!("asr ", $sum, ", ", $sum, ", ", $shift, "\n"),
            concat!("ssat ", $sum, ", #8, ", $sum, "\n"),
        )
    };
}

/// Multiplies pairs of columns with two filters, and writes two outputs for each column.
///
/// Registers in the loops: r0 columns, r1 and r2 rows, r3 to r6 sums (column 0 and 1 of filter 0, then of filter 1),
/// r7 to r10 elements, r11, r12 and lr weights. On the stack: where the loop ends, and the tile.
#[unsafe(naked)]
unsafe extern "C" fn multiply_tile(tile: &mut Tile) {
    naked_asm!(
        "push {{r4-r11, lr}}",
        "sub sp, sp, #8",
        "str r0, [sp, #4]",
        "mov r12, r0",
        // A pair of columns.
        ".p2align 2",
        "1:",
        "ldr r0, [r12, #{columns}]",
        "ldr r1, [r12, #{rows}]",
        "ldr r2, [r12, #{rows} + 4]",
        "ldr r3, [r12, #{bias}]",
        "ldr r5, [r12, #{bias} + 4]",
        "ldr r11, [r12, #{by_sixteen}]",
        "mov r4, r3",
        "mov r6, r5",
        "cmp r11, #0",
        "beq 3f",
        "add r11, r0, r11",
        "str r11, [sp]",
        ".p2align 2",
        "2:",
        four_elements!(),
        four_elements!(),
        four_elements!(),
        four_elements!(),
        "ldr r11, [sp]",
        "cmp r0, r11",
        "bne 2b",
        "3:",
        "ldr r12, [sp, #4]",
        "ldr r11, [r12, #{by_four}]",
        "cmp r11, #0",
        "beq 5f",
        "add r11, r0, r11",
        "str r11, [sp]",
        ".p2align 2",
        "4:",
        four_elements!(),
        "ldr r11, [sp]",
        "cmp r0, r11",
        "bne 4b",
        "ldr r12, [sp, #4]",
        "5:",
        "ldr r11, [r12, #{rest}]",
        "cmp r11, #0",
        "beq 7f",
        "6:",
        "ldr r7, [r0], #4",
        "ldrsb r8, [r1], #1",
        "ldrsb r9, [r2], #1",
        "subs r11, r11, #1",
        "smlabb r3, r8, r7, r3",
        "smlabt r4, r8, r7, r4",
        "smlabb r5, r9, r7, r5",
        "smlabt r6, r9, r7, r6",
        "bne 6b",
        // From sums to outputs.
        "7:",
        "ldr r7, [r12, #{multiplier}]",
        "ldr r8, [r12, #{addend}]",
        "ldr r9, [r12, #{shift}]",
        "ldr r10, [r12, #{multiplier} + 4]",
        "ldr r11, [r12, #{addend} + 4]",
        "ldr lr, [r12, #{shift} + 4]",
        finish!("r3", "r7", "r8", "r9"),
        finish!("r4", "r7", "r8", "r9"),
        "ldr r7, [r12, #{out}]",
        "ldr r8, [r12, #{pixel_step}]",
        "ldr r9, [r12, #{pairs}]",
        finish!("r5", "r10", "r11", "lr"),
        finish!("r6", "r10", "r11", "lr"),
        "bfi r3, r5, #8, #8",
        "bfi r4, r6, #8, #8",
        "strh r3, [r7]",
        "strh r4, [r7, r8]",
        "add r7, r7, r8, lsl #1",
        "subs r9, r9, #1",
        "str r0, [r12, #{columns}]",
        "str r7, [r12, #{out}]",
        "str r9, [r12, #{pairs}]",
        "bne 1b",
        "add sp, sp, #8",
        "pop {{r4-r11, pc}}",
        columns = const core::mem::offset_of!(Tile, columns),
        rows = const core::mem::offset_of!(Tile, rows),
        by_sixteen = const core::mem::offset_of!(Tile, by_sixteen),
        by_four = const core::mem::offset_of!(Tile, by_four),
        rest = const core::mem::offset_of!(Tile, rest),
        bias = const core::mem::offset_of!(Tile, bias),
        multiplier = const core::mem::offset_of!(Tile, multiplier),
        addend = const core::mem::offset_of!(Tile, addend),
        shift = const core::mem::offset_of!(Tile, shift),
        out = const core::mem::offset_of!(Tile, out),
        pixel_step = const core::mem::offset_of!(Tile, pixel_step),
        pairs = const core::mem::offset_of!(Tile, pairs),
    )
}
