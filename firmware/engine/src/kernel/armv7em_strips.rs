//! Depthwise 3x3 convolution by dual 16-bit multiply-accumulate, four channels at a time.

use core::arch::{asm, naked_asm};

use crate::arena::Io;
use crate::kernel::strips::{CHANNELS, Pair, Strips};

/// What [`strip_by_one`] and [`strip_by_two`] work on: a line of outputs of one channel.
#[repr(C)]
struct Strip {
    /// The first pair, of this channel, in slot 0.
    pairs: *const [i16; 2],
    out: *mut i8,
    out_step: usize,
    weights: *const [i16; 2],
    /// Doubled, as the weights are.
    bias: i32,
    multiplier: i32,
    /// Half of the divisor, and the output's zero point times the divisor.
    addend: i32,
    shift: i32,
    /// Where `pairs` gets to, without and with the one output that is left of an odd number.
    end: *const [i16; 2],
    end_odd: *const [i16; 2],
}

/// The weights of a channel, doubled: neighbours 0 and 1, then 1 and 2 of each row. Rows 0 and 1 come twice, so that
/// any row can be first.
type Rows = [[[i16; 2]; 2]; 5];

/// Computes an image, unless it has fewer than four channels or a factor is out of the assembly's range; returns
/// whether it did.
#[inline]
pub(crate) fn depthwise_3x3(strips: &Strips<'_>, scratch: &mut [u8], io: &mut Io<'_>) -> bool {
    // SAFETY: any bytes are valid numbers; `align_to_mut` sees to the alignment.
    let lines = unsafe { scratch.align_to_mut::<Pair>().1 };
    let Some(lines) = lines.get_mut(..Strips::pairs(&strips.along)) else {
        return false;
    };
    if strips.channels < CHANNELS || !strips.filters.are_short() {
        return false;
    }
    for group in (0..strips.channels).step_by(CHANNELS) {
        // An odd last group is done together with a part of the one before it once more.
        let first = group.min(strips.channels - CHANNELS);
        strips.group(first, lines, io);
    }
    if strips.filters.clamp.is_tight() {
        // Outputs have been cut to the type's range only.
        strips.filters.clamp.apply_all(io.output());
    }
    true
}

