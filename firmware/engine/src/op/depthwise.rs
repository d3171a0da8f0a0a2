//! DEPTHWISE_CONV_2D, int8.

use crate::arena::{Io, Views};
use crate::flatbuffer::Result;
use crate::kernel::{self, Filters, Strips, Taps};
use crate::linked::LINKED;
use crate::op::context::Context;
use crate::op::layer::{Geometry, Int8};
use crate::op::scales::ChannelScales;
use crate::op::window::{self, Window};
use crate::op::{Hot, Kernel, Reuse, Wiring};
use crate::tensor::DataType;

/// What the kernel for strips leaves over.
pub(super) const ANY: bool = LINKED.kernel("DepthwiseAny");

#[derive(Clone, Copy)]
pub(crate) struct Depthwise<'m>(pub(super) Int8<'m>);

impl<'m> Kernel<'m> for Depthwise<'m> {
    fn read(cx: &Context<'m>) -> Result<Self> {
        Int8::read(cx, DataType::Int8).map(Self)
    }

    fn is_linked(&self) -> bool {
        ANY || self.are_strips_enough()
    }

    fn part(&self) -> Option<&'static str> {
        (!self.are_strips_enough()).then_some("DepthwiseAny")
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        let reuse = if self.suits_strips() {
            Reuse::Overwrite([self.suits_its_place(), false])
        } else {
            Reuse::trail_if(self.0.geometry.batches == 1)
        };
        Wiring::input(0).reusing(reuse)
    }

    fn lead(&self) -> Option<usize> {
        if self.suits_strips() {
            return Some(0);
        }
        let Geometry {
            y,
            x,
            channels,
            filters,
            ..
        } = &self.0.geometry;
        window::lead([y, x], [*channels, *filters], false)
    }

    fn macs(&self) -> u64 {
        self.0.geometry.macs()
    }

    fn scratch_bytes(&self) -> (usize, usize) {
        if self.suits_strips() {
            (Strips::scratch_bytes(self.longer()), 0)
        } else {
            (0, 0)
        }
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        self.0.quantized.scales()
    }

    fn hot<'k>(&'k self, views: Views<'k>) -> Option<(Hot<'k>, Views<'k>)> {
        Some((Hot::Depthwise(*self), views))
    }
}

impl Depthwise<'_> {
    /// Runs it.
    #[inline]
    pub(in crate::op) fn compute(&self, views: Views<'_>) {
        let (io, scratch, table) = views.io();
        let filters = self.0.filters(table);
        self.0.each_image(io, &mut |io| {
            if !(self.suits_strips() && self.strips(&filters, scratch, io)) && ANY {
                self.image(&filters, io);
            }
        });
    }

    /// Whether the 3x3 kernel for four channels at a time applies.
    #[inline]
    pub(super) fn suits_strips(&self) -> bool {
        let three = |window: &Window| window.filter == 3 && window.dilation == 1;
        let Geometry {
            y,
            x,
            channels,
            filters,
            ..
        } = &self.0.geometry;
        filters == channels && *channels >= 4 && three(y) && three(x) && self.longer().stride <= 2
    }

    /// Whether the kernel never leaves it to the general code.
    fn are_strips_enough(&self) -> bool {
        self.suits_strips() && self.0.is_short()
    }

    /// Whether strips can lie where the input does: a line is kept apart before the outputs of the line above it are
    /// written, and no group of channels is done in part with another.
    pub(super) fn suits_its_place(&self) -> bool {
        let is_same = |window: &Window| window.stride == 1 && window.input == window.output;
        let Geometry { y, x, channels, .. } = &self.0.geometry;
        is_same(y) && is_same(x) && channels.is_multiple_of(4)
    }

    /// The dimension with more outputs.
    #[inline]
    fn longer(&self) -> &Window {
        let Geometry { y, x, .. } = &self.0.geometry;
        if x.output >= y.output { x } else { y }
    }

    #[inline]
    fn strips(&self, filters: &Filters<'_>, scratch: &mut [u8], io: &mut Io<'_>) -> bool {
        let Geometry { x, y, channels, .. } = self.0.geometry;
        let input_steps = [channels, x.input * channels];
        let output_steps = [channels, x.output * channels];
        let mut strips = Strips {
            along: x,
            across: y,
            input_steps,
            output_steps,
            tap_steps: [1, x.filter],
            channels,
            input_zero: filters.input_zero,
            filters,
        };
        if x.output < y.output {
            core::mem::swap(&mut strips.along, &mut strips.across);
            strips.input_steps.reverse();
            strips.output_steps.reverse();
            strips.tap_steps.reverse();
        }
        let done = kernel::depthwise_3x3(&strips, scratch, io);
        if ANY && !done && io.is_in_place() {
            kernel::depthwise_3x3_in_place(&strips, scratch, io);
            return true;
        }
        done
    }

    /// Any geometry, pixel by pixel. Pixels next to each other whose windows lie inside go together.
    #[inline(never)]
    fn image(&self, filters: &Filters<'_>, io: &mut Io<'_>) {
        let Geometry { y, x, channels, .. } = &self.0.geometry;
        let (channels, count) = (*channels, filters.count());
        let (mut across, mut along) = (y, x);
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
                if !kernel::depthwise_pixels(&taps, filters, filters.input_zero, io) {
                    taps.pixels = 1;
                    self.pixel(filters, io, &taps);
                }
                next += taps.pixels;
                taps.output += taps.pixels * count;
            }
        }
    }

    /// One output pixel. A block of channels at a time, whose sums the compiler can keep in vector registers.
    #[inline(never)]
    fn pixel(&self, filters: &Filters<'_>, io: &mut Io<'_>, taps: &Taps) {
        const BLOCK: usize = 16;
        let multiplier = self.0.geometry.group;
        let (count, zero) = (filters.count(), self.0.quantized.input_zero);
        for first in (0..count).step_by(BLOCK) {
            let input = io.input();
            let length = BLOCK.min(count - first);
            let mut sums = [0_i32; BLOCK];
            for [data, weights] in taps.iter() {
                let data = &input[data..][..taps.channels];
                let weights = &self.0.weights[weights + first..][..length];
                if multiplier == 1 {
                    for ((sum, &data), &weight) in sums.iter_mut().zip(&data[first..]).zip(weights)
                    {
                        *sum = sum.wrapping_add((i32::from(data) - zero) * i32::from(weight));
                    }
                } else {
                    for (i, (sum, &weight)) in sums.iter_mut().zip(weights).enumerate() {
                        let data = i32::from(data[(first + i) / multiplier]);
                        *sum = sum.wrapping_add((data - zero) * i32::from(weight));
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
