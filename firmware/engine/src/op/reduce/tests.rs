//! Random reductions against loops over all positions.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::geometry::Geometry;
use super::quantized::Quantized;
use super::{ArgReduce, Kind, Reduce};
use crate::op::element::Element;
use crate::op::tests::run;
use crate::quantize::Rescale;
use crate::tensor::{DataType, MAX_RANK};

fn shape() -> impl Strategy<Value = (Vec<usize>, [bool; MAX_RANK])> {
    let dims = prop::collection::vec(1..5_usize, 0..=MAX_RANK);
    (dims, prop::array::uniform6(any::<bool>()))
}

/// Elements of three types, with ties and extremes among them.
fn elements(count: usize, seed: u32) -> (Vec<i8>, Vec<i16>, Vec<f32>) {
    let mut x = seed;
    let bytes: Vec<i8> = (0..count)
        .map(|_| {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (x >> 24) as i8
        })
        .collect();
    let words = bytes.iter().map(|&x| i16::from(x) * 256).collect();
    let floats = bytes.iter().map(|&x| f32::from(x) / 3.0).collect();
    (bytes, words, floats)
}

fn raw<T: Element>(values: &[T]) -> Vec<i8> {
    let mut bytes = vec![0; size_of_val(values)];
    for (i, value) in values.iter().enumerate() {
        value.store(&mut bytes, i);
    }
    bytes
}

/// The elements that belong to each output element, in order.
fn groups<T: Copy>(dims: &[usize], reduced: &[bool; MAX_RANK], elements: &[T]) -> Vec<Vec<T>> {
    let kept = dims.iter().zip(reduced).filter(|(_, reduced)| !**reduced);
    let mut groups = vec![vec![]; kept.map(|(dim, _)| dim).product()];
    for (i, &element) in elements.iter().enumerate() {
        let (mut rest, mut group, mut stride) = (i, 0, 1);
        for (&dim, &reduced) in dims.iter().zip(reduced).rev() {
            if !reduced {
                group += rest % dim * stride;
                stride *= dim;
            }
            rest /= dim;
        }
        groups[group].push(element);
    }
    groups
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn extremes((dims, reduced) in shape(), seed in any::<u32>(), min in any::<bool>()) {
        let (bytes, words, floats) = elements(dims.iter().product(), seed);
        let reduce = |dtype| Reduce {
            geometry: Geometry::new(&dims, &reduced),
            dtype,
            kind: if min { Kind::Min } else { Kind::Max },
        };
        let extreme = |group: Vec<i8>| if min { *group.iter().min().unwrap() } else { *group.iter().max().unwrap() };
        let expected: Vec<i8> = groups(&dims, &reduced, &bytes).into_iter().map(extreme).collect();
        let wide: Vec<i16> = expected.iter().map(|&x| i16::from(x) * 256).collect();
        let real: Vec<f32> = expected.iter().map(|&x| f32::from(x) / 3.0).collect();
        prop_assert_eq!(run(&reduce(DataType::Int8), &bytes, expected.len()), expected.clone());
        prop_assert_eq!(run(&reduce(DataType::Int16), &raw(&words), wide.len() * 2), raw(&wide));
        prop_assert_eq!(run(&reduce(DataType::Float32), &raw(&floats), real.len() * 4), raw(&real));
    }

    #[test]
    fn sums(
        (dims, reduced) in shape(),
        seed in any::<u32>(),
        factor in -9.0..3.0_f64,
        (input_zero, output_zero) in (-128..128_i32, -128..128_i32),
        mean in any::<bool>(),
    ) {
        let (bytes, words, floats) = elements(dims.iter().product(), seed);
        let geometry = || Geometry::new(&dims, &reduced);
        let count = geometry().count();
        let rescale = Rescale::new(factor.exp2()).unwrap();
        let divided = if mean { super::quantized::divided(rescale, count) } else { rescale };
        let quantized = |zeros, output_zero| Kind::Quantized(Quantized { zeros, output_zero, rescale: divided });
        let reduce = |dtype, kind| Reduce { geometry: geometry(), dtype, kind };

        // TFLite `QuantizedMeanOrSum`.
        let output = |sum: i64, zero: i32, low: i32, high: i32| {
            let (mut multiplier, mut shift) = (i64::from(rescale.multiplier), rescale.shift);
            if mean {
                let by = (63 - (count as u64).leading_zeros() as i32).min(32).min(31 + shift);
                (multiplier, shift) = ((multiplier << by) / count as i64, shift - by);
            }
            let scaled = Rescale { multiplier: multiplier as i32, shift }.apply(sum as i32);
            (scaled + zero).clamp(low, high)
        };
        let expected: Vec<i8> = groups(&dims, &reduced, &bytes)
            .iter()
            .map(|group| {
                let sum: i64 = group.iter().map(|&x| i64::from(x) - i64::from(input_zero)).sum();
                output(sum, output_zero, -128, 127) as i8
            })
            .collect();
        let kind = quantized(input_zero * count as i32, output_zero);
        prop_assert_eq!(run(&reduce(DataType::Int8, kind), &bytes, expected.len()), expected);

        let expected: Vec<i16> = groups(&dims, &reduced, &words)
            .iter()
            .map(|group| output(group.iter().map(|&x| i64::from(x)).sum(), 0, -32768, 32767) as i16)
            .collect();
        let outputs = run(&reduce(DataType::Int16, quantized(0, 0)), &raw(&words), expected.len() * 2);
        prop_assert_eq!(outputs, raw(&expected));

        let expected: Vec<f32> = groups(&dims, &reduced, &floats)
            .iter()
            .map(|group| {
                let sum = group.iter().fold(0.0, |sum, &x| sum + x);
                if mean { sum / count as f32 } else { sum }
            })
            .collect();
        let kind = Kind::Float(mean.then_some(count as f32));
        prop_assert_eq!(run(&reduce(DataType::Float32, kind), &raw(&floats), expected.len() * 4), raw(&expected));
    }

    #[test]
    fn first_extremes(
        (outer, length, stride) in (1..5_usize, 1..7_usize, 1..5_usize),
        seed in any::<u32>(),
        (min, long, coarse) in (any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let (mut bytes, ..) = elements(outer * length * stride, seed);
        if coarse {
            bytes.iter_mut().for_each(|x| *x /= 64);
        }
        let expected: Vec<usize> = (0..outer * stride)
            .map(|i| {
                let line = |j: usize| bytes[(i / stride * length + j) * stride + i % stride];
                let best = (0..length).map(line).reduce(|a, b| if min { a.min(b) } else { a.max(b) });
                (0..length).position(|j| Some(line(j)) == best).unwrap()
            })
            .collect();
        let expected = if long {
            raw(&expected.iter().map(|&i| i as i64).collect::<Vec<_>>())
        } else {
            raw(&expected.iter().map(|&i| i as i32).collect::<Vec<_>>())
        };
        let floats: Vec<f32> = bytes.iter().map(|&x| f32::from(x) / 7.0).collect();
        let words: Vec<i16> = bytes.iter().map(|&x| i16::from(x) * 256).collect();
        let arg = |dtype| ArgReduce { dtype, min, length, stride, long };
        prop_assert_eq!(run(&arg(DataType::Int8), &bytes, expected.len()), expected.clone());
        prop_assert_eq!(run(&arg(DataType::Int16), &raw(&words), expected.len()), expected.clone());
        prop_assert_eq!(run(&arg(DataType::Float32), &raw(&floats), expected.len()), expected);
    }
}
