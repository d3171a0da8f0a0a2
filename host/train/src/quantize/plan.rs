//! Which int8 operators a network becomes: what is fused, what vanishes, what shares a scale.
//!
//! An operator costs the engine thousands of cycles before it computes anything, so layers become
//! operators only where they must:
//!
//! - An activation is fused into the operator that makes what it reads, if nothing else reads that.
//!   Otherwise it becomes a maximum over windows of one pixel, which changes nothing and has a fused
//!   activation too.
//! - A mean over the whole image is AVERAGE_POOL_2D, not MEAN: it rounds exact averages where MEAN
//!   multiplies by a truncated reciprocal, and the engine runs it in an eighth of the cycles (8 × 8 × 32
//!   on a Cortex-M4: 32 thousand to 247 thousand).
//! - Flattening, and pooling over windows of one pixel, are only names for the same bytes.

use onchip_tflite::ir::{Activation, Padding, ValueId, Window};
use onchip_tflite::topology::{Dims, Layer, Node, Topology};

/// Where an operator's output is, until its shape and quantization are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(usize);

impl Slot {
    /// The network's input.
    pub(super) const INPUT: Self = Self(0);

    /// The output of operator `index`.
    pub(super) fn of_step(index: usize) -> Self {
        Self(index + 1)
    }

    /// Its place in a list that has the input first and the operators' outputs after it.
    pub(super) fn index(self) -> usize {
        self.0
    }

    fn step(self) -> Option<usize> {
        self.0.checked_sub(1)
    }
}

/// An operator to be.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// The layer that gives it its weights and its name.
    pub(super) node: usize,
    pub(super) kind: Kind,
    /// What it reads.
    pub(super) inputs: Vec<Slot>,
    /// Fused.
    pub(super) activation: Activation,
    /// What its output stands for: the real values behind the fused activation.
    pub(super) result: ValueId,
}

/// What an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Conv { filters: usize, window: Window },
    Depthwise { window: Window },
    Dense { units: usize },
    MaxPool(Window),
    AveragePool(Window),
    Add,
}

impl Kind {
    /// Whether its output has its input's quantization.
    fn keeps_quantization(self) -> bool {
        matches!(self, Self::MaxPool(_) | Self::AveragePool(_))
    }
}

/// All operators of a network, in order of execution.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Where each value of the topology is, the input first. Some share a place, and what is fused
    /// away has the place of what it is fused into.
    slots: Vec<Slot>,
}

impl Plan {
    /// Plans a network without batch normalization.
    pub(super) fn new(topology: &Topology) -> Self {
        let readers = readers(topology);
        let mut plan = Self {
            steps: Vec::new(),
            slots: vec![Slot::INPUT],
        };
        for (index, node) in topology.nodes().iter().enumerate() {
            let is_sole_reader = readers[place(node.inputs[0])] == 1;
            let slot = plan.place(topology, index, is_sole_reader);
            plan.slots.push(slot);
        }
        plan
    }

    /// Where a value of the topology is.
    pub(super) fn slot(&self, value: ValueId) -> Slot {
        self.slots[place(value)]
    }

    /// The slot from which this one has its quantization: itself, or what poolings before it read.
    pub(super) fn root(&self, slot: Slot) -> Slot {
        match slot.step().map(|step| &self.steps[step]) {
            Some(step) if step.kind.keeps_quantization() => self.root(step.inputs[0]),
            _ => slot,
        }
    }

    /// The values whose range a slot must be able to hold: its own, unless only maxima are taken of
    /// it. Clamping to a range and taking the maximum commute, so then it is theirs.
    pub(super) fn ranged(&self, slot: Slot) -> Vec<ValueId> {
        let steps = self.steps.iter().enumerate();
        let readers: Vec<_> = steps
            .filter(|(_, step)| step.inputs.contains(&slot))
            .collect();
        let is_output = self.slots.last() == Some(&slot);
        let is_maximum = |(_, step): &(usize, &Step)| matches!(step.kind, Kind::MaxPool(_));
        if is_output || readers.is_empty() || !readers.iter().all(is_maximum) {
            let made = slot.step().map(|step| self.steps[step].result);
            return vec![made.unwrap_or(ValueId::INPUT)];
        }
        let made = readers.iter().map(|&(index, _)| Slot::of_step(index));
        made.flat_map(|slot| self.ranged(slot)).collect()
    }

    /// Plans a layer and says where what it makes will be.
    fn place(&mut self, topology: &Topology, index: usize, is_sole_reader: bool) -> Slot {
        let node = &topology.nodes()[index];
        let inputs: Vec<_> = node.inputs.iter().map(|&value| self.slot(value)).collect();
        let result = ValueId::of_layer(index);
        if is_name(topology, node) {
            return inputs[0];
        }
        let mut fused = Activation::None;
        let kind = match node.layer {
            Layer::Conv { filters, window } => Kind::Conv { filters, window },
            Layer::Depthwise { window } => Kind::Depthwise { window },
            Layer::Dense { units } => Kind::Dense { units },
            Layer::Add => Kind::Add,
            Layer::MaxPool(window) => Kind::MaxPool(window),
            Layer::AveragePool(window) => Kind::AveragePool(window),
            Layer::GlobalAveragePool => Kind::AveragePool(whole(topology.shape(node.inputs[0]))),
            Layer::Activation(activation) => {
                let maker = inputs[0].step().map(|step| &mut self.steps[step]);
                if let Some(step) = maker.filter(|step| step.activation == Activation::None)
                    && is_sole_reader
                {
                    (step.activation, step.result) = (activation, result);
                    return inputs[0];
                }
                fused = activation;
                Kind::MaxPool(PIXEL)
            }
            Layer::Flatten | Layer::BatchNorm => return inputs[0],
        };
        let step = Step {
            node: index,
            kind,
            inputs,
            activation: fused,
            result,
        };
        self.steps.push(step);
        Slot::of_step(self.steps.len() - 1)
    }
}

/// The place of a value in a list that has the input first and the layers' values after it.
pub(super) fn place(value: ValueId) -> usize {
    value.layer().map_or(0, |layer| layer + 1)
}

/// Whether a layer makes the same bytes as it reads.
fn is_name(topology: &Topology, node: &Node) -> bool {
    match node.layer {
        Layer::Flatten | Layer::Activation(Activation::None) | Layer::BatchNorm => true,
        Layer::MaxPool(window) | Layer::AveragePool(window) => {
            window.size == PIXEL.size && window.stride == PIXEL.stride
        }
        Layer::GlobalAveragePool => {
            let [height, width, _] = topology.shape(node.inputs[0]);
            [height, width] == [1, 1]
        }
        _ => false,
    }
}

/// How many layers read each value under any of its names, the input first. The network's output is
/// read once more.
fn readers(topology: &Topology) -> Vec<usize> {
    let mut names = vec![0];
    let mut readers = vec![0; topology.nodes().len() + 1];
    for (index, node) in topology.nodes().iter().enumerate() {
        let read = node.inputs.iter().map(|&value| names[place(value)]);
        if is_name(topology, node) {
            names.extend(read.collect::<Vec<_>>());
        } else {
            read.for_each(|value| readers[value] += 1);
            names.push(index + 1);
        }
    }
    readers[names[place(topology.output())]] += 1;
    names.iter().map(|&name| readers[name]).collect()
}

const PIXEL: Window = Window {
    size: [1, 1],
    stride: [1, 1],
    padding: Padding::Valid,
};

fn whole([height, width, _]: Dims) -> Window {
    Window {
        size: [height, width],
        stride: [1, 1],
        padding: Padding::Valid,
    }
}
