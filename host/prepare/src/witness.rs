//! The proof of a pass: the host's engine runs the source and the result.

use onchip_engine::{DataType, Error as EngineError, Model as Engine};
use onchip_tflite::Model;

use crate::Error;
use crate::cost::with_arena;

/// Inputs that look random.
const NOISES: u32 = 2;

/// What the source computes.
pub(crate) struct Witness {
    inputs: Vec<Vec<u8>>,
    outputs: Vec<Vec<u8>>,
}

impl Witness {
    /// Runs a file on several inputs, one after the other, so that what it remembers counts, too.
    pub(crate) fn new(file: &[u8]) -> Result<Self, EngineError> {
        let model = Engine::new(file)?;
        let inputs = inputs(&model);
        let outputs = outputs(&model, &inputs)?;
        Ok(Self { inputs, outputs })
    }

    /// Runs what a pass made of the source.
    pub(crate) fn check(&self, model: &Model, pass: &'static str) -> Result<(), Error> {
        let differs = Error::Differs { pass };
        let Ok(file) = model.write() else {
            return Err(differs);
        };
        let found = outputs(&Engine::new(&file)?, &self.inputs)?;
        if found == self.outputs {
            Ok(())
        } else {
            Err(differs)
        }
    }
}

/// Noise of all bytes, and the ends of the range.
fn inputs(model: &Engine<'_>) -> Vec<Vec<u8>> {
    let input = model.input();
    let is_float = input.dtype == DataType::Float32;
    let tensor = |bytes: &mut dyn FnMut() -> u8| -> Vec<u8> {
        if is_float {
            // All bits would be as many NaNs as numbers.
            let number = |byte: u8| (f32::from(byte as i8) / 32.0).to_le_bytes();
            return (0..input.bytes / 4).flat_map(|_| number(bytes())).collect();
        }
        (0..input.bytes).map(|_| bytes()).collect()
    };
    let mut all: Vec<_> = [0x80, 0x7F, 0x00].map(|byte| tensor(&mut || byte)).into();
    for seed in 1..=NOISES {
        let mut noise = noise(seed);
        all.push(tensor(&mut || noise.next().unwrap_or(0)));
    }
    all
}

/// Bytes that look random: the upper eight bits of a linear congruential generator.
pub(crate) fn noise(seed: u32) -> impl Iterator<Item = u8> {
    let step = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let states = std::iter::successors(Some(seed.wrapping_mul(0x9E37_79B9)), step);
    states.skip(1).map(|state| (state >> 24) as u8)
}

/// What a model makes of inputs, one after the other.
pub(crate) fn outputs(model: &Engine<'_>, inputs: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, EngineError> {
    with_arena(model, |interpreter| {
        let run = |input: &Vec<u8>| {
            let to = interpreter.input_mut();
            if to.len() == input.len() {
                to.copy_from_slice(input);
            }
            interpreter.invoke(&mut ())?;
            Ok(interpreter.output().to_vec())
        };
        inputs.iter().map(run).collect()
    })
}

/// Whether the engine reads and plans a model.
pub(crate) fn runs(model: &Model) -> bool {
    model
        .write()
        .is_ok_and(|file| crate::cost::of(&file).is_ok())
}
