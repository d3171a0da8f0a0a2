//! Trainings from end to end.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use onchip_tflite::ir::{Activation, Affine, Padding, Window};
use onchip_tflite::topology::{Layer, Topology};
use onchip_train::data::{DataError, Dataset, Source, Split};
use onchip_train::nn::{FakeQuantization, FloatNetwork, Parameters};
use onchip_train::trainer::{
    Augmentation, CpuTrainer, EarlyStop, Epoch, Loss, Optimizer, Recipe, TrainError, Trained,
    Trainer,
};

/// Images of 6 × 6 with a bright bar: class 0 lies, class 1 stands, class 2 has none.
struct Bars {
    /// An example that cannot be read.
    broken: Option<usize>,
}

impl Source for Bars {
    fn len(&self) -> usize {
        200
    }

    fn read(&self, index: usize, values: &mut [f32]) -> Result<usize, DataError> {
        if self.broken == Some(index) {
            return Err(DataError {
                path: PathBuf::from("bars"),
                problem: "torn".into(),
            });
        }
        let (label, place) = (index % 3, index / 3 % 6);
        for (i, value) in values.iter_mut().enumerate() {
            let is_bright = [i / 6 == place, i % 6 == place, false][label];
            let noise = ((index * 31 + i * 17) % 13) as f32 / 13.0 - 0.5;
            *value = noise + if is_bright { 1.0 } else { 0.0 };
        }
        Ok(label)
    }
}

fn bars() -> Dataset {
    broken_bars(None)
}

fn broken_bars(broken: Option<usize>) -> Dataset {
    let source = Arc::new(Bars { broken });
    let split = |range: std::ops::Range<u32>| Split {
        source: Arc::<Bars>::clone(&source),
        indices: range.collect(),
    };
    Dataset {
        name: "bars".into(),
        shape: [6, 6, 1],
        classes: vec!["lying".into(), "standing".into(), "none".into()],
        train: split(0..131),
        validation: split(131..200),
        test: split(0..0),
        scaling: Vec::new(),
        digest: String::new(),
    }
}

fn network() -> Topology {
    let mut topology = Topology::new([6, 6, 1]);
    let same = |stride| Window {
        size: [3, 3],
        stride: [stride; 2],
        padding: Padding::Same,
    };
    let relu = Layer::Activation(Activation::Relu);
    let filters = 10;
    let layers = [
        Layer::Conv {
            filters,
            window: same(1),
        },
        Layer::BatchNorm,
        relu,
        Layer::Depthwise { window: same(2) },
        Layer::BatchNorm,
        relu,
        Layer::Flatten,
        Layer::Dense { units: 3 },
    ];
    for layer in layers {
        topology.then(layer).expect("the layers fit");
    }
    topology
}

fn recipe() -> Recipe {
    Recipe {
        epochs: 12,
        batch_size: 16,
        learning_rate: 0.01,
        ..Recipe::default()
    }
}

fn train(recipe: &Recipe, seed: u64) -> Result<Trained, TrainError> {
    let go_on = &mut |_: &Epoch| ControlFlow::Continue(());
    CpuTrainer.train(&network(), &bars(), recipe, seed, go_on)
}

fn accuracy(trained: &Trained) -> f32 {
    let best = trained.history[trained.best];
    best.validation_accuracy.expect("it classifies")
}

#[test]
fn recipes_learn() {
    let base = recipe();
    let check = |recipe: Recipe| {
        let trained = train(&recipe, 1).unwrap();
        assert!(
            accuracy(&trained) > 0.9,
            "{recipe:?}: {:?}",
            trained.history
        );
    };
    check(base);
    check(Recipe {
        optimizer: Optimizer::Sgd,
        learning_rate: 0.05,
        weight_decay: 1e-3,
        warm_up: 1.0,
        ..base
    });
    check(Recipe {
        label_smoothing: 0.1,
        augmentation: Augmentation {
            shift: 1,
            flip: true,
            scale: 0.1,
            noise: 0.05,
        },
        subset: 0.9,
        ..base
    });
}

