//! Operators that move elements.

use onchip_engine::OperatorProblem as Problem;

use super::*;

#[test]
fn concatenation() {
    let operator = Operator(2, 10);
    let check = |inputs: &[Tensor], output, axis, expected| {
        operator.check(inputs, &[output], none().word(0, axis), expected);
    };
    let pair = [int8(&[2, 3]), int8(&[2, 4]).ones()];
    check(&pair, int8(&[2, 7]), 1, None);
    check(&pair, int8(&[2, 7]), -1, None);
    check(&pair, int8(&[2, 7]), 2, Some(Problem::Axis));
    check(&pair, int8(&[2, 7]), i32::MIN, Some(Problem::Axis));
    check(&pair, int8(&[2, 8]), 1, Some(Problem::Parts));
    check(&pair, int8(&[2, 6]), 1, Some(Problem::Parts));
    check(&pair, int8(&[4, 7]), 1, Some(Problem::Parts));
    check(
        &pair,
        int8(&[2, 7]).scaled(0.25),
        1,
        Some(Problem::SameQuantization),
    );
    check(
        &pair,
        int8(&[2, 7]).of(FLOAT32),
        1,
        Some(Problem::ElementType),
    );
    check(
        &[int8(&[2, 3]), int8(&[3, 4])],
        int8(&[2, 7]),
        1,
        Some(Problem::Parts),
    );
    let relu = none().word(0, 1).byte(1, 1);
    operator.check(&pair, &[int8(&[2, 7])], relu, Some(Problem::Activation));
    let two = [int8(&[2, 7]), int8(&[2, 7])];
    operator.check(&pair, &two, none().word(0, 1), Some(Problem::Outputs));
}

#[test]
fn pack() {
    let operator = Operator(83, 59);
    let check = |output, count, axis, expected| {
        let options = none().word(0, count).word(1, axis);
        operator.check(
            &[int8(&[2, 3]), int8(&[2, 3]).ones()],
            &[output],
            options,
            expected,
        );
    };
    check(int8(&[2, 2, 3]), 2, 1, None);
    check(int8(&[2, 3, 2]), 2, -1, None);
    check(int8(&[2, 2, 3]), 3, 1, Some(Problem::Parts));
    check(int8(&[2, 3, 3]), 2, 1, Some(Problem::Parts));
    check(int8(&[4, 3]), 2, 0, Some(Problem::Parts));
    check(int8(&[2, 2, 3]), 2, 3, Some(Problem::Axis));
}

#[test]
fn split() {
    let even = Operator(49, 35);
    let check = |outputs: &[Tensor], count, axis: Tensor, expected| {
        even.check(
            &[axis, int8(&[4, 6])],
            outputs,
            none().word(0, count),
            expected,
        );
    };
    let halves = [int8(&[4, 3]), int8(&[4, 3])];
    check(&halves, 2, list(&[1]), None);
    check(&halves, 2, numbers(&[], &[-1]), None);
    check(&halves, 3, list(&[1]), Some(Problem::Parts));
    check(&halves, 2, list(&[0]), Some(Problem::Parts));
    check(&halves, 2, list(&[2]), Some(Problem::Axis));
    check(&halves, 2, list(&[1, 0]), Some(Problem::Shape));
    check(
        &[int8(&[4, 2]), int8(&[4, 4])],
        2,
        list(&[1]),
        Some(Problem::Parts),
    );

    let sized = Operator(102, 79);
    let check = |outputs: &[Tensor], sizes: &[i32], expected| {
        let count = none().word(0, outputs.len() as i32);
        sized.check(
            &[int8(&[4, 6]), list(sizes), list(&[1])],
            outputs,
            count,
            expected,
        );
    };
    let parts = [int8(&[4, 2]), int8(&[4, 4])];
    check(&parts, &[2, 4], None);
    check(&parts, &[2, -1], None);
    check(&parts, &[4, 2], Some(Problem::Parts));
    check(&parts, &[2], Some(Problem::Parts));
    check(
        &[int8(&[4, 2]), int8(&[4, 5])],
        &[2, 5],
        Some(Problem::Parts),
    );

    let unpack = Operator(88, 64);
    let check = |outputs: &[Tensor], axis, expected| {
        let options = none().word(0, 2).word(1, axis);
        unpack.check(&[int8(&[2, 3])], outputs, options, expected);
    };
    check(&[int8(&[3]), int8(&[3])], 0, None);
    check(&[int8(&[3]), int8(&[2])], 0, Some(Problem::Parts));
    check(&[int8(&[2]), int8(&[2])], 1, Some(Problem::Parts));
    check(&[int8(&[3]), int8(&[3])], 2, Some(Problem::Axis));
}

