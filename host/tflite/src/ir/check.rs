//! What holds for every network that becomes a file.

use super::error::{Error, Problem};
use super::shape::elements;
use super::{Affine, Layer, Network, Op, Value, Weights};

impl Network {
    /// Proves that every layer reads what was made before it, makes what it states, and has weights
    /// and quantizations that fit.
    ///
    /// # Errors
    /// The first layer that does not.
    pub fn check(&self) -> Result<(), Error> {
        check_value(&self.input).map_err(Error::Input)?;
        for (index, layer) in self.layers.iter().enumerate() {
            self.check_layer(index, layer).map_err(|problem| {
                let op = layer.op.name();
                Error::Layer { index, op, problem }
            })?;
        }
        let layers = self.layers.len();
        let is_made = self.output.layer().is_none_or(|layer| layer < layers);
        if is_made {
            Ok(())
        } else {
            Err(Error::Output { layers })
        }
    }

    pub(super) fn check_layer(&self, index: usize, layer: &Layer) -> Result<(), Problem> {
        let made = self.infer(index, &layer.op)?;
        let stated = &layer.output.shape;
        if made != *stated {
            return Err(Problem::Shape {
                made,
                stated: stated.clone(),
            });
        }
        check_value(&layer.output)?;
        self.check_weights(layer)?;
        if let Op::Softmax(softmax) = &layer.op
            && !is_positive(softmax.beta)
        {
            return Err(Problem::Beta { beta: softmax.beta });
        }
        match self.dictated(&layer.op) {
            Some(wanted) if wanted != layer.output.quantization => {
                let Affine { scale, zero_point } = wanted;
                Err(Problem::Quantization { scale, zero_point })
            }
            _ => Ok(()),
        }
    }

    /// The quantization that the output of `op` must have, where there is no choice.
    ///
    /// # Panics
    /// `op` reads a value that the network does not have.
    pub fn dictated(&self, op: &Op) -> Option<Affine> {
        let input = match op {
            Op::AveragePool2d(op) | Op::MaxPool2d(op) => op.input,
            Op::Reshape(op) => op.input,
            Op::Pad(op) => op.input,
            Op::Softmax(_) => return Some(Affine::SOFTMAX),
            Op::Conv2d(_) | Op::DepthwiseConv2d(_) | Op::FullyConnected(_) => return None,
            Op::Add(_) | Op::Mean(_) => return None,
        };
        Some(self.value(input).quantization)
    }

    fn check_weights(&self, layer: &Layer) -> Result<(), Problem> {
        let last = |value: &Value| value.shape.last().copied().unwrap_or(0);
        let outputs = last(&layer.output);
        match &layer.op {
            Op::Conv2d(op) => {
                let inputs = last(self.value(op.input));
                check_weights(
                    &op.weights,
                    outputs,
                    area(op.window.size).saturating_mul(inputs),
                )
            }
            Op::DepthwiseConv2d(op) => check_weights(&op.weights, outputs, area(op.window.size)),
            Op::FullyConnected(op) => check_weights(&op.weights, outputs, op.inputs),
            _ => Ok(()),
        }
    }
}

fn area([height, width]: [usize; 2]) -> usize {
    height.saturating_mul(width)
}

fn check_weights(weights: &Weights, outputs: usize, per_output: usize) -> Result<(), Problem> {
    let length = |what, found: usize, wanted: usize| {
        if found == wanted {
            Ok(())
        } else {
            Err(Problem::Length {
                what,
                found,
                wanted,
            })
        }
    };
    length(
        "weights",
        weights.values.len(),
        outputs.saturating_mul(per_output),
    )?;
    if weights.scales.len() != 1 {
        length("weight scales", weights.scales.len(), outputs)?;
    }
    if !weights.bias.is_empty() {
        length("biases", weights.bias.len(), outputs)?;
    }
    weights
        .scales
        .iter()
        .try_for_each(|&scale| check_scale(scale))
}

fn check_value(value: &Value) -> Result<(), Problem> {
    if elements(&value.shape).is_none() {
        return Err(Problem::Size {
            shape: value.shape.clone(),
        });
    }
    check_scale(value.quantization.scale)
}

fn check_scale(scale: f32) -> Result<(), Problem> {
    if is_positive(scale) {
        Ok(())
    } else {
        Err(Problem::Scale { scale })
    }
}

fn is_positive(number: f32) -> bool {
    number.is_finite() && number > 0.0
}
