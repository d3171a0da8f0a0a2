//! Random recurrent layers against TFLite Micro's way, whole vectors at a time.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::lstm::{Gate, Lstm, Part};
use super::svdf::Svdf;
use crate::arena::Views;
use crate::flatbuffer::Vector;
use crate::kernel::sigmoid::{Steps, logistic, tanh};
use crate::op::Kernel;
use crate::quantize::Rescale;

fn words(numbers: &[i32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn shorts(numbers: &[i16]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn bytes(count: usize) -> impl Strategy<Value = Vec<i8>> {
    prop::collection::vec(any::<i8>(), count)
}

fn factor(exponents: core::ops::Range<f64>) -> impl Strategy<Value = Rescale> {
    exponents.prop_map(|exponent| Rescale::new(exponent.exp2()).unwrap())
}

/// Runs a kernel once with these states.
fn run<'m>(
    kernel: &impl Kernel<'m>,
    input: &[i8],
    states: [&mut [i8]; 2],
    outputs: usize,
) -> Vec<i8> {
    let mut output = vec![0; outputs];
    kernel.run(Views {
        inputs: [input, &[]],
        overwritten: [false; 2],
        trail: None,
        states,
        output: &mut output,
        scratch: &mut [],
        table: &[],
    });
    output
}

/// The dot products of each row of `weights` with `data`, less its zero point.
fn dense(data: &[i8], zero: i32, weights: &[i8]) -> Vec<i32> {
    let row = |row: &[i8]| {
        row.iter()
            .zip(data)
            .map(|(&w, &x)| i32::from(w) * (i32::from(x) - zero))
            .sum()
    };
    weights.chunks(data.len()).map(row).collect()
}

/// TFLite Micro `EvalIntegerSvdfReference`: shifts the whole state, then fills in what is new.
fn svdf_step(svdf: &Svdf<'_>, state: &mut [i32], time: &[i32], input: &[i8]) -> Vec<i8> {
    let filters = svdf.units * svdf.rank;
    let (least, greatest) = if svdf.wide {
        (-32768, 32767)
    } else {
        (-128, 127)
    };
    state.rotate_left(1);
    let mut output = vec![];
    for (input, state) in input
        .chunks(svdf.depth)
        .zip(state.chunks_mut(filters * svdf.memory))
    {
        for (filter, sum) in dense(input, svdf.input_zero, svdf.features)
            .into_iter()
            .enumerate()
        {
            let new = svdf.to_memory.apply(sum).saturating_add(svdf.memory_zero);
            state[(filter + 1) * svdf.memory - 1] = new.clamp(least, greatest);
        }
        let products = state
            .iter()
            .zip(time)
            .map(|(x, w)| (x - svdf.memory_zero).wrapping_mul(*w));
        let products: Vec<i32> = products.collect();
        for (unit, part) in products.chunks(svdf.rank * svdf.memory).enumerate() {
            let bias = svdf.bias.map_or(0, |bias| bias.get(unit).unwrap());
            let sum = part
                .iter()
                .fold(bias, |sum, product| sum.wrapping_add(*product));
            let out = svdf.to_output.apply(sum).saturating_add(svdf.output_zero);
            output.push(out.clamp(-128, 127) as i8);
        }
    }
    output
}

/// Everything about an SVDF that is random.
type SvdfCase = (
    (usize, usize, usize, usize, usize),
    bool,
    Vec<i8>,
    Vec<i16>,
    Option<Vec<i32>>,
    (Rescale, Rescale),
    [i32; 3],
    Vec<i8>,
);

fn svdf_case() -> impl Strategy<Value = SvdfCase> {
    let shape = (
        (1..3_usize, 1..9_usize, 1..5_usize, 1..4_usize, 1..6_usize),
        any::<bool>(),
    );
    shape.prop_flat_map(|((batches, depth, units, rank, memory), wide)| {
        let filters = units * rank;
        let times = if wide {
            i16::MIN..=i16::MAX
        } else {
            -128..=127
        };
        let zero = || -128..128_i32;
        (
            Just((batches, depth, units, rank, memory)),
            Just(wide),
            bytes(filters * depth),
            prop::collection::vec(times, filters * memory),
            prop::option::of(prop::collection::vec(-100_000..100_000_i32, units)),
            (
                factor(if wide { -6.0..2.0 } else { -12.0..-4.0 }),
                factor(if wide { -26.0..-16.0 } else { -12.0..-5.0 }),
            ),
            (zero(), zero(), zero()).prop_map(move |(a, b, c)| [a, if wide { 0 } else { b }, c]),
            bytes(4 * batches * depth),
        )
    })
}

/// A step of TFLite Micro's `EvalLstm` for one batch, gate by gate.
fn lstm_step(lstm: &Lstm<'_>, input: &[i8], hidden: &mut [i8], cell: &mut [i16]) {
    let cut = |x: i32| x.clamp(-32768, 32767);
    let sums = lstm.gates.map(|gate| {
        let from_input = dense(input, lstm.input_zero, gate.input.weights);
        let recurrent = dense(hidden, lstm.hidden_zero, gate.recurrent.weights);
        let parts = from_input.iter().zip(recurrent).enumerate();
        let sums = parts.map(|(unit, (&x, y))| {
            let x = cut(gate
                .input
                .rescale
                .apply(x.wrapping_add(gate.bias.unwrap().get(unit).unwrap())));
            cut(x + cut(gate.recurrent.rescale.apply(y))) as i16
        });
        sums.collect::<Vec<i16>>()
    });
    let unscaled = Steps::new(-12);
    let squash = |gate: &[i16], f: fn(i32) -> i16| -> Vec<i32> {
        gate.iter().map(|&x| i32::from(f(unscaled.of(x)))).collect()
    };
    let [input_gate, forget, output] = [0, 1, 3].map(|i: usize| squash(&sums[i], logistic));
    let new = squash(&sums[2], tanh);
    for (unit, cell) in cell.iter_mut().enumerate() {
        let kept = cut(lstm.forget.apply(forget[unit] * i32::from(*cell)));
        let mut sum = cut(kept + cut(lstm.update.apply(input_gate[unit] * new[unit]))) as i16;
        if let Some(clip) = lstm.clip {
            sum = sum.clamp(-clip, clip);
        }
        *cell = sum;
        let active = i32::from(tanh(lstm.cell_steps.of(sum)));
        let out = lstm.hidden.apply(active * output[unit]) + lstm.hidden_zero;
        hidden[unit] = out.clamp(-128, 127) as i8;
    }
}

type LstmCase = (
    (usize, usize, usize, usize),
    Vec<(Vec<i8>, Vec<i8>, Vec<i32>)>,
    Vec<(Rescale, Rescale)>,
    (i32, i32, f64),
    (i32, Option<i16>),
    bool,
    Vec<i8>,
);

fn lstm_case() -> impl Strategy<Value = LstmCase> {
    let shape = (1..4_usize, 1..5_usize, 1..9_usize, 1..7_usize);
    shape.prop_flat_map(|(batches, steps, depth, units)| {
        let gate = (
            bytes(units * depth),
            bytes(units * units),
            prop::collection::vec(-9000..9000_i32, units),
        );
        (
            Just((batches, steps, depth, units)),
            prop::collection::vec(gate, 4),
            prop::collection::vec((factor(-6.0..2.0), factor(-6.0..2.0)), 4),
            (-128..128_i32, -128..128_i32, -24.0..-20.0),
            (-27..3_i32, prop::option::of(0..i16::MAX)),
            any::<bool>(),
            bytes(2 * batches * steps * depth),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn svdf((shape, wide, features, time, bias, factors, [input_zero, memory_zero, output_zero], inputs) in svdf_case()) {
        let (batches, depth, units, rank, memory) = shape;
        let bias = bias.map(|bias| words(&bias));
        let narrow: Vec<i8> = time.iter().map(|&x| x as i8).collect();
        let stored = if wide { crate::kernel::cast::as_i8(&shorts(&time)).to_vec() } else { narrow };
        let svdf = Svdf {
            batches, depth, units, rank, memory, wide, input_zero, memory_zero, output_zero,
            features: &features,
            time: &stored,
            bias: bias.as_deref().map(Vector::new),
            to_memory: factors.0,
            to_output: factors.1,
        };
        let time: Vec<i32> = time.iter().map(|&x| i32::from(x)).collect();
        let mut expected_state = vec![memory_zero; batches * units * rank * memory];
        let mut state = vec![memory_zero as i16; expected_state.len()];
        let mut narrow_state = vec![memory_zero as i8; expected_state.len()];
        for input in inputs.chunks(batches * depth) {
            let expected = svdf_step(&svdf, &mut expected_state, &time, input);
            // SAFETY: 16-bit integers are bytes.
            let state = if wide { unsafe { state.align_to_mut().1 } } else { &mut narrow_state[..] };
            prop_assert_eq!(run(&svdf, input, [state, &mut []], batches * units), expected);
        }
    }

    #[test]
    fn lstm((shape, gates, factors, (input_zero, hidden_zero, hidden_factor), (power, clip), time_major, inputs) in lstm_case()) {
        let (batches, steps, depth, units) = shape;
        let biases: Vec<Vec<u8>> = gates.iter().map(|(_, _, bias)| words(bias)).collect();
        let gate = |i: usize| Gate {
            input: Part { weights: &gates[i].0, rescale: factors[i].0 },
            recurrent: Part { weights: &gates[i].1, rescale: factors[i].1 },
            bias: Some(Vector::new(&biases[i])),
        };
        let scale = f64::from(power).exp2();
        let lstm = Lstm {
            batches, steps, depth, units, time_major, input_zero, hidden_zero, clip,
            gates: [gate(0), gate(1), gate(2), gate(3)],
            forget: Rescale::new((-15_f64).exp2()).unwrap(),
            update: Rescale::new((-30_f64).exp2() / scale).unwrap(),
            hidden: Rescale::new(hidden_factor.exp2()).unwrap(),
            cell_steps: Steps::new(power),
        };
        let mut expected_hidden = vec![vec![hidden_zero as i8; units]; batches];
        let mut expected_cell = vec![vec![0_i16; units]; batches];
        let mut hidden = vec![hidden_zero as i8; batches * units];
        let mut cell = vec![0_i16; batches * units];
        for input in inputs.chunks(batches * steps * depth) {
            let mut expected = vec![0; batches * steps * units];
            for batch in 0..batches {
                for step in 0..steps {
                    let row = if time_major { step * batches + batch } else { batch * steps + step };
                    let (hidden, cell) = (&mut expected_hidden[batch], &mut expected_cell[batch]);
                    lstm_step(&lstm, &input[row * depth..][..depth], hidden, cell);
                    expected[row * units..][..units].copy_from_slice(hidden);
                }
            }
            // SAFETY: 16-bit integers are bytes.
            let states = [&mut hidden[..], unsafe { cell.align_to_mut().1 }];
            prop_assert_eq!(run(&lstm, input, states, expected.len()), expected);
        }
    }
}
