//! ADD, int8, of tensors of the same shape.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::{Clamp, Context};
use crate::quantize::Rescale;

/// Bits by which the inputs are shifted up before they are scaled.
const LEFT_SHIFT: u32 = 20;

pub(crate) struct Add {
    inputs: [Term; 2],
    output: Rescale,
    output_zero: i32,
    clamp: Clamp,
}

struct Term {
    zero_point: i32,
    rescale: Rescale,
}

impl Add {
    pub(crate) fn read(cx: &Context<'_>) -> Result<Self> {
        cx.arity(2, 2)?;
        let (first, second, output) = (cx.input(0)?, cx.input(1)?, cx.output()?);
        let options = cx.options(11)?;
        let (a, b, to) = (
            cx.int8(0, &first)?,
            cx.int8(1, &second)?,
            cx.int8(2, &output)?,
        );
        cx.ensure(
            first.shape.elements() == output.shape.elements(),
            OperatorProblem::Broadcast,
            0,
        )?;
        cx.ensure(
            second.shape.elements() == output.shape.elements(),
            OperatorProblem::Broadcast,
            1,
        )?;

        // TFLite `add.cc`: both inputs are brought to twice the greater input scale, and the sum from there, shifted
        // up by 2^20, to the output's.
        let twice_max = f64::from(2.0 * a.scale.max(b.scale));
        let term = |affine: super::context::Affine| {
            Ok(Term {
                zero_point: affine.zero_point,
                rescale: cx.rescale(f64::from(affine.scale) / twice_max)?,
            })
        };
        let factor = twice_max / f64::from((1 << LEFT_SHIFT) as f32 * to.scale);
        cx.ensure(factor < 1.0, OperatorProblem::Multiplier, 0)?;
        Ok(Self {
            inputs: [term(a)?, term(b)?],
            output: cx.rescale(factor)?,
            output_zero: to.zero_point,
            clamp: cx.clamp(options.get(0, 0)?, to)?,
        })
    }

    pub(crate) fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [first, second],
            output,
            ..
        } = views;
        let [a, b] = &self.inputs;
        for ((&x, &y), out) in first.iter().zip(second).zip(output) {
            let sum = a.scale(x).wrapping_add(b.scale(y));
            *out = self
                .clamp
                .apply(self.output.apply(sum).saturating_add(self.output_zero));
        }
    }
}

impl Term {
    #[inline(always)]
    fn scale(&self, x: i8) -> i32 {
        self.rescale
            .apply((i32::from(x) - self.zero_point) << LEFT_SHIFT)
    }
}
