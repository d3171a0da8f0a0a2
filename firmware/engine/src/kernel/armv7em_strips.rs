//! Depthwise 3x3 convolution by dual 16-bit multiply-accumulate, four channels at a time.

use core::arch::{asm, naked_asm};
use core::mem::offset_of;

use crate::arena::Io;
use crate::flatbuffer::Scalar as _;
use crate::kernel::armv7em_clamp::clamp_all;
use crate::kernel::armv7em_finish::{away, high, shifted};
use crate::kernel::strips::{CHANNELS, Pair, Strips};

/// What [`strips_by_one`] and [`strips_by_two`] work on: a line of outputs of four channels.
#[repr(C)]
struct Line {
    /// The first pair in slot 0, and the first output, of the next channel.
    pairs: *const [i16; 2],
    out: *mut i8,
    out_step: usize,
    /// Bytes from a channel's numbers to its weights of the first row.
    row: usize,
    /// Bytes that `pairs` gets on, without and with the one output that is left of an odd number.
    even: usize,
    odd: usize,
    output_zero: i32,
}

/// What turns elements of a channel into outputs.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Channel {
    bias: i32,
    /// Doubled.
    multiplier: i32,
    /// 2^32 divided by the divisor.
    power: i32,
    /// Neighbours 0 and 1, then 1 and 2 of each row. Rows 0 and 1 come twice, so that any row can be first.
    rows: [[[i16; 2]; 2]; 5],
}

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
    lines.fill(Default::default());
    let mut channels = [Channel::default(); CHANNELS];
    for group in (0..strips.channels).step_by(CHANNELS) {
        // An odd last group is done together with a part of the one before it once more.
        let first = group.min(strips.channels - CHANNELS);
        strips.prepare(&mut channels, first);
        strips.group(&channels, first, lines, io);
    }
    clamp_all(io.output(), strips.filters.clamp);
    true
}

