//! ADD, int8, of tensors of the same shape.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::{Affine, Clamp, Context};
use crate::quantize::ShortRescale;

/// Bits by which the inputs are shifted up before they are scaled.
const LEFT_SHIFT: u32 = 20;

pub(crate) struct Add {
    inputs: [Term; 2],
    output: ShortRescale,
    output_zero: i32,
    clamp: Clamp,
}

struct Term {
    zero_point: i32,
    rescale: ShortRescale,
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
        let too_large = cx.error(OperatorProblem::Multiplier, 0);
        let short = |factor| ShortRescale::new(cx.rescale(factor)?).ok_or(too_large);
        let term = |affine: Affine| {
            Ok(Term {
                zero_point: affine.zero_point,
                rescale: short(f64::from(affine.scale) / twice_max)?,
            })
        };
        let factor = twice_max / f64::from((1 << LEFT_SHIFT) as f32 * to.scale);
        cx.ensure(factor < 1.0, OperatorProblem::Multiplier, 2)?;
        Ok(Self {
            inputs: [term(a)?, term(b)?],
            output: short(factor)?,
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
            // Each term is at most 255 * 2^20 / 2.
            let sum = a.scale(x) + b.scale(y);
            *out = self
                .clamp
                .apply(self.output.apply(2 * sum) + self.output_zero);
        }
    }
}

impl Term {
    #[inline(always)]
    fn scale(&self, x: i8) -> i32 {
        self.rescale
            .apply((i32::from(x) - self.zero_point) << (LEFT_SHIFT + 1))
    }
}
