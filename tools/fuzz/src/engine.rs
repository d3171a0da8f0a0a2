//! Running a file through the engine, and judging what comes of it.

use std::cell::RefCell;

use onchip_engine::{DataType, Error, Interpreter, Model, OperatorInfo};

/// Bytes of the arena; a model that needs more is refused, as on a chip.
const ARENA: usize = 1 << 15;

/// Most steps that an inference may take, so that executions stay short.
const MOST_WORK: u64 = 1 << 16;

thread_local! {
    static MEMORY: RefCell<Vec<u8>> = RefCell::new(vec![0; ARENA + 16]);
}

/// Checks a file, plans and runs it; returns the outputs of two inferences, if it runs.
///
/// # Panics
/// If the engine breaks a promise: an error without a text or that does not survive being sent as words, an operator
/// that was accepted and is not described, an inference that fails after all checks, an output of the wrong length or
/// one that depends on what lay in the arena before.
pub fn run(file: &[u8]) -> Option<Vec<u8>> {
    let model = Model::new(file).map_err(check_error).ok()?;
    assert_eq!(model.operators().count(), model.operator_count());
    let mut work = model.macs();
    for operator in model.operators() {
        work = work.saturating_add(steps(&model, &operator));
    }
    MEMORY.with_borrow_mut(|memory| {
        let start = memory.as_ptr().align_offset(16);
        let arena = &mut memory[start..][..ARENA];
        let planned = Interpreter::new(&model, arena).map_err(check_error).ok()?;
        let used = planned.arena_used();
        if work > MOST_WORK {
            return None;
        }
        // What is used is enough, and what lay there does not matter.
        let [output, other] = [0xa5, 0x5a].map(|paint| {
            arena[..used].fill(paint);
            infer(&model, &mut arena[..used])
        });
        assert_eq!(output, other, "the output depends on the arena");
        Some(output)
    })
}

fn infer(model: &Model<'_>, arena: &mut [u8]) -> Vec<u8> {
    let mut interpreter = match Interpreter::new(model, arena) {
        Ok(interpreter) => interpreter,
        Err(error) => panic!("planned before: {error}"),
    };
    let mut outputs = Vec::new();
    for seed in [1, 2] {
        fill(interpreter.input_mut(), model.input().dtype, seed);
        if let Err(error) = interpreter.invoke(&mut ()) {
            panic!("accepted before: {error}");
        }
        assert_eq!(interpreter.output().len(), model.output().bytes);
        outputs.extend_from_slice(interpreter.output());
    }
    outputs
}

/// Fills an input with numbers of all sizes.
fn fill(input: &mut [u8], dtype: DataType, seed: u32) {
    let mut x = seed;
    for (i, byte) in input.iter_mut().enumerate() {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (x >> 24) as u8;
        // Floats of arbitrary bits would be not-a-number or huge all the time.
        if dtype == DataType::Float32 && i % 4 == 3 && !x.is_multiple_of(64) {
            *byte = 0x3f | *byte & 0x80;
        }
    }
}

/// An estimate of the steps that an operator takes beside its multiply-accumulates.
fn steps(model: &Model<'_>, operator: &OperatorInfo<'_>) -> u64 {
    let elements = |tensor: usize| {
        model
            .tensor(tensor)
            .map_or(0, |t| t.shape.elements() as u64)
    };
    let read: u64 = operator.inputs().flatten().map(elements).sum();
    let written: u64 = operator.outputs().map(elements).sum();
    match operator.name() {
        // Each output may be computed from all inputs.
        "AVERAGE_POOL_2D"
        | "MAX_POOL_2D"
        | "BATCH_MATMUL"
        | "MEAN"
        | "SUM"
        | "REDUCE_MAX"
        | "REDUCE_MIN"
        | "SVDF"
        | "UNIDIRECTIONAL_SEQUENCE_LSTM" => read.saturating_mul(written),
        _ => read.saturating_add(written),
    }
}

fn check_error(error: Error) {
    assert_eq!(Error::decode(error.encode()), Some(error));
    assert!(error.to_string().len() > 20, "{error}");
}
