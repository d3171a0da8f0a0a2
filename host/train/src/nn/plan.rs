//! Which layers run together, and where weights, values and gradients are.
//!
//! A *stage* is a layer with the normalization and activation that follow it. It makes a *slot*, in
//! which its sums are stored; a [`Finish`](super::finish::Finish) is what readers do to them. Slot 0
//! is the network's input, stage `i` makes slot `i + 1`.

use std::ops::Range;

use onchip_tflite::ir::{Activation, Padding, ValueId, Window};
use onchip_tflite::topology::{Layer, Topology};

use super::geometry::{Geometry, elements};
use super::network::{FakeQuantization, fan_in};
use super::pool::Pool;

#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) stages: Vec<Stage>,
    pub(super) slots: Vec<Slot>,
    /// What each value of the topology is, the input first.
    pub(super) names: Vec<Name>,
    /// Slot of the network's output.
    pub(super) output: usize,
    /// Whether nobody but the loss writes the gradient of the output.
    pub(super) is_output_settled_first: bool,
    /// Numbers that training finds.
    pub(super) parameters: usize,
    /// Numbers that are gathered on the way: running means and variances.
    pub(super) statistics: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) kind: Kind,
    /// Slots.
    pub(super) inputs: Vec<usize>,
    pub(super) weights: Option<Weights>,
    pub(super) norm: Option<Norm>,
    /// For each input, when this stage writes its gradient.
    pub(super) turns: Vec<Turn>,
}

/// When a stage writes a gradient, in the order of going backward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// Nobody wrote before.
    pub(super) is_first: bool,
    /// Nobody will write after.
    pub(super) is_last: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Conv(Geometry),
    Depthwise(Geometry),
    Pool(Pool, Geometry),
    Sum,
}

/// Where they are among the parameters.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    pub(super) node: usize,
    pub(super) weights: Range<usize>,
    pub(super) bias: Range<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Norm {
    pub(super) node: usize,
    /// Among the parameters.
    pub(super) gamma: Range<usize>,
    pub(super) beta: Range<usize>,
    /// Among the statistics.
    pub(super) mean: Range<usize>,
    pub(super) variance: Range<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// Elements per example.
    pub(super) len: usize,
    pub(super) channels: usize,
    pub(super) activation: Activation,
    /// The value that readers get.
    pub(super) result: ValueId,
    /// Where its gradient is; `None` if nobody wants it.
    pub(super) gradient: Option<Place>,
}

/// Where a gradient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a buffer of its own.
    Buffer(usize),
    /// Where the values of a slot were. The stage that made them is the first to write the gradient,
    /// and nobody reads them after it; it reads each strip of them before it writes there, as the
    /// gradient has at most as many elements per example.
    Values(usize),
}

/// What a value of the topology is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) slot: usize,
    pub(super) level: Level,
}

/// How much of what a slot's readers do to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Bias only.
    Sums,
    /// Normalization, too.
    Normal,
    /// All.
    Full,
}

/// A buffer for gradients.
pub(super) type Buffers = Vec<usize>;

impl Plan {
    /// Plans a network; also gives how many elements per example each gradient buffer has.
    pub(super) fn new(topology: &Topology, rounding: &FakeQuantization) -> (Self, Buffers) {
        let input = topology.input();
        let mut plan = Self {
            stages: Vec::new(),
            slots: vec![Slot {
                len: elements(input),
                channels: input[2],
                activation: Activation::None,
                result: ValueId::INPUT,
                gradient: None,
            }],
            names: vec![Name {
                slot: 0,
                level: Level::Full,
            }],
            output: 0,
            is_output_settled_first: true,
            parameters: 0,
            statistics: 0,
        };
        for index in 0..topology.nodes().len() {
            plan.place(topology, rounding, index);
        }
        plan.output = plan.names[topology.nodes().len()].slot;
        let buffers = plan.place_gradients();
        plan.take_turns();
        (plan, buffers)
    }