impl Strips<'_> {
    #[inline]
    fn group(
        &self,
        channels: &[Channel; CHANNELS],
        first: usize,
        lines: &mut [Pair],
        io: &mut Io<'_>,
    ) {
        let across = self.across;
        let ends = |outputs: usize| outputs / 2 * self.along.stride * size_of::<Pair>();
        let mut next = 0;
        for out_line in 0..across.output {
            // Lines are counted from the padding's first.
            let top = out_line * across.stride;
            for line in next.max(top)..top + 3 {
                self.load(lines, line, &io.input()[first..]);
            }
            next = top + 3;
            let out = &mut io.output()[out_line * self.output_steps[1] + first..];
            assert!(out.len() >= (self.along.output - 1) * self.output_steps[0] + CHANNELS);
            let mut line = Line {
                pairs: lines.as_ptr().cast(),
                out: out.as_mut_ptr(),
                out_step: self.output_steps[0],
                row: offset_of!(Channel, rows) + (3 - top % 3) % 3 * size_of::<[[i16; 2]; 2]>(),
                even: ends(self.along.output),
                odd: ends(self.along.output + 1),
                output_zero: self.filters.output_zero,
            };
            // SAFETY: `lines` holds the pairs that all outputs need, `channels` three rows from `row` on, and `out` has
            // just been checked to reach to the last output.
            unsafe {
                if self.along.stride == 1 {
                    strips_by_one(&mut line, channels);
                } else {
                    strips_by_two(&mut line, channels);
                }
            }
        }
    }

    /// Gathers what turns elements into outputs, of the channels from `first` on.
    #[inline]
    fn prepare(&self, channels: &mut [Channel; CHANNELS], first: usize) {
        let filters = self.filters;
        let factors = filters.factors.of::<CHANNELS>(first);
        let bias = filters
            .bias
            .map(|bias| &bias.bytes()[4 * first..][..4 * CHANNELS]);
        for (i, (to, factor)) in channels.iter_mut().zip(factors).enumerate() {
            to.bias = bias.map_or(0, |bias| i32::read(&bias[4 * i..]));
            to.multiplier = factor.multiplier << 1;
            to.power = 1 << (32 + factor.shift);
        }
        let [step, row_step] = self.tap_steps.map(|step| step * self.channels);
        let weights = &filters.weights[first..];
        assert!(weights.len() >= 2 * (step + row_step) + CHANNELS);
        // SAFETY: reads four bytes at each of nine taps, whose last has just been checked, and writes all rows.
        unsafe { gather(weights.as_ptr(), step, row_step, channels) };
    }

    /// Puts a line of the image, or of its padding, into its slot. `input` starts with the first of the channels.
    #[inline]
    fn load(&self, lines: &mut [Pair], line: usize, input: &[i8]) {
        let slot = line % 3;
        let line = line.wrapping_sub(self.across.padding);
        if line >= self.across.input {
            lines
                .iter_mut()
                .for_each(|pair| pair[slot] = Default::default());
            return;
        }
        let source = &input[line * self.input_steps[1]..];
        let (step, length, padding) = (self.input_steps[0], self.along.input, self.along.padding);
        // Pairs with both elements inside the image.
        let first = padding.div_ceil(2).min(lines.len());
        let last = ((length + padding) / 2).clamp(first, lines.len());
        // Elements in the others; what is around them stays zero.
        let (before, behind) = (
            (2 * first).saturating_sub(padding),
            2 * last - padding.min(2 * last),
        );
        for i in (0..before.min(length)).chain(behind.max(before)..length) {
            let at = i + padding;
            let Some(pair) = lines.get_mut(at / 2) else {
                break;
            };
            if let Some(elements) = source[i * step..].first_chunk::<CHANNELS>() {
                for (to, &x) in pair[slot].iter_mut().zip(elements) {
                    to[at % 2] = i16::from(x) - self.input_zero as i16;
                }
            }
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

/// Fills in the rows of four channels, whose weights lie side by side for each tap.
///
/// # Safety
/// Four bytes are read at each of three taps, `step` bytes apart, of three rows.
#[inline]
unsafe fn gather(
    weights: *const i8,
    step: usize,
    row_step: usize,
    channels: &mut [Channel; CHANNELS],
) {
    // SAFETY: as the caller promises; rows 0 and 1 are written as 3 and 4, too.
    unsafe {
        asm!(
            ".p2align 2",
            "2:",
            "ldr.w {a}, [{weights}]",
            "ldr.w {b}, [{weights}, {step}]",
            "subs.w {rows}, {rows}, #1",
            "sxtb16 {a1}, {a}, ror #8",
            "sxtb16 {a}, {a}",
            "sxtb16 {b1}, {b}, ror #8",
            "sxtb16 {b}, {b}",
            "pkhbt {x}, {a}, {b}, lsl #16",
            "pkhbt {y}, {a1}, {b1}, lsl #16",
            "pkhtb {a}, {b}, {a}, asr #16",
            "pkhtb {a1}, {b1}, {a1}, asr #16",
            "str.w {x}, [{to}, #{row}]",
            "str.w {y}, [{to}, #{size} + {row}]",
            "str.w {a}, [{to}, #2 * {size} + {row}]",
            "str.w {a1}, [{to}, #3 * {size} + {row}]",
            "itttt ne",
            "strne.w {x}, [{to}, #{row} + 24]",
            "strne.w {y}, [{to}, #{size} + {row} + 24]",
            "strne.w {a}, [{to}, #2 * {size} + {row} + 24]",
            "strne.w {a1}, [{to}, #3 * {size} + {row} + 24]",
            "ldr.w {a}, [{weights}, {step}, lsl #1]",
            "add.w {weights}, {weights}, {row_step}",
            "sxtb16 {a1}, {a}, ror #8",
            "sxtb16 {a}, {a}",
            "pkhbt {x}, {b}, {a}, lsl #16",
            "pkhbt {y}, {b1}, {a1}, lsl #16",
            "pkhtb {b}, {a}, {b}, asr #16",
            "pkhtb {b1}, {a1}, {b1}, asr #16",
            "str.w {x}, [{to}, #{row} + 4]",
            "str.w {y}, [{to}, #{size} + {row} + 4]",
            "str.w {b}, [{to}, #2 * {size} + {row} + 4]",
            "str.w {b1}, [{to}, #3 * {size} + {row} + 4]",
            "itttt ne",
            "strne.w {x}, [{to}, #{row} + 28]",
            "strne.w {y}, [{to}, #{size} + {row} + 28]",
            "strne.w {b}, [{to}, #2 * {size} + {row} + 28]",
            "strne.w {b1}, [{to}, #3 * {size} + {row} + 28]",
            "add.w {to}, {to}, #8",
            "bne 2b",
            weights = inout(reg) weights => _,
            step = in(reg) step,
            row_step = in(reg) row_step,
            to = inout(reg) channels.as_mut_ptr() => _,
            rows = inout(reg) 3 => _,
            a = out(reg) _,
            a1 = out(reg) _,
            b = out(reg) _,
            b1 = out(reg) _,
            x = out(reg) _,
            y = out(reg) _,
            row = const offset_of!(Channel, rows),
            size = const size_of::<Channel>(),
            options(nostack),
        );
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

/// A function that computes a line of outputs of four channels, two at a time, from windows that are next to each
/// other or two elements apart.
///
/// Registers: r0 pairs, r1 and r2 output and its step, r3 to r8 weights, r9 and r10 sums. On the stack, in words:
/// 0 where pairs end, 1 where they end with an odd output, 2 bias, 3 doubled multiplier, 4 power of two to shift by, 5 the
/// output's zero point, 6 the next channel, 7 the line, 8 channels left.
macro_rules! strips {
    ($(#[$doc:meta])* $name:ident, $advance:literal, $row0:expr, $row1:expr, $row2:expr) => {
        $(#[$doc])*
        #[unsafe(naked)]
        unsafe extern "C" fn $name(line: &mut Line, channels: &[Channel; CHANNELS]) {
            naked_asm!(
                with_dsp!(),
                "push {{r4-r11, lr}}",
                "sub sp, sp, #36",
                "ldr r2, [r0, #{zero}]",
                "mov r3, r1",
                "mov r4, r0",
                "mov r5, #{count}",
                "add r6, sp, #20",
                "stmia r6, {{r2-r5}}",
                ".p2align 2",
                "0:",
                "ldr.w r12, [sp, #28]",
                "ldr.w r11, [sp, #24]",
                "ldmia.w r12, {{r0-r5}}",
                "add.w r6, r0, #4",
                "add.w r7, r1, #1",
                "stmia r12, {{r6, r7}}",
                "add lr, r11, r3",
                "add r4, r4, r0",
                "add r5, r5, r0",
                "ldmia r11, {{r6-r8}}",
                "add r11, r11, #{size}",
                "str r11, [sp, #24]",
                "stmia sp, {{r4-r8}}",
                "cmp r0, r4",
                "ldmia lr, {{r3-r8}}",
                "beq 3f",
                ".p2align 2",
                "2:",
                "ldr.w r10, [sp, #8]",
                $row0,
                $row1,
                $row2,
                "ldr.w r11, [sp, #12]",
                "ldr.w r12, [sp, #16]",
                "ldr.w lr, [sp, #20]",
                concat!("add.w r0, r0, #", $advance),
                high!("r9", "r11"),
                high!("r10", "r11"),
                "ldr.w r11, [sp]",
                away!("r9"),
                away!("r10"),
                shifted!("r9", "r12", "lr"),
                shifted!("r10", "r12", "lr"),
                "ssat r9, #8, r9",
                "ssat r10, #8, r10",
                // A left-over single output overwrites its neighbour, which is nothing.
                "strb.w r10, [r1, r2]",
                "cmp.w r0, r11",
                "strb.w r9, [r1]",
                "add.w r1, r1, r2, lsl #1",
                "bne 2b",
                "3:",
                "ldr r11, [sp, #4]",
                "cmp.w r0, r11",
                "beq 4f",
                "mov r2, #0",
                "str r11, [sp]",
                "b 2b",
                "4:",
                "ldr r5, [sp, #32]",
                "subs r5, r5, #1",
                "str r5, [sp, #32]",
                "bne 0b",
                "add sp, sp, #36",
                "pop {{r4-r11, pc}}",
                zero = const offset_of!(Line, output_zero),
                count = const CHANNELS,
                size = const size_of::<Channel>(),
            )
        }
    };
}

/// Three taps of one line for two outputs next to each other, the first of which starts from `$start`, of elements `x0 x1` and `x2 x3`: `x0 w0 + x1 w1 + x2 w2`
/// and `x1 w0 + x2 w1 + x3 w2`.
macro_rules! by_one {
    ($offset:literal, $next:literal, $w01:literal, $w12:literal, $start:literal) => {
        concat!(
            "ldr.w r11, [r0, #",
            $offset,
            "]\n",
            "ldr.w r12, [r0, #",
            $next,
            "]\n",
            "smlad r9, r11, ",
            $w01,
            ", ",
            $start,
            "\n",
            "smlatb r10, r11, ",
            $w01,
            ", r10\n",
            "smlabt r9, r12, ",
            $w12,
            ", r9\n",
            "smlad r10, r12, ",
            $w12,
            ", r10\n",
        )
    };
}

/// Three taps of one line for two outputs two elements apart, the first of which starts from `$start`: `x0 w0 + x1 w1 + x2 w2` and `x2 w0 + x3 w1 + x4 w2`.
macro_rules! by_two {
    ($offset:literal, $next:literal, $third:literal, $w01:literal, $w12:literal, $start:literal) => {
        concat!(
            "ldr.w r11, [r0, #",
            $offset,
            "]\n",
            "ldr.w r12, [r0, #",
            $next,
            "]\n",
            "ldr.w lr, [r0, #",
            $third,
            "]\n",
            "smlad r9, r11, ",
            $w01,
            ", ",
            $start,
            "\n",
            "smlad r10, r12, ",
            $w01,
            ", r10\n",
            "smlabt r9, r12, ",
            $w12,
            ", r9\n",
            "smlabt r10, lr, ",
            $w12,
            ", r10\n",
        )
    };
}

strips!(
    /// Outputs of windows next to each other: 18 multiply-accumulates and two outputs in 44 cycles.
    strips_by_one,
    "48",
    by_one!("0", "48", "r3", "r4", "r10"),
    by_one!("16", "64", "r5", "r6", "r9"),
    by_one!("32", "80", "r7", "r8", "r9")
);

strips!(
    /// Outputs of every second window.
    strips_by_two,
    "96",
    by_two!("0", "48", "96", "r3", "r4", "r10"),
    by_two!("16", "64", "112", "r5", "r6", "r9"),
    by_two!("32", "80", "128", "r7", "r8", "r9")
);