#[test]
fn slices() {
    let slice = Operator(65, 48);
    let check = |begin: &[i32], size: &[i32], output, expected| {
        slice.check(
            &[int8(&[4, 6]), list(begin), list(size)],
            &[output],
            none(),
            expected,
        );
    };
    check(&[1, 2], &[3, -1], int8(&[3, 4]), None);
    check(&[1, 2], &[3, 5], int8(&[3, 5]), Some(Problem::Slice));
    check(&[-1, 2], &[1, 4], int8(&[1, 4]), Some(Problem::Slice));
    check(&[5, 2], &[-1, 4], int8(&[1, 4]), Some(Problem::Slice));
    check(&[1, 2], &[2, 4], int8(&[3, 4]), Some(Problem::Slice));
    check(&[1], &[3], int8(&[3, 4]), Some(Problem::Shape));
    check(&[1, 2], &[3, 4], int8(&[3, 4, 1]), Some(Problem::Shape));
    let unknown = [int8(&[4, 6]), int8(&[2]).of(INT32), list(&[1, 1])];
    slice.check(&unknown, &[int8(&[1, 1])], none(), Some(Problem::Constant));

    let strided = Operator(45, 32);
    let check = |[begin, end, stride]: [&[i32]; 3], options, output, expected| {
        let inputs = [int8(&[4, 6]), list(begin), list(end), list(stride)];
        strided.check(&inputs, &[output], options, expected);
    };
    check([&[0, 5], &[4, 0], &[1, -2]], none(), int8(&[4, 3]), None);
    check([&[1], &[3], &[1]], none(), int8(&[2, 6]), None);
    check(
        [&[-1, 0], &[0, 9], &[1, 1]],
        none().word(4, 1),
        int8(&[6]),
        None,
    );
    check(
        [&[0, 5], &[4, 0], &[1, 0]],
        none(),
        int8(&[4, 3]),
        Some(Problem::Slice),
    );
    check(
        [&[0, 5], &[4, 0], &[1, 2]],
        none(),
        int8(&[4, 3]),
        Some(Problem::Slice),
    );
    check(
        [&[0, 5], &[4, 0], &[1, -2]],
        none(),
        int8(&[4, 2]),
        Some(Problem::Slice),
    );
    check(
        [&[4, 0], &[5, 9], &[1, 1]],
        none().word(4, 1),
        int8(&[6]),
        Some(Problem::Slice),
    );
    check(
        [&[0, 0], &[4, 6], &[1, 1]],
        none(),
        int8(&[6]),
        Some(Problem::Slice),
    );
    check(
        [&[0, 0], &[4, 6], &[1, 1]],
        none(),
        int8(&[1, 4, 6]),
        Some(Problem::Shape),
    );
    check(
        [&[0, 0], &[4, 6], &[1]],
        none(),
        int8(&[4, 6]),
        Some(Problem::Shape),
    );
    check(
        [&[0, 0], &[4, 6], &[1, 1]],
        none().word(2, 1),
        int8(&[4, 6]),
        Some(Problem::SliceMask),
    );
    check(
        [&[0, 0], &[4, 6], &[1, 1]],
        none().word(3, 2),
        int8(&[4, 6]),
        Some(Problem::SliceMask),
    );
}

