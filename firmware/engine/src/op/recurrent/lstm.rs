//! UNIDIRECTIONAL_SEQUENCE_LSTM, int8 with a cell state of 16 bits.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Vector};
use crate::kernel::sigmoid::{Steps, logistic, tanh};
use crate::kernel::{self, cast};
use crate::op::context::Context;
use crate::op::{Kernel, Wiring};
use crate::quantize::Rescale;
use crate::tensor::DataType;

/// The places of operands, as `lstm_shared.h` of TFLite numbers them.
const INPUT_WEIGHTS: usize = 1;
const RECURRENT_WEIGHTS: usize = 5;
const BIASES: usize = 12;
const HIDDEN_STATE: usize = 18;
const CELL_STATE: usize = 19;
/// Peepholes, projection and layer normalization.
const UNSUPPORTED: [usize; 9] = [9, 10, 11, 16, 17, 20, 21, 22, 23];
/// `ActivationFunctionType.TANH`.
const TANH: usize = 4;

/// The scale of gates before their activation, Q3.12, and after it, 0.15.
const GATE_SCALE: f32 = 1.0 / 4096.0;
const ACTIVATION_SCALE: f32 = 1.0 / 32768.0;

pub(crate) struct Lstm<'m> {
    pub(super) batches: usize,
    pub(super) steps: usize,
    pub(super) depth: usize,
    pub(super) units: usize,
    pub(super) time_major: bool,
    /// Input, forget, cell and output gate.
    pub(super) gates: [Gate<'m>; 4],
    pub(super) input_zero: i32,
    pub(super) hidden_zero: i32,
    /// What the products of a gate and the cell, of two gates, and of a gate and the cell's tanh are multiplied by.
    pub(super) forget: Rescale,
    pub(super) update: Rescale,
    pub(super) hidden: Rescale,
    /// The greatest cell state either way; 16 bits allow for one more downwards.
    pub(super) clip: Option<i16>,
    pub(super) cell_steps: Steps,
}

/// A gate: a dense layer of the input and one of the latest output.
#[derive(Clone, Copy, Default)]
pub(super) struct Gate<'m> {
    pub(super) input: Part<'m>,
    pub(super) recurrent: Part<'m>,
    pub(super) bias: Option<Vector<'m, i32>>,
}

#[derive(Clone, Copy)]
pub(super) struct Part<'m> {
    pub(super) weights: &'m [i8],
    pub(super) rescale: Rescale,
}

impl<'m> Kernel<'m> for Lstm<'m> {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(20, 24)?;
        for i in UNSUPPORTED {
            let absent = cx.inputs.get(i).is_none_or(|index| index == -1);
            cx.ensure(absent, OperatorProblem::Lstm, i)?;
        }
        let (input, output) = (cx.input(0)?, cx.output()?);
        let (hidden, cell) = (&cx.any_input(HIDDEN_STATE)?, &cx.any_input(CELL_STATE)?);
        let options = cx.options(71)?;
        let activation = options.byte(0)?;
        cx.ensure(activation == TANH, OperatorProblem::Activation, activation)?;
        let diagonal = options.byte(5)? != 0;
        cx.ensure(!diagonal, OperatorProblem::Lstm, RECURRENT_WEIGHTS)?;

        let (from, to) = (cx.int8(0, input)?, cx.int8(cx.inputs.len(), output)?);
        let remembered = cx.int8(HIDDEN_STATE, hidden)?;
        // The output is a copy of what is remembered.
        cx.ensure(to == remembered, OperatorProblem::SameQuantization, 0)?;
        cx.of_type(cell, DataType::Int16)?;
        let cell_scale = cx.affine(CELL_STATE, cell)?.scale;
        let bits = cell_scale.to_bits();
        let power = (bits >> 23) as i32 - 127;
        cx.ensure(
            bits.trailing_zeros() >= 23 && (-27..=2).contains(&power),
            OperatorProblem::CellScale,
            0,
        )?;

        let time_major = options.byte(3)? != 0;
        let [first, second, depth] = cx.dims(input)?;
        let (batches, steps) = if time_major {
            (second, first)
        } else {
            (first, second)
        };
        let units = *output.shape.dims().last().unwrap_or(&1);
        cx.of_shape(cx.inputs.len(), output, &[first, second, units])?;
        for (i, state) in [(HIDDEN_STATE, hidden), (CELL_STATE, cell)] {
            let elements = state.shape.elements();
            let fits = units.checked_mul(batches) == Some(elements);
            cx.ensure(fits, OperatorProblem::Shape, i)?;
        }

        let mut gates = [Gate::default(); 4];
        for (i, gate) in gates.iter_mut().enumerate() {
            gate.input = Part::read(cx, INPUT_WEIGHTS + i, [units, depth], from.scale)?;
            gate.recurrent = Part::read(cx, RECURRENT_WEIGHTS + i, [units, units], to.scale)?;
            gate.bias = cx.bias(BIASES + i, units)?;
            let has_bias = gate.bias.is_some();
            cx.ensure(has_bias, OperatorProblem::Lstm, BIASES + i)?;
        }
        // TFLite `CreateInterGateMulParams`.
        // TFLite `CreateLstmCellStateInfo`.
        let clip = options.get(1, 0.0_f32)?;
        cx.ensure(clip >= 0.0, OperatorProblem::Lstm, CELL_STATE)?;
        // Exact, since the scale is a power of two.
        let quantized_clip = (clip / cell_scale) as i16;
        Ok(Self {
            batches,
            steps,
            depth,
            units,
            time_major,
            gates,
            input_zero: from.zero_point,
            hidden_zero: remembered.zero_point,
            forget: cx.rescale(ACTIVATION_SCALE, cell_scale, cell_scale)?,
            update: cx.rescale(ACTIVATION_SCALE, ACTIVATION_SCALE, cell_scale)?,
            hidden: cx.rescale(ACTIVATION_SCALE, ACTIVATION_SCALE, remembered.scale)?,
            clip: (clip > 0.0).then_some(quantized_clip),
            cell_steps: Steps::new(power),
        })
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring {
            states: [Some(HIDDEN_STATE), Some(CELL_STATE)],
            ..Wiring::input(0)
        }
    }

    fn macs(&self) -> u64 {
        let weights = 4 * self.units as u64 * (self.depth + self.units) as u64;
        (self.batches * self.steps) as u64 * weights
    }

    /// TFLite Micro `EvalLstm`, batch by batch. A step's output is what the next one is computed from.
    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            states: [hidden, cell],
            output,
            ..
        } = views;
        let cell = cast::as_i16_mut(cast::as_u8_mut(cell));
        let states = hidden
            .chunks_exact_mut(self.units)
            .zip(cell.chunks_exact_mut(self.units));
        for (batch, (hidden, cell)) in states.enumerate() {
            for step in 0..self.steps {
                let row = if self.time_major {
                    step * self.batches + batch
                } else {
                    batch * self.steps + step
                };
                let input = &input[row * self.depth..][..self.depth];
                let output = &mut output[row * self.units..][..self.units];
                for (unit, (out, cell)) in output.iter_mut().zip(&mut *cell).enumerate() {
                    *out = self.unit(unit, input, hidden, cell);
                }
                hidden.copy_from_slice(output);
            }
        }
    }
}

