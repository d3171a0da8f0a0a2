//! FULLY_CONNECTED, int8.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Vector};
use crate::kernel::{self, Filters, cast};
use crate::op::Kernel;
use crate::op::context::{Clamp, Context};
use crate::op::scales::{ChannelScales, Factors};
use crate::quantize::Rescale;
use crate::tensor::DataType;

pub(crate) struct FullyConnected<'m> {
    pub(super) batches: usize,
    pub(super) depth: usize,
    pub(super) units: usize,
    pub(super) weights: &'m [i8],
    pub(super) bias: Option<Vector<'m, i32>>,
    pub(super) factor: Factor<'m>,
    pub(super) input_zero: i32,
    pub(super) output_zero: i32,
    pub(super) clamp: Clamp,
}

/// One factor for all units, or one for each.
pub(super) enum Factor<'m> {
    Same(Rescale),
    PerUnit(ChannelScales<'m>),
}

impl<'m> Kernel<'m> for FullyConnected<'m> {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(2, 3)?;
        let (input, filter, output) = (cx.input(0)?, cx.input(1)?, cx.output()?);
        let options = cx.options(8)?;
        let format = options.get(1, 0_i8)?;
        cx.ensure(
            format == 0,
            OperatorProblem::WeightsFormat,
            usize::from(format.unsigned_abs()),
        )?;
        let (from, to) = (cx.int8(0, &input)?, cx.int8(cx.inputs.len(), &output)?);
        let weights = cast::as_i8(cx.constant(1, &filter, DataType::Int8)?);

        let rank = cx.error(OperatorProblem::Rank, filter.shape.dims().len());
        let [units, depth] = filter.shape.exactly().ok_or(rank)?;
        let batches = input.shape.elements() / depth;
        cx.ensure(
            batches * depth == input.shape.elements(),
            OperatorProblem::Shape,
            1,
        )?;
        // Divided rather than multiplied, which could overflow.
        let fits = output.shape.elements().is_multiple_of(units)
            && output.shape.elements() / units == batches;
        cx.ensure(fits, OperatorProblem::Shape, cx.inputs.len())?;

        let scales = cx.weight_scales(&filter, 0)?;
        // TFLite `GetQuantizedConvolutionMultipler` multiplies the scales of weights quantized as a whole in single
        // precision, unlike those of channels.
        let factor = match (scales.len(), scales.get(0)) {
            (1, Some(scale)) => {
                Factor::Same(cx.rescale(f64::from(from.scale * scale) / f64::from(to.scale))?)
            }
            _ => Factor::PerUnit(ChannelScales::new(cx, from.scale, scales, to.scale, units)?),
        };
        Ok(Self {
            batches,
            depth,
            units,
            weights,
            bias: cx.bias(2, units)?,
            factor,
            input_zero: from.zero_point,
            output_zero: to.zero_point,
            clamp: cx.clamp(options.get(0, 0)?, to)?,
        })
    }

    fn macs(&self) -> u64 {
        self.batches as u64 * self.weights.len() as u64
    }

    fn scratch_bytes(&self) -> (usize, usize) {
        (4 * self.depth, 0)
    }

    fn scales(&self) -> Option<&ChannelScales<'m>> {
        match &self.factor {
            Factor::Same(_) => None,
            Factor::PerUnit(scales) => Some(scales),
        }
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            scratch,
            table,
            ..
        } = views;
        let filters = Filters::new(
            self.weights,
            self.depth,
            self.bias,
            match self.factor {
                Factor::Same(factor) => Factors::Same(factor),
                Factor::PerUnit(_) => Factors::new(table, self.units),
            },
            self.output_zero,
            self.clamp,
        );
        let pair = &mut cast::as_i16_mut(scratch)[..2 * self.depth];
        for (data, out) in input
            .chunks(2 * self.depth)
            .zip(output.chunks_mut(2 * self.units))
        {
            let (first, second) = data.split_at(self.depth);
            kernel::unpack_pair(
                pair,
                0,
                [first, if second.is_empty() { first } else { second }],
                self.input_zero,
            );
            kernel::multiply_pairs(pair, &filters, out);
        }
    }
}
