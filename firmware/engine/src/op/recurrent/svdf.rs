//! SVDF, int8: a dense layer factorised into one over the input's features and one over time.
//!
//! Each filter reduces the input to one number and remembers the latest of them; their weighted sum, over all filters
//! of a unit, is the unit's output.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Scalar, Vector};
use crate::kernel::{self, cast};
use crate::op::context::Context;
use crate::op::{Kernel, Wiring};
use crate::quantize::Rescale;
use crate::tensor::DataType;

pub(crate) struct Svdf<'m> {
    pub(super) batches: usize,
    pub(super) depth: usize,
    pub(super) units: usize,
    /// Filters of a unit.
    pub(super) rank: usize,
    /// Numbers that a filter remembers.
    pub(super) memory: usize,
    pub(super) features: &'m [i8],
    /// Of the memory's type.
    pub(super) time: &'m [u8],
    pub(super) bias: Option<Vector<'m, i32>>,
    /// Whether numbers are remembered in 16 bits rather than 8.
    pub(super) wide: bool,
    pub(super) to_memory: Rescale,
    pub(super) to_output: Rescale,
    pub(super) input_zero: i32,
    pub(super) memory_zero: i32,
    pub(super) output_zero: i32,
}

impl<'m> Kernel<'m> for Svdf<'m> {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(5, 5)?;
        let (input, features, time) = (cx.input(0)?, cx.input(1)?, cx.input(2)?);
        let (state, output) = (cx.any_input(4)?, cx.output()?);
        let options = cx.options(6)?;
        let (from, to) = (cx.int8(0, input)?, cx.int8(5, output)?);
        let wide = state.dtype == DataType::Int16;
        let remembered = if wide {
            cx.affine(4, &state)?
        } else {
            cx.int8(4, &state)?
        };
        let feature_weights = cast::as_i8(cx.constant(1, features, DataType::Int8)?);
        let time_weights = cx.constant(2, time, state.dtype)?;

        let rank = |tensor: &crate::TensorInfo<'_>| {
            cx.error(OperatorProblem::Rank, tensor.shape.dims().len())
        };
        let [batches, depth] = input.shape.exactly().ok_or(rank(input))?;
        let [filters, filter_depth] = features.shape.exactly().ok_or(rank(features))?;
        let [time_filters, memory] = time.shape.exactly().ok_or(rank(time))?;
        let filters_per_unit = options.positive(cx, 0, 0)?;
        cx.ensure(
            filter_depth == depth && filters.is_multiple_of(filters_per_unit),
            OperatorProblem::Shape,
            1,
        )?;
        let units = filters / filters_per_unit;
        cx.ensure(time_filters == filters, OperatorProblem::Shape, 2)?;
        // Divided rather than multiplied, which could overflow.
        let elements = state.shape.elements();
        let per_batch = elements / batches;
        cx.ensure(
            per_batch * batches == elements
                && per_batch.is_multiple_of(filters)
                && per_batch / filters == memory,
            OperatorProblem::Shape,
            4,
        )?;
        cx.ensure(
            output.shape.dims() == [batches, units],
            OperatorProblem::Shape,
            5,
        )?;
        // TFLite applies no activation to integers: it relies on the output's range, which stands for RELU.
        let activation = options.get(1, 0_i8)?;
        cx.ensure(
            matches!(activation, 0 | 1),
            OperatorProblem::Activation,
            usize::from(activation.unsigned_abs()),
        )?;

        let scale = |tensor, axis| {
            let scales = cx.weight_scales(tensor, axis)?;
            let one = scales.get(0).filter(|_| scales.len() == 1);
            one.ok_or(cx.error(OperatorProblem::QuantizedAxis, 1))
        };
        // TFLite `PrepareSvdf`, in double precision as TFLite Micro's Python package computes it.
        let factor = |scale: f32, weights: f32, to: f32| {
            cx.rescale(f64::from(scale) * f64::from(weights) / f64::from(to))
        };
        let to_memory = factor(from.scale, scale(features, 0)?, remembered.scale)?;
        let to_output = factor(remembered.scale, scale(time, 0)?, to.scale)?;
        Ok(Self {
            batches,
            depth,
            units,
            rank: filters_per_unit,
            memory,
            features: feature_weights,
            time: time_weights,
            bias: cx.bias(3, units)?,
            wide,
            to_memory,
            to_output,
            input_zero: from.zero_point,
            memory_zero: remembered.zero_point,
            output_zero: to.zero_point,
        })
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring {
            states: [Some(4), None],
            ..Wiring::input(0)
        }
    }

    fn macs(&self) -> u64 {
        let weights = self.units * self.rank * (self.depth + self.memory);
        self.batches as u64 * weights as u64
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            states: [state, _],
            output,
            ..
        } = views;
        if self.wide {
            let state = cast::as_i16_mut(cast::as_u8_mut(state));
            self.compute(input, state, Vector::<i16>::new(self.time), output);
        } else {
            self.compute(input, state, Vector::<i8>::new(self.time), output);
        }
    }
}

impl Svdf<'_> {
    /// TFLite `EvalIntegerSvdfReference`, filter by filter, for which no sums have to be kept.
    fn compute<T: Scalar + Into<i32> + TryFrom<i32>>(
        &self,
        input: &[i8],
        state: &mut [T],
        time: Vector<'_, T>,
        output: &mut [i8],
    ) {
        let mut filters = state.chunks_exact_mut(self.memory);
        let batches = input.chunks_exact(self.depth);
        for (input, output) in batches.zip(output.chunks_exact_mut(self.units)) {
            let mut weights = time.iter();
            let mut features = self.features.chunks_exact(self.depth);
            for (unit, out) in output.iter_mut().enumerate() {
                let mut sum = self.bias.and_then(|bias| bias.get(unit)).unwrap_or(0);
                let parts = filters.by_ref().zip(features.by_ref()).take(self.rank);
                for (memory, features) in parts {
                    self.remember(memory, kernel::dot(input, features, self.input_zero));
                    // The memory first, so that no weight is taken for nothing at its end.
                    for (&remembered, weight) in memory.iter().zip(weights.by_ref()) {
                        let remembered: i32 = remembered.into();
                        let product = (remembered - self.memory_zero).wrapping_mul(weight.into());
                        sum = sum.wrapping_add(product);
                    }
                }
                let scaled = self.to_output.apply(sum);
                *out = scaled.saturating_add(self.output_zero).clamp(-128, 127) as i8;
            }
        }
    }

    /// Forgets the oldest number of a filter and takes in a new one.
    ///
    /// TFLite Micro has long added an 8-bit memory's zero point after cutting to 8 bits, whereupon the sum wrapped
    /// around; it now cuts afterwards, as here.
    fn remember<T: Copy + TryFrom<i32>>(&self, memory: &mut [T], sum: i32) {
        let (least, greatest) = if self.wide {
            (-32768, 32767)
        } else {
            (-128, 127)
        };
        let new = self
            .to_memory
            .apply(sum)
            .saturating_add(self.memory_zero)
            .max(least)
            .min(greatest);
        memory.copy_within(1.., 0);
        if let (Some(last), Ok(new)) = (memory.last_mut(), T::try_from(new)) {
            *last = new;
        }
    }
}
