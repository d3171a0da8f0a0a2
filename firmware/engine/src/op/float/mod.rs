//! Operators on float32 tensors.

pub(crate) mod elementwise;

use crate::op::context::Context;
use crate::tensor::DataType;

/// Whether the first input is float32.
pub(crate) fn applies(cx: &Context<'_>) -> bool {
    cx.input(0)
        .is_ok_and(|tensor| tensor.dtype == DataType::Float32)
}