    fn place(&mut self, topology: &Topology, rounding: &FakeQuantization, index: usize) {
        let node = &topology.nodes()[index];
        let value = ValueId::of_layer(index);
        let first = node.inputs[0];
        let name = |value: ValueId| self.names[place(value)];
        let inputs: Vec<_> = node.inputs.iter().map(|&value| name(value).slot).collect();
        let from = topology.shape(first);
        let window = |window| Geometry::new(window, from, node.shape);
        let whole = Window {
            size: [from[0], from[1]],
            stride: [1, 1],
            padding: Padding::Valid,
        };
        let pixel = Window {
            size: [1, 1],
            ..whole
        };
        let kind = match node.layer {
            Layer::Conv { window: w, .. } => Kind::Conv(window(w)),
            Layer::Dense { .. } => Kind::Conv(window(pixel)),
            Layer::Depthwise { window: w } => Kind::Depthwise(window(w)),
            Layer::MaxPool(w) => Kind::Pool(Pool::Max, window(w)),
            Layer::AveragePool(w) => Kind::Pool(Pool::Mean, window(w)),
            Layer::GlobalAveragePool => Kind::Pool(Pool::Mean, window(whole)),
            Layer::Add => Kind::Sum,
            Layer::Flatten | Layer::Activation(Activation::None) => {
                self.names.push(name(first));
                return;
            }
            Layer::BatchNorm => {
                let slot = inputs[0];
                let channels = node.shape[2];
                let norm = Norm {
                    node: index,
                    gamma: take(&mut self.parameters, channels),
                    beta: take(&mut self.parameters, channels),
                    mean: take(&mut self.statistics, channels),
                    variance: take(&mut self.statistics, channels),
                };
                self.stages[slot - 1].norm = Some(norm);
                self.rename(slot, Level::Full, Level::Sums);
                self.slots[slot].result = value;
                self.names.push(Name {
                    slot,
                    level: Level::Full,
                });
                return;
            }
            Layer::Activation(activation) => {
                let slot = inputs[0];
                let made = &mut self.slots[slot];
                let is_free = slot > 0
                    && made.activation == Activation::None
                    && rounding.of(made.result).is_none()
                    && is_sole(topology, first);
                if is_free {
                    (made.activation, made.result) = (activation, value);
                    self.rename(slot, Level::Full, Level::Normal);
                    self.names.push(Name {
                        slot,
                        level: Level::Full,
                    });
                    return;
                }
                Kind::Sum
            }
        };
        let weights = fan_in(topology, node).map(|fan_in| Weights {
            node: index,
            weights: take(&mut self.parameters, fan_in * node.shape[2]),
            bias: take(&mut self.parameters, node.shape[2]),
        });
        self.stages.push(Stage {
            kind,
            inputs,
            weights,
            norm: None,
            turns: Vec::new(),
        });
        self.slots.push(Slot {
            len: elements(node.shape),
            channels: match node.layer {
                // A copy of a flattened image is read as the image is.
                Layer::Activation(_) => self.slots[self.names[place(first)].slot].channels,
                _ => node.shape[2],
            },
            activation: match node.layer {
                Layer::Activation(activation) => activation,
                _ => Activation::None,
            },
            result: value,
            gradient: None,
        });
        self.names.push(Name {
            slot: self.slots.len() - 1,
            level: Level::Full,
        });
    }

    /// What readers got so far is less than all from now on.
    fn rename(&mut self, slot: usize, from: Level, to: Level) {
        let names = self.names.iter_mut();
        for name in names.filter(|name| name.slot == slot && name.level == from) {
            name.level = to;
        }
    }

    /// Lays gradients where values were, which keeps a step in nearer caches, or else in buffers that
    /// are free again once a stage has gone backward.
    fn place_gradients(&mut self) -> Buffers {
        let mut wanted = vec![false; self.slots.len()];
        for (index, stage) in self.stages.iter().enumerate() {
            let is_trained = stage.weights.is_some();
            wanted[index + 1] = is_trained || stage.inputs.iter().any(|&slot| wanted[slot]);
        }
        let mut buffers: Buffers = Vec::new();
        let mut free: Vec<usize> = Vec::new();
        let mut claim = |free: &mut Vec<usize>, len: usize| {
            // The one that has to grow least, and wastes least if it need not.
            let fit = |&buffer: &usize| (len.saturating_sub(buffers[buffer]), buffers[buffer]);
            let place = (0..free.len()).min_by_key(|&i| fit(&free[i]));
            let buffer = place
                .map(|place| free.swap_remove(place))
                .unwrap_or_else(|| {
                    buffers.push(0);
                    buffers.len() - 1
                });
            buffers[buffer] = buffers[buffer].max(len);
            buffer
        };
        if wanted[self.output] {
            let buffer = claim(&mut free, self.slots[self.output].len);
            self.slots[self.output].gradient = Some(Place::Buffer(buffer));
        }
        for (index, stage) in self.stages.iter().enumerate().rev() {
            let Some(done) = self.slots[index + 1].gradient else {
                continue;
            };
            let mut room = Some(self.slots[index + 1].len);
            for &input in &stage.inputs {
                let slot = &mut self.slots[input];
                if wanted[input] && slot.gradient.is_none() {
                    let place = match room.take_if(|room| *room >= slot.len) {
                        Some(_) => Place::Values(index + 1),
                        None => Place::Buffer(claim(&mut free, slot.len)),
                    };
                    slot.gradient = Some(place);
                }
            }
            if let Place::Buffer(buffer) = done {
                free.push(buffer);
            }
        }
        buffers
    }

    fn take_turns(&mut self) {
        let mut is_written = vec![false; self.slots.len()];
        let mut last = vec![None; self.slots.len()];
        is_written[self.output] = true;
        for (index, stage) in self.stages.iter_mut().enumerate().rev() {
            if self.slots[index + 1].gradient.is_none() {
                continue;
            }
            for (place, &slot) in stage.inputs.iter().enumerate() {
                stage.turns.push(Turn {
                    is_first: !is_written[slot],
                    is_last: false,
                });
                (is_written[slot], last[slot]) = (true, Some((index, place)));
            }
        }
        self.is_output_settled_first = last[self.output].is_none();
        for (stage, place) in last.into_iter().flatten() {
            self.stages[stage].turns[place].is_last = true;
        }
    }
}

/// The place of a value in a list that has the input first.
fn place(value: ValueId) -> usize {
    value.layer().map_or(0, |layer| layer + 1)
}

fn take(count: &mut usize, len: usize) -> Range<usize> {
    let start = *count;
    *count += len;
    start..*count
}

/// Whether a single layer reads a value under any of its names.
fn is_sole(topology: &Topology, value: ValueId) -> bool {
    let readers = topology.nodes().iter().flat_map(|node| &node.inputs);
    if readers.filter(|&&read| read == value).count() != 1 {
        return false;
    }
    let maker = value.layer().map(|layer| &topology.nodes()[layer]);
    let is_name =
        |layer: Layer| matches!(layer, Layer::Flatten | Layer::Activation(Activation::None));
    maker.is_none_or(|node| !is_name(node.layer) || is_sole(topology, node.inputs[0]))
}
