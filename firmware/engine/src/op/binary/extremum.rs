//! MAXIMUM and MINIMUM.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::opcode::Opcode;
use crate::tensor::{DataType, TensorInfo};

pub(super) struct Extremum {
    pub(super) is_maximum: bool,
}

impl Extremum {
    /// TFLite compares elements as they are, which is right where all have the same scale and zero point.
    pub(super) fn read<'m>(cx: &Context<'m>, tensors: [&TensorInfo<'m>; 3]) -> Result<Self> {
        let [first, second, output] = tensors;
        match output.dtype {
            DataType::Int32 => {}
            DataType::Int8 | DataType::Int16 => {
                let to = cx.affine(2, output)?;
                for (i, input) in [first, second].into_iter().enumerate() {
                    let same = cx.affine(i, input)? == to;
                    cx.ensure(same, OperatorProblem::SameQuantization, 0)?;
                }
            }
            other => return cx.fail(OperatorProblem::DataType, other.code() as usize),
        }
        Ok(Self {
            is_maximum: cx.opcode == Opcode::MAXIMUM,
        })
    }

    #[inline(always)]
    pub(super) fn apply(&self, x: i32, y: i32) -> i32 {
        if (x > y) == self.is_maximum { x } else { y }
    }
}
