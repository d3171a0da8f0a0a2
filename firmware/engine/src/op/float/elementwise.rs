//! Unary and binary operators of float32 elements.
//!
//! Exponentials and the like come from `libm`, so that results are the same bits on every target; those of TFLite
//! Micro depend on the C library that it is linked with, and differ by a few units in the last place.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::kernel::elementwise;
use crate::op::context::Context;
use crate::op::{Broadcast, Kernel, Reuse, Wiring};
use crate::opcode::Opcode;
use crate::tensor::{DataType, TensorInfo};

#[inline(never)]
fn float(cx: &Context<'_>, tensor: &TensorInfo<'_>) -> Result<()> {
    cx.ensure(
        tensor.dtype == DataType::Float32,
        OperatorProblem::DataType,
        tensor.dtype.code() as usize,
    )
}

/// `x`, but no less than `min` and no greater than `max`; not a number where it is not.
#[inline(always)]
fn limit(x: f32, [min, max]: [f32; 2]) -> f32 {
    if x < min {
        min
    } else if x > max {
        max
    } else {
        x
    }
}

/// The range of a fused activation. TFLite `CalculateActivationRange`.
fn range(cx: &Context<'_>, activation: i8) -> Result<[f32; 2]> {
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

pub(crate) struct Unary {
    opcode: Opcode,
    /// Of LEAKY_RELU.
    alpha: f32,
}

impl<'m> Kernel<'m> for Unary {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(1, 1)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        float(cx, input)?;
        float(cx, output)?;
        cx.ensure(input.bytes == output.bytes, OperatorProblem::Shape, 1)?;
        let alpha = if cx.opcode == Opcode::LEAKY_RELU {
            cx.options(75)?.get(0, 0.0)?
        } else {
            0.0
        };
        Ok(Self {
            opcode: cx.opcode,
            alpha,
        })
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::input(0).reusing(Reuse::Overwrite([true, false]))
    }

    fn run(&self, mut views: Views<'_>) {
        elementwise::map(&mut views, |x| self.apply(x));
    }
}

impl Unary {
    #[inline(never)]
    fn apply(&self, x: f32) -> f32 {
        match self.opcode {
            Opcode::RELU => limit(x, [0.0, f32::INFINITY]),
            Opcode::RELU6 => limit(x, [0.0, 6.0]),
            Opcode::RELU_N1_TO_1 => limit(x, [-1.0, 1.0]),
            Opcode::LEAKY_RELU if x > 0.0 => x,
            Opcode::LEAKY_RELU => x * self.alpha,
            Opcode::LOGISTIC => logistic(x),
            Opcode::TANH => libm::tanhf(x),
            Opcode::HARD_SWISH => x * limit(x + 3.0, [0.0, 6.0]) / 6.0,
            Opcode::ELU if x < 0.0 => libm::expm1f(x),
            Opcode::ABS => libm::fabsf(x),
            Opcode::SQRT => libm::sqrtf(x),
            Opcode::RSQRT => 1.0 / libm::sqrtf(x),
            _ => x,
        }
    }
}

/// TFLite `reference_ops::Logistic`, with its cut-offs.
fn logistic(x: f32) -> f32 {
    if x > 16.619_047 {
        1.0
    } else if x < -9.0 {
        libm::expf(x)
    } else {
        1.0 / (1.0 + libm::expf(-x))
    }
}

pub(crate) struct Binary {
    opcode: Opcode,
    geometry: Broadcast,
    range: [f32; 2],
}

impl<'m> Kernel<'m> for Binary {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(2, 2)?;
        let (first, second, output) = (cx.input(0)?, cx.input(1)?, cx.output()?);
        float(cx, first)?;
        float(cx, second)?;
        float(cx, output)?;
        let geometry = Broadcast::new(cx, [&first.shape, &second.shape], &output.shape)?;
        let options = match cx.opcode {
            Opcode::ADD => Some(11),
            Opcode::SUB => Some(28),
            Opcode::MUL => Some(21),
            _ => None,
        };
        let activation = match options {
            Some(kind) => range(cx, cx.options(kind)?.get(0, 0)?)?,
            None => [f32::NEG_INFINITY, f32::INFINITY],
        };
        let whole = cx.opcode != Opcode::PRELU || geometry.whole()[0];
        cx.ensure(whole, OperatorProblem::Broadcast, 0)?;
        Ok(Self {
            opcode: cx.opcode,
            geometry,
            range: activation,
        })
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::binary().reusing(Reuse::Overwrite(self.geometry.whole()))
    }

    fn run(&self, mut views: Views<'_>) {
        elementwise::broadcast(&mut views, &self.geometry, |x, y| self.apply(x, y));
    }
}

impl Binary {
    #[inline(never)]
    fn apply(&self, x: f32, y: f32) -> f32 {
        let result = match self.opcode {
            Opcode::ADD => x + y,
            Opcode::SUB => x - y,
            Opcode::MUL => x * y,
            Opcode::PRELU if x < 0.0 => x * y,
            Opcode::PRELU => x,
            Opcode::MAXIMUM if x > y => x,
            Opcode::MINIMUM if x < y => x,
            _ => y,
        };
        limit(result, self.range)
    }
}
