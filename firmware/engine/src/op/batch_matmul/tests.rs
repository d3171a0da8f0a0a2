//! Random products, element by element.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::{Arithmetic, BatchMatMul};
use crate::error::OperatorProblem;
use crate::op::Kernel;
use crate::op::tests::run_two;
use crate::quantize::Rescale;

/// Each dimension's length, and which of the operands have 1 instead.
fn batches() -> impl Strategy<Value = Vec<(usize, bool, bool)>> {
    let broadcast = prop_oneof![
        Just((false, false)),
        Just((true, false)),
        Just((false, true))
    ];
    prop::collection::vec(
        (1..4_usize, broadcast).prop_map(|(dim, (a, b))| (dim, a, b)),
        0..=4,
    )
}

/// The place of an element in an operand, whose batches of length 1 are broadcast.
fn place(dims: &[usize], position: &[usize], row: usize, column: usize) -> usize {
    let (batches, matrix) = dims.split_at(dims.len() - 2);
    let batch = batches.iter().zip(position).fold(0, |sum, (&dim, &i)| {
        sum * dim + if dim == 1 { 0 } else { i }
    });
    (batch * matrix[0] + row) * matrix[1] + column
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn products(
        batches in batches(),
        (rows, columns, depth) in (1..5_usize, 1..5_usize, 1..9_usize),
        adjoint in any::<[bool; 2]>(),
        zeros in (-128..128_i32, -128..128_i32, -128..128_i32),
        exponent in -12.0..-4.0_f64,
        data in prop::collection::vec(any::<i8>(), 1..200),
    ) {
        let dims = |side: usize, matrix: [usize; 2], adjoint: bool| -> Vec<usize> {
            let batches = batches.iter().map(|&(dim, a, b)| if [a, b, false][side] { 1 } else { dim });
            let matrix = if adjoint { [matrix[1], matrix[0]] } else { matrix };
            batches.chain(matrix).collect()
        };
        let first = dims(0, [rows, depth], adjoint[0]);
        let second = dims(1, [depth, columns], adjoint[1]);
        let output = dims(2, [rows, columns], false);
        let fill = |dims: &[usize]| -> Vec<i8> { data.iter().copied().cycle().take(dims.iter().product()).collect() };
        let (a, b) = (fill(&first), fill(&second));
        let rescale = Rescale::new(exponent.exp2()).unwrap();
        let (zero_a, zero_b, output_zero) = zeros;

        let mut expected = vec![];
        for i in 0..output.iter().product() {
            let (mut position, mut rest) = (vec![], i / (rows * columns));
            for &(dim, ..) in batches.iter().rev() {
                position.insert(0, rest % dim);
                rest /= dim;
            }
            let (row, column) = (i / columns % rows, i % columns);
            let at = |dims: &[usize], row, column, adjoint| {
                let (row, column) = if adjoint { (column, row) } else { (row, column) };
                place(dims, &position, row, column)
            };
            let sum = (0..depth).map(|k| {
                let (a, b) = (a[at(&first, row, k, adjoint[0])], b[at(&second, k, column, adjoint[1])]);
                (i32::from(a) - zero_a) * (i32::from(b) - zero_b)
            }).sum();
            expected.push((rescale.apply(sum) + output_zero).clamp(-128, 127) as i8);
        }

        let arithmetic = Arithmetic::Integer { zeros: [zero_a, zero_b], output_zero, rescale };
        let product = BatchMatMul::new([&first, &second, &output], adjoint, arithmetic).unwrap();
        prop_assert_eq!(product.macs(), (expected.len() * depth) as u64);
        let out = run_two(&product, [&a, &b], expected.len());
        prop_assert_eq!(out, expected);
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let cases: [([&[usize]; 3], OperatorProblem, usize); 6] = [
        ([&[2, 3], &[2, 3], &[2, 3]], OperatorProblem::Shape, 1),
        ([&[2, 3], &[3, 4], &[2, 5]], OperatorProblem::Shape, 2),
        (
            [&[5, 2, 3], &[4, 3, 4], &[5, 2, 4]],
            OperatorProblem::Shape,
            2,
        ),
        ([&[1, 2, 3], &[3, 4], &[7, 2, 4]], OperatorProblem::Shape, 2),
        ([&[3], &[3, 4], &[1, 4]], OperatorProblem::Rank, 1),
        ([&[2, 3], &[], &[2, 3]], OperatorProblem::Rank, 0),
    ];
    for (shapes, problem, value) in cases {
        let result = BatchMatMul::new(shapes, [false; 2], Arithmetic::Float).map(drop);
        assert_eq!(result, Err((problem, value)), "{shapes:?}");
    }
}
