//! Random functions against the plainest code for what TFLite's reference kernels compute, and against the real
//! functions that they stand for.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::convert::{NO_SCALE, range, widened};
use super::{Function, Unary};
use crate::arena::Views;
use crate::kernel::cast;
use crate::op::Kernel;
use crate::op::context::{Affine, Clamp};
use crate::op::tests::multiplied;
use crate::opcode::Opcode;
use crate::quantize::Rescale;
use crate::tensor::DataType;

const INT8: DataType = DataType::Int8;

/// Runs an operator with the working memory it asks for, apart or in place.
fn run(unary: &Unary, input: &[i8], in_place: bool) -> Vec<i8> {
    let mut scratch = vec![0; unary.scratch_bytes().0];
    let mut output = if in_place {
        input.to_vec()
    } else {
        let [from, to] = unary.types.map(DataType::bits);
        vec![0; input.len() / from * to + input.len() % from * to / from]
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

fn zero(zero_point: i32) -> Affine {
    Affine {
        scale: 1.0,
        zero_point,
    }
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
        (is_abs, flips) in any::<(bool, bool)>(),
    ) {
        let [positive, negative] = [positive, negative].map(|log| Rescale::new(libm::exp2(log)).unwrap());
        let clamp = Clamp { min: bounds.0.min(bounds.1), max: bounds.0.max(bounds.1) };
        let expected: Vec<_> = input.iter().map(|&x| {
            let x = i32::from(x) - from_zero;
            let y = match (x < 0, is_abs, flips) {
                (false, ..) => multiplied(x, positive),
                (_, false, false) => multiplied(x, negative),
                (_, true, false) => multiplied(-x, negative),
                (_, false, true) => -multiplied(x, negative),
                (_, true, true) => -multiplied(-x, negative),
            };
            (y + to_zero).clamp(clamp.min, clamp.max) as i8
        }).collect();
        let opcode = if is_abs { Opcode::ABS } else { Opcode::LEAKY_RELU };
        let unary = Unary {
            elements: input.len(),
            positive,
            negative,
            flips,
            clamp,
            ..Unary::new(opcode, Function::Slopes, [INT8; 2], zero(from_zero), zero(to_zero))
        };
        prop_assert_eq!(run(&unary, &input, in_place), expected);
    }

    #[test]
    fn curves(from in -9.0..2.0_f32, to in -9.0..2.0_f32, zero in -128..128_i32, to_zero in -128..128_i32) {
        let [from_scale, to_scale] = [from, to].map(libm::exp2f);
        let from = Affine { scale: from_scale, zero_point: zero };
        let to = Affine { scale: to_scale, zero_point: to_zero };
        let check = |unary: &Unary, of_units: &dyn Fn(f64) -> f64, tolerance: f64| {
            for (x, y) in all().into_iter().zip(run(unary, &all(), false)) {
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
        let unary = |opcode, function, to| Unary::new(opcode, function, [INT8; 2], from, to);
        let curve = |opcode| unary(opcode, Function::Curve, to);
        check(&curve(Opcode::ELU), &|x| elu(x) / unit + offset, 0.501);
        check(&curve(Opcode::SQRT), &|x| libm::sqrt(x) / unit + offset, 1.001);
        let sigmoid = |opcode, zero_point| {
            let mut unary = unary(opcode, Function::Sigmoid, Affine { scale: 1.0, zero_point });
            unary.scale_sigmoid();
            unary
        };
        check(&sigmoid(Opcode::TANH, 0), &|x| libm::tanh(x) * 128.0, 0.75);
        check(&sigmoid(Opcode::LOGISTIC, -128), &|x| 256.0 / (1.0 + libm::exp(-x)) - 128.0, 0.75);
        let mut root = unary(Opcode::RSQRT, Function::InverseRoot, to);
        root.positive = root.root_factor().unwrap();
        let inverse = |x: f64| if x > 0.0 { 1.0 / libm::sqrt(x) / unit + offset } else { 127.0 };
        check(&root, &inverse, 0.7);
    }
}

const INTEGERS: [DataType; 4] = [
    DataType::Int8,
    DataType::Uint8,
    DataType::Int16,
    DataType::Int32,
];

/// `number`, cut to a type's range.
fn cut(dtype: DataType, number: i32) -> i32 {
    let (min, max) = range(dtype);
    number.clamp(min, max)
}

/// The bytes of numbers of a type, each cut to the type's range.
fn pack(dtype: DataType, numbers: &[i32]) -> Vec<i8> {
    let size = dtype.bits() / 8;
    let bytes = numbers
        .iter()
        .flat_map(|&x| cut(dtype, x).to_le_bytes()[..size].to_vec());
    cast::as_i8(&bytes.collect::<Vec<_>>()).to_vec()
}

/// Runs it apart, and in place where that is possible.
fn convert(unary: &Unary, numbers: &[i32]) -> Vec<i8> {
    let input = pack(unary.types[0], numbers);
    let output = run(unary, &input, false);
    let [from, to] = unary.types.map(DataType::bits);
    if from == to {
        assert_eq!(run(unary, &input, true), output);
    }
    output
}

proptest! {
    #[test]
    fn integers_to_integers(
        types in (0..4_usize, 0..4_usize),
        numbers in prop::collection::vec(prop_oneof![-300..300_i32, -40_000..40_000_i32, any::<i32>()], 1..100),
        factor in -20.0..20.0_f64,
        (from_zero, to_zero) in (-128..256_i32, -128..256_i32),
    ) {
        let types @ [from, to] = [INTEGERS[types.0], INTEGERS[types.1]];
        let rescale = Rescale::new(factor.exp2()).unwrap();
        let unary = Unary {
            positive: rescale,
            negative: rescale,
            ..Unary::new(Opcode::QUANTIZE, Function::Slopes, types, zero(from_zero), zero(to_zero))
        };
        let expected: Vec<i32> = numbers.iter().map(|&x| {
            multiplied(cut(from, x).wrapping_sub(from_zero), rescale).saturating_add(to_zero)
        }).collect();
        prop_assert_eq!(convert(&unary, &numbers), pack(to, &expected));
    }

    #[test]
    fn floats_to_integers_and_back(
        to in 0..3_usize,
        numbers in prop::collection::vec(prop_oneof![-40_000.0..40_000.0_f32, -300.0..300.0_f32, any::<f32>()], 1..100),
        scale in 0.01..2.0_f32,
        zero_point in -128..256_i32,
    ) {
        let (to, float, affine) = (INTEGERS[to], DataType::Float32, Affine { scale, zero_point });
        let bits: Vec<i32> = numbers.iter().map(|x| x.to_bits() as i32).collect();
        let quantize = Unary::new(Opcode::QUANTIZE, Function::Quantize, [float, to], NO_SCALE, affine);
        let whole: Vec<i32> = numbers.iter().map(|x| {
            // `f32::round` rounds halves away from zero, as C does.
            ((x / scale).round() as i32).saturating_add(zero_point)
        }).collect();
        prop_assert_eq!(convert(&quantize, &bits), pack(to, &whole));

        let dequantize = Unary::new(Opcode::DEQUANTIZE, Function::Dequantize, [to, float], affine, NO_SCALE);
        let reals: Vec<i32> = whole.iter().map(|&x| {
            (scale * (cut(to, x) - zero_point) as f32).to_bits() as i32
        }).collect();
        prop_assert_eq!(convert(&dequantize, &whole), pack(float, &reals));
    }
}

/// Every half float is a fraction times a power of two.
#[test]
fn half_floats_keep_their_value() {
    for half in 0..=u16::MAX {
        let (exponent, fraction) = (half >> 10 & 31, f64::from(half & 1023));
        let magnitude = match exponent {
            0 => fraction / f64::from(1 << 24),
            31 if fraction > 0.0 => f64::NAN,
            31 => f64::INFINITY,
            _ => (1.0 + fraction / 1024.0) * f64::from(i32::from(exponent) - 15).exp2(),
        };
        let expected = (if half >> 15 == 1 {
            -magnitude
        } else {
            magnitude
        }) as f32;
        let float = f32::from_bits(widened(half));
        assert!(
            float.to_bits() == expected.to_bits() || float.is_nan() && expected.is_nan(),
            "{half:#06x}: {float} instead of {expected}"
        );
    }
}