impl Lstm<'_> {
    /// One step of a unit: updates its cell and returns its output.
    ///
    /// TFLite Micro `LstmStep`: `cell = forget * cell + input * cell gate`, `output = output gate * tanh(cell)`.
    fn unit(&self, unit: usize, input: &[i8], hidden: &[i8], cell: &mut i16) -> i8 {
        let gate = |which: usize| self.gate(&self.gates[which], unit, input, hidden);
        // Q3.12 are three steps of the table each.
        let unscaled = Steps::new(-12);
        let squashed = |which| i32::from(logistic(unscaled.of(gate(which))));
        let (input_gate, forget_gate) = (squashed(0), squashed(1));
        let cell_gate = i32::from(tanh(unscaled.of(gate(2))));
        let kept = saturate(self.forget.apply(forget_gate * i32::from(*cell)));
        let new = saturate(self.update.apply(input_gate * cell_gate));
        *cell = kept.saturating_add(new);
        if let Some(clip) = self.clip {
            *cell = (*cell).min(clip).max(-clip);
        }
        let active = i32::from(tanh(self.cell_steps.of(*cell)));
        let scaled = self.hidden.apply(active * squashed(3));
        scaled.saturating_add(self.hidden_zero).clamp(-128, 127) as i8
    }

    /// TFLite Micro `CalculateLstmGate`, before the activation: both parts are cut to 16 bits, and so is their sum.
    fn gate(&self, gate: &Gate<'_>, unit: usize, input: &[i8], hidden: &[i8]) -> i16 {
        let bias = gate.bias.and_then(|bias| bias.get(unit)).unwrap_or(0);
        let from_input = gate.input.apply(unit, input, self.input_zero, bias);
        from_input.saturating_add(gate.recurrent.apply(unit, hidden, self.hidden_zero, 0))
    }
}

impl Default for Part<'_> {
    fn default() -> Self {
        Self {
            weights: &[],
            rescale: Rescale::ZERO,
        }
    }
}

impl<'m> Part<'m> {
    /// Reads int8 weights of this shape, quantized as a whole, for data of this scale.
    fn read(cx: &Context<'m>, i: usize, shape: [usize; 2], scale: f32) -> Result<Self> {
        // Only the input gate's can be left out, which is an LSTM of coupled gates.
        let tensor = &cx
            .optional_input(i)?
            .ok_or(cx.error(OperatorProblem::Lstm, i))?;
        cx.of_shape(i, tensor, &shape)?;
        let weights = cast::as_i8(cx.constant(i, tensor, DataType::Int8)?);
        let weight_scale = cx.weight_scale(i, tensor)?;
        // TFLite `GetQuantizedConvolutionMultipler`, in double precision as TFLite Micro's Python package computes it.
        let rescale = cx.rescale(scale, weight_scale, GATE_SCALE)?;
        Ok(Self { weights, rescale })
    }

    fn apply(&self, unit: usize, data: &[i8], zero: i32, bias: i32) -> i16 {
        let weights = &self.weights[unit * data.len()..][..data.len()];
        let sum = kernel::dot(data, weights, zero).wrapping_add(bias);
        saturate(self.rescale.apply(sum))
    }
}

fn saturate(x: i32) -> i16 {
    x.max(i16::MIN.into()).min(i16::MAX.into()) as i16
}