#[test]
fn a_seed_gives_the_same_bits_whatever_else_runs() {
    let recipe = Recipe {
        epochs: 3,
        ..recipe()
    };
    let alone: Vec<_> = (0..2).map(|seed| train(&recipe, seed).unwrap()).collect();
    assert_ne!(alone[0], alone[1]);
    thread::scope(|scope| {
        let together = [0, 1, 0, 1].map(|seed| (seed, scope.spawn(move || train(&recipe, seed))));
        for (seed, thread) in together {
            assert_eq!(thread.join().unwrap().unwrap(), alone[seed as usize]);
        }
    });
}

#[test]
fn the_best_epoch_is_kept_and_ends_a_training_early() {
    let recipe = Recipe {
        epochs: 200,
        early_stop: Some(EarlyStop { patience: 3 }),
        ..recipe()
    };
    let trained = train(&recipe, 4).unwrap();
    let losses: Vec<_> = trained
        .history
        .iter()
        .map(|epoch| epoch.validation_loss)
        .collect();
    assert!(losses.len() < 200);
    assert_eq!(losses.len(), trained.best + 1 + 3);
    assert!(losses.iter().all(|&loss| loss >= losses[trained.best]));
    let data = bars();
    let mut example = [0.0; 36];
    let mut hits = 0;
    for index in 0..data.validation.len() {
        let label = data.validation.read(index, &mut example).unwrap();
        let outputs = trained.network.forward(&example, 1);
        let is_hit = (0..3).all(|class| outputs[class] <= outputs[label]);
        hits += u32::from(is_hit);
    }
    let share = hits as f32 / data.validation.len() as f32;
    assert!((share - accuracy(&trained)).abs() < 0.02);
}

