//! Random pools of wide elements against the plainest code.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::{Geometry, Pool, Reduction};
use crate::op::context::Clamp;
use crate::op::element::Element;
use crate::op::tests::run;
use crate::op::window::Window;
use crate::tensor::DataType;

fn window() -> impl Strategy<Value = Window> {
    let sizes = (1..9_usize, 1..5_usize, 1..4_usize, any::<bool>());
    sizes.prop_map(|(input, filter, stride, same)| {
        let output = if same || input < filter {
            input.div_ceil(stride)
        } else {
            (input - filter) / stride + 1
        };
        Window {
            input,
            output,
            filter,
            stride,
            dilation: 1,
            padding: ((output - 1) * stride + filter).saturating_sub(input) / 2,
        }
    })
}

fn geometry() -> impl Strategy<Value = Geometry> {
    let parts = (1..3_usize, 1..5_usize, window(), window(), any::<bool>());
    parts.prop_map(|(batches, channels, y, x, average)| Geometry {
        reduction: if average {
            Reduction::Average
        } else {
            Reduction::Max
        },
        batches,
        channels,
        y,
        x,
    })
}

/// The elements of each output's window, in order.
fn windows(geometry: &Geometry, elements: &[i8]) -> Vec<Vec<i8>> {
    let Geometry {
        batches,
        channels,
        y,
        x,
        ..
    } = *geometry;
    let mut all = vec![];
    for i in 0..batches * y.output * x.output * channels {
        let (channel, pixel) = (i % channels, i / channels);
        let (out_x, out_y, batch) = (
            pixel % x.output,
            pixel / x.output % y.output,
            pixel / x.output / y.output,
        );
        let mut window = vec![];
        for tap in 0..y.filter * x.filter {
            let in_y = (out_y * y.stride + tap / x.filter).wrapping_sub(y.padding);
            let in_x = (out_x * x.stride + tap % x.filter).wrapping_sub(x.padding);
            if in_y < y.input && in_x < x.input {
                window.push(
                    elements[((batch * y.input + in_y) * x.input + in_x) * channels + channel],
                );
            }
        }
        all.push(window);
    }
    all
}

fn raw<T: Element>(values: &[T]) -> Vec<i8> {
    let mut bytes = vec![0; size_of_val(values)];
    for (i, value) in values.iter().enumerate() {
        value.store(&mut bytes, i);
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn wide_elements(geometry in geometry(), seed in any::<u32>(), bounds in (-40..1_i8, 1..40_i8)) {
        let mut x = seed;
        let elements: Vec<i8> = (0..geometry.batches * geometry.y.input * geometry.x.input * geometry.channels)
            .map(|_| {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (x >> 24) as i8
            })
            .collect();
        let windows = windows(&geometry, &elements);
        let average = geometry.reduction == Reduction::Average;
        let words: Vec<i16> = elements.iter().map(|&x| i16::from(x) * 256).collect();
        let floats: Vec<f32> = elements.iter().map(|&x| f32::from(x) / 3.0).collect();
        let (low, high) = (i32::from(bounds.0) * 256, i32::from(bounds.1) * 256);
        let expected: Vec<i16> = windows
            .iter()
            .map(|window| {
                let words = || window.iter().map(|&x| i32::from(x) * 256);
                // A double holds sums and halves exactly, and rounds them away from zero.
                let mean = f64::from(words().sum::<i32>()) / window.len() as f64;
                let out = if average { mean.round() as i32 } else { words().max().unwrap() };
                out.clamp(low, high) as i16
            })
            .collect();
        let clamp = Clamp { min: low, max: high };
        let pool = Pool { geometry, dtype: DataType::Int16, clamp, range: [0.0; 2] };
        prop_assert_eq!(run(&pool, &raw(&words), expected.len() * 2), raw(&expected));

        let (low, high) = (f32::from(bounds.0), f32::from(bounds.1));
        let expected: Vec<f32> = windows
            .iter()
            .map(|window| {
                let floats = || window.iter().map(|&x| f32::from(x) / 3.0);
                let sum = floats().fold(0.0, |sum, x| sum + x);
                let out = if average { sum / window.len() as f32 } else { floats().fold(f32::MIN, f32::max) };
                out.max(low).min(high)
            })
            .collect();
        let pool = Pool { geometry, dtype: DataType::Float32, clamp, range: [low, high] };
        let found = run(&pool, &raw(&floats), expected.len() * 4);
        for (i, expected) in expected.into_iter().enumerate() {
            prop_assert_eq!(f32::load(&found, i), expected);
        }
    }
}
