//! From a plan, weights and ranges to an int8 network.

use onchip_tflite::ir::{
    Add, Affine, Conv2d, DepthwiseConv2d, FullyConnected, Network, Op, Pool2d, Reshape, Shape,
    Value, ValueId, Window,
};
use onchip_tflite::topology::{Dims, Topology};

use super::error::QuantizeError;
use super::plan::{Kind, Plan, Slot, Step};
use super::range::Range;
use super::weights::{self, Order};

/// Weights and bias of a layer, batch normalization folded.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kernel<'a> {
    /// In the order of [`Op`].
    pub(super) weights: &'a [f32],
    /// One per output channel.
    pub(super) bias: &'a [f32],
}

/// What comes out of lowering.
#[derive(Debug)]
pub(super) struct Lowered {
    pub(super) network: Network,
    /// Where each slot is in the network.
    made: Vec<ValueId>,
}

impl Lowered {
    /// What the integers in a slot stand for.
    pub(super) fn quantization(&self, slot: Slot) -> Affine {
        self.network.value(self.made[slot.index()]).quantization
    }
}

/// The int8 network that computes `plan`.
///
/// `kernel` gives the weights of a layer by its index; `ranges` has one for each slot, of which those
/// count that have a quantization of their own.
pub(super) fn lower<'a>(
    topology: &Topology,
    plan: &Plan,
    kernel: impl Fn(usize) -> Kernel<'a>,
    ranges: &[Range],
) -> Result<Lowered, QuantizeError> {
    let input = Value {
        shape: image(topology.input()),
        quantization: ranges[Slot::INPUT.index()].affine(0.0),
    };
    let mut lowering = Lowering {
        topology,
        network: Network::new("onchip", input),
        made: vec![ValueId::INPUT],
    };
    for (step, &range) in plan.steps.iter().zip(&ranges[1..]) {
        let (op, quantization) = match step.kind {
            Kind::Conv { .. } | Kind::Depthwise { .. } | Kind::Dense { .. } => {
                lowering.product(step, kernel(step.node), range)?
            }
            Kind::MaxPool(window) => lowering.pool(step, window, Op::MaxPool2d)?,
            Kind::AveragePool(window) => lowering.pool(step, window, Op::AveragePool2d)?,
            Kind::Add => lowering.sum(step, range)?,
        };
        let made = lowering.network.push(op, quantization)?;
        lowering.made.push(made);
    }
    let output = plan.slot(topology.output());
    let Lowering {
        mut network, made, ..
    } = lowering;
    network.output = made[output.index()];
    Ok(Lowered { network, made })
}

/// A network on its way to int8.
struct Lowering<'a> {
    topology: &'a Topology,
    network: Network,
    /// Where each slot is in the network.
    made: Vec<ValueId>,
}

impl Lowering<'_> {
    fn product(
        &mut self,
        step: &Step,
        kernel: Kernel<'_>,
        range: Range,
    ) -> Result<(Op, Affine), QuantizeError> {
        // A dense layer reads any shape.
        let input = match step.kind {
            Kind::Dense { .. } => self.input(step, 0),
            _ => self.image(step, 0)?,
        };
        let order = Order::of(self.topology.nodes()[step.node].layer);
        let scale = self.quantization(input).scale;
        let made = weights::quantize(kernel.weights, kernel.bias, order, scale);
        let (weights, activation, dilation) = (made.weights, step.activation, [1, 1]);
        let op = match step.kind {
            Kind::Depthwise { window } => Op::DepthwiseConv2d(DepthwiseConv2d {
                input,
                multiplier: 1,
                window,
                dilation,
                weights,
                activation,
            }),
            Kind::Conv { filters, window } => Op::Conv2d(Conv2d {
                input,
                outputs: filters,
                window,
                dilation,
                weights,
                activation,
            }),
            _ => Op::FullyConnected(FullyConnected {
                input,
                inputs: weights.values.len() / weights.bias.len().max(1),
                outputs: weights.bias.len(),
                weights,
                activation,
            }),
        };
        Ok((op, range.affine(made.least_output_scale)))
    }

    fn pool(
        &mut self,
        step: &Step,
        window: Window,
        op: fn(Pool2d) -> Op,
    ) -> Result<(Op, Affine), QuantizeError> {
        let input = self.image(step, 0)?;
        let pool = Pool2d {
            input,
            window,
            activation: step.activation,
        };
        Ok((op(pool), self.quantization(input)))
    }

    fn sum(&mut self, step: &Step, range: Range) -> Result<(Op, Affine), QuantizeError> {
        let [mut left, mut right] = [self.input(step, 0), self.input(step, 1)];
        if self.network.value(left).shape != self.network.value(right).shape {
            (left, right) = (self.image(step, 0)?, self.image(step, 1)?);
        }
        let [one, other] = [left, right].map(|value| self.quantization(value).scale);
        // The engine adds with 20 bits more than the coarser summand has.
        let least = one.max(other) / (1 << 18) as f32;
        let add = Add {
            left,
            right,
            activation: step.activation,
        };
        Ok((Op::Add(add), range.affine(least)))
    }

    fn quantization(&self, value: ValueId) -> Affine {
        self.network.value(value).quantization
    }

    /// What a step reads, in the shape that it was made in.
    fn input(&self, step: &Step, input: usize) -> ValueId {
        self.made[step.inputs[input].index()]
    }

    /// What a step reads, in the shape that its layer reads.
    fn image(&mut self, step: &Step, input: usize) -> Result<ValueId, QuantizeError> {
        let made = self.input(step, input);
        let read = self.topology.nodes()[step.node].inputs[input];
        let shape = image(self.topology.shape(read));
        if self.network.value(made).shape == shape {
            return Ok(made);
        }
        let quantization = self.quantization(made);
        let reshape = Op::Reshape(Reshape { input: made, shape });
        Ok(self.network.push(reshape, quantization)?)
    }
}

fn image([height, width, channels]: Dims) -> Shape {
    vec![1, height, width, channels]
}
