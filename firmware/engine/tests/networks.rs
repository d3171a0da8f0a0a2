//! Whole networks that others made, against the outputs of TFLite's interpreter.
#![expect(
    clippy::unwrap_used,
    reason = "a model that does not run is a failed test"
)]

use onchip_engine::{Interpreter, Model};

/// The generator of the reference outputs' inputs.
fn lcg(bytes: &mut [u8]) {
    let mut x = 12345_u32;
    for byte in bytes {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (x >> 24) as u8;
    }
}

fn check(file: &[u8], macs: u64, arena_limit: usize, expected: &str) {
    let model = Model::new(file).unwrap();
    assert_eq!(model.macs(), macs);
    let mut arena = vec![0; 1 << 20];
    let mut interpreter = Interpreter::new(&model, &mut arena).unwrap();
    lcg(interpreter.input_mut());
    interpreter.invoke(&mut ()).unwrap();
    let hex: String = interpreter
        .output()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex, expected);
    assert!(
        interpreter.arena_used() <= arena_limit,
        "{}",
        interpreter.arena_used()
    );
}

#[test]
fn keyword_spotting() {
    let file = include_bytes!("../../../examples/models/kws_ref_model.tflite");
    check(file, 2_656_768, 16_000, "8080808080808080809a8066");
}

#[test]
fn image_classification() {
    let file = include_bytes!("../../../examples/models/ic_ref_model.tflite");
    check(file, 12_501_632, 46_000, "8080828380807b808080");
}
