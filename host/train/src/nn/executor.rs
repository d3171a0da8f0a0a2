//! Runs a planned network forward and backward.

mod parameters;

use onchip_tflite::ir::{Activation, Affine, ValueId};
use pulp::Arch;

use super::finish::Finish;
use super::float::Float;
use super::flow::{Given, Input, Made, Scratch, Sink, room};
use super::moments::Moments;
use super::network::{EPSILON, FakeQuantization, FloatNetwork};
use super::plan::{Kind, Level, Place, Plan, Stage};
use super::sums::{Slopes, Sums};
use super::{conv, depthwise, pool, sum};

/// What a new batch counts in running means and variances; torch's default.
const MOMENTUM: f64 = 0.1;

/// Steps from 0 to the greatest int8 weight.
const WEIGHT_STEPS: f64 = 127.0;

/// Which means and variances normalize.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The batch's; the running ones follow them.
    Train,
    /// The running ones.
    Infer,
}

/// A network at work: weights, values and gradients of a batch.
///
/// All memory is claimed when it is made or in its first step. Its state is its own: executors on
/// several threads do not know of each other.
#[derive(Debug, Clone)]
pub(crate) struct Executor<T> {
    arch: Arch,
    plan: Plan,
    batch: usize,
    /// All that training finds.
    pub(crate) parameters: Vec<T>,
    /// The gradient by it, after [`backward`](Self::backward).
    pub(crate) slope: Vec<T>,
    statistics: Vec<T>,
    /// Steps of rounded weights, if they are rounded.
    weight_steps: Option<T>,
    rounded: Vec<T>,
    slots: Vec<State<T>>,
    gradients: Vec<Vec<T>>,
    outputs: Vec<T>,
    scratch: Scratch<T>,
}

/// Of a slot.
#[derive(Debug, Clone)]
struct State<T> {
    values: Vec<T>,
    finish: Finish<T>,
    sums: Sums<T>,
    moments: Moments<T>,
    slopes: Slopes<T>,
    /// √(variance + ε) per channel, where there is a normalization.
    deviations: Vec<T>,
}

impl<T: Float> Executor<T> {
    /// For batches of up to `batch` examples.
    pub(crate) fn new(network: &FloatNetwork, rounding: &FakeQuantization, batch: usize) -> Self {
        let (plan, buffers) = Plan::new(&network.topology, rounding);
        let slots = plan.slots.iter().map(|slot| {
            let rounding = rounding.of(slot.result).map(steps);
            let finish = finish(slot.channels, slot.activation, rounding);
            State {
                values: vec![T::ZERO; batch * slot.len],
                sums: Sums::new(slot.channels),
                moments: Moments::new(slot.channels),
                slopes: Slopes::new(slot.channels),
                deviations: vec![T::ONE; slot.channels],
                finish,
            }
        });
        let mut executor = Self {
            arch: Arch::new(),
            batch,
            parameters: vec![T::ZERO; plan.parameters],
            slope: vec![T::ZERO; plan.parameters],
            statistics: vec![T::ZERO; plan.statistics],
            weight_steps: rounding.weights.then(|| T::of(WEIGHT_STEPS)),
            rounded: vec![T::ZERO; plan.parameters],
            slots: slots.collect(),
            gradients: buffers
                .iter()
                .map(|&len| vec![T::ZERO; batch * len])
                .collect(),
            outputs: vec![T::ZERO; batch * plan.slots[plan.output].len],
            scratch: Scratch::default(),
            plan,
        };
        executor.load(network);
        executor
    }

    /// Bytes that a batch takes: values, gradients, and parameters.
    pub(crate) fn bytes(&self) -> usize {
        let values = self.slots.iter().map(|slot| slot.values.len());
        let gradients = self.gradients.iter().map(Vec::len);
        let parameters = 3 * self.parameters.len() + self.statistics.len();
        let elements = values.chain(gradients).sum::<usize>() + self.outputs.len() + parameters;
        elements * size_of::<T>()
    }

    /// Ranges of parameters that are weights, not biases, scales or shifts.
    pub(crate) fn weights(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let weights = self
            .plan
            .stages
            .iter()
            .filter_map(|stage| stage.weights.as_ref());
        weights.map(|weights| weights.weights.clone())
    }

