//! Networks of one operator each, against the outputs of TFLite's interpreter, byte for byte.
//!
//! `tools/oracle` makes the golden file and describes its format.
#![expect(clippy::unwrap_used, reason = "a broken golden file is a failed test")]

use onchip_engine::{Interpreter, Model};

struct Case<'a> {
    name: &'a str,
    model: &'a [u8],
    seed: u32,
    output: &'a [u8],
}

/// The rest of a golden file.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        self.0.split_off(..count).unwrap()
    }

    fn number(&mut self, bytes: usize) -> usize {
        self.take(bytes)
            .iter()
            .rev()
            .fold(0, |number, &byte| number << 8 | usize::from(byte))
    }

    fn bytes(&mut self, length: usize) -> &'a [u8] {
        let count = self.number(length);
        self.take(count)
    }

    fn case(&mut self) -> Case<'a> {
        Case {
            name: str::from_utf8(self.bytes(2)).unwrap(),
            model: self.bytes(4),
            seed: self.number(4) as u32,
            output: self.bytes(4),
        }
    }
}

/// What the engine answers, or why it does not.
fn run(case: &Case<'_>) -> Result<Vec<u8>, onchip_engine::Error> {
    let model = Model::new(case.model)?;
    let mut arena = vec![0xa5; 1 << 16];
    let mut interpreter = Interpreter::new(&model, &mut arena)?;
    let mut x = case.seed;
    for byte in interpreter.input_mut() {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (x >> 24) as u8;
    }
    interpreter.invoke(&mut ())?;
    Ok(interpreter.output().to_vec())
}

#[test]
fn every_case_is_exact() {
    let mut file = Reader(include_bytes!("golden/operators.bin"));
    let count = file.number(4);
    let mut failures = Vec::new();
    for _ in 0..count {
        let case = file.case();
        match run(&case) {
            Ok(output) if output == case.output => {}
            Ok(output) => {
                let wrong = output
                    .iter()
                    .zip(case.output)
                    .filter(|(a, b)| a != b)
                    .count();
                failures.push(format!(
                    "{}: {wrong} of {} bytes differ",
                    case.name,
                    output.len()
                ));
            }
            Err(error) => failures.push(format!("{}: {error}", case.name)),
        }
    }
    assert!(count >= 200);
    assert!(
        failures.is_empty(),
        "{} of {count} fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
