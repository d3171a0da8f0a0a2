//! Real weights as int8, symmetric per output channel.

use onchip_tflite::ir;
use onchip_tflite::topology::Layer;

use super::range::LEAST_SCALE;

/// Weights reach from −127 to 127, so that negating one stays in range.
const MOST: f32 = 127.0;

/// The furthest that an activation is from its zero point.
const FURTHEST: i64 = 255;

/// How the weights of output channels lie among each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Those of a channel side by side: convolutions and dense layers.
    ChannelFirst,
    /// The channels of a place side by side: depthwise convolutions.
    ChannelLast,
}

impl Order {
    /// How those of a layer lie.
    pub(super) fn of(layer: Layer) -> Self {
        match layer {
            Layer::Depthwise { .. } => Self::ChannelLast,
            _ => Self::ChannelFirst,
        }
    }

    /// Where the weights of `channel` are among all `count`.
    pub(super) fn of_channel(
        self,
        channel: usize,
        channels: usize,
        count: usize,
    ) -> impl Iterator<Item = usize> {
        let each = count / channels;
        match self {
            Self::ChannelFirst => (channel * each..(channel + 1) * each).step_by(1),
            Self::ChannelLast => (channel..count).step_by(channels),
        }
    }
}

/// The weights of a layer as int8.
#[derive(Debug)]
pub(super) struct Quantized {
    pub(super) weights: ir::Weights,
    /// With a finer output scale than this, the engine's 32-bit arithmetic could overflow.
    pub(super) least_output_scale: f32,
}

/// Quantizes weights, in the order of [`ir::Op`], and biases for an input of this scale.
///
/// Scales are the finest that hold each channel's weights and with which no sum of products and
/// bias overflows 32 bits, whatever the input. A channel without weights is a constant; it gets
/// steps that are fine for its bias.
pub(super) fn quantize(weights: &[f32], bias: &[f32], order: Order, input_scale: f32) -> Quantized {
    let indices = |channel| order.of_channel(channel, bias.len(), weights.len());
    let greatest = |channel| indices(channel).fold(0.0_f32, |most, i| most.max(weights[i].abs()));
    let greatest: Vec<f32> = (0..bias.len()).map(greatest).collect();
    let live = greatest.iter().copied().filter(|&most| most > 0.0);
    let least_live = live.reduce(f32::min).unwrap_or(MOST);

    let mut values = vec![0; weights.len()];
    let (mut scales, mut biases) = (Vec::new(), Vec::new());
    let mut least_output_scale = 0_f64;
    for (channel, (&bias, &most)) in bias.iter().zip(&greatest).enumerate() {
        let mut scale = if most > 0.0 {
            most / MOST
        } else if bias != 0.0 {
            bias.abs() / (input_scale * f32::from(i16::MAX))
        } else {
            least_live / MOST
        };
        scale = scale.max(LEAST_SCALE);
        loop {
            let step = f64::from(scale) * f64::from(input_scale);
            let bias = (f64::from(bias) / step).round();
            let mut products = 0;
            for i in indices(channel) {
                values[i] = (weights[i] / scale).round().clamp(-MOST, MOST) as i8;
                products += FURTHEST * i64::from(values[i].unsigned_abs());
            }
            let furthest = bias.abs() + products as f64;
            if furthest <= f64::from(i32::MAX) {
                // The engine multiplies sums by step / output scale, rounded up to a power of two
                // where that is above 1, before it divides; it takes factors below 2³⁰.
                let least = furthest.max(1.0) * step / f64::from(1 << 29);
                least_output_scale = least_output_scale.max(least);
                biases.push(bias as i32);
                break;
            }
            scale *= 2.0;
        }
        scales.push(scale);
    }
    Quantized {
        weights: ir::Weights {
            values,
            scales,
            bias: biases,
        },
        least_output_scale: least_output_scale as f32,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INPUT: f32 = 1.0 / 255.0;

    #[test]
    fn channels_have_their_own_scales() {
        let weights = [1.0, -2.0, 0.5, 0.25];
        let first = quantize(&weights, &[0.0, 1.0], Order::ChannelFirst, 0.5).weights;
        assert_eq!(first.values, [64, -127, 127, 64]);
        assert_eq!(first.scales, [2.0 / 127.0, 0.5 / 127.0]);
        assert_eq!(first.bias, [0, 508]);
        let last = quantize(&weights, &[0.0, 1.0], Order::ChannelLast, 0.5).weights;
        assert_eq!(last.values, [127, -127, 64, 16]);
        assert_eq!(last.scales, [1.0 / 127.0, 2.0 / 127.0]);
        assert_eq!(last.bias, [0, 127]);
    }

    #[test]
    fn a_channel_without_weights_keeps_its_bias() {
        let check = |weights: &[f32], bias: &[f32]| {
            let made = quantize(weights, bias, Order::ChannelFirst, INPUT).weights;
            for ((&scale, &quantized), &bias) in made.scales.iter().zip(&made.bias).zip(bias) {
                let real = f64::from(scale) * f64::from(INPUT) * f64::from(quantized);
                let error = (real - f64::from(bias)).abs();
                assert!(error <= 1e-4 * f64::from(bias.abs()), "{made:?}");
            }
        };
        check(&[0.0; 4], &[0.0, 0.0]);
        check(&[0.0; 4], &[3.0, -1e6]);
        check(&[0.0, 0.0, 0.1, -0.1], &[7.0, 0.0]);
        check(&[0.0, 0.0, 1e-30, 0.0], &[1e-3, 1.0]);
    }

    proptest! {
        #[test]
        fn nothing_overflows_and_errors_are_within_half_a_step(
            weights in prop::collection::vec(-1_f32..1.0, 12),
            exponents in prop::collection::vec(-30..30_i32, 3),
            biases in prop::collection::vec(-1e6_f32..1e6, 3),
            input in 1e-6_f32..10.0,
            order in prop::sample::select(vec![Order::ChannelFirst, Order::ChannelLast]),
        ) {
            let mut weights = weights;
            for (channel, &exponent) in exponents.iter().enumerate() {
                order.of_channel(channel, 3, 12).for_each(|i| weights[i] *= 2_f32.powi(exponent));
            }
            let made = quantize(&weights, &biases, order, input);
            for channel in 0..3 {
                let scale = made.weights.scales[channel];
                prop_assert!(scale.is_normal() && scale > 0.0);
                let mut furthest = i64::from(made.weights.bias[channel]).abs();
                for i in order.of_channel(channel, 3, 12) {
                    let value = made.weights.values[i];
                    prop_assert!((f32::from(value) * scale - weights[i]).abs() <= 0.501 * scale);
                    furthest += 255 * i64::from(value.unsigned_abs());
                }
                prop_assert!(furthest <= i64::from(i32::MAX));
                let factor = f64::from(input * scale) / f64::from(made.least_output_scale);
                let left_shift = factor.log2().ceil().max(0.0);
                prop_assert!(furthest as f64 * left_shift.exp2() < 1.001 * f64::from(1_u32 << 31));
            }
        }
    }
}