    /// Room for a batch.
    pub(crate) fn input(&mut self, n: usize) -> &mut [T] {
        &mut self.slots[0].values[..n * self.plan.slots[0].len]
    }

    /// What the network makes of the first `n` examples of [`input`](Self::input).
    pub(crate) fn forward(&mut self, n: usize, mode: Mode) -> &[T] {
        assert!(n > 0 && n <= self.batch);
        self.round_weights();
        for stage in 0..self.plan.stages.len() {
            self.run(stage, n, mode);
        }
        let output = &self.plan.slots[self.plan.output];
        let state = &self.slots[self.plan.output];
        let len = n * output.len;
        state
            .finish
            .read(self.arch, &state.values[..len], &mut self.outputs[..len]);
        &self.outputs[..len]
    }

    /// After `forward`: the network's outputs, and room for the loss's slope by them.
    pub(crate) fn outcome(&mut self, n: usize) -> Outcome<'_, T> {
        let output = &self.plan.slots[self.plan.output];
        let slopes = match output.gradient {
            Some(Place::Buffer(buffer)) => &mut self.gradients[buffer][..n * output.len],
            _ => &mut [],
        };
        Outcome {
            inputs: &self.slots[0].values[..n * self.plan.slots[0].len],
            outputs: &self.outputs[..n * output.len],
            slopes,
        }
    }

    /// From the loss's slope by the outputs to that by all parameters.
    pub(crate) fn backward(&mut self, n: usize) {
        self.slope.fill(T::ZERO);
        for slot in &mut self.slots {
            slot.sums.clear();
        }
        let output = self.plan.output;
        let slot = &self.plan.slots[output];
        let Some(Place::Buffer(buffer)) = slot.gradient else {
            return;
        };
        if self.plan.is_output_settled_first {
            let len = n * slot.len;
            let State {
                values,
                finish,
                sums,
                ..
            } = &mut self.slots[output];
            let gradient = &mut self.gradients[buffer][..len];
            let part = room(&mut self.scratch.part, len);
            part.copy_from_slice(gradient);
            finish.settle(self.arch, &values[..len], part, gradient, false, sums);
        }
        for stage in (0..self.plan.stages.len()).rev() {
            self.run_backward(stage, n);
        }
    }

    /// After `forward` in inference: a value of the topology.
    pub(crate) fn value(&self, value: ValueId, n: usize) -> Vec<T> {
        let name = self.plan.names[value.layer().map_or(0, |layer| layer + 1)];
        let state = &self.slots[name.slot];
        let len = n * self.plan.slots[name.slot].len;
        let mut read = vec![T::ZERO; len];
        let finish = match name.level {
            Level::Full => state.finish.clone(),
            Level::Normal => state.finish.unbounded(),
            Level::Sums => {
                let mut finish = finish(state.finish.channels(), Activation::None, None);
                if let Some(weights) = &self.plan.stages[name.slot - 1].weights {
                    set_bias(&mut finish, &self.parameters[weights.bias.clone()]);
                }
                finish
            }
        };
        finish.read(self.arch, &state.values[..len], &mut read);
        read
    }

    /// Makes the steps of all rounding so small that differences of the loss show its slope, and
    /// leaves ranges as they are.
    #[cfg(test)]
    pub(super) fn refine(&mut self) {
        self.weight_steps = self.weight_steps.map(|_| T::of((1_u64 << 42) as f64));
        self.slots.iter_mut().for_each(|slot| slot.finish.refine());
    }

    fn run(&mut self, stage: usize, n: usize, mode: Mode) {
        let Self {
            arch,
            plan,
            slots,
            scratch,
            ..
        } = self;
        let Stage {
            kind,
            inputs,
            weights,
            norm,
            ..
        } = &plan.stages[stage];
        let (before, made) = slots.split_at_mut(stage + 1);
        let made = &mut made[0];
        let inputs: Vec<_> = inputs
            .iter()
            .map(|&slot| input(before, plan, slot, n))
            .collect();
        let values = &mut made.values[..n * plan.slots[stage + 1].len];
        let is_measured = norm.is_some() && mode == Mode::Train;
        made.moments.clear();
        let all = if self.weight_steps.is_some() {
            &self.rounded
        } else {
            &self.parameters
        };
        let filters = weights
            .as_ref()
            .map_or(&[][..], |place| &all[place.weights.clone()]);
        let moments = is_measured.then_some(&mut made.moments);
        match kind {
            Kind::Conv(geometry) => {
                let made = Made { values, moments };
                conv::forward(*arch, geometry, n, inputs[0], filters, made, scratch);
            }
            Kind::Depthwise(geometry) => {
                let made = Made { values, moments };
                depthwise::forward(*arch, geometry, n, inputs[0], filters, made, scratch);
            }
            Kind::Pool(pool, geometry) => {
                pool::forward(*arch, *pool, geometry, n, inputs[0], values, scratch);
            }
            Kind::Sum => sum::forward(*arch, &inputs, made.finish.channels(), values, scratch),
        }
        let Some(weights) = weights else { return };
        let bias = &self.parameters[weights.bias.clone()];
        let Some(norm) = norm else {
            set_bias(&mut made.finish, bias);
            return;
        };
        for (channel, &bias) in bias.iter().enumerate() {
            let running_mean = &mut self.statistics[norm.mean.start + channel];
            let (mean, variance) = if is_measured {
                let (mean, variance) = made.moments.of(channel);
                follow(running_mean, mean + bias);
                let count = made.moments.count() as f64;
                let unbiased = variance * T::of(count / (count - 1.0).max(1.0));
                follow(
                    &mut self.statistics[norm.variance.start + channel],
                    unbiased,
                );
                (mean, variance)
            } else {
                let mean = *running_mean - bias;
                (mean, self.statistics[norm.variance.start + channel])
            };
            let deviation = (variance + T::of(f64::from(EPSILON))).sqrt();
            let scale = self.parameters[norm.gamma.start + channel] / deviation;
            let shift = self.parameters[norm.beta.start + channel] - mean * scale;
            made.finish.set(channel, scale, shift, mean);
            made.deviations[channel] = deviation;
        }
    }

    fn run_backward(&mut self, stage: usize, n: usize) {
        let Some(place) = self.plan.slots[stage + 1].gradient else {
            return;
        };
        self.slope_of_channels(stage);
        let gradient = std::mem::take(self.room(place));
        let mut stored = std::mem::take(&mut self.slots[stage + 1].values);
        for input in 0..self.plan.stages[stage].inputs.len() {
            self.give(stage, input, n, &mut stored, &gradient);
        }
        self.slots[stage + 1].values = stored;
        *self.room(place) = gradient;
    }

    /// What holds a gradient.
    fn room(&mut self, place: Place) -> &mut Vec<T> {
        match place {
            Place::Buffer(buffer) => &mut self.gradients[buffer],
            Place::Values(slot) => &mut self.slots[slot].values,
        }
    }

    /// Brings a stage's gradient to one of its inputs, and to its weights.
    fn give(&mut self, stage: usize, input: usize, n: usize, stored: &mut [T], gradient: &[T]) {
        let Stage {
            kind,
            inputs,
            weights,
            norm,
            turns,
        } = &self.plan.stages[stage];
        let (kind, slot, turn) = (*kind, inputs[input], turns[input]);
        let filters = weights.as_ref().map_or(0..0, |place| place.weights.clone());
        let has_norm = norm.is_some();
        let place = self.plan.slots[slot].gradient;
        let elsewhere = place.filter(|&place| place != Place::Values(stage + 1));
        let mut room = elsewhere.map(|place| std::mem::take(self.room(place)));
        let Self {
            arch,
            plan,
            slots,
            scratch,
            slope,
            ..
        } = self;
        let arch = *arch;
        let (before, made) = slots.split_at_mut(stage + 1);
        let made_len = n * plan.slots[stage + 1].len;
        let given = Given {
            stored: &mut stored[..made_len],
            gradient: &gradient[..made_len],
            finish: &made[0].finish,
            slopes: has_norm.then_some(&made[0].slopes),
        };
        let all = if self.weight_steps.is_some() {
            &self.rounded
        } else {
            &self.parameters
        };
        let (filters, slope) = (&all[filters.clone()], &mut slope[filters]);
        let len = n * plan.slots[slot].len;
        let State {
            values,
            finish,
            sums,
            ..
        } = &mut before[slot];
        let values = &values[..len];
        let finish = &*finish;
        let input = Input {
            stored: values,
            finish,
        };
        let sink = place.map(|_| Sink {
            stored: values,
            gradient: room.as_mut().map(|room| &mut room[..len]),
            finish,
            sums,
            is_first: turn.is_first,
            is_last: turn.is_last,
        });
        match (kind, sink) {
            (Kind::Conv(geometry), sink) => conv::backward(
                arch, &geometry, n, input, filters, given, slope, sink, scratch,
            ),
            (Kind::Depthwise(geometry), sink) => depthwise::backward(
                arch, &geometry, n, input, filters, given, slope, sink, scratch,
            ),
            (Kind::Pool(pool, geometry), Some(sink)) => {
                pool::backward(arch, pool, &geometry, n, input, given, sink, scratch);
            }
            (Kind::Sum, Some(sink)) => sum::backward(arch, given, sink),
            (_, None) => {}
        }
        if let (Some(place), Some(room)) = (elsewhere, room) {
            *self.room(place) = room;
        }
    }

    /// The slope by bias or normalization, from the sums over the stage's gradient.
    fn slope_of_channels(&mut self, stage: usize) {
        let Stage { weights, norm, .. } = &self.plan.stages[stage];
        let Some(weights) = weights else { return };
        let State {
            sums,
            slopes,
            moments,
            deviations,
            ..
        } = &mut self.slots[stage + 1];
        for (channel, &deviation) in deviations.iter().enumerate() {
            let (plain, varied) = sums.of(channel);
            let Some(norm) = norm else {
                self.slope[weights.bias.start + channel] = plain;
                continue;
            };
            // Ioffe and Szegedy 2015, section 3; the bias moves with the mean, so its slope is 0.
            let gamma = self.parameters[norm.gamma.start + channel];
            let by_gamma = varied / deviation;
            self.slope[norm.beta.start + channel] = plain;
            self.slope[norm.gamma.start + channel] = by_gamma;
            let share = T::ONE / T::of(moments.count() as f64);
            let direct = gamma / deviation;
            let by_variation = -direct * by_gamma * share / deviation;
            slopes.set(channel, [direct, by_variation, -direct * plain * share]);
        }
    }
}

