//! DEPTHWISE_CONV_2D, int8.

use crate::arena::{Io, Views};
use crate::flatbuffer::{Result, Vector};
use crate::kernel::{self, Filters, Strips, Taps};
use crate::op::context::{Clamp, Context};
use crate::op::layer::Int8;
use crate::op::scales::{ChannelScales, Factors};
use crate::op::window::{self, Window};
use crate::op::{Hot, Kernel, Reuse, Wiring};

pub(crate) struct Depthwise<'m> {
    pub(super) batches: usize,
    pub(super) channels: usize,
    /// Outputs of each input channel.
    pub(super) multiplier: usize,
    pub(super) y: Window,
    pub(super) x: Window,
    pub(super) weights: &'m [i8],
    pub(super) bias: Option<Vector<'m, i32>>,
    pub(super) scales: ChannelScales<'m>,
    pub(super) input_zero: i32,
    pub(super) output_zero: i32,
    pub(super) clamp: Clamp,
}

impl<'m> Kernel<'m> for Depthwise<'m> {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let Int8 {
            geometry,
            weights,
            bias,
            quantized,
        } = Int8::read(cx)?;
        Ok(Self {
            batches: geometry.batches,
            channels: geometry.channels,
            multiplier: geometry.group,
            y: geometry.y,
            x: geometry.x,
            weights,
            bias,
            scales: quantized.scales,
            input_zero: quantized.input_zero,
            output_zero: quantized.output_zero,
            clamp: quantized.clamp,
        })
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        let reuse = if self.suits_strips() {
            Reuse::Overwrite([self.suits_its_place(), false])
        } else {
            Reuse::trail_if(self.batches == 1)
        };
        Wiring::input(0).reusing(reuse)
    }

    fn lead(&self) -> Option<usize> {
        if self.suits_strips() {
            return Some(0);
        }
        let filters = self.channels * self.multiplier;
        window::lead([&self.y, &self.x], [self.channels, filters], false)
    }

    fn macs(&self) -> u64 {
        let outputs = self.batches * self.y.output * self.x.output;
        outputs as u64 * self.weights.len() as u64
    }

    fn scratch_bytes(&self) -> (usize, usize) {
        if self.suits_strips() {
            (Strips::scratch_bytes(self.longer()), 0)
        } else {
            (0, 0)
        }
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        Some(&self.scales)
    }

    fn hot(&self) -> Option<Hot<'_, 'm>> {
        Some(Hot::Depthwise(self))
    }
}

