//! Random layers against the plainest code for what TFLite's reference kernels compute.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::conv::Conv;
use super::depthwise::Depthwise;
use super::fully_connected::FullyConnected;
use super::layer::{Geometry, Int8, Quantized};
use super::{ChannelScales, Clamp, Kernel, Reuse, Window};
use crate::arena::{ALIGNMENT, Places, Views, align, aligned};
use crate::flatbuffer::Vector;
use crate::kernel::cast;
use crate::quantize::Rescale;

/// A layer's numbers, of which each kind of layer takes what it needs.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) batches: usize,
    pub(super) channels: usize,
    pub(super) filters: usize,
    pub(super) y: Window,
    pub(super) x: Window,
    pub(super) input: Vec<i8>,
    pub(super) weights: Vec<i8>,
    pub(super) bias: Option<Vec<u8>>,
    /// Scales of the weights, as bytes.
    pub(super) scales: Vec<u8>,
    pub(super) output_scale: f32,
    pub(super) input_zero: i32,
    pub(super) output_zero: i32,
    pub(super) clamp: Clamp,
}

pub(super) fn window() -> impl Strategy<Value = Window> {
    let padded = (
        1..9_usize,
        1..5_usize,
        1..4_usize,
        1..4_usize,
        any::<bool>(),
    );
    padded.prop_map(|(input, filter, stride, dilation, same)| {
        let size = (filter - 1) * dilation + 1;
        let output = if same || input < size {
            input.div_ceil(stride)
        } else {
            (input - size) / stride + 1
        };
        let padding = ((output - 1) * stride + size).saturating_sub(input) / 2;
        Window {
            input,
            output,
            filter,
            stride,
            dilation,
            padding,
        }
    })
}

/// `of_kind` turns channels and a number from 1 to 6 into filters, and filters and channels into a filter's depth.
pub(super) fn layer(
    y: impl Strategy<Value = Window>,
    x: impl Strategy<Value = Window>,
    filters: fn(usize, usize) -> usize,
    depth: fn(usize, usize) -> usize,
) -> impl Strategy<Value = Layer> {
    let shape = (1..3_usize, 1..20_usize, 1..7_usize, y, x);
    shape.prop_flat_map(move |(batches, channels, some, y, x)| {
        let filters = filters(channels, some);
        let weights = y.filter * x.filter * depth(channels, filters);
        let zero = || prop_oneof![Just(-128), Just(127), Just(0), -128..128_i32];
        let bias = prop_oneof![-5000..5000_i32, -(1 << 30)..1 << 30];
        let data = (
            prop::collection::vec(any::<i8>(), batches * y.input * x.input * channels),
            prop::collection::vec(any::<i8>(), weights),
            prop::option::of(prop::collection::vec(bias, filters)),
            prop::collection::vec(-14.0..2.0_f32, filters),
            -6.0..8.0_f32,
            zero(),
            zero(),
            (-128..128_i32, -128..128_i32),
        );
        data.prop_map(
            move |(input, weights, bias, scales, output, input_zero, output_zero, (a, b))| Layer {
                batches,
                channels,
                filters,
                y,
                x,
                input,
                weights,
                bias: bias.map(|bias: Vec<i32>| {
                    bias.iter().flat_map(|bias| bias.to_le_bytes()).collect()
                }),
                scales: scales
                    .iter()
                    .flat_map(|scale| scale.exp2().to_le_bytes())
                    .collect(),
                output_scale: output.exp2(),
                input_zero,
                output_zero,
                clamp: if a % 2 == 0 {
                    Clamp {
                        min: -128,
                        max: 127,
                    }
                } else {
                    Clamp {
                        min: a.min(b),
                        max: a.max(b),
                    }
                },
            },
        )
    })
}

/// `MultiplyByQuantizedMultiplier` by the letter of gemmlowp and TFLite.
pub(super) fn multiplied(x: i32, Rescale { multiplier, shift }: Rescale) -> i32 {
    let shifted = if shift > 0 {
        x.wrapping_mul(1 << shift)
    } else {
        x
    };
    let product = i64::from(shifted) * i64::from(multiplier);
    let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
    let high = ((product + nudge) / (1 << 31)) as i32;
    let exponent = (-shift).max(0) as u32;
    let divisor = 1_i64 << exponent;
    let remainder = i64::from(high).rem_euclid(divisor);
    let threshold = (divisor - 1) / 2 + i64::from(high < 0);
    (i64::from(high).div_euclid(divisor) + i64::from(remainder > threshold)) as i32
}

/// The most groups of up to four that this many channels can be cut into.
fn groups(channels: usize) -> usize {
    (1..=4)
        .rev()
        .find(|&groups| channels.is_multiple_of(groups))
        .unwrap_or(1)
}

