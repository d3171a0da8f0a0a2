//! Random layers of all kinds and types against the plainest code for what TFLite's reference kernels compute.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::float::Float;
use super::int4::Int4;
use super::int16::{Bias, Int16};
use super::{Layer, Numbers};
use crate::arena::Views;
use crate::error::{Error, OperatorProblem};
use crate::flatbuffer::{Scalar, Vector};
use crate::kernel::cast;
use crate::model::Model;
use crate::op::Kernel;
use crate::op::context::Clamp;
use crate::op::layer::{Geometry, Int8, Quantized};
use crate::op::scales::ChannelScales;
use crate::op::tests::{multiplied, window};
use crate::op::window::Window;
use crate::quantize::Rescale;
use crate::tensor::DataType;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Conv,
    Depthwise,
    Transposed,
    Dense,
}

/// A layer's shape, and bytes for its numbers to be made of.
#[derive(Clone, Debug)]
struct Case {
    kind: Kind,
    geometry: Geometry,
    input: Vec<u8>,
    weights: Vec<u8>,
    bias: Vec<u8>,
    has_bias: bool,
    /// Binary logarithms of the filters' factors, and the least and greatest output as parts of a whole.
    factors: Vec<f32>,
    range: (f32, f32),
    zeros: (i32, i32),
}

const ONE: Window = Window {
    input: 1,
    output: 1,
    filter: 1,
    stride: 1,
    dilation: 1,
    padding: 0,
};

fn case() -> impl Strategy<Value = Case> {
    let kind = prop_oneof![
        Just(Kind::Conv),
        Just(Kind::Depthwise),
        Just(Kind::Transposed),
        Just(Kind::Dense)
    ];
    let counts = (1..3_usize, 1..4_usize, 1..6_usize, 1..4_usize);
    (kind, counts, window(), window()).prop_flat_map(
        |(kind, (batches, groups, depth, group), mut y, mut x)| {
            let mut groups = groups;
            match kind {
                Kind::Conv => {}
                Kind::Depthwise => groups *= depth,
                Kind::Transposed => {
                    (y.dilation, x.dilation, groups) = (1, 1, 1);
                    for window in [&mut y, &mut x] {
                        let reach = (window.output - 1) * window.stride + window.filter;
                        window.padding = reach.saturating_sub(window.input) / 2;
                    }
                }
                Kind::Dense => (y, x, groups) = (ONE, ONE, 1),
            }
            let depth = if kind == Kind::Depthwise { 1 } else { depth };
            let (channels, filters) = (groups * depth, groups * group);
            let taps = y.filter * x.filter;
            let geometry = Geometry {
                batches,
                channels,
                filters,
                depth,
                group,
                y,
                x,
                transposed: kind == Kind::Transposed,
                filter_step: if kind == Kind::Depthwise {
                    1
                } else {
                    taps * depth
                },
                tap_step: if kind == Kind::Depthwise {
                    filters
                } else {
                    depth
                },
                activation: 0,
            };
            let [height, width] = geometry.input();
            let bytes = |count: usize| prop::collection::vec(any::<u8>(), count);
            let numbers = (
                bytes(batches * height * width * channels * 4),
                bytes(filters * taps * depth * 4),
                bytes(filters * 8),
                any::<bool>(),
                prop::collection::vec(-24.0..6.9_f32, filters),
                (-1.0..0.0_f32, 0.0..1.0_f32),
                (-128..128_i32, -128..128_i32),
            );
            numbers.prop_map(
                move |(input, weights, bias, has_bias, factors, range, zeros)| Case {
                    kind,
                    geometry,
                    input,
                    weights,
                    bias,
                    has_bias,
                    factors,
                    range,
                    zeros,
                },
            )
        },
    )
}