impl Depthwise<'_> {
    /// Runs it.
    #[inline]
    pub(in crate::op) fn compute(&self, views: Views<'_>) {
        let (mut io, scratch, table) = views.io();
        let filters = Filters::new(
            self.weights,
            self.y.filter * self.x.filter,
            self.bias,
            Factors::new(table, self.channels * self.multiplier),
            self.output_zero,
            self.clamp,
        );
        let input = self.y.input * self.x.input * self.channels;
        let output = self.y.output * self.x.output * filters.count();
        for i in 0..self.batches {
            let mut io = io.part(i, input, output);
            if !(self.suits_strips() && self.strips(&filters, scratch, &mut io)) {
                kernel::apart(|| self.image(&filters, &mut io));
            }
        }
    }

    /// Whether the 3x3 kernel for four channels at a time applies.
    #[inline]
    pub(super) fn suits_strips(&self) -> bool {
        let three = |window: &Window| window.filter == 3 && window.dilation == 1;
        self.multiplier == 1
            && self.channels >= 4
            && three(&self.y)
            && three(&self.x)
            && self.longer().stride <= 2
    }

    /// Whether strips can lie where the input does: a line is kept apart before the outputs of the line above it are
    /// written, and no group of channels is done in part with another.
    pub(super) fn suits_its_place(&self) -> bool {
        let is_same = |window: &Window| window.stride == 1 && window.input == window.output;
        is_same(&self.y) && is_same(&self.x) && self.channels.is_multiple_of(4)
    }

    /// The dimension with more outputs.
    #[inline]
    fn longer(&self) -> &Window {
        if self.x.output >= self.y.output {
            &self.x
        } else {
            &self.y
        }
    }

    #[inline]
    fn strips(&self, filters: &Filters<'_>, scratch: &mut [u8], io: &mut Io<'_>) -> bool {
        let (x, y) = (&self.x, &self.y);
        let input_steps = [self.channels, x.input * self.channels];
        let output_steps = [self.channels, x.output * self.channels];
        let mut strips = Strips {
            along: *x,
            across: *y,
            input_steps,
            output_steps,
            tap_steps: [1, x.filter],
            channels: self.channels,
            input_zero: self.input_zero,
            filters,
        };
        if x.output < y.output {
            core::mem::swap(&mut strips.along, &mut strips.across);
            strips.input_steps.reverse();
            strips.output_steps.reverse();
            strips.tap_steps.reverse();
        }
        let done = kernel::depthwise_3x3(&strips, scratch, io);
        if !done && io.is_in_place() {
            kernel::apart(|| kernel::depthwise_3x3_in_place(&strips, scratch, io));
            return true;
        }
        done
    }

    /// Any geometry, pixel by pixel. Pixels next to each other whose windows lie inside go together.
    #[inline]
    fn image(&self, filters: &Filters<'_>, io: &mut Io<'_>) {
        let (channels, count) = (self.channels, filters.count());
        let (mut across, mut along) = (&self.y, &self.x);
        let mut input_steps = [along.input * channels, channels];
        let mut weights_steps = [along.filter * count, count];
        if along.output == 1 {
            core::mem::swap(&mut across, &mut along);
            input_steps.reverse();
            weights_steps.reverse();
        }
        let mut taps = Taps {
            channels,
            count: [0; 2],
            input: 0,
            input_steps: [
                across.dilation * input_steps[0],
                along.dilation * input_steps[1],
            ],
            weights: 0,
            weights_steps,
            pixels: 1,
            pixel_step: along.stride * input_steps[1],
            output: 0,
        };
        let place = |[a, b]: [usize; 2], steps: [usize; 2]| a * steps[0] + b * steps[1];
        for line in 0..across.output {
            let (rows, top) = across.taps(line);
            let mut next = 0;
            while next < along.output {
                let (row, left) = along.taps(next);
                taps.count = [rows.len(), row.len()];
                taps.input = place([top, left], input_steps);
                taps.weights = place([rows.start, row.start], weights_steps);
                taps.pixels = along.whole_from(next).max(1);
                if !kernel::depthwise_pixels(&taps, filters, self.input_zero, io) {
                    taps.pixels = 1;
                    self.pixel(filters, io, &taps);
                }
                next += taps.pixels;
                taps.output += taps.pixels * count;
            }
        }
    }

    /// One output pixel. A block of channels at a time, whose sums the compiler can keep in vector registers.
    #[inline]
    fn pixel(&self, filters: &Filters<'_>, io: &mut Io<'_>, taps: &Taps) {
        const BLOCK: usize = 16;
        let count = filters.count();
        for first in (0..count).step_by(BLOCK) {
            let input = io.input();
            let length = BLOCK.min(count - first);
            let mut sums = [0_i32; BLOCK];
            for [data, weights] in taps.iter() {
                let data = &input[data..][..taps.channels];
                let weights = &self.weights[weights + first..][..length];
                if self.multiplier == 1 {
                    for ((sum, &data), &weight) in sums.iter_mut().zip(&data[first..]).zip(weights)
                    {
                        *sum = sum
                            .wrapping_add((i32::from(data) - self.input_zero) * i32::from(weight));
                    }
                } else {
                    for (i, (sum, &weight)) in sums.iter_mut().zip(weights).enumerate() {
                        let data = i32::from(data[(first + i) / self.multiplier]);
                        *sum = sum.wrapping_add((data - self.input_zero) * i32::from(weight));
                    }
                }
            }
            let out = &mut io.output()[taps.output + first..][..length];
            for (i, (out, sum)) in out.iter_mut().zip(sums).enumerate() {
                *out = filters.finish(first + i, sum);
            }
        }
    }
}
