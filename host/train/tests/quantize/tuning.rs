//! Networks trained on real data, rounded after training and fine-tuned with rounding in view.

use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::path::Path;

use onchip_tflite::ir::{Activation, Padding, Window};
use onchip_tflite::topology::{Layer, Topology};
use onchip_train::data::{DataConfig, Dataset};
use onchip_train::nn::{FloatNetwork, Parameters};
use onchip_train::quantize::{Calibration, FineTuning, Scheme, accuracy, deploy};
use onchip_train::trainer::{CpuTrainer, Epoch, Recipe, Trainer};

/// Channels of the first layer.
const CHANNELS: usize = 4;

fn digits() -> Dataset {
    let config = DataConfig::Digits(Default::default());
    config.load(Path::new("")).unwrap()
}

fn on(_: &Epoch) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn recipe() -> Recipe {
    Recipe {
        epochs: 15,
        ..Recipe::default()
    }
}

fn trained(data: &Dataset, seed: u64, with_norm: bool) -> FloatNetwork {
    let mut topology = Topology::new(data.shape);
    for (filters, stride) in [(CHANNELS, 1), (2 * CHANNELS, 2), (2 * CHANNELS, 1)] {
        let window = Window {
            size: [3; 2],
            stride: [stride; 2],
            padding: Padding::Same,
        };
        topology.then(Layer::Conv { filters, window }).unwrap();
        if with_norm {
            topology.then(Layer::BatchNorm).unwrap();
        }
        topology.then(Layer::Activation(Activation::Relu)).unwrap();
    }
    topology.then(Layer::Flatten).unwrap();
    let units = data.classes.len();
    topology.then(Layer::Dense { units }).unwrap();
    let trained = CpuTrainer.train(&topology, data, &recipe(), seed, &mut on);
    trained.unwrap().network
}

/// Share of the test split that the float network classifies rightly.
fn float_accuracy(network: &FloatNetwork, data: &Dataset) -> f64 {
    let mut example = vec![0.0; data.shape.iter().product()];
    let mut is_right = |index: &usize| {
        let label = data.test.read(*index, &mut example).unwrap();
        let outputs = network.forward(&example, 1);
        outputs.iter().all(|&output| output <= outputs[label])
    };
    let count = data.test.len();
    (0..count).filter(&mut is_right).count() as f64 / count as f64
}

/// That of the int8 network which a scheme makes of it.
fn int8_accuracy(network: &FloatNetwork, data: &Dataset, scheme: &Scheme) -> f64 {
    let int8 = deploy(&CpuTrainer, network, data, &recipe(), scheme, 1, &mut on).unwrap();
    accuracy(&int8.to_file().unwrap(), &data.test).unwrap()
}

fn percentile(percentile: f64) -> Scheme {
    Scheme {
        calibration: Calibration::Percentile(percentile),
        ..Scheme::default()
    }
}

fn tuned(epochs: u32, learning_rate: f32) -> Scheme {
    let epochs = NonZeroU32::new(epochs).unwrap();
    let qat = Some(FineTuning {
        epochs,
        learning_rate,
    });
    Scheme {
        qat,
        ..Scheme::default()
    }
}

#[test]
fn int8_is_as_good_as_float() {
    let data = digits();
    let network = trained(&data, 1, true);
    let float = float_accuracy(&network, &data);
    assert!(float > 0.95, "{float}");
    let rounded = [Scheme::default(), percentile(99.9)];
    // The last two spoil the network: what was there before is kept.
    let tuned = [tuned(2, 5e-4), tuned(1, 0.5), tuned(1, 1e30)];
    for scheme in rounded.into_iter().chain(tuned) {
        let int8 = int8_accuracy(&network, &data, &scheme);
        assert!(
            int8 > float - 0.015,
            "{scheme:?}: float {float}, int8 {int8}"
        );
    }
}

/// Multiplies the channels of the first layer by factors from 1 to 2⁹ and divides what reads them: the
/// same function, but with values and weights that share no steps.
fn unbalanced(mut network: FloatNetwork) -> FloatNetwork {
    for channel in 0..CHANNELS {
        let factor = 512_f32.powf(channel as f32 / (CHANNELS - 1) as f32);
        if let Parameters::Weights { weights, bias } = &mut network.parameters[0] {
            weights
                .chunks_exact_mut(9)
                .nth(channel)
                .unwrap()
                .iter_mut()
                .for_each(|x| *x *= factor);
            bias[channel] *= factor;
        }
        if let Parameters::Weights { weights, .. } = &mut network.parameters[2] {
            let readers = weights.iter_mut().skip(channel).step_by(CHANNELS);
            readers.for_each(|weight| *weight /= factor);
        }
    }
    network
}

#[test]
fn fine_tuning_recovers_what_rounding_spoils() {
    let data = digits();
    let networks: Vec<_> = [0, 1, 3]
        .map(|seed| unbalanced(trained(&data, seed, false)))
        .into();
    let mean = |accuracy: &dyn Fn(&FloatNetwork) -> f64| {
        networks.iter().map(accuracy).sum::<f64>() / networks.len() as f64
    };
    let float = mean(&|network| float_accuracy(network, &data));
    let rounded = mean(&|network| int8_accuracy(network, &data, &Scheme::default()));
    let tuned = mean(&|network| int8_accuracy(network, &data, &tuned(5, 1e-3)));
    assert!(rounded < float - 0.2, "float {float}, rounded {rounded}");
    assert!(
        tuned > rounded + 0.15 && tuned > float - 0.15,
        "{float}, {rounded}, {tuned}"
    );
}
