//! Random operands, apart and in place, against the plainest code for what TFLite's reference kernels compute.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::{Binary, Function};
use crate::arena::Views;
use crate::kernel::{Scaling, cast};
use crate::op::context::Clamp;
use crate::op::tests::multiplied;
use crate::op::{Broadcast, Kernel};
use crate::opcode::Opcode;
use crate::quantize::Rescale;
use crate::tensor::{DataType, Shape};

/// Two tensors, the second of which may be one row that is repeated.
#[derive(Clone, Debug)]
struct Operands {
    rows: usize,
    first: Vec<i8>,
    second: Vec<i8>,
    zeros: [i32; 3],
    factors: [Rescale; 3],
    clamp: Clamp,
    in_place: bool,
}

fn operands() -> impl Strategy<Value = Operands> {
    let shape = (1..4_usize, 1..9_usize, any::<bool>());
    shape.prop_flat_map(|(rows, columns, repeated)| {
        let zero = || prop_oneof![Just(-128), Just(127), -128..128_i32];
        let log = || prop_oneof![3 => -12.0..-1.0_f64, 1 => Just(-1.0)];
        let factor = || log().prop_map(|log| Rescale::new(libm::exp2(log)).unwrap());
        let second = if repeated { columns } else { rows * columns };
        let data = (
            prop::collection::vec(any::<i8>(), rows * columns),
            prop::collection::vec(any::<i8>(), second),
            [zero(), zero(), zero()],
            [factor(), factor(), factor()],
            (-128..128_i32, -128..128_i32),
            any::<bool>(),
        );
        data.prop_map(
            move |(first, second, zeros, factors, (a, b), in_place)| Operands {
                rows,
                first,
                second,
                zeros,
                factors,
                clamp: Clamp {
                    min: a.min(b),
                    max: a.max(b),
                },
                in_place,
            },
        )
    })
}

impl Operands {
    /// Runs an operator whose elements are bytes of this type. The first input is overwritten if they say so.
    fn run(
        &self,
        opcode: Opcode,
        function: Function,
        scaling: Scaling,
        dtype: DataType,
    ) -> Vec<i8> {
        let size = dtype.bits() / 8;
        let columns = self.first.len() / self.rows / size;
        let whole = Shape::of(&[self.rows, columns]);
        let second = if self.second.len() == self.first.len() {
            whole
        } else {
            Shape::of(&[columns])
        };
        let binary = Binary {
            opcode,
            function,
            scaling,
            range: [0.0; 2],
            geometry: Broadcast::of([&whole, &second], &whole).unwrap(),
            dtype,
        };
        let mut output = if self.in_place {
            self.first.clone()
        } else {
            vec![0; self.first.len()]
        };
        let first: &[i8] = if self.in_place { &[] } else { &self.first };
        binary.run(Views {
            inputs: [first, &self.second],
            overwritten: [self.in_place, false],
            trail: None,
            states: [&mut [], &mut []],
            output: &mut output,
            scratch: &mut [],
            table: &[],
        });
        output
    }

    /// How they are combined, with these factors.
    fn scaling(&self, factors: [Rescale; 3]) -> Scaling {
        let [a, b, to_zero] = self.zeros;
        Scaling {
            zeros: [a, b],
            factors,
            to_zero,
            clamp: self.clamp,
        }
    }

    /// What `f` makes of each pair of elements, cut to the clamp's range.
    fn plain(&self, f: impl Fn(i32, i32) -> i32) -> Vec<i8> {
        let pairs = self.first.iter().zip(self.second.iter().cycle());
        let results = pairs.map(|(&x, &y)| f(i32::from(x), i32::from(y)));
        results
            .map(|y| y.clamp(self.clamp.min, self.clamp.max) as i8)
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn sums_and_differences(operands in operands(), subtract in any::<bool>()) {
        let [a, b, to] = operands.zeros;
        let [first, second, output] = operands.factors;
        // Sums are 20 bits too large.
        let output = Rescale { shift: output.shift - 10, ..output };
        let expected = operands.plain(|x, y| {
            let (x, y) = (multiplied((x - a) << 20, first), multiplied((y - b) << 20, second));
            multiplied(if subtract { x - y } else { x + y }, output) + to
        });
        let opcode = if subtract { Opcode::SUB } else { Opcode::ADD };
        let scaling = operands.scaling([first, second, output]);
        prop_assert_eq!(operands.run(opcode, Function::Sum, scaling, DataType::Int8), expected);
    }

    #[test]
    fn products(operands in operands()) {
        let [a, b, output_zero] = operands.zeros;
        let rescale = operands.factors[0];
        let expected = operands.plain(|x, y| multiplied((x - a) * (y - b), rescale) + output_zero);
        let scaling = operands.scaling(operands.factors);
        prop_assert_eq!(operands.run(Opcode::MUL, Function::Product, scaling, DataType::Int8), expected);
    }

    #[test]
    fn slopes_of_negative_inputs(operands in operands()) {
        let operands = Operands { clamp: Clamp { min: -128, max: 127 }, ..operands };
        let [a, b, output_zero] = operands.zeros;
        let [negative, positive, _] = operands.factors;
        let expected = operands.plain(|x, y| {
            let x = x - a;
            output_zero + if x >= 0 { multiplied(x, positive) } else { multiplied(x * (y - b), negative) }
        });
        let scaling = operands.scaling(operands.factors);
        prop_assert_eq!(operands.run(Opcode::PRELU, Function::Prelu, scaling, DataType::Int8), expected);
    }

    #[test]
    fn extrema(operands in operands(), is_maximum in any::<bool>()) {
        let operands = Operands { clamp: Clamp { min: -128, max: 127 }, ..operands };
        let pick = |x: i32, y: i32| if is_maximum { x.max(y) } else { x.min(y) };
        let expected = operands.plain(pick);
        let opcode = if is_maximum { Opcode::MAXIMUM } else { Opcode::MINIMUM };
        let clamp = Clamp { min: i32::MIN, max: i32::MAX };
        let scaling = Scaling { zeros: [0; 2], factors: [Rescale::ZERO; 3], to_zero: 0, clamp };
        let run = |operands: &Operands, dtype| operands.run(opcode, Function::Extremum, scaling, dtype);
        prop_assert_eq!(run(&operands, DataType::Int8), &*expected);
        for (dtype, size) in [(DataType::Int16, 2), (DataType::Int32, 4)] {
            let widen = |values: &[i8]| -> Vec<i8> {
                let bytes = values.iter().flat_map(|&x| (i32::from(x) * 77).to_le_bytes()[..size].to_vec());
                cast::as_i8(&bytes.collect::<Vec<_>>()).to_vec()
            };
            let wide = Operands { first: widen(&operands.first), second: widen(&operands.second), ..operands.clone() };
            prop_assert_eq!(run(&wide, dtype), widen(&expected));
        }
    }
}
