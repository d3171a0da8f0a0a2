//! Random rows against exponentials in double precision.

use std::vec::Vec;

use proptest::prelude::*;

use super::{Softmax, least_difference, table};
use crate::op::element::Element;
use crate::op::tests::run;
use crate::quantize::Rescale;
use crate::tensor::DataType;

/// What a row's elements should become, exactly.
fn exact(row: &[f64]) -> Vec<f64> {
    let greatest = row.iter().copied().fold(f64::MIN, f64::max);
    let exponentials: Vec<f64> = row.iter().map(|x| (x - greatest).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.iter().map(|x| x / sum).collect()
}

fn softmax(from: DataType, to: DataType, depth: usize, rescale: Rescale, beta: f32) -> Softmax {
    let least_difference = if from == DataType::Int8 {
        least_difference(rescale)
    } else {
        0
    };
    Softmax {
        depth,
        from,
        to,
        rescale,
        least_difference,
        beta,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn floats(
        rows in prop::collection::vec(prop::array::uniform7(-40.0..40.0_f32), 1..4),
        beta in 0.1..2.0_f32,
    ) {
        let flat: Vec<f32> = rows.iter().flatten().copied().collect();
        let raw: Vec<i8> = flat.iter().flat_map(|x| x.to_le_bytes()).map(|byte| byte as i8).collect();
        let float = DataType::Float32;
        let output = run(&softmax(float, float, 7, Rescale::ZERO, beta), &raw, raw.len());
        for (i, row) in rows.iter().enumerate() {
            let row: Vec<f64> = row.iter().map(|&x| f64::from(x) * f64::from(beta)).collect();
            for (j, expected) in exact(&row).into_iter().enumerate() {
                let found = f64::from(f32::load(&output, i * 7 + j));
                prop_assert!((found - expected).abs() <= 2e-5 * expected + 1e-30, "{} for {}", found, expected);
            }
        }
    }

    #[test]
    fn bytes_to_words(row in prop::collection::vec(any::<i8>(), 1..40), scale in -8.0..-2.0_f64) {
        let scale = scale.exp2();
        let rescale = Rescale::new(scale * f64::from(1 << 26)).unwrap();
        let softmax = |to| softmax(DataType::Int8, to, row.len(), rescale, 1.0);
        let words = run(&softmax(DataType::Int16), &row, row.len() * 2);
        let bytes = run(&softmax(DataType::Int8), &row, row.len());
        let reals: Vec<f64> = row.iter().map(|&x| f64::from(x) * scale).collect();
        for (i, expected) in exact(&reals).into_iter().enumerate() {
            let word = f64::from(i16::load(&words, i)) + 32768.0;
            prop_assert!((word - (expected * 65536.0).min(65535.0)).abs() <= 3.0, "{} for {}", word, expected * 65536.0);
            let byte = f64::from(bytes[i]) + 128.0;
            prop_assert!((byte - (expected * 256.0).min(255.0)).abs() <= 1.0, "{} for {}", byte, expected * 256.0);
        }
    }

    #[test]
    fn words(row in prop::collection::vec(any::<i16>(), 1..40), scale in -15.0..-9.0_f64) {
        let scale = scale.exp2();
        let rescale = Rescale::new(scale * 6553.5).unwrap();
        let raw: Vec<i8> = row.iter().flat_map(|x| x.to_le_bytes()).map(|byte| byte as i8).collect();
        let word = DataType::Int16;
        let output = run(&softmax(word, word, row.len(), rescale, 1.0), &raw, raw.len());
        let reals: Vec<f64> = row.iter().map(|&x| f64::from(x) * scale).collect();
        for (i, expected) in exact(&reals).into_iter().enumerate() {
            let found = f64::from(i16::load(&output, i));
            // What lies more than 10 below the greatest counts as if it were 10 below, which adds 1.5 to the sum.
            let tolerance = 8.0 + 2.0 * row.len() as f64;
            prop_assert!((found - expected * 32768.0).abs() <= tolerance, "{} for {}", found, expected * 32768.0);
        }
    }
}

/// TFLite `gen_lut` of a function from `first` to `last`, in single precision.
fn gen_lut(f: impl Fn(f32) -> f32, first: f32, last: f32) -> Vec<i32> {
    let step = (last - first) / 512.0;
    let at = |x| f(x) * 32768.0;
    let mut table: Vec<f32> = (0..512)
        .map(|i| {
            let x = first + i as f32 * step;
            let value = at(x).round();
            let next = at(first + (i + 1) as f32 * step);
            let miss = ((next + value) / 2.0).round() - at(x + step / 2.0).round();
            value - (miss / 2.0).round()
        })
        .collect();
    table.push(at(last).round());
    table.into_iter().map(|x| i32::from(x as i16)).collect()
}

#[test]
fn entries_are_those_of_the_tables() {
    let check = |function: table::Function, expected: Vec<i32>| {
        let found: Vec<i32> = (0..513).map(|i| table::entry(function, i)).collect();
        assert_eq!(found, expected);
    };
    check(
        table::exponential,
        gen_lut(|x| f64::from(x).exp() as f32, -10.0, 0.0),
    );
    check(table::reciprocal, gen_lut(|x| 1.0 / (1.0 + x), 0.0, 1.0));
}
