//! Random functions against the plainest code for what TFLite's reference kernels compute, and against the real
//! functions that they stand for.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::curves::{Curve, InverseRoot};
use super::sigmoid::Sigmoid;
use super::slopes::{Negative, Slopes};
use super::{Function, Unary};
use crate::arena::Views;
use crate::op::Kernel;
use crate::op::context::{Affine, Clamp};
use crate::op::tests::multiplied;
use crate::quantize::Rescale;

/// Runs an operator of int8 elements with the working memory it asks for, apart or in place.
fn run(function: Function, input: &[i8], in_place: bool) -> Vec<i8> {
    let unary = Unary {
        function,
        wide: false,
        elements: input.len(),
    };
    let mut scratch = vec![0; unary.scratch_bytes().0];
    let mut output = if in_place {
        input.to_vec()
    } else {
        vec![0; input.len()]
    };
    unary.run(Views {
        inputs: [if in_place { &[] } else { input }, &[]],
        overwritten: [in_place, false],
        trail: None,
        states: [&mut [], &mut []],
        output: &mut output,
        scratch: &mut scratch,
        table: &[],
    });
    output
}

fn all() -> Vec<i8> {
    (-128..=127).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn slopes(
        input in prop::collection::vec(any::<i8>(), 1..600),
        in_place in any::<bool>(),
        (from_zero, to_zero, bounds) in (-128..128_i32, -128..128_i32, (-128..128_i32, -128..128_i32)),
        (positive, negative) in (-6.0..6.0_f64, -6.0..6.0_f64),
        (before, after) in any::<(bool, bool)>(),
    ) {
        let [positive, negative] = [positive, negative].map(|log| Rescale::new(libm::exp2(log)).unwrap());
        let clamp = Clamp { min: bounds.0.min(bounds.1), max: bounds.0.max(bounds.1) };
        let expected: Vec<_> = input.iter().map(|&x| {
            let x = i32::from(x) - from_zero;
            let y = match (x < 0, before, after) {
                (false, ..) => multiplied(x, positive),
                (_, false, false) => multiplied(x, negative),
                (_, true, false) => multiplied(-x, negative),
                (_, false, true) => -multiplied(x, negative),
                (_, true, true) => -multiplied(-x, negative),
            };
            (y + to_zero).clamp(clamp.min, clamp.max) as i8
        }).collect();
        let negative = Negative { rescale: negative, before, after };
        let slopes = Slopes { from_zero, to_zero, positive, negative, clamp };
        prop_assert_eq!(run(Function::Slopes(slopes), &input, in_place), expected);
    }

    #[test]
    fn curves(from in -9.0..2.0_f32, to in -9.0..2.0_f32, zero in -128..128_i32, to_zero in -128..128_i32) {
        let [from_scale, to_scale] = [from, to].map(libm::exp2f);
        let from = Affine { scale: from_scale, zero_point: zero };
        let to = Affine { scale: to_scale, zero_point: to_zero };
        let check = |function: Function, of_units: &dyn Fn(f64) -> f64, tolerance: f64| {
            for (x, y) in all().into_iter().zip(run(function, &all(), false)) {
                let real = of_units(f64::from(i32::from(x) - zero) * f64::from(from_scale));
                if !real.is_nan() {
                    let wanted = real.clamp(-128.0, 127.0);
                    assert!((wanted - f64::from(y)).abs() <= tolerance, "{x}: {real}, not {y}");
                }
            }
        };
        let unit = f64::from(to_scale);
        let offset = f64::from(to_zero);
        let elu = |x: f64| if x < 0.0 { libm::expm1(x) } else { x };
        check(Function::Curve(Curve { is_sqrt: false, from, to }), &|x| elu(x) / unit + offset, 0.501);
        check(Function::Curve(Curve { is_sqrt: true, from, to }), &|x| libm::sqrt(x) / unit + offset, 1.001);
        check(Function::Sigmoid(Sigmoid::new(true, from)), &|x| libm::tanh(x) * 128.0, 0.75);
        check(Function::Sigmoid(Sigmoid::new(false, from)), &|x| 256.0 / (1.0 + libm::exp(-x)) - 128.0, 0.75);
        let root = InverseRoot::new(from, to).unwrap();
        let inverse = |x: f64| if x > 0.0 { 1.0 / libm::sqrt(x) / unit + offset } else { 127.0 };
        check(Function::InverseRoot(root), &inverse, 0.7);
    }
}
