//! Operators that move elements without looking at them, of any type that takes whole bytes.
//!
//! Most are one [`Copy`] that reading them finds out, and one kernel, [`Move`], serves them. All of them insist on output
//! and input having the same type and the same quantization: the elements would mean something else otherwise.

mod batches;
mod blocks;
mod copy;
mod gather;
mod join;
mod mirror_pad;
mod pad;
mod part;
mod sides;
mod slice;
mod split;
mod strided_slice;
#[cfg(test)]
mod tests;
mod transpose;

pub(super) use batches::Batches;
pub(super) use gather::Gather;
pub(super) use mirror_pad::MirrorPad;
pub(super) use sides::element;

use crate::arena::Views;
use crate::flatbuffer::Result;
use crate::linked::LINKED;
use crate::op::context::Context;
use crate::op::{Kernel, Wiring};
use crate::opcode::Opcode;
use copy::Copy;
use pad::Border;
use sides::Sides;

/// An operator that is one copy.
pub(crate) struct Move {
    copy: Copy,
    /// Which operands the elements come from and go to.
    input: usize,
    output: usize,
    /// What is around them in the output.
    border: Option<Border>,
}

impl<'m> Kernel<'m> for Move {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let mut movement = Self {
            copy: Copy::NOTHING,
            input: 0,
            output: 0,
            border: None,
        };
        let to = &mut movement;
        match cx.opcode {
            Opcode::CONCATENATION | Opcode::PACK if const { LINKED.kernel("Join") } => {
                join::read(cx, to)?;
            }
            Opcode::SPLIT | Opcode::SPLIT_V | Opcode::UNPACK if const { LINKED.kernel("Split") } => {
                split::read(cx, to)?;
            }
            Opcode::SLICE if const { LINKED.kernel("Slice") } => slice::read(cx, to)?,
            Opcode::STRIDED_SLICE if const { LINKED.kernel("StridedSlice") } => {
                strided_slice::read(cx, to)?;
            }
            Opcode::PAD | Opcode::PADV2 if const { LINKED.kernel("Pad") } => pad::read(cx, to)?,
            Opcode::TRANSPOSE if const { LINKED.kernel("Transpose") } => transpose::read(cx, to)?,
            _ if const { LINKED.kernel("Blocks") } => blocks::read(cx, to)?,
            _ => {}
        }
        Ok(movement)
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring {
            inputs: [Some(self.input), self.border.and_then(Border::operand)],
            output: self.output,
            ..Wiring::input(0)
        }
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, number],
            output,
            ..
        } = views;
        if let Some(border) = self.border {
            border.fill(number, output);
        }
        self.copy.copy(input, output);
    }
}