#[test]
fn pads() {
    let mirror = Operator(100, 77);
    for operator in [Operator(34, 22), mirror] {
        let check = |amounts: Tensor, output, expected| {
            operator.check(&[int8(&[3, 4]), amounts], &[output], none(), expected);
        };
        let amounts = || numbers(&[2, 2], &[1, 2, 0, 1]);
        check(amounts(), int8(&[6, 5]), None);
        check(amounts(), int8(&[6, 6]), Some(Problem::Paddings));
        check(amounts(), int8(&[30]), Some(Problem::Shape));
        check(
            numbers(&[2, 2], &[-1, 4, 0, 1]),
            int8(&[6, 5]),
            Some(Problem::Paddings),
        );
        check(
            numbers(&[2, 2], &[i32::MAX, i32::MAX, 0, 1]),
            int8(&[6, 5]),
            Some(Problem::Paddings),
        );
        check(
            numbers(&[4], &[1, 2, 0, 1]),
            int8(&[6, 5]),
            Some(Problem::Shape),
        );
        check(
            numbers(&[2, 2], &[1, 2, 0, 1]).of(FLOAT32),
            int8(&[6, 5]),
            Some(Problem::DataType),
        );
        check(
            int8(&[2, 2]).of(INT32),
            int8(&[6, 5]),
            Some(Problem::Constant),
        );
    }
    let mirror = Operator(100, 77);
    let check = |before, output, mode, expected| {
        let inputs = [int8(&[3]), numbers(&[1, 2], &[before, 0])];
        mirror.check(&inputs, &[int8(&[output])], none().byte(0, mode), expected);
    };
    check(3, 6, 1, None);
    check(4, 7, 1, Some(Problem::Paddings));
    check(3, 6, 0, Some(Problem::Paddings));
    check(2, 5, 2, Some(Problem::Padding));

    let given = Operator(60, 43);
    let check = |value: Tensor, expected| {
        let inputs = [int8(&[3]), numbers(&[1, 2], &[1, 1]), value];
        given.check(&inputs, &[int8(&[5])], none(), expected);
    };
    check(int8(&[1]).ones(), None);
    check(int8(&[2]).ones(), Some(Problem::Shape));
    check(
        int8(&[1]).ones().scaled(0.25),
        Some(Problem::SameQuantization),
    );
    check(int8(&[1]).of(FLOAT32).ones(), Some(Problem::ElementType));
}

#[test]
fn transpositions() {
    let operator = Operator(39, 26);
    let check = |order: &[i32], output, expected| {
        operator.check(
            &[int8(&[2, 3, 4]), list(order)],
            &[output],
            none(),
            expected,
        );
    };
    check(&[2, 0, 1], int8(&[4, 2, 3]), None);
    check(&[2, 0, 1], int8(&[4, 3, 2]), Some(Problem::Shape));
    check(&[2, 2, 1], int8(&[4, 4, 3]), Some(Problem::Permutation));
    check(&[3, 0, 1], int8(&[4, 2, 3]), Some(Problem::Axis));
    check(&[1, 0], int8(&[4, 2, 3]), Some(Problem::Shape));
}

