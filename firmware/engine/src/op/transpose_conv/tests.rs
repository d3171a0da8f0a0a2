//! Random layers against TFLite's way, which scatters.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::TransposeConv;
use crate::op::Kernel;
use crate::op::tests::{Layer, layer, window};

/// A layer whose windows go from its output to its input: `of` is a layer with them the usual way round.
fn transposed(of: &Layer) -> TransposeConv<'_> {
    let mut layer = of.int8(of.channels, of.filters);
    layer.geometry.transposed = true;
    TransposeConv(layer)
}

/// TFLite `reference_integer_ops::TransposeConv`.
fn reference(layer: &Layer, input: &[i8]) -> Vec<i8> {
    let (y, x, channels, filters) = (layer.y, layer.x, layer.channels, layer.filters);
    let mut sums = vec![0_i32; layer.batches * y.input * x.input * filters];
    for (i, &data) in input.iter().enumerate() {
        let (pixel, channel) = (i / channels, i % channels);
        let (line, in_x) = (pixel / x.output, pixel % x.output);
        let (batch, in_y) = (line / y.output, line % y.output);
        for tap in 0..y.filter * x.filter {
            let out_y = (in_y * y.stride + tap / x.filter).wrapping_sub(y.padding);
            let out_x = (in_x * x.stride + tap % x.filter).wrapping_sub(x.padding);
            if out_y >= y.input || out_x >= x.input {
                continue;
            }
            for filter in 0..filters {
                let weight =
                    layer.weights[(filter * y.filter * x.filter + tap) * channels + channel];
                sums[((batch * y.input + out_y) * x.input + out_x) * filters + filter] +=
                    (i32::from(data) - layer.input_zero) * i32::from(weight);
            }
        }
    }
    sums.iter()
        .enumerate()
        .map(|(i, &sum)| layer.finish(i % filters, sum))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn scattering_gives_the_same(
        mut layer in layer(window(), window(), |_, some| some, |channels, filters| channels * filters),
    ) {
        for window in [&mut layer.y, &mut layer.x] {
            window.dilation = 1;
        }
        let input: Vec<i8> = layer.input.iter().copied().cycle()
            .take(layer.batches * layer.y.output * layer.x.output * layer.channels).collect();
        let expected = reference(&layer, &input);
        let mut output = vec![0; expected.len()];
        layer.run_into(&input, &mut output, 0, |views| transposed(&layer).run(views));
        prop_assert_eq!(output, expected);
    }
}