impl Strips<'_> {
    #[inline]
    fn group(&self, first: usize, lines: &mut [Pair], io: &mut Io<'_>) {
        let weights: [Rows; CHANNELS] = core::array::from_fn(|c| self.rows(first + c));
        let mut strips: [Strip; CHANNELS] = core::array::from_fn(|c| self.strip(first, c, lines));
        let across = self.across;
        let mut next = 0;
        for out_line in 0..across.output {
            // Lines are counted from the padding's first.
            let top = out_line * across.stride;
            for line in next.max(top)..top + 3 {
                let source = line
                    .checked_sub(across.padding)
                    .filter(|&line| line < across.input);
                self.load(
                    lines,
                    line % 3,
                    source.map(|line| &io.input()[line * self.input_steps[1] + first..]),
                );
            }
            next = top + 3;
            let row = (3 - top % 3) % 3;
            for (c, strip) in strips.iter_mut().enumerate() {
                let out = &mut io.output()[out_line * self.output_steps[1] + first + c..];
                assert!(out.len() > (self.along.output - 1) * self.output_steps[0]);
                strip.out = out.as_mut_ptr();
                strip.out_step = self.output_steps[0];
                strip.pairs = lines[0][0][c..].as_ptr();
                strip.weights = weights[c][row..].as_ptr().cast();
                // SAFETY: `lines` holds the pairs that all outputs need, `weights` three rows from `row` on, and
                // `out` has just been checked to reach to the last output.
                unsafe {
                    if self.along.stride == 1 {
                        strip_by_one(strip);
                    } else {
                        strip_by_two(strip);
                    }
                }
            }
        }
    }

    #[inline]
    fn rows(&self, channel: usize) -> Rows {
        let weight = |row: usize, tap: usize| {
            let tap = row * self.tap_steps[1] + tap * self.tap_steps[0];
            2 * i16::from(self.filters.weights[tap * self.channels + channel])
        };
        let row = |row| {
            [
                [weight(row, 0), weight(row, 1)],
                [weight(row, 1), weight(row, 2)],
            ]
        };
        [row(0), row(1), row(2), row(0), row(1)]
    }

    /// The strip of channel `first + c`, with all that is the same for every line.
    #[inline]
    fn strip(&self, first: usize, c: usize, lines: &[Pair]) -> Strip {
        let channel = first + c;
        let factor = self.filters.factors.get(channel);
        let shift = -factor.shift;
        let outputs = self.along.output;
        let end = |outputs: usize| lines[outputs / 2 * self.along.stride][0][c..].as_ptr();
        Strip {
            pairs: core::ptr::null(),
            out: core::ptr::null_mut(),
            out_step: 0,
            weights: core::ptr::null(),
            bias: 2 * self.filters.bias(channel),
            multiplier: factor.multiplier,
            addend: (1 << (shift - 1)) + (self.filters.output_zero << shift),
            shift,
            end: end(outputs),
            end_odd: end(outputs + 1),
        }
    }

    /// Puts a line into a slot; no `source`: a line of padding.
    #[inline]
    fn load(&self, lines: &mut [Pair], slot: usize, source: Option<&[i8]>) {
        let Some(source) = source else {
            lines
                .iter_mut()
                .for_each(|pair| pair[slot] = [[0; 2]; CHANNELS]);
            return;
        };
        let (step, length, padding) = (self.input_steps[0], self.along.input, self.along.padding);
        // Pairs with both elements inside the image.
        let first = padding.div_ceil(2).min(lines.len());
        let last = ((length + padding) / 2).max(first).min(lines.len());
        for (j, pair) in lines.iter_mut().enumerate() {
            if (first..last).contains(&j) {
                continue;
            }
            let element = |i: usize, c: usize| {
                let inside = i.checked_sub(padding).filter(|&i| i < length);
                inside.map_or(0, |i| {
                    i16::from(source[i * step + c]) - self.input_zero as i16
                })
            };
            pair[slot] = core::array::from_fn(|c| [element(2 * j, c), element(2 * j + 1, c)]);
        }
        if first < last {
            let start = 2 * first - padding;
            assert!(source.len() >= (start + 2 * (last - first) - 1) * step + CHANNELS);
            // SAFETY: reads four bytes at each of the elements from `start` on, whose last has just been checked,
            // and writes four words to each pair from `first` to `last`.
            unsafe {
                widen(
                    source[start * step..].as_ptr(),
                    step,
                    lines[first][slot].as_mut_ptr(),
                    last - first,
                    self.input_zero,
                );
            }
        }
    }
}

/// Widens `count` pairs of elements, `step` bytes apart, of four channels.
///
/// # Safety
/// Four bytes are read at each element, and four words are written at every twelfth word.
#[inline]
unsafe fn widen(source: *const i8, step: usize, to: *mut [i16; 2], count: usize, zero: i32) {
    let minus_zero = ((-zero) as u32 & 0xffff) * 0x1_0001;
    // SAFETY: as the caller promises.
    unsafe {
        asm!(
            ".p2align 2",
            "2:",
            "ldr.w {a}, [{source}]",
            "ldr.w {b}, [{source}, {step}]",
            "add.w {source}, {source}, {step}, lsl #1",
            "sxtab16 {t}, {minus_zero}, {a}",
            "sxtab16 {a}, {minus_zero}, {a}, ror #8",
            "sxtab16 r4, {minus_zero}, {b}",
            "sxtab16 r5, {minus_zero}, {b}, ror #8",
            "pkhbt r2, {t}, r4, lsl #16",
            "pkhbt r3, {a}, r5, lsl #16",
            "pkhtb r4, r4, {t}, asr #16",
            "pkhtb r5, r5, {a}, asr #16",
            "subs.w {count}, {count}, #1",
            "stmia.w {to}, {{r2-r5}}",
            "add.w {to}, {to}, #48",
            "bne 2b",
            source = inout(reg) source => _,
            step = in(reg) step,
            to = inout(reg) to => _,
            count = inout(reg) count => _,
            minus_zero = in(reg) minus_zero,
            a = out(reg) _,
            b = out(reg) _,
            t = out(reg) _,
            out("r2") _, out("r3") _, out("r4") _, out("r5") _,
            options(nostack),
        );
    }
}

