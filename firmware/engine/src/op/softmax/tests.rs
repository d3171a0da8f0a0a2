//! Random rows against exponentials in double precision.

use std::vec::Vec;

use proptest::prelude::*;

use super::table::{EXPONENTIAL, RECIPROCAL};
use super::{Float, Int16, Softmax};
use crate::op::element::Element;
use crate::op::tests::run;
use crate::quantize::Rescale;

/// What a row's elements should become, exactly.
fn exact(row: &[f64]) -> Vec<f64> {
    let greatest = row.iter().copied().fold(f64::MIN, f64::max);
    let exponentials: Vec<f64> = row.iter().map(|x| (x - greatest).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.iter().map(|x| x / sum).collect()
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
        let output = run(&Float { depth: 7, beta }, &raw, raw.len());
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
        let radius = 31_i64 << 26 >> rescale.shift;
        let softmax = |wide| Softmax { depth: row.len(), rescale, wide, least_difference: -(radius as i32) };
        let (words, bytes) = (run(&softmax(true), &row, row.len() * 2), run(&softmax(false), &row, row.len()));
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
        let output = run(&Int16 { depth: row.len(), rescale }, &raw, raw.len());
        let reals: Vec<f64> = row.iter().map(|&x| f64::from(x) * scale).collect();
        for (i, expected) in exact(&reals).into_iter().enumerate() {
            let found = f64::from(i16::load(&output, i));
            // What lies more than 10 below the greatest counts as if it were 10 below, which adds 1.5 to the sum.
            let tolerance = 8.0 + 2.0 * row.len() as f64;
            prop_assert!((found - expected * 32768.0).abs() <= tolerance, "{} for {}", found, expected * 32768.0);
        }
    }
}

#[test]
fn tables_are_close_to_their_functions() {
    for i in 0..513 {
        let x = i as f64 / 512.0;
        let pairs = [
            (EXPONENTIAL[i], (10.0 * x - 10.0).exp()),
            (RECIPROCAL[i], 1.0 / (1.0 + x)),
        ];
        for (found, expected) in pairs {
            let error = f64::from(found) - (expected * 32768.0).min(32767.0);
            assert!(error.abs() <= 1.5, "{found} at {i}");
        }
    }
}
