//! Int8 networks against the real-valued ones that they stand for.

use onchip_engine::{Interpreter, Model};
use onchip_tflite::ir::{Affine, Network};
use onchip_train::quantize::{Scheme, quantize};
use proptest::prelude::*;

use crate::{splits, topologies};

const EXAMPLES: usize = 24;

/// Mean and greatest difference between the engine's outputs and the float network's, in steps.
fn differences(seed: u64) -> Option<(Network, f32, f32)> {
    let topology = topologies::random(seed);
    let each = topology.input().iter().product();
    let float = topologies::network(topology, seed);
    let values = splits::random(EXAMPLES, each, (-1, 1), seed);
    let split = splits::split(values.clone(), vec![0; EXAMPLES]);
    let int8 = quantize(&float, &split, &Scheme::default()).unwrap();
    // Without layers that compute there is nothing to run.
    if int8.layers.is_empty() {
        return None;
    }
    let scale = int8.value(int8.output).quantization.scale;
    let (wanted, found) = (float.forward(&values, EXAMPLES), run(&int8, &values));
    let differences = wanted
        .iter()
        .zip(&found)
        .map(|(a, b)| (a - b).abs() / scale);
    let greatest = differences.clone().fold(0.0, f32::max);
    let mean = differences.sum::<f32>() / wanted.len() as f32;
    Some((int8, mean, greatest))
}

#[test]
fn outputs_are_usually_within_a_step() {
    let mut means: Vec<_> = (0..300)
        .filter_map(differences)
        .map(|(_, mean, _)| mean)
        .collect();
    means.sort_by(f32::total_cmp);
    let (median, most) = (means[means.len() / 2], means[means.len() * 9 / 10]);
    assert!(
        median < 0.8 && most < 2.0,
        "median {median}, of nine in ten {most}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn outputs_are_near_the_real_ones(seed: u64) {
        let Some((int8, mean, _)) = differences(seed) else {
            return Ok(());
        };
        // A value that is 0 but for a trace has steps finer than what it is computed from.
        let scales = int8.layers.iter().map(|layer| layer.output.quantization.scale);
        prop_assume!(scales.fold(1.0, f32::min) > 1.0 / 1024.0);
        prop_assert!(mean <= 4.0 * (1 + int8.layers.len()) as f32, "{mean} steps");
    }
}

/// The real values that the engine's outputs stand for.
fn run(network: &Network, values: &[f32]) -> Vec<f32> {
    let file = network.to_file().unwrap();
    let model = Model::new(&file).unwrap();
    let mut arena = vec![0; 1 << 20];
    let mut interpreter = Interpreter::new(&model, &mut arena).unwrap();
    let mut outputs = Vec::new();
    for example in values.chunks(model.input().bytes) {
        let Affine { scale, zero_point } = network.input.quantization;
        for (byte, value) in interpreter.input_mut().iter_mut().zip(example) {
            let integer = (value / scale).round() + f32::from(zero_point);
            *byte = (integer.clamp(-128.0, 127.0) as i8).cast_unsigned();
        }
        interpreter.invoke(&mut ()).unwrap();
        let Affine { scale, zero_point } = network.value(network.output).quantization;
        let real = |&byte: &u8| scale * (f32::from(byte.cast_signed()) - f32::from(zero_point));
        outputs.extend(interpreter.output().iter().map(real));
    }
    outputs
}
