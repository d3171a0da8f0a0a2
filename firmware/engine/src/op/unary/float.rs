//! Functions of float32 elements.
//!
//! Exponentials and the like are the crate's own ([`math`]), so that results are the same bits on every target; those of
//! TFLite Micro depend on the C library that it is linked with, and differ by a few units in the last place.

use crate::math::{self, limit};
use crate::op::unary::Unary;
use crate::opcode::Opcode;

impl Unary {
    pub(super) fn float(&self, x: f32) -> f32 {
        match self.opcode {
            Opcode::RELU => limit(x, [0.0, f32::INFINITY]),
            Opcode::RELU6 => limit(x, [0.0, 6.0]),
            Opcode::RELU_N1_TO_1 => limit(x, [-1.0, 1.0]),
            Opcode::LEAKY_RELU if x > 0.0 => x,
            Opcode::LEAKY_RELU => x * self.alpha,
            Opcode::LOGISTIC => logistic(x),
            Opcode::TANH => math::tanh(x),
            Opcode::HARD_SWISH => x * limit(x + 3.0, [0.0, 6.0]) / 6.0,
            Opcode::ELU if x < 0.0 => math::exp_minus_one(x),
            Opcode::ABS => x.abs(),
            Opcode::SQRT => math::sqrt(x),
            Opcode::RSQRT => 1.0 / math::sqrt(x),
            _ => x,
        }
    }
}

/// TFLite `reference_ops::Logistic`, with its cut-offs.
fn logistic(x: f32) -> f32 {
    if x > 16.619_047 {
        1.0
    } else if x < -9.0 {
        math::exp(x)
    } else {
        1.0 / (1.0 + math::exp(-x))
    }
}
