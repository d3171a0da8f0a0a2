//! The operands of layers.

use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::opcode::Opcode;
use crate::tensor::{DataType, TensorInfo};

/// The tensors of a layer, and which operands they are.
pub(crate) struct Tensors<'c, 'm> {
    pub(crate) input: &'c TensorInfo<'m>,
    pub(crate) input_operand: usize,
    pub(crate) weights: &'c TensorInfo<'m>,
    pub(crate) bias_operand: usize,
    pub(crate) output: &'c TensorInfo<'m>,
}

/// Which operand a layer's input is: a transposed convolution's first one is its output's shape, which the converter has
/// applied.
fn input_operand(cx: &Context<'_>) -> usize {
    match cx.opcode {
        Opcode::TRANSPOSE_CONV => 2,
        _ => 0,
    }
}

/// Whether a layer's input is of this type.
pub(crate) fn takes(cx: &Context<'_>, dtype: DataType) -> bool {
    let input = cx.input(input_operand(cx));
    input.is_ok_and(|input| input.dtype == dtype)
}

impl<'c, 'm> Tensors<'c, 'm> {
    pub(crate) fn read(cx: &'c Context<'m>) -> Result<Self> {
        let input_operand = input_operand(cx);
        let bias_operand = input_operand.max(1) + 1;
        cx.arity(bias_operand, bias_operand + 1)?;
        Ok(Self {
            input: cx.input(input_operand)?,
            input_operand,
            weights: cx.input(1)?,
            bias_operand,
            output: cx.output()?,
        })
    }
}
