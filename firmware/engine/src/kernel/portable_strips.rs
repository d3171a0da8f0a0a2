//! Depthwise 3x3 convolution in its input's place, for any target and any factors.

use crate::arena::Io;
use crate::kernel::strips::{CHANNELS, Strips};

/// Computes an image whose outputs lie just where its inputs do: windows next to each other, as many as elements, of
/// a multiple of four channels.
///
/// Four channels at a time; a line is copied into `scratch` before the outputs of the line above it, which are the first
/// that would need it, are written.
#[inline(never)]
pub(crate) fn depthwise_3x3_in_place(strips: &Strips<'_>, scratch: &mut [u8], io: &mut Io<'_>) {
    let length = strips.along.input;
    let slots = &mut scratch[..3 * length * CHANNELS];
    for first in (0..strips.channels).step_by(CHANNELS) {
        for line in 0..=strips.across.input {
            if line < strips.across.input {
                let source = &io.input()[line * strips.input_steps[1] + first..];
                let slot = &mut slots[line % 3 * length * CHANNELS..][..length * CHANNELS];
                for (i, to) in slot.as_chunks_mut::<CHANNELS>().0.iter_mut().enumerate() {
                    let from = &source[i * strips.input_steps[0]..][..CHANNELS];
                    for (to, &from) in to.iter_mut().zip(from) {
                        *to = from as u8;
                    }
                }
            }
            if let Some(out_line) = line.checked_sub(1) {
                let out = &mut io.output()[out_line * strips.output_steps[1] + first..];
                for o in 0..length {
                    let out = &mut out[o * strips.output_steps[0]..][..CHANNELS];
                    strips.pixel(slots, [out_line, o], first, out);
                }
            }
        }
    }
}

impl Strips<'_> {
    /// The outputs of four channels, from the slots in which their lines are.
    #[inline]
    fn pixel(&self, slots: &[u8], [line, o]: [usize; 2], first: usize, out: &mut [i8]) {
        let length = self.along.input;
        let mut sums = [0_i32; CHANNELS];
        for tap_line in 0..3 {
            // Lines and elements are counted from the padding's first.
            let Some(line) = (line + tap_line).checked_sub(self.across.padding) else {
                continue;
            };
            if line >= self.across.input {
                continue;
            }
            for tap in 0..3 {
                let Some(element) = (o + tap).checked_sub(self.along.padding) else {
                    continue;
                };
                if element >= length {
                    continue;
                }
                let data = &slots[(line % 3 * length + element) * CHANNELS..][..CHANNELS];
                let tap = tap_line * self.tap_steps[1] + tap * self.tap_steps[0];
                let weights = &self.filters.weights[tap * self.channels + first..][..CHANNELS];
                for ((sum, &data), &weight) in sums.iter_mut().zip(data).zip(weights) {
                    *sum += (i32::from(data as i8) - self.input_zero) * i32::from(weight);
                }
            }
        }
        for (i, (out, sum)) in out.iter_mut().zip(sums).enumerate() {
            *out = self.filters.finish(first + i, sum);
        }
    }
}
