//! Which channels stay or go together.

use onchip_tflite::{Model, TensorType};

use super::layer::{Layer, channels};
use crate::graph::{Links, at, indices, main};

/// Channels of all tensors in classes: an operator that goes over channels one by one has as many of them before as
/// after, so that those at the same place are of one class.
pub(super) struct Classes {
    /// Where each tensor's channels start in `parent`.
    starts: Vec<usize>,
    /// For each channel another one of its class, which for the class's first is itself.
    parent: Vec<usize>,
    /// By the first one: whether it has to stay.
    stays: Vec<bool>,
}

impl Classes {
    pub(super) fn of(model: &Model) -> Self {
        let graph = main(model);
        let mut starts = vec![0];
        for tensor in 0..graph.tensors.len() {
            starts.push(starts[tensor] + channels(model, tensor));
        }
        let count = starts[graph.tensors.len()];
        let mut classes = Self {
            starts,
            parent: (0..count).collect(),
            stays: vec![false; count],
        };
        for index in 0..graph.operators.len() {
            classes.join_operator(model, index);
        }
        let links = Links::new(model);
        for (tensor, info) in graph.tensors.iter().enumerate() {
            if links.is_fixed[tensor] || info.ty != TensorType::Int8 {
                classes.keep_all(tensor);
            }
        }
        classes
    }

    fn join_operator(&mut self, model: &Model, index: usize) {
        let operator = &main(model).operators[index];
        let (Some(input), Some(output)) = (at(&operator.inputs, 0), at(&operator.outputs, 0))
        else {
            return self.keep_operator(model, index);
        };
        let count = channels(model, output);
        match Layer::of(model, index) {
            // Weights and biases are cut to fit.
            Layer::Mixing(_) => {}
            Layer::Depthwise(layer) => {
                for channel in 0..count {
                    self.join((input, channel / layer.multiplier), (output, channel));
                }
            }
            Layer::PerChannel {
                inputs, broadcast, ..
            } => {
                for &input in &inputs {
                    (0..count).for_each(|channel| self.join((input, channel), (output, channel)));
                }
                broadcast.into_iter().for_each(|input| self.keep_all(input));
            }
            Layer::Reshape => {
                let given = channels(model, input);
                (0..count)
                    .for_each(|channel| self.join((input, channel % given), (output, channel)));
            }
            Layer::Concatenation => {
                let mut place = 0;
                for input in indices(&operator.inputs) {
                    for channel in 0..channels(model, input) {
                        self.join((input, channel), (output, place));
                        place += 1;
                    }
                }
            }
            Layer::Opaque => self.keep_operator(model, index),
        }
    }

    fn keep_operator(&mut self, model: &Model, index: usize) {
        let operator = &main(model).operators[index];
        for tensor in indices(&operator.inputs).chain(indices(&operator.outputs)) {
            self.keep_all(tensor);
        }
    }

    fn keep_all(&mut self, tensor: usize) {
        for node in self.starts[tensor]..self.starts[tensor + 1] {
            let class = self.class(node);
            self.stays[class] = true;
        }
    }

    fn class(&self, mut node: usize) -> usize {
        while self.parent[node] != node {
            node = self.parent[node];
        }
        node
    }

    fn join(&mut self, a: (usize, usize), b: (usize, usize)) {
        let [a, b] = [a, b].map(|(tensor, channel)| self.class(self.starts[tensor] + channel));
        let (first, other) = (a.min(b), a.max(b));
        self.parent[other] = first;
        self.stays[first] |= self.stays[other];
    }

    /// Whether a channel stays.
    pub(super) fn stays(&self, tensor: usize, channel: usize) -> bool {
        self.stays[self.class(self.starts[tensor] + channel)]
    }

    /// Makes a channel stay, and all that go together with it. Returns whether that is new.
    pub(super) fn keep(&mut self, tensor: usize, channel: usize) -> bool {
        let class = self.class(self.starts[tensor] + channel);
        !std::mem::replace(&mut self.stays[class], true)
    }
}
