//! SVDF, int8: a dense layer factorised into one over the input's features and one over time.
//!
//! Each filter reduces the input to one number and remembers the latest of them; their weighted sum, over all filters
//! of a unit, is the unit's output.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Vector};
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
    pub(super) time: &'m [i8],
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
        let options = cx.form(5, 6)?;
        let (input, features, time) = (cx.input(0)?, cx.input(1)?, cx.input(2)?);
        let (state, output) = (&cx.any_input(4)?, cx.output()?);
        let (from, to) = (cx.int8(0, input)?, cx.int8(5, output)?);
        let wide = state.dtype == DataType::Int16;
        if !wide {
            cx.of_type(state, DataType::Int8)?;
        }
        let remembered = cx.affine(4, state)?;
        let feature_weights = cast::as_i8(cx.constant(1, features, DataType::Int8)?);
        let time_weights = cast::as_i8(cx.constant(2, time, state.dtype)?);

        let [batches, depth] = cx.dims(input)?;
        let [filters, _] = cx.dims(features)?;
        let [_, memory] = cx.dims(time)?;
        let rank = options.positive(cx, 0, 0)?;
        cx.of_shape(1, features, &[filters, depth])?;
        cx.ensure(filters.is_multiple_of(rank), OperatorProblem::Shape, 1)?;
        let units = filters / rank;
        cx.of_shape(2, time, &[filters, memory])?;
        // The weights' shapes bound the first product, and what the state holds the second.
        let elements = state.shape.elements();
        let fits = (filters * memory).checked_mul(batches) == Some(elements);
        cx.ensure(fits, OperatorProblem::Shape, 4)?;
        cx.of_shape(5, output, &[batches, units])?;
        // TFLite applies no activation to integers: it relies on the output's range, which stands for RELU.
        let activation = options.byte(1)?;
        cx.ensure(activation < 2, OperatorProblem::Activation, activation)?;

        // TFLite `PrepareSvdf`, in double precision as TFLite Micro's Python package computes it.
        let factor = |scale: f32, weights: f32, to: f32| cx.rescale(scale, weights, to);
        let to_memory = factor(from.scale, cx.weight_scale(1, features)?, remembered.scale)?;
        let to_output = factor(remembered.scale, cx.weight_scale(1, time)?, to.scale)?;
        Ok(Self {
            batches,
            depth,
            units,
            rank,
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
        self.compute(input, state, output);
    }
}

impl Svdf<'_> {
    /// TFLite `EvalIntegerSvdfReference`, filter by filter, for which no sums have to be kept.
    fn compute(&self, input: &[i8], state: &mut [i8], output: &mut [i8]) {
        let bytes = self.memory << u32::from(self.wide);
        let mut filters = state.chunks_exact_mut(bytes);
        let batches = input.chunks_exact(self.depth);
        for (input, output) in batches.zip(output.chunks_exact_mut(self.units)) {
            let mut weights = self
                .features
                .chunks_exact(self.depth)
                .zip(self.time.chunks_exact(bytes));
            for (unit, out) in output.iter_mut().enumerate() {
                let mut sum = self.bias.and_then(|bias| bias.get(unit)).unwrap_or(0);
                let parts = filters.by_ref().zip(weights.by_ref()).take(self.rank);
                for (memory, (features, time)) in parts {
                    self.remember(memory, kernel::dot(input, features, self.input_zero));
                    sum = sum.wrapping_add(self.over_time(memory, time));
                }
                let scaled = self.to_output.apply(sum);
                *out = scaled.saturating_add(self.output_zero).clamp(-128, 127) as i8;
            }
        }
    }

    /// The products of what a filter remembers.
    fn over_time(&self, memory: &[i8], weights: &[i8]) -> i32 {
        if !self.wide {
            return kernel::dot(memory, weights, self.memory_zero);
        }
        let pairs = memory.as_chunks().0.iter().zip(weights.as_chunks().0);
        pairs.fold(0, |sum: i32, (&remembered, &weight)| {
            let product = (short(remembered) - self.memory_zero).wrapping_mul(short(weight));
            sum.wrapping_add(product)
        })
    }

    /// Forgets the oldest number of a filter and takes in a new one.
    ///
    /// TFLite Micro has long added an 8-bit memory's zero point after cutting to 8 bits, whereupon the sum wrapped
    /// around; it now cuts afterwards, as here.
    fn remember(&self, memory: &mut [i8], sum: i32) {
        let (size, greatest) = if self.wide { (2, 32767) } else { (1, 127) };
        let new = self
            .to_memory
            .apply(sum)
            .saturating_add(self.memory_zero)
            .max(!greatest)
            .min(greatest);
        memory.copy_within(size.., 0);
        let latest = memory.iter_mut().rev().take(size).rev();
        for (to, from) in latest.zip(new.to_le_bytes()) {
            *to = from as i8;
        }
    }
}

/// A 16-bit integer.
fn short(bytes: [i8; 2]) -> i32 {
    i16::from_le_bytes(bytes.map(|byte| byte as u8)).into()
}