/// What the loss is computed from, and where its slope goes.
pub(crate) struct Outcome<'a, T> {
    pub(crate) inputs: &'a [T],
    pub(crate) outputs: &'a [T],
    pub(crate) slopes: &'a mut [T],
}

fn input<'a, T: Float>(slots: &'a [State<T>], plan: &Plan, slot: usize, n: usize) -> Input<'a, T> {
    Input {
        stored: &slots[slot].values[..n * plan.slots[slot].len],
        finish: &slots[slot].finish,
    }
}

/// Moves a running number towards what it is now.
fn follow<T: Float>(running: &mut T, now: T) {
    *running = (now - *running).fma(T::of(MOMENTUM), *running);
}

fn set_bias<T: Float>(finish: &mut Finish<T>, bias: &[T]) {
    for (channel, &bias) in bias.iter().enumerate() {
        finish.set(channel, T::ONE, bias, T::ZERO);
    }
}

/// How readers see a slot: its activation, and the step and range of its rounding.
fn finish<T: Float>(
    channels: usize,
    activation: Activation,
    rounding: Option<[f64; 3]>,
) -> Finish<T> {
    let [low, high] = match activation {
        Activation::None => [f64::NEG_INFINITY, f64::INFINITY],
        Activation::Relu => [0.0, f64::INFINITY],
        Activation::ReluN1To1 => [-1.0, 1.0],
        Activation::Relu6 => [0.0, 6.0],
    };
    let [step, least, greatest] = rounding.unwrap_or([0.0, low, high]);
    let range = [T::of(low.max(least)), T::of(high.min(greatest))];
    Finish::new(channels, range, rounding.map(|_| T::of(step)))
}

/// Step, least and greatest number of an int8 value.
fn steps(affine: Affine) -> [f64; 3] {
    let Affine { scale, zero_point } = affine;
    let number = |integer: i8| f64::from(scale) * (f64::from(integer) - f64::from(zero_point));
    [scale.into(), number(i8::MIN), number(i8::MAX)]
}