impl Layer {
    pub(super) fn bias(&self) -> Option<Vector<'_, i32>> {
        self.bias.as_deref().map(Vector::new)
    }

    /// As it is read from a file, if filters see `depth` channels, and so many of them the same ones.
    pub(super) fn int8(&self, depth: usize, group: usize) -> Int8<'_> {
        Int8 {
            geometry: Geometry {
                batches: self.batches,
                channels: self.channels,
                filters: self.filters,
                depth,
                group,
                y: self.y,
                x: self.x,
                transposed: false,
                filter_step: self.y.filter * self.x.filter * depth,
                tap_step: depth,
                activation: 0,
            },
            weights: &self.weights,
            bias: self.bias(),
            quantized: Quantized {
                input_zero: self.input_zero,
                output_zero: self.output_zero,
                scales: self.scales(),
                same: None,
                clamp: self.clamp,
            },
        }
    }

    pub(super) fn scales(&self) -> ChannelScales<'_> {
        ChannelScales {
            input: 1.0,
            weights: Vector::new(&self.scales),
            output: self.output_scale,
            channels: self.filters,
        }
    }

    /// The output of a filter whose products sum up to `sum`.
    pub(super) fn finish(&self, filter: usize, sum: i32) -> i8 {
        let factor =
            f64::from(self.scales().weights.get(filter).unwrap()) / f64::from(self.output_scale);
        let sum = sum.wrapping_add(self.bias().map_or(0, |bias| bias.get(filter).unwrap()));
        let out = multiplied(sum, Rescale::new(factor).unwrap()).saturating_add(self.output_zero);
        out.clamp(self.clamp.min, self.clamp.max) as i8
    }

    /// All outputs; `tap` gives the input channel and the weight's index for a filter, a tap and a step along the
    /// filter's depth.
    fn reference(
        &self,
        depth: usize,
        tap: impl Fn(usize, usize, usize) -> (usize, usize),
    ) -> Vec<i8> {
        let (y, x) = (self.y, self.x);
        let mut out = vec![];
        for batch in 0..self.batches {
            for (out_y, out_x) in (0..y.output).flat_map(|a| (0..x.output).map(move |b| (a, b))) {
                for filter in 0..self.filters {
                    let mut sum = 0_i32;
                    for (tap_y, tap_x) in
                        (0..y.filter).flat_map(|a| (0..x.filter).map(move |b| (a, b)))
                    {
                        let in_y = (out_y * y.stride + tap_y * y.dilation).wrapping_sub(y.padding);
                        let in_x = (out_x * x.stride + tap_x * x.dilation).wrapping_sub(x.padding);
                        if in_y >= y.input || in_x >= x.input {
                            continue;
                        }
                        for step in 0..depth {
                            let (channel, weight) = tap(filter, tap_y * x.filter + tap_x, step);
                            let pixel = (batch * y.input + in_y) * x.input + in_x;
                            let data = i32::from(self.input[pixel * self.channels + channel])
                                - self.input_zero;
                            sum += data * i32::from(self.weights[weight]);
                        }
                    }
                    out.push(self.finish(filter, sum));
                }
            }
        }
        out
    }

    /// Runs a layer in `scratch` bytes of working memory, its output so many bytes before its input, or behind it.
    fn run(&self, scratch: usize, lead: Option<usize>, run: impl FnOnce(Views<'_>)) -> Vec<i8> {
        let outputs = self.batches * self.y.output * self.x.output * self.filters;
        let output = lead.map_or(align(self.input.len()), |_| 0);
        let input = lead.unwrap_or(0);
        let end = align((input + self.input.len()).max(output + outputs));
        let table = align(end + scratch);
        let places = Places {
            inputs: [input..input + self.input.len(), 0..0],
            output: output..output + outputs,
            scratch: end..end + scratch,
            table: table..table + self.scales().table_bytes(),
            ..Places::default()
        };
        let mut memory = vec![0x5a; places.table.end + ALIGNMENT];
        let arena = aligned(&mut memory);
        arena[places.inputs[0].clone()].copy_from_slice(&as_u8(&self.input));
        self.scales().fill(&mut arena[places.table.clone()]);
        let reuse = Reuse::trail_if(lead.is_some());
        run(Views::new(arena, places, [None; 2], reuse).unwrap());
        cast::as_i8(&arena[output..output + outputs]).to_vec()
    }

    /// Runs a layer with another input and output, which lie apart.
    pub(super) fn run_into(
        &self,
        input: &[i8],
        output: &mut [i8],
        scratch: usize,
        run: impl FnOnce(Views<'_>),
    ) {
        let mut table = vec![0; self.scales().table_bytes()];
        self.scales().fill(&mut table);
        let mut scratch = vec![0_u128; scratch.div_ceil(16)];
        // SAFETY: any bytes are valid, and none is needed to be a `u128` again.
        let scratch = unsafe { scratch.align_to_mut().1 };
        run(Views {
            inputs: [input, &[]],
            overwritten: [false; 2],
            states: [&mut [], &mut []],
            trail: None,
            output,
            scratch,
            table: &table,
        });
    }
}

/// What an operator that needs no working memory puts out, apart from its input.
pub(super) fn run<'m>(kernel: &impl Kernel<'m>, input: &[i8], output_bytes: usize) -> Vec<i8> {
    run_two(kernel, [input, &[]], output_bytes)
}