/// A function that computes a line of outputs, two at a time, whose windows are `$stride` elements apart.
///
/// Registers: r0 pairs, r1 and r2 output and its step, r3 to r8 weights, r9 and r10 sums. On the stack: the strip.
macro_rules! strip {
    ($(#[$doc:meta])* $name:ident, $advance:literal, $row0:expr, $row1:expr, $row2:expr) => {
        $(#[$doc])*
        #[unsafe(naked)]
        unsafe extern "C" fn $name(strip: &Strip) {
            naked_asm!(
                "push {{r4-r11, lr}}",
                "sub sp, sp, #20",
                // Bias, multiplier, addend, shift and the first end, where they are near.
                "add r12, r0, #{bias}",
                "ldmia r12, {{r3-r7}}",
                "stmia sp, {{r3-r7}}",
                "ldr r11, [r0, #{end_odd}]",
                "push {{r11}}",
                "ldmia r0, {{r0, r1, r2, r12}}",
                "ldmia r12, {{r3-r8}}",
                "ldr r11, [sp, #20]",
                "cmp.w r0, r11",
                "beq 3f",
                ".p2align 2",
                "2:",
                "ldr.w r9, [sp, #4]",
                $row0,
                $row1,
                $row2,
                "ldr.w r11, [sp, #8]",
                "ldr.w r12, [sp, #12]",
                "ldr.w lr, [sp, #16]",
                concat!("add.w r0, r0, #", $advance),
                "smmulr r9, r9, r11",
                "smmulr r10, r10, r11",
                "ldr.w r11, [sp, #20]",
                "add.w r9, r9, r9, asr #31",
                "add.w r10, r10, r10, asr #31",
                "add.w r9, r9, r12",
                "add.w r10, r10, r12",
                "asr.w r9, r9, lr",
                "asr.w r10, r10, lr",
                "ssat r9, #8, r9",
                "ssat r10, #8, r10",
                // A left-over single output overwrites its neighbour, which is nothing.
                "strb.w r10, [r1, r2]",
                "cmp.w r0, r11",
                "strb.w r9, [r1]",
                "add.w r1, r1, r2, lsl #1",
                "bne 2b",
                "3:",
                "ldr r11, [sp]",
                "cmp.w r0, r11",
                "beq 4f",
                "mov r2, #0",
                "str r11, [sp, #20]",
                "b 2b",
                "4:",
                "add sp, sp, #24",
                "pop {{r4-r11, pc}}",
                bias = const core::mem::offset_of!(Strip, bias),
                end_odd = const core::mem::offset_of!(Strip, end_odd),
            )
        }
    };
}

/// Three taps of one line for two outputs next to each other, of elements `x0 x1` and `x2 x3`: `x0 w0 + x1 w1 + x2 w2`
/// and `x1 w0 + x2 w1 + x3 w2`.
macro_rules! by_one {
    ($offset:literal, $next:literal, $w01:literal, $w12:literal $(, $copy:literal)?) => {
        concat!(
            "ldr.w r11, [r0, #", $offset, "]\n",
            "ldr.w r12, [r0, #", $next, "]\n",
            $($copy, "\n",)?
            "smlad r9, r11, ", $w01, ", r9\n",
            "smlatb r10, r11, ", $w01, ", r10\n",
            "smlabt r9, r12, ", $w12, ", r9\n",
            "smlad r10, r12, ", $w12, ", r10\n",
        )
    };
}

/// Three taps of one line for two outputs two elements apart: `x0 w0 + x1 w1 + x2 w2` and `x2 w0 + x3 w1 + x4 w2`.
macro_rules! by_two {
    ($offset:literal, $next:literal, $third:literal, $w01:literal, $w12:literal $(, $copy:literal)?) => {
        concat!(
            "ldr.w r11, [r0, #", $offset, "]\n",
            "ldr.w r12, [r0, #", $next, "]\n",
            "ldr.w lr, [r0, #", $third, "]\n",
            $($copy, "\n",)?
            "smlad r9, r11, ", $w01, ", r9\n",
            "smlad r10, r12, ", $w01, ", r10\n",
            "smlabt r9, r12, ", $w12, ", r9\n",
            "smlabt r10, lr, ", $w12, ", r10\n",
        )
    };
}

strip!(
    /// Outputs of windows next to each other: 18 multiply-accumulates and two outputs in 47 cycles.
    strip_by_one,
    "48",
    by_one!("0", "48", "r3", "r4", "mov.w r10, r9"),
    by_one!("16", "64", "r5", "r6"),
    by_one!("32", "80", "r7", "r8")
);

strip!(
    /// Outputs of every second window.
    strip_by_two,
    "96",
    by_two!("0", "48", "96", "r3", "r4", "mov.w r10, r9"),
    by_two!("16", "64", "112", "r5", "r6"),
    by_two!("32", "80", "128", "r7", "r8")
);
