//! Conversions of random numbers against the plainest code, and the half floats.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::numbers::{range, widened};
use super::{Convert, Step};
use crate::arena::Views;
use crate::kernel::cast;
use crate::op::Kernel;
use crate::op::tests::multiplied;
use crate::quantize::Rescale;
use crate::tensor::DataType;

const INTEGERS: [DataType; 4] = [
    DataType::Int8,
    DataType::Uint8,
    DataType::Int16,
    DataType::Int32,
];

/// The bytes of numbers of a type, each cut to the type's range.
fn pack(dtype: DataType, numbers: &[i32]) -> Vec<u8> {
    let cut = |x: &i32| range(dtype).map_or(*x, |(min, max)| (*x).clamp(min, max));
    let size = dtype.bits() / 8;
    let numbers = numbers.iter().map(cut);
    numbers
        .flat_map(|x| x.to_le_bytes()[..size].to_vec())
        .collect()
}

fn run(convert: &Convert, input: &[u8], elements: usize) -> Vec<u8> {
    let mut output = vec![0; elements * convert.to.bits() / 8];
    let same = convert.from.bits() == convert.to.bits();
    let run = |input: &[u8], overwritten: bool, output: &mut [u8]| {
        convert.run(Views {
            inputs: [cast::as_i8(input), &[]],
            overwritten: [overwritten, false],
            trail: None,
            states: [&mut [], &mut []],
            output: cast::as_i8_mut(output),
            scratch: &mut [],
            table: &[],
        });
    };
    run(input, false, &mut output);
    if same {
        let mut in_place = input.to_vec();
        run(&[], true, &mut in_place);
        assert_eq!(in_place, output);
    }
    output
}

proptest! {
    #[test]
    fn integers_to_integers(
        types in (0..4_usize, 0..4_usize),
        numbers in prop::collection::vec(prop_oneof![-300..300_i32, -40_000..40_000_i32, any::<i32>()], 1..100),
        factor in -20.0..20.0_f64,
        (zero, to_zero) in (-128..256_i32, -128..256_i32),
    ) {
        let (from, to) = (INTEGERS[types.0], INTEGERS[types.1]);
        let (rescale, range) = (Rescale::new(factor.exp2()).unwrap(), range(to).unwrap());
        let convert = Convert { from, to, step: Step::Requantize { zero, rescale, to_zero, range } };
        let cut = |x: i32| super::numbers::range(from).map_or(x, |(min, max)| x.clamp(min, max));
        let expected: Vec<i32> = numbers.iter().map(|&x| {
            multiplied(cut(x).wrapping_sub(zero), rescale).saturating_add(to_zero)
        }).collect();
        prop_assert_eq!(run(&convert, &pack(from, &numbers), numbers.len()), pack(to, &expected));
    }

    #[test]
    fn floats_to_integers_and_back(
        to in 0..3_usize,
        numbers in prop::collection::vec(prop_oneof![-40_000.0..40_000.0_f32, -300.0..300.0_f32, any::<f32>()], 1..100),
        scale in 0.01..2.0_f32,
        zero in -128..256_i32,
    ) {
        let to = INTEGERS[to];
        let bits: Vec<i32> = numbers.iter().map(|x| x.to_bits() as i32).collect();
        let step = Step::Quantize { scale, zero, range: range(to).unwrap() };
        let quantize = Convert { from: DataType::Float32, to, step };
        let whole: Vec<i32> = numbers.iter().map(|x| {
            // `f32::round` rounds halves away from zero, as C does.
            ((x / scale).round() as i32).saturating_add(zero)
        }).collect();
        let quantized = run(&quantize, &pack(DataType::Float32, &bits), numbers.len());
        prop_assert_eq!(&quantized, &pack(to, &whole));

        let dequantize = Convert { from: to, to: DataType::Float32, step: Step::Dequantize { scale, zero } };
        let (min, max) = range(to).unwrap();
        let reals: Vec<i32> = whole.iter().map(|&x| {
            (scale * (x.clamp(min, max) - zero) as f32).to_bits() as i32
        }).collect();
        let dequantized = run(&dequantize, &quantized, numbers.len());
        prop_assert_eq!(dequantized, pack(DataType::Float32, &reals));
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