impl Case {
    /// The sums of all outputs; `add` adds the product of an input and a weight, by their numbers, to a sum.
    fn sums<S: Copy + Default>(&self, add: impl Fn(S, usize, usize) -> S) -> Vec<S> {
        let g = &self.geometry;
        let ([height, width], [out_height, out_width]) = (g.input(), g.output());
        let (filter_height, filter_width) = (g.y.filter, g.x.filter);
        let mut sums = vec![S::default(); g.batches * out_height * out_width * g.filters];
        // In the order of a convolution's sums for each output; with the loops over the input outside, for transposed
        // ones. Both are the order of positions, then channels.
        for batch in 0..g.batches {
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                for step in 0..g.depth {
                    for (tap_y, tap_x) in
                        (0..filter_height).flat_map(|a| (0..filter_width).map(move |b| (a, b)))
                    {
                        let Some(out_y) = self.meets(&g.y, y, tap_y) else {
                            continue;
                        };
                        let Some(out_x) = self.meets(&g.x, x, tap_x) else {
                            continue;
                        };
                        for filter in 0..g.filters {
                            let tap = tap_y * filter_width + tap_x;
                            let weight = match self.kind {
                                Kind::Depthwise => tap * g.filters + filter,
                                _ => (filter * filter_height * filter_width + tap) * g.depth + step,
                            };
                            let channel = filter / g.group * g.depth + step;
                            let data = ((batch * height + y) * width + x) * g.channels + channel;
                            let pixel = (batch * out_height + out_y) * out_width + out_x;
                            let sum = &mut sums[pixel * g.filters + filter];
                            *sum = add(*sum, data, weight);
                        }
                    }
                }
            }
        }
        sums
    }

    /// The output along a dimension to which an input position contributes through a tap.
    fn meets(&self, window: &Window, position: usize, tap: usize) -> Option<usize> {
        if self.geometry.transposed {
            let out = (position * window.stride + tap).checked_sub(window.padding)?;
            return (out < window.input).then_some(out);
        }
        let start = (position + window.padding).checked_sub(tap * window.dilation)?;
        let out = start / window.stride;
        (start.is_multiple_of(window.stride) && out < window.output).then_some(out)
    }

    fn scales<'a>(&self, factors: &'a [u8]) -> ChannelScales<'a> {
        ChannelScales {
            input: 1.0,
            weights: Vector::new(factors),
            output: 1.0,
            channels: self.geometry.filters,
        }
    }

    fn factor_bytes(&self) -> Vec<u8> {
        let factors = self.factors.iter();
        factors
            .flat_map(|factor| factor.exp2().to_le_bytes())
            .collect()
    }

    fn factor(&self, output: usize) -> Rescale {
        let factor = self.factors[output % self.geometry.filters].exp2();
        Rescale::new(f64::from(factor)).unwrap()
    }

    fn bias<T: Scalar>(&self) -> Option<Vector<'_, T>> {
        let bytes = &self.bias[..self.geometry.filters * T::SIZE];
        self.has_bias.then(|| Vector::new(bytes))
    }

    fn bias_of<T: Scalar + Default>(&self, output: usize) -> T {
        let bias = self.bias::<T>();
        bias.map_or(T::default(), |bias| {
            bias.get(output % self.geometry.filters).unwrap()
        })
    }

    fn quantized<'a>(&self, factors: &'a [u8], whole: f32) -> Quantized<'a> {
        Quantized {
            input_zero: self.zeros.0,
            output_zero: self.zeros.1,
            scales: self.scales(factors),
            same: None,
            clamp: Clamp {
                min: (self.range.0 * whole) as i32,
                max: (self.range.1 * whole) as i32,
            },
        }
    }

    fn layer<'m, N: Numbers<'m>>(&self, numbers: N) -> Vec<u8> {
        let bytes = numbers.bytes();
        let layer = Layer {
            geometry: self.geometry,
            numbers,
            input: 0,
        };
        self.run(&layer, bytes, 0)
    }

    /// What a layer with activations of this many bytes puts out, in `scratch` bytes of working memory.
    fn run<'m>(&self, layer: &impl Kernel<'m>, bytes: usize, scratch: usize) -> Vec<u8> {
        let [out_height, out_width] = self.geometry.output();
        let elements = self.geometry.batches * out_height * out_width * self.geometry.filters;
        let mut table = vec![0; layer.scales().map_or(0, ChannelScales::table_bytes)];
        if let Some(scales) = layer.scales() {
            scales.fill(&mut table);
        }
        let mut output = vec![0; elements * bytes];
        let inputs = self.input.len() / 4 * bytes;
        let mut memory = vec![0_u128; scratch.div_ceil(16)];
        // SAFETY: any bytes are valid, and none is needed to be a `u128` again.
        let memory: &mut [u8] = unsafe { memory.align_to_mut().1 };
        let rest = layer.hot(Views {
            inputs: [cast::as_i8(&self.input[..inputs]), &[]],
            overwritten: [false; 2],
            trail: None,
            states: [&mut [], &mut []],
            output: cast::as_i8_mut(&mut output),
            scratch: &mut memory[..scratch],
            table: &table,
        });
        if let Some((hot, views)) = rest {
            hot.run(views);
        }
        output
    }
}

/// `MultiplyByQuantizedMultiplier` of 64-bit numbers, by the letter of TFLite.
fn multiplied_wide(x: i64, Rescale { multiplier, shift }: Rescale) -> i32 {
    let reduced = if multiplier < 0x7fff_0000 {
        (multiplier + (1 << 15)) >> 16
    } else {
        0x7fff
    };
    let total = (15 - shift) as u32;
    let x = x
        .wrapping_mul(i64::from(reduced))
        .wrapping_add(1 << (total - 1));
    (x >> total) as i32
}

