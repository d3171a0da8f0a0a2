//! DEPTHWISE_CONV_2D, int8.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Vector};
use crate::kernel::cast;
use crate::op::context::{Clamp, Context};
use crate::op::scales::{ChannelScales, Factors};
use crate::op::window::Window;
use crate::tensor::DataType;

pub(crate) struct Depthwise<'m> {
    batches: usize,
    channels: usize,
    /// Outputs of each input channel.
    multiplier: usize,
    y: Window,
    x: Window,
    weights: &'m [i8],
    bias: Option<Vector<'m, i32>>,
    scales: ChannelScales<'m>,
    input_zero: i32,
    output_zero: i32,
    clamp: Clamp,
}

impl<'m> Depthwise<'m> {
    pub(crate) fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(2, 3)?;
        let (input, filter, output) = (cx.input(0)?, cx.input(1)?, cx.output()?);
        let options = cx.options(2)?;
        let (from, to) = (cx.int8(0, &input)?, cx.int8(cx.inputs.len(), &output)?);
        let weights = cast::as_i8(cx.constant(1, &filter, DataType::Int8)?);

        let rank = |tensor: &crate::TensorInfo<'_>| {
            cx.error(OperatorProblem::Rank, tensor.shape.dims().len())
        };
        let [batches, height, width, channels] = input.shape.exactly().ok_or(rank(&input))?;
        let [one, filter_height, filter_width, filters] =
            filter.shape.exactly().ok_or(rank(&filter))?;
        let [out_batches, out_height, out_width, out_channels] =
            output.shape.exactly().ok_or(rank(&output))?;
        cx.ensure(
            one == 1 && filters % channels == 0,
            OperatorProblem::Shape,
            1,
        )?;
        cx.ensure(
            (batches, filters) == (out_batches, out_channels),
            OperatorProblem::Shape,
            cx.inputs.len(),
        )?;
        let multiplier = filters / channels;
        let stated: i32 = options.get(3, 0)?;
        let agrees = stated == 0 || usize::try_from(stated) == Ok(multiplier);
        cx.ensure(
            agrees,
            OperatorProblem::DepthMultiplier,
            stated.unsigned_abs() as usize,
        )?;
        let scheme = options.get(0, 0)?;
        let along_y = (
            filter_height,
            options.positive(cx, 2, 0)?,
            options.positive(cx, 6, 1)?,
        );
        let along_x = (
            filter_width,
            options.positive(cx, 1, 0)?,
            options.positive(cx, 5, 1)?,
        );
        Ok(Self {
            batches,
            channels,
            multiplier,
            y: Window::new(cx, scheme, height, out_height, along_y)?,
            x: Window::new(cx, scheme, width, out_width, along_x)?,
            weights,
            bias: cx.bias(2, filters)?,
            scales: ChannelScales::new(
                cx,
                from.scale,
                cx.weight_scales(&filter, 3)?,
                to.scale,
                filters,
            )?,
            input_zero: from.zero_point,
            output_zero: to.zero_point,
            clamp: cx.clamp(options.get(4, 0)?, to)?,
        })
    }

    pub(crate) fn macs(&self) -> u64 {
        let outputs = self.batches * self.y.output * self.x.output;
        outputs as u64 * self.weights.len() as u64
    }

    pub(crate) fn scales(&self) -> &ChannelScales<'m> {
        &self.scales
    }

    pub(crate) fn scratch_bytes(&self) -> usize {
        0
    }

    pub(crate) fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            table,
            ..
        } = views;
        let (y, x) = (self.y, self.x);
        let filters = self.channels * self.multiplier;
        let factors = Factors::new(table, filters);
        for (pixel, out) in output.chunks_exact_mut(filters).enumerate() {
            let (row, out_x) = (pixel / x.output, pixel % x.output);
            let image = &input[row / y.output * (y.input * x.input * self.channels)..];
            let (taps_y, top) = y.taps(row % y.output);
            let (taps_x, left) = x.taps(out_x);
            for (filter, out) in out.iter_mut().enumerate() {
                let channel = filter / self.multiplier;
                let mut sum = self.bias.and_then(|bias| bias.get(filter)).unwrap_or(0);
                for tap_y in taps_y.clone() {
                    let in_y = top + (tap_y - taps_y.start) * y.dilation;
                    for tap_x in taps_x.clone() {
                        let in_x = left + (tap_x - taps_x.start) * x.dilation;
                        let data = image[(in_y * x.input + in_x) * self.channels + channel];
                        let weight = self.weights[(tap_y * x.filter + tap_x) * filters + filter];
                        sum = sum
                            .wrapping_add((i32::from(data) - self.input_zero) * i32::from(weight));
                    }
                }
                *out = self.clamp.apply(
                    factors
                        .get(filter)
                        .apply(sum)
                        .saturating_add(self.output_zero),
                );
            }
        }
    }
}