#[test]
fn watching_can_end_a_training() {
    let mut stop = |epoch: &Epoch| match epoch.index {
        1 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let trained = CpuTrainer.train(&network(), &bars(), &recipe(), 1, &mut stop);
    assert_eq!(trained.unwrap().history.len(), 2);
}

#[test]
fn an_autoencoder_learns_its_input() {
    let mut topology = Topology::new([6, 6, 1]);
    topology.then(Layer::Flatten).unwrap();
    for units in [16, 36] {
        topology.then(Layer::Dense { units }).unwrap();
    }
    let recipe = Recipe {
        loss: Loss::Reconstruction,
        ..recipe()
    };
    let go_on = &mut |_: &Epoch| ControlFlow::Continue(());
    let trained = CpuTrainer
        .train(&topology, &bars(), &recipe, 1, go_on)
        .unwrap();
    let history = trained.history;
    assert!(history[trained.best].validation_loss < 0.6 * history[0].validation_loss);
    assert_eq!(history[0].validation_accuracy, None);
}

#[test]
fn rounded_training_goes_on_from_a_network() {
    let trained = train(&recipe(), 2).unwrap();
    let nodes = trained.network.topology.nodes().len();
    let mut values = vec![None; nodes + 1];
    let zero_point = |zero_point| {
        Some(Affine {
            scale: 0.05,
            zero_point,
        })
    };
    (values[0], values[3], values[6]) = (zero_point(0), zero_point(-128), zero_point(-128));
    let rounding = FakeQuantization {
        weights: true,
        values,
    };
    let recipe = Recipe {
        epochs: 2,
        learning_rate: 1e-4,
        ..recipe()
    };
    let go_on = &mut |_: &Epoch| ControlFlow::Continue(());
    let network = trained.network.clone();
    let tuned = CpuTrainer
        .tune(network, &rounding, &bars(), &recipe, 2, go_on)
        .unwrap();
    assert!(accuracy(&tuned) > 0.9, "{:?}", tuned.history);
    assert_ne!(tuned.network, trained.network);
}

/// A network without anything between weights and outputs but what is given.
fn dense(layers: &[Layer]) -> Topology {
    let mut topology = Topology::new([6, 6, 1]);
    let all = [Layer::Flatten, Layer::Dense { units: 3 }];
    for &layer in all.iter().chain(layers) {
        topology.then(layer).expect("the layers fit");
    }
    topology
}

#[test]
fn validation_sees_examples_as_they_are() {
    let history = |augmentation: Augmentation, label_smoothing: f32| {
        let recipe = Recipe {
            epochs: 1,
            learning_rate: 1e-9,
            augmentation,
            label_smoothing,
            ..recipe()
        };
        let go_on = &mut |_: &Epoch| ControlFlow::Continue(());
        let trained = CpuTrainer.train(&dense(&[]), &bars(), &recipe, 1, go_on);
        trained.unwrap().history[0]
    };
    let plain = history(Augmentation::default(), 0.0);
    let augmentation = Augmentation {
        shift: 3,
        flip: true,
        scale: 0.5,
        noise: 10.0,
    };
    let changed = history(augmentation, 0.5);
    assert!(changed.loss > 2.0 * plain.loss, "{plain:?} {changed:?}");
    let difference = changed.validation_loss - plain.validation_loss;
    assert!(difference.abs() < 1e-4, "{plain:?} {changed:?}");
    assert_eq!(changed.validation_accuracy, plain.validation_accuracy);
}

#[test]
fn what_is_left_of_an_epoch_spoils_no_normalization() {
    let mut data = bars();
    // So that the last epoch is the best.
    data.validation.indices = Arc::new([]);
    let recipe = Recipe {
        epochs: 40,
        batch_size: data.train.len() as u32 - 1,
        learning_rate: 1e-9,
        ..recipe()
    };
    let go_on = &mut |_: &Epoch| ControlFlow::Continue(());
    let topology = dense(&[Layer::BatchNorm]);
    let trained = CpuTrainer.train(&topology, &data, &recipe, 1, go_on);
    let network = trained.unwrap().network;
    let mut squares = 0.0;
    let mut example = [0.0; 36];
    for index in 0..data.train.len() {
        data.train.read(index, &mut example).unwrap();
        let outputs = network.forward(&example, 1);
        squares += outputs.iter().map(|x| x * x).sum::<f32>();
    }
    // As training saw it: a normalized value varies by 1.
    let variance = squares / (3 * data.train.len()) as f32;
    assert!((variance - 1.0).abs() < 0.2, "{variance}");
}

#[test]
fn failures_say_whose_they_are() {
    let go_on = &mut |_: &Epoch| ControlFlow::Continue(());
    let mut check = |data: &Dataset, recipe: Recipe, expected: &str, blames_network: bool| {
        let error = CpuTrainer
            .train(&network(), data, &recipe, 1, go_on)
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.blames_network(), blames_network);
    };
    let wild = Recipe {
        learning_rate: 1e30,
        ..recipe()
    };
    check(&bars(), wild, "lower the learning rate", true);
    let torn = broken_bars(Some(77));
    check(&torn, recipe(), "bars: torn", false);
    let none = Recipe {
        epochs: 0,
        ..recipe()
    };
    check(&bars(), none, "`epochs` is 0", false);
    let mut empty = bars();
    empty.train.indices = Arc::new([]);
    check(&empty, recipe(), "no training examples", false);
    let mut other = bars();
    other.classes.pop();
    check(&other, recipe(), "2 classes", false);
}

#[test]
fn networks_start_alike_for_a_seed() {
    let start = |seed| FloatNetwork::init(network(), seed);
    assert_eq!(start(3), start(3));
    assert_ne!(start(3), start(4));
    let Parameters::Weights { weights, bias } = &start(3).parameters[0] else {
        panic!("a convolution has weights");
    };
    let variance = weights.iter().map(|w| w * w).sum::<f32>() / weights.len() as f32;
    assert!((variance - 2.0 / 9.0).abs() < 0.1, "{variance}");
    assert_eq!(bias, &[0.0; 10]);
}
