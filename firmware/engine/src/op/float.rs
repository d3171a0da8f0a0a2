//! What operators on float32 tensors share.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::tensor::DataType;

/// Whether the first input is float32.
pub(crate) fn applies(cx: &Context<'_>) -> bool {
    cx.input(0)
        .is_ok_and(|tensor| tensor.dtype == DataType::Float32)
}

/// The range of a fused activation. TFLite `CalculateActivationRange`.
#[inline(never)]
pub(crate) fn range(cx: &Context<'_>, activation: i8) -> Result<[f32; 2]> {
    Ok(match activation {
        0 => [f32::MIN, f32::MAX],
        1 => [0.0, f32::MAX],
        2 => [-1.0, 1.0],
        3 => [0.0, 6.0],
        other => {
            return cx.fail(
                OperatorProblem::Activation,
                usize::from(other.unsigned_abs()),
            );
        }
    })
}