/// The same of an operator of two inputs.
pub(super) fn run_two<'m>(
    kernel: &impl Kernel<'m>,
    inputs: [&[i8]; 2],
    output_bytes: usize,
) -> Vec<i8> {
    let mut output = vec![-99; output_bytes];
    let views = Views {
        inputs,
        overwritten: [false; 2],
        trail: None,
        states: [&mut [], &mut []],
        output: &mut output,
        scratch: &mut [],
        table: &[],
    };
    if let Some((hot, views)) = kernel.hot(views) {
        hot.run(views);
    }
    output
}

fn as_u8(data: &[i8]) -> Vec<u8> {
    data.iter().map(|&x| x as u8).collect()
}

/// Windows of three, next to each other, one for each element.
fn same() -> impl Strategy<Value = Window> {
    (1..9_usize).prop_map(|input| Window {
        input,
        output: input,
        filter: 3,
        stride: 1,
        dilation: 1,
        padding: 1,
    })
}

fn check_depthwise(layer: &Layer) -> Result<(), TestCaseError> {
    let multiplier = layer.filters / layer.channels;
    let tap = |filter, tap, _| (filter / multiplier, tap * layer.filters + filter);
    let expected = layer.reference(1, tap);
    let depthwise = Depthwise(layer.int8(1, multiplier));
    let can_trail = !depthwise.suits_strips() || depthwise.suits_its_place();
    for lead in leads(depthwise.lead().filter(|_| can_trail), layer.batches) {
        let scratch = depthwise.scratch_bytes().0;
        let output = layer.run(scratch, lead, |views| depthwise.compute(views));
        prop_assert_eq!(&output, &expected);
    }
    Ok(())
}

/// Apart, and as near to the input as can be.
fn leads(lead: Option<usize>, batches: usize) -> impl Iterator<Item = Option<usize>> {
    let near = lead.filter(|_| batches == 1);
    [None].into_iter().chain(near.map(Some))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn convolutions(layer in layer(window(), window(), |_, some| some, |channels, filters| channels * filters)) {
        let (taps, channels) = (layer.y.filter * layer.x.filter, layer.channels);
        let expected =
            layer.reference(channels, |filter, tap, step| (step, (filter * taps + tap) * channels + step));
        let conv = Conv(layer.int8(channels, layer.filters));
        let (least, most) = conv.scratch_bytes();
        for scratch in [least, (least + most) / 2, most] {
            for lead in leads(conv.lead(), layer.batches) {
                prop_assert_eq!(&layer.run(scratch, lead, |views| conv.compute(views)), &expected);
            }
        }
    }

    #[test]
    fn grouped_convolutions(layer in layer(window(), window(), |channels, some| some * groups(channels), |channels, filters| channels * filters / groups(channels))) {
        let groups = groups(layer.channels);
        let (taps, each, count) = (layer.y.filter * layer.x.filter, layer.channels / groups, layer.filters / groups);
        let expected = layer.reference(each, |filter, tap, step| {
            (filter / count * each + step, (filter * taps + tap) * each + step)
        });
        let conv = Conv(layer.int8(each, count));
        let (least, most) = conv.scratch_bytes();
        for scratch in [least, (least + most) / 2, most] {
            prop_assert_eq!(&layer.run(scratch, None, |views| conv.compute(views)), &expected);
        }
    }

    #[test]
    fn depthwise(layer in layer(window(), window(), |channels, some| channels * some, |_, filters| filters)) {
        check_depthwise(&layer)?;
    }

    #[test]
    fn depthwise_3x3_in_its_place(
        layer in layer(same(), same(), |channels, _| channels, |_, filters| filters)
    ) {
        check_depthwise(&layer)?;
    }

    #[test]
    fn dense(layer in {
        let one = Window { input: 1, output: 1, filter: 1, stride: 1, dilation: 1, padding: 0 };
        layer(Just(one), Just(one), |_, some| some, |channels, filters| channels * filters)
    }) {
        let depth = layer.channels;
        let expected = layer.reference(depth, |filter, _, step| (step, filter * depth + step));
        let dense = FullyConnected(layer.int8(depth, layer.filters));
        prop_assert_eq!(layer.run(dense.scratch_bytes().0, None, |views| dense.compute(views)), expected);
    }
}