/// Numbers near 1, from any bytes.
fn float(bytes: &[u8], i: usize) -> f32 {
    f32::from(i16::read(&bytes[4 * i..])) / 10_000.0
}

/// The same, as bytes.
fn floats(bytes: &[u8]) -> Vec<u8> {
    (0..bytes.len() / 4)
        .flat_map(|i| float(bytes, i).to_le_bytes())
        .collect()
}

/// A model of int8, of which one tensor is said to be of another type.
#[test]
fn types_that_do_not_go_together_are_refused() {
    let file = include_bytes!("../../../../../examples/models/hello_world_int8.tflite");
    let types = [
        (DataType::Float32, OperatorProblem::Hybrid),
        (DataType::Int16, OperatorProblem::DataType),
        (DataType::Uint8, OperatorProblem::DataType),
        (DataType::Int64, OperatorProblem::DataType),
    ];
    for (dtype, expected) in types {
        // A type is a single byte.
        let places = (0..file.len()).filter(|&i| u32::from(file[i]) == DataType::Int8.code());
        let problems = places.filter_map(|place| {
            let mut changed = file.to_vec();
            changed[place] = dtype.code() as u8;
            match Model::new(&changed).err()? {
                Error::Operator { problem, .. } => Some(problem),
                _ => None,
            }
        });
        assert!(
            problems.into_iter().any(|problem| problem == expected),
            "{dtype:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn int16(case in case(), wide: bool) {
        let sums = case.sums(|sum: i64, data, weight| {
            let data = i16::read(&case.input[2 * data..]);
            sum + i64::from(data) * i64::from(case.weights[weight] as i8)
        });
        let factors = case.factor_bytes();
        let quantized = case.quantized(&factors, 32768.0);
        let expected: Vec<u8> = sums.iter().enumerate().flat_map(|(i, &sum)| {
            let scaled = if wide {
                multiplied_wide(sum.wrapping_add(case.bias_of::<i64>(i)), case.factor(i))
            } else {
                multiplied((sum as i32).wrapping_add(case.bias_of::<i32>(i)), case.factor(i))
            };
            let scaled = scaled.clamp(quantized.clamp.min, quantized.clamp.max);
            (scaled as i16).to_le_bytes()
        }).collect();
        let bias = if wide { Bias::Wide(case.bias()) } else { Bias::Narrow(case.bias()) };
        let output = case.layer(Int16 { weights: cast::as_i8(&case.weights), bias, quantized });
        prop_assert_eq!(output, expected);
    }

    #[test]
    fn int4(case in case().prop_filter("TFLite has no transposed ones", |case| case.kind != Kind::Transposed)) {
        let weight = |i: usize| {
            let nibble = case.weights[i / 2] >> (4 * (i % 2)) & 15;
            i32::from(nibble) - if nibble > 7 { 16 } else { 0 }
        };
        let sums = case.sums(|sum: i32, data, i| {
            sum + (i32::from(case.input[data] as i8) - case.zeros.0) * weight(i)
        });
        let factors = case.factor_bytes();
        let quantized = case.quantized(&factors, 128.0);
        let expected: Vec<u8> = sums.iter().enumerate().map(|(i, &sum)| {
            let scaled = multiplied(sum.wrapping_add(case.bias_of(i)), case.factor(i));
            let scaled = scaled.saturating_add(case.zeros.1);
            scaled.clamp(quantized.clamp.min, quantized.clamp.max) as u8
        }).collect();
        let depthwise = case.kind == Kind::Depthwise;
        let layer = Int8 { geometry: case.geometry, weights: cast::as_i8(&case.weights), bias: case.bias(), quantized };
        let layer = Int4 { depthwise, layer };
        let (least, most) = layer.scratch_bytes();
        for scratch in [least, (least + most) / 2, most] {
            prop_assert_eq!(&case.run(&layer, 1, scratch.max(least)), &expected);
        }
    }

    #[test]
    fn floats_in_the_order_of_the_reference(case in case()) {
        let case = Case { input: floats(&case.input), weights: floats(&case.weights), bias: floats(&case.bias), ..case };
        let (min, max) = (case.range.0 * 10.0, case.range.1 * 10.0);
        let sums = case.sums(|sum: f32, data, weight| {
            sum + f32::read(&case.input[4 * data..]) * f32::read(&case.weights[4 * weight..])
        });
        let expected: Vec<u8> = sums.iter().enumerate().flat_map(|(i, &sum)| {
            (sum + case.bias_of::<f32>(i)).max(min).min(max).to_le_bytes()
        }).collect();
        let output = case.layer(Float { weights: &case.weights, bias: case.bias(), min, max });
        prop_assert_eq!(output, expected);
    }
}