#[test]
fn gathers() {
    let operator = Operator(36, 23);
    let check = |indices, output, axis, batch_dims, expected| {
        let options = none().word(0, axis).word(1, batch_dims);
        operator.check(&[int8(&[2, 3]), indices], &[output], options, expected);
    };
    check(list(&[2, 0]), int8(&[2, 2]), 1, 0, None);
    check(numbers(&[2, 1], &[2, 0]), int8(&[2, 1]), 1, 1, None);
    check(numbers(&[2, 1], &[2, 0]), int8(&[2, 1]), -1, -1, None);
    // What is only known at run time is brought into range then.
    let unknown = [int8(&[2, 3]).ones(), int8(&[4]).of(INT32)];
    operator.check(&unknown, &[int8(&[4, 3])], none().word(0, 0), None);
    check(list(&[3, 0]), int8(&[2, 2]), 1, 0, Some(Problem::Index));
    check(list(&[-1, 0]), int8(&[2, 2]), 1, 0, Some(Problem::Index));
    check(list(&[2, 0]), int8(&[2, 3]), 1, 0, Some(Problem::Shape));
    check(list(&[2, 0]), int8(&[2, 2]), 2, 0, Some(Problem::Axis));
    check(list(&[1, 0]), int8(&[2, 3]), 0, 1, Some(Problem::BatchDims));
    check(
        numbers(&[3, 1], &[0; 3]),
        int8(&[2, 1]),
        1,
        1,
        Some(Problem::BatchDims),
    );
    check(
        list(&[1, 0]),
        int8(&[2]),
        1,
        i32::MIN,
        Some(Problem::BatchDims),
    );
    check(
        list(&[2, 0]).of(FLOAT32),
        int8(&[2, 2]),
        1,
        0,
        Some(Problem::DataType),
    );
}

#[test]
fn blocks() {
    let check = |to_depth: bool, size, input, output, expected| {
        let operator = if to_depth {
            Operator(26, 19)
        } else {
            Operator(5, 94)
        };
        operator.check(&[input], &[output], none().word(0, size), expected);
    };
    check(true, 2, int8(&[1, 4, 2, 3]), int8(&[1, 2, 1, 12]), None);
    check(false, 2, int8(&[1, 2, 1, 12]), int8(&[1, 4, 2, 3]), None);
    let wrong = Some(Problem::BlockSize);
    check(true, 3, int8(&[1, 4, 2, 3]), int8(&[1, 2, 1, 12]), wrong);
    check(true, 0, int8(&[1, 4, 2, 3]), int8(&[1, 2, 1, 12]), wrong);
    check(true, -2, int8(&[1, 4, 2, 3]), int8(&[1, 2, 1, 12]), wrong);
    check(
        true,
        i32::MAX,
        int8(&[1, 4, 2, 3]),
        int8(&[1, 2, 1, 12]),
        wrong,
    );
    check(true, 2, int8(&[2, 4, 2, 3]), int8(&[1, 2, 1, 12]), wrong);
    check(false, 2, int8(&[1, 2, 1, 13]), int8(&[1, 4, 2, 3]), wrong);
    check(false, 2, int8(&[2, 12]), int8(&[4, 3]), wrong);

    let batches = Operator(38, 25);
    let check = |block: &[i32], amounts: Tensor, output, expected| {
        let inputs = [int8(&[1, 3, 4, 2]), list(block), amounts];
        batches.check(&inputs, &[output], none(), expected);
    };
    let amounts = || numbers(&[2, 2], &[0, 1, 0, 0]);
    check(&[2, 2], amounts(), int8(&[4, 2, 2, 2]), None);
    check(&[2, 2], amounts(), int8(&[2, 2, 2, 2]), wrong);
    check(&[2, 3], amounts(), int8(&[4, 2, 2, 2]), wrong);
    check(&[2, 0], amounts(), int8(&[4, 2, 2, 2]), wrong);
    check(
        &[2, 2],
        numbers(&[2, 2], &[0, -1, 0, 0]),
        int8(&[4, 2, 2, 2]),
        wrong,
    );
    check(
        &[2, 2],
        numbers(&[2, 2], &[i32::MAX, 1, 0, 0]),
        int8(&[4, 2, 2, 2]),
        wrong,
    );
    check(
        &[2, 2],
        numbers(&[4], &[0, 1, 0, 0]),
        int8(&[4, 2, 2, 2]),
        Some(Problem::Shape),
    );
    check(&[4], amounts(), int8(&[4, 2, 2, 2]), Some(Problem::Shape));
    check(
        &[2, 2],
        amounts(),
        int8(&[4, 2, 2, 3]),
        Some(Problem::Shape),
    );
}
