//! Networks of one operator each, against the outputs of other interpreters, byte for byte.
//!
//! `tools/oracle` makes the golden files and describes their format.
#![expect(clippy::unwrap_used, reason = "a broken golden file is a failed test")]

mod golden;

use std::collections::BTreeMap;

use golden::{Case, FAMILIES};
use onchip_engine::{DataType, Interpreter, Model};

/// Operators with the least number of cases that each must have.
const COUNTS: &[(&str, usize)] = &[
    ("ABS", 10),
    ("ADD", 30),
    ("ARG_MAX", 10),
    ("ARG_MIN", 10),
    ("AVERAGE_POOL_2D", 30),
    ("BATCH_MATMUL", 20),
    ("CONCATENATION", 20),
    ("CONV_2D", 100),
    ("DEPTHWISE_CONV_2D", 80),
    ("DEPTH_TO_SPACE", 10),
    ("DEQUANTIZE", 10),
    ("ELU", 10),
    ("EXPAND_DIMS", 5),
    ("FULLY_CONNECTED", 40),
    ("GATHER", 20),
    ("HARD_SWISH", 10),
    ("LEAKY_RELU", 10),
    ("LOGISTIC", 10),
    ("MAXIMUM", 20),
    ("MAX_POOL_2D", 30),
    ("MEAN", 30),
    ("MINIMUM", 20),
    ("MIRROR_PAD", 10),
    ("MUL", 30),
    ("PACK", 10),
    ("PAD", 20),
    ("PADV2", 10),
    ("PRELU", 20),
    ("QUANTIZE", 40),
    ("REDUCE_MAX", 20),
    ("RELU", 10),
    ("RELU6", 10),
    ("RELU_N1_TO_1", 10),
    ("RESHAPE", 5),
    ("RESIZE_BILINEAR", 20),
    ("RESIZE_NEAREST_NEIGHBOR", 20),
    ("RSQRT", 5),
    ("SLICE", 20),
    ("SOFTMAX", 30),
    ("SPACE_TO_DEPTH", 10),
    ("SPLIT", 10),
    ("SPLIT_V", 10),
    ("SQRT", 5),
    ("SQUEEZE", 5),
    ("STRIDED_SLICE", 20),
    ("SUB", 30),
    ("SUM", 20),
    ("SVDF", 20),
    ("TANH", 10),
    ("TRANSPOSE", 20),
    ("TRANSPOSE_CONV", 30),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM", 15),
    ("UNPACK", 10),
    ("VAR_HANDLE", 3),
];

/// What the engine answers to all invocations, or why it does not.
fn run(case: &Case<'_>) -> Result<Vec<u8>, onchip_engine::Error> {
    let model = Model::new(case.model)?;
    let mut arena = vec![0xa5; 1 << 18];
    let mut interpreter = Interpreter::new(&model, &mut arena)?;
    let mut outputs = Vec::new();
    let mut seed = case.seed;
    for _ in 0..case.invocations {
        seed = golden::fill(
            interpreter.input_mut(),
            model.input().dtype == DataType::Float32,
            seed,
        );
        interpreter.invoke(&mut ())?;
        outputs.extend_from_slice(interpreter.output());
    }
    Ok(outputs)
}

/// What is wrong with an output, if something is.
fn difference(case: &Case<'_>, output: &[u8]) -> Option<String> {
    if output.len() != case.output.len() {
        return Some(format!(
            "{} bytes instead of {}",
            output.len(),
            case.output.len()
        ));
    }
    let wrong = case.comparison.differences(output, case.output);
    (wrong > 0).then(|| format!("{wrong} of {} differ", output.len()))
}

#[test]
fn every_case_is_exact() {
    let mut counts = BTreeMap::new();
    let mut failures = Vec::new();
    let mut total = 0;
    for (family, file) in FAMILIES {
        for case in golden::cases(file) {
            total += 1;
            *counts.entry(case.operator()).or_insert(0) += 1;
            let refused = case.is_refused();
            let problem = match run(&case) {
                Err(_) if refused => None,
                Ok(_) if refused => Some("runs after all".to_owned()),
                Ok(output) => difference(&case, &output),
                Err(error) => Some(error.to_string()),
            };
            failures.extend(problem.map(|problem| format!("{family}: {}: {problem}", case.name)));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {total} fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
    for (operator, least) in COUNTS {
        let count = counts.get(operator).copied().unwrap_or(0);
        assert!(count >= *least, "{operator} has {count} cases: {counts:?}");
    }
}
