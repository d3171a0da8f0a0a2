//! The operators: what each one reads from the file, what it checks, and how it runs.
//!
//! An operator is read twice: by [`Model::new`](crate::Model::new), which thereby checks it, and again just before
//! it runs, since keeping what was read would cost RAM and reading costs less than a thousandth of running.

mod add;
mod context;
mod conv;
mod depthwise;
mod fully_connected;
mod mean;
mod pad;
mod pool;
mod reshape;
mod scales;
mod softmax;
#[cfg(test)]
mod tests;
mod window;

pub(crate) use context::{Clamp, Context};

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::opcode::Opcode;
pub(crate) use scales::{ChannelScales, Factors};
pub(crate) use window::Window;

/// An operator, read and checked.
pub(crate) struct Op<'m> {
    /// Where its operands are.
    pub(crate) operands: Operands<'m>,
    kind: Kind<'m>,
}

/// The most inputs that change from one inference to the next.
pub(crate) const MAX_INPUTS: usize = 2;

/// The tensors an operator reads and writes while it runs. Weights and the like are not among them.
#[derive(Clone, Copy)]
pub(crate) struct Operands<'m> {
    pub(crate) inputs: [Option<Operand<'m>>; MAX_INPUTS],
    pub(crate) output: usize,
    pub(crate) output_bytes: usize,
}

impl<'m> Operands<'m> {
    /// The inputs that are not constants.
    pub(crate) fn arena_inputs(&self) -> impl Iterator<Item = Operand<'m>> {
        self.inputs
            .into_iter()
            .flatten()
            .filter(|operand| operand.data.is_none())
    }
}

/// A tensor that an operator reads.
#[derive(Clone, Copy)]
pub(crate) struct Operand<'m> {
    pub(crate) tensor: usize,
    pub(crate) bytes: usize,
    pub(crate) data: Option<&'m [u8]>,
}

enum Kind<'m> {
    Conv(conv::Conv<'m>),
    Depthwise(depthwise::Depthwise<'m>),
    FullyConnected(fully_connected::FullyConnected<'m>),
    Pool(pool::Pool),
    Add(add::Add),
    Softmax(softmax::Softmax),
    Reshape,
    Pad(pad::Pad),
    Mean(mean::Mean),
}

impl<'m> Op<'m> {
    pub(crate) fn read(cx: &Context<'m>) -> Result<Self> {
        let kind = match cx.opcode {
            Opcode::CONV_2D => Kind::Conv(conv::Conv::read(cx)?),
            Opcode::DEPTHWISE_CONV_2D => Kind::Depthwise(depthwise::Depthwise::read(cx)?),
            Opcode::FULLY_CONNECTED => {
                Kind::FullyConnected(fully_connected::FullyConnected::read(cx)?)
            }
            Opcode::AVERAGE_POOL_2D => Kind::Pool(pool::Pool::read(cx, pool::Reduction::Average)?),
            Opcode::MAX_POOL_2D => Kind::Pool(pool::Pool::read(cx, pool::Reduction::Max)?),
            Opcode::ADD => Kind::Add(add::Add::read(cx)?),
            Opcode::SOFTMAX => Kind::Softmax(softmax::Softmax::read(cx)?),
            Opcode::RESHAPE => {
                reshape::check(cx)?;
                Kind::Reshape
            }
            Opcode::PAD => Kind::Pad(pad::Pad::read(cx)?),
            Opcode::MEAN => Kind::Mean(mean::Mean::read(cx)?),
            Opcode::CUSTOM => return cx.fail(OperatorProblem::Custom, 0),
            _ => return cx.fail(OperatorProblem::Unsupported, 0),
        };
        Ok(Self {
            operands: cx.operands(if matches!(kind, Kind::Add(_)) { 2 } else { 1 })?,
            kind,
        })
    }

    /// Multiply-accumulates.
    pub(crate) fn macs(&self) -> u64 {
        match &self.kind {
            Kind::Conv(conv) => conv.macs(),
            Kind::Depthwise(depthwise) => depthwise.macs(),
            Kind::FullyConnected(dense) => dense.macs(),
            _ => 0,
        }
    }

    /// Whether the output is the input's bytes unchanged, so that both can share their memory.
    pub(crate) fn is_alias(&self) -> bool {
        matches!(self.kind, Kind::Reshape)
    }

    /// Bytes of working memory it needs while it runs, and how many it can make use of.
    pub(crate) fn scratch_bytes(&self) -> (usize, usize) {
        match &self.kind {
            Kind::Conv(conv) => conv.scratch_bytes(),
            Kind::Depthwise(depthwise) => (depthwise.scratch_bytes(), 0),
            Kind::FullyConnected(dense) => (dense.scratch_bytes(), 0),
            _ => (0, 0),
        }
    }

    /// The output channels that have a factor each, to be computed once and kept.
    pub(crate) fn scales(&self) -> Option<&ChannelScales<'m>> {
        match &self.kind {
            Kind::Conv(conv) => Some(conv.scales()),
            Kind::Depthwise(depthwise) => Some(depthwise.scales()),
            Kind::FullyConnected(dense) => dense.scales(),
            _ => None,
        }
    }

    pub(crate) fn run(&self, views: Views<'_>) {
        match &self.kind {
            Kind::Conv(conv) => conv.run(views),
            Kind::Depthwise(depthwise) => depthwise.run(views),
            Kind::FullyConnected(dense) => dense.run(views),
            Kind::Pool(pool) => pool.run(views),
            Kind::Add(add) => add.run(views),
            Kind::Softmax(softmax) => softmax.run(views),
            Kind::Reshape => reshape::run(views),
            Kind::Pad(pad) => pad.run(views),
            Kind::Mean(mean) => mean.run(views),
        }
    }
}
