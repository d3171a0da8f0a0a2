//! ADD, int8, of tensors of the same shape.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::kernel::{Sum, Term};
use crate::op::context::{Affine, Context};
use crate::op::{Kernel, Reuse, Wiring};
use crate::quantize::ShortRescale;

pub(crate) struct Add(Sum);

impl<'m> Kernel<'m> for Add {
    fn read(cx: &Context<'m>) -> Result<Self> {
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
        let factor = twice_max / f64::from((1 << 20) as f32 * to.scale);
        cx.ensure(factor < 1.0, OperatorProblem::Multiplier, 2)?;
        Ok(Self(Sum {
            terms: [term(a)?, term(b)?],
            output: short(factor)?,
            output_zero: to.zero_point,
            clamp: cx.clamp(options.get(0, 0)?, to)?,
        }))
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::binary().reusing(Reuse::Overwrite([true; 2]))
    }

    fn run(&self, views: Views<'_>) {
        self.0.run(views);
    }
}
