//! Operators that resize or reduce.

use onchip_engine::OperatorProblem as Problem;

use super::*;

#[test]
fn resizing() {
    for operator in [Operator(97, 74), Operator(23, 15)] {
        let check = |size: &[i32], output, expected| {
            operator.check(
                &[int8(&[1, 2, 3, 2]), list(size)],
                &[output],
                none(),
                expected,
            );
        };
        check(&[4, 5], int8(&[1, 4, 5, 2]), None);
        check(&[4, 6], int8(&[1, 4, 5, 2]), Some(Problem::Shape));
        check(&[4], int8(&[1, 4, 5, 2]), Some(Problem::Shape));
        check(&[4, 5], int8(&[1, 4, 5, 3]), Some(Problem::Shape));
        check(&[4, 5], int8(&[20, 2]), Some(Problem::Rank));
        check(
            &[4, 5],
            int8(&[1, 4, 5, 2]).scaled(0.25),
            Some(Problem::SameQuantization),
        );
    }
    let bilinear = Operator(23, 15);
    let check = |from, to, options, expected| {
        let inputs = [int8(&[1, from, 1, 1]), list(&[to, 1])];
        bilinear.check(&inputs, &[int8(&[1, to, 1, 1])], options, expected);
    };
    check(2, 4, none().byte(2, 1).byte(3, 1), Some(Problem::Resize));
    // Steps of 2/1024, which should be 1.7: more than the one pixel after all.
    check(1, 600, none(), Some(Problem::Resize));
    check(1, 500, none(), None);
    let words = [int8(&[1, 2, 3, 2]).of(INT32), list(&[4, 5])];
    bilinear.check(
        &words,
        &[int8(&[1, 4, 5, 2]).of(INT32)],
        none(),
        Some(Problem::DataType),
    );
}

#[test]
fn reductions() {
    for (opcode, same) in [(40, false), (74, false), (82, true), (89, true)] {
        let operator = Operator(opcode, 27);
        let check = |axes: &[i32], output, expected| {
            operator.check(&[int8(&[2, 3, 4]), list(axes)], &[output], none(), expected);
        };
        check(&[0, -1], int8(&[3]), None);
        check(&[0, 2, -1], int8(&[1, 3, 1]), None);
        check(&[0, 3], int8(&[3]), Some(Problem::Axis));
        check(&[0, -4], int8(&[3]), Some(Problem::Axis));
        check(&[0, -1], int8(&[4]), Some(Problem::Shape));
        check(&[0, -1], int8(&[3]).of(FLOAT32), Some(Problem::ElementType));
        check(
            &[0, -1],
            int8(&[3]).scaled(0.25),
            same.then_some(Problem::SameQuantization),
        );
        check(
            &[0, -1],
            int8(&[3]).scaled(-1.0),
            Some(if same {
                Problem::SameQuantization
            } else {
                Problem::Scale
            }),
        );
        let words = [int8(&[2, 3]).of(INT32), list(&[0])];
        operator.check(
            &words,
            &[int8(&[3]).of(INT32)],
            none(),
            Some(Problem::DataType),
        );
    }
    for (opcode, kind) in [(56, 40), (79, 57)] {
        let operator = Operator(opcode, kind);
        let check = |axis: Tensor, output: Tensor, dtype, expected| {
            operator.check(
                &[int8(&[2, 3, 4]), axis],
                &[output.of(dtype)],
                none(),
                expected,
            );
        };
        check(list(&[-2]), int8(&[2, 4]), INT32, None);
        check(list(&[-2]), int8(&[2, 4]), INT8, Some(Problem::OutputType));
        check(list(&[-2]), int8(&[2, 3]), INT32, Some(Problem::Shape));
        check(list(&[3]), int8(&[2, 4]), INT32, Some(Problem::Axis));
        check(list(&[1, 2]), int8(&[2]), INT32, Some(Problem::Shape));
    }
}
