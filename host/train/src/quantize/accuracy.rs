//! How good an int8 network is: what the engine answers, over all examples of a split.

use onchip_engine::{DataType, Error as EngineError, Interpreter, Model};

use crate::data::{DataError, Split};

/// Why the accuracy of a model cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccuracyError {
    /// The engine refuses it.
    #[error("the model cannot run: {0}")]
    Engine(#[from] EngineError),
    /// It takes or gives something else than one int8 tensor with a scale.
    #[error("the model's {0} is not int8 with one scale; quantize it as a whole")]
    Tensor(&'static str),
    /// An example cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// There are no examples.
    #[error("the split has no examples")]
    NoExamples,
    /// An example of a class that the model does not know.
    #[error("example {example} is of class {label}, but the model tells {classes} classes apart")]
    Label {
        /// Its place in the split.
        example: usize,
        /// Its class.
        label: usize,
        /// How many the model has.
        classes: usize,
    },
}

impl AccuracyError {
    /// Whether this is a verdict on the model rather than on data.
    pub fn blames_network(&self) -> bool {
        matches!(self, Self::Engine(_) | Self::Tensor(_))
    }
}

/// Which classes the examples of a split have, and which the model gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    /// Number of classes.
    pub classes: usize,
    /// Number of examples by class and answer: that of class `c` taken for `a` is at
    /// `c × classes + a`.
    pub counts: Vec<u64>,
}

impl Confusion {
    /// Share of the examples whose class is answered, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes)
            .map(|class| self.count(class, class))
            .sum();
        right as f64 / self.counts.iter().sum::<u64>() as f64
    }

    /// Number of examples of `class` that `answer` was given for.
    ///
    /// # Panics
    /// There is no such class.
    pub fn count(&self, class: usize, answer: usize) -> u64 {
        self.counts[class * self.classes + answer]
    }
}

/// Share of a split's examples that the int8 engine classifies rightly, 0 to 1.
///
/// Inputs are quantized as the model's input tensor says, rounded half away from zero and clamped.
/// The answer is the greatest output; of equal ones, the first.
///
/// # Errors
/// See [`AccuracyError`].
///
/// # Panics
/// The split's examples have another size than the model's input.
pub fn accuracy(model: &[u8], split: &Split) -> Result<f64, AccuracyError> {
    confusion(model, split).map(|confusion| confusion.accuracy())
}

/// As [`accuracy`], class by class.
///
/// # Errors
/// See [`AccuracyError`].
///
/// # Panics
/// The split's examples have another size than the model's input.
pub fn confusion(model: &[u8], split: &Split) -> Result<Confusion, AccuracyError> {
    let model = Model::new(model)?;
    let output = model.output();
    if output.dtype != DataType::Int8 {
        return Err(AccuracyError::Tensor("output"));
    }
    let input = model.input();
    let quantization = input.quantization;
    let (DataType::Int8, 1, Some(scale), Some(zero_point)) = (
        input.dtype,
        quantization.scales.len(),
        quantization.scales.get(0),
        quantization.zero_points.get(0),
    ) else {
        return Err(AccuracyError::Tensor("input"));
    };
    if split.is_empty() {
        return Err(AccuracyError::NoExamples);
    }
    let mut arena = arena(&model)?;
    let mut interpreter = Interpreter::new(&model, &mut arena)?;
    let mut values = vec![0.0; input.bytes];
    let classes = output.bytes;
    let mut counts = vec![0; classes * classes];
    for example in 0..split.len() {
        let label = split.read(example, &mut values)?;
        if label >= classes {
            return Err(AccuracyError::Label {
                example,
                label,
                classes,
            });
        }
        for (byte, &value) in interpreter.input_mut().iter_mut().zip(&values) {
            *byte = quantize(value, scale, zero_point).cast_unsigned();
        }
        interpreter.invoke(&mut ())?;
        counts[label * classes + first_greatest(interpreter.output())] += 1;
    }
    Ok(Confusion { classes, counts })
}

/// The int8 that stands for a real value, or the nearest end of the range.
fn quantize(value: f32, scale: f32, zero_point: i64) -> i8 {
    let integer = (value / scale).round() + zero_point as f32;
    integer.clamp(-128.0, 127.0) as i8
}

fn first_greatest(outputs: &[u8]) -> usize {
    let mut best = 0;
    for (i, output) in outputs.iter().enumerate() {
        if output.cast_signed() > outputs[best].cast_signed() {
            best = i;
        }
    }
    best
}

/// An arena that is large enough.
fn arena(model: &Model<'_>) -> Result<Vec<u8>, EngineError> {
    let mut length = 1 << 16;
    loop {
        let mut arena = vec![0; length];
        match Interpreter::new(model, &mut arena) {
            Ok(_) => return Ok(arena),
            Err(EngineError::Arena { .. }) if length < 1 << 31 => length *= 2,
            Err(error) => return Err(error),
        }
    }
}
