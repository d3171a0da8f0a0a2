//! Prints how fast networks train on one core, how near that is to the speed of the matrix products
//! in them, and what two trainings on two cores make of it.
//!
//! The *bound* is the time that only the matrix products of a step take: the calls that forward and
//! backward make, with their shapes, layouts and strips, on operands that lie in cache. The share is
//! bound / step. Everything else (depthwise convolution, normalization, activation, windows laid out,
//! loss, optimizer, batches) is what keeps it from 100 %.
//!
//! Most of that is memory. Normalization needs a batch's mean before any of it can go on, so each
//! stage's values, a megabyte and more, are read and written as a whole, several times a step. *walks*
//! is the time that this takes alone: as many reads and writes of as much memory in the step's order,
//! with nothing computed. What neither products nor walks explain is what code could still win.
//!
//! All are medians of rounds that alternate, so that a busy machine slows all of them.
//!
//! `cargo bench -p onchip-train -- DS-CNN` measures only the networks whose name holds that word.

#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use onchip_tflite::ir::{Activation, Padding, ValueId, Window};
use onchip_tflite::topology::{Dims, Layer, Topology};
use onchip_train::data::{DataError, Dataset, Source, Split};
use onchip_train::nn::matmul::{Matrix, multiply};
use onchip_train::trainer::{CpuTrainer, Recipe, TrainError, Trainer};

const ROUNDS: u32 = 9;
const STEPS: usize = 16;
/// Rows that the trainer multiplies at once.
const STRIP: usize = 256;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "f32, Adam. products: the GEMM bound, the step's own calls (forward and backward, same shapes,\n\
         layouts and strips) on operands in cache, nothing else. share: products / step. walks: the\n\
         step's reads and writes of whole tensors, nothing else. two: samples/s of two trainings at\n\
         once, and how many times that of one.\n"
    );
    // What begins with a dash is cargo's.
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let wanted = wanted.unwrap_or_default();
    println!(
        "network                   batch  samples/s  step ms  products ms  share  walks ms  both      two"
    );
    let networks = [
        ("DS-CNN 49×10×1", ds_cnn()?, 32),
        ("1-D CNN 256×1×1", cnn_1d()?, 64),
        ("inverted residual 32×32×3", inverted_residual()?, 32),
    ];
    for (name, topology, batch) in networks {
        if !name.contains(&wanted) {
            continue;
        }
        let Times {
            step,
            products,
            walks,
        } = measure(&topology, batch)?;
        let [one, two] = at_once(&topology, batch)?;
        println!(
            "{name:<25} {batch:>5} {:>10.0} {:>8.2} {:>12.2} {:>5.1}% {:>9.2} {:>4.0}% {:>8.0} {:>4.2}×",
            batch as f64 / step,
            step * 1e3,
            products * 1e3,
            products / step * 100.0,
            walks * 1e3,
            (products + walks) / step * 100.0,
            batch as f64 * two,
            two / one,
        );
    }
    Ok(())
}

/// Seconds per step.
struct Times {
    step: f64,
    products: f64,
    walks: f64,
}

/// A step, and what parts of it take alone.
fn measure(topology: &Topology, batch: usize) -> Result<Times, Box<dyn std::error::Error>> {
    let mut products = Products::new(topology, batch);
    let mut walks = Walks::new(topology, batch);
    let mut rounds = [const { Vec::new() }; 3];
    let mut start = Instant::now();
    train(topology, batch, ROUNDS + 1, &mut |index| {
        let step = start.elapsed();
        products.run();
        start = Instant::now();
        (0..STEPS).for_each(|_| products.run());
        let products = start.elapsed();
        walks.run();
        start = Instant::now();
        (0..STEPS).for_each(|_| walks.run());
        let times = [step, products, start.elapsed()];
        // The first epoch claims memory and fills caches.
        if index > 0 {
            for (round, time) in rounds.iter_mut().zip(times) {
                round.push(time.as_secs_f64() / STEPS as f64);
            }
        }
        start = Instant::now();
    })?;
    let [step, products, walks] = rounds.map(median);
    Ok(Times {
        step,
        products,
        walks,
    })
}

/// Steps per second of one training, and of two on two threads together; rounds alternate.
fn at_once(topology: &Topology, batch: usize) -> Result<[f64; 2], Box<dyn std::error::Error>> {
    let mut speeds = [const { Vec::new() }; 2];
    for _ in 0..ROUNDS {
        for (count, speeds) in (1_u32..).zip(&mut speeds) {
            let start = Instant::now();
            let all = std::thread::scope(|scope| {
                let run = |_| scope.spawn(|| train(topology, batch, 2, &mut |_| ()).is_ok());
                let threads: Vec<_> = (0..count).map(run).collect();
                threads
                    .into_iter()
                    .all(|thread| thread.join().is_ok_and(|ok| ok))
            });
            if !all {
                return Err("a training failed".into());
            }
            let steps = f64::from(2 * count) * STEPS as f64;
            speeds.push(steps / start.elapsed().as_secs_f64());
        }
    }
    Ok(speeds.map(median))
}

/// Trains on noise, and tells after each epoch of [`STEPS`].
fn train(
    topology: &Topology,
    batch: usize,
    epochs: u32,
    watch: &mut dyn FnMut(u32),
) -> Result<(), TrainError> {
    let classes = topology.shape(topology.output())[2];
    let noise = Noise {
        len: batch * STEPS,
        classes,
    };
    let split = |len: usize| Split {
        source: Arc::new(noise),
        indices: (0..len as u32).collect(),
    };
    let data = Dataset {
        name: "noise".into(),
        shape: topology.input(),
        classes: vec![String::new(); classes],
        train: split(noise.len),
        validation: split(0),
        test: split(0),
        scaling: Vec::new(),
        digest: String::new(),
    };
    let recipe = Recipe {
        epochs,
        batch_size: batch as u32,
        ..Recipe::default()
    };
    CpuTrainer.train(topology, &data, &recipe, 1, &mut |epoch| {
        watch(epoch.index);
        ControlFlow::Continue(())
    })?;
    Ok(())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Numbers that mean nothing.
#[derive(Clone, Copy)]
struct Noise {
    len: usize,
    classes: usize,
}

impl Source for Noise {
    fn len(&self) -> usize {
        self.len
    }

    fn read(&self, index: usize, values: &mut [f32]) -> Result<usize, DataError> {
        for (i, value) in values.iter_mut().enumerate() {
            let hash = (index * 7919 + i).wrapping_mul(2_654_435_761) >> 8;
            *value = (hash & 0xffff) as f32 / 32768.0 - 1.0;
        }
        Ok(index % self.classes)
    }
}

/// The products of a step: rows, depth, filters, how often, and whether the input has a slope.
struct Products {
    calls: Vec<([usize; 3], usize, bool)>,
    input: Vec<f32>,
    weights: Vec<f32>,
    output: Vec<f32>,
    given: Vec<f32>,
    slope: Vec<f32>,
    gradient: Vec<f32>,
}

impl Products {
    fn new(topology: &Topology, batch: usize) -> Self {
        let mut calls = Vec::new();
        for node in topology.nodes() {
            let channels = topology.shape(node.inputs[0])[2];
            let (depth, pointwise) = match node.layer {
                Layer::Conv { window, .. } => {
                    let taps = window.size[0] * window.size[1];
                    (taps * channels, taps == 1 && window.stride == [1, 1])
                }
                Layer::Dense { .. } => (channels, true),
                _ => continue,
            };
            let places = node.shape[0] * node.shape[1];
            let all = batch * places;
            let strip = match places {
                _ if pointwise => STRIP,
                places if places > STRIP => places.div_ceil(places.div_ceil(STRIP)).min(STRIP),
                places => STRIP / places * places,
            };
            let has_slope = node.inputs[0] != ValueId::INPUT;
            let filters = node.shape[2];
            calls.push((
                [strip.min(all), depth, filters],
                all / strip.min(all),
                has_slope,
            ));
            let rest = all % strip.min(all);
            if rest > 0 {
                calls.push(([rest, depth, filters], 1, has_slope));
            }
        }
        let most =
            |f: &dyn Fn([usize; 3]) -> usize| calls.iter().map(|call| f(call.0)).max().unwrap_or(0);
        let of = |f: &dyn Fn([usize; 3]) -> usize| vec![0.1; most(f)];
        Self {
            input: of(&|[rows, depth, _]| rows * depth),
            weights: of(&|[_, depth, filters]| depth * filters),
            output: of(&|[rows, _, filters]| rows * filters),
            given: of(&|[rows, _, filters]| rows * filters),
            slope: of(&|[_, depth, filters]| depth * filters),
            gradient: of(&|[rows, depth, _]| rows * depth),
            calls,
        }
    }

    fn run(&mut self) {
        for &([rows, depth, filters], count, has_slope) in &self.calls {
            let input = Matrix::new(&self.input[..rows * depth], rows, depth);
            let weights = Matrix::new(&self.weights[..depth * filters], filters, depth);
            let given = Matrix::new(&self.given[..rows * filters], rows, filters);
            for _ in 0..count {
                let output = &mut self.output[..rows * filters];
                multiply(input, weights.transposed(), output, false);
            }
            for _ in 0..count {
                let slope = &mut self.slope[..depth * filters];
                multiply(given.transposed(), input, slope, true);
                if has_slope {
                    let gradient = &mut self.gradient[..rows * depth];
                    multiply(given, weights, gradient, false);
                }
            }
        }
        self.slope.fill(0.0);
    }
}

/// The walks of a step through memory: a tensor for what each layer with weights makes, and for the
/// input.
struct Walks {
    tensors: Vec<Vec<f32>>,
    gradient: Vec<f32>,
}

impl Walks {
    fn new(topology: &Topology, batch: usize) -> Self {
        let nodes = topology.nodes().iter();
        let made = nodes.filter(|node| {
            let layer = node.layer;
            matches!(
                layer,
                Layer::Conv { .. } | Layer::Depthwise { .. } | Layer::Dense { .. }
            )
        });
        let dims = std::iter::once(topology.input()).chain(made.map(|node| node.shape));
        let tensors: Vec<_> = dims
            .map(|dims| vec![0.1; batch * dims.iter().product::<usize>()])
            .collect();
        let most = tensors.iter().map(Vec::len).max().unwrap_or(0);
        Self {
            tensors,
            gradient: vec![0.1; most],
        }
    }

    fn run(&mut self) {
        // Forward reads what is there and writes the next.
        for made in 1..self.tensors.len() {
            black_box(read(&self.tensors[made - 1]));
            self.tensors[made].fill(0.1);
        }
        // Backward reads what a stage made, its gradient, which lies where the next stage's values were,
        // and what it saw; the gradient of that goes where its own values were.
        for made in (1..self.tensors.len()).rev() {
            let given = self.tensors.get(made + 1).unwrap_or(&self.gradient);
            black_box(read(given));
            black_box(read(&self.tensors[made]));
            black_box(read(&self.tensors[made - 1]));
            self.tensors[made].fill(0.1);
        }
    }
}

/// A sum, in as many parts as keep the processor waiting for memory only.
fn read(values: &[f32]) -> f32 {
    let mut sums = [0.0; 32];
    for values in values.chunks_exact(32) {
        let pairs = sums.iter_mut().zip(values);
        pairs.for_each(|(sum, value)| *sum += value);
    }
    sums.iter().sum()
}

type Built = Result<Topology, onchip_tflite::topology::Error>;

fn window(size: [usize; 2], stride: [usize; 2], padding: Padding) -> Window {
    Window {
        size,
        stride,
        padding,
    }
}

fn conv(filters: usize, size: [usize; 2], stride: [usize; 2]) -> Layer {
    let window = window(size, stride, Padding::Same);
    Layer::Conv { filters, window }
}

fn depthwise(stride: usize) -> Layer {
    let window = window([3, 3], [stride; 2], Padding::Same);
    Layer::Depthwise { window }
}

const RELU: Layer = Layer::Activation(Activation::Relu);

fn build(input: Dims, layers: &[Layer]) -> Built {
    let mut topology = Topology::new(input);
    for &layer in layers {
        topology.then(layer)?;
    }
    Ok(topology)
}

/// Zhang et al. 2017, "Hello Edge", small, as MLPerf Tiny's keyword spotting has it.
fn ds_cnn() -> Built {
    let mut layers = vec![conv(64, [10, 4], [2, 2]), Layer::BatchNorm, RELU];
    for _ in 0..4 {
        layers.extend([depthwise(1), Layer::BatchNorm, RELU]);
        layers.extend([conv(64, [1, 1], [1, 1]), Layer::BatchNorm, RELU]);
    }
    layers.extend([Layer::GlobalAveragePool, Layer::Dense { units: 12 }]);
    build([49, 10, 1], &layers)
}

fn cnn_1d() -> Built {
    let layers = [
        conv(8, [5, 1], [1, 1]),
        RELU,
        Layer::MaxPool(window([2, 1], [2, 1], Padding::Valid)),
        conv(16, [3, 1], [1, 1]),
        RELU,
        Layer::Flatten,
        Layer::Dense { units: 6 },
    ];
    build([256, 1, 1], &layers)
}

/// Blocks as in MobileNetV2, each four times as wide inside.
fn inverted_residual() -> Built {
    let mut topology = build(
        [32, 32, 3],
        &[conv(16, [3, 3], [1, 1]), Layer::BatchNorm, RELU],
    )?;
    for (filters, stride) in [(24, 2), (24, 1), (32, 2), (32, 1)] {
        let start = topology.output();
        let channels = topology.shape(start)[2];
        let wide = conv(4 * channels, [1, 1], [1, 1]);
        for layer in [
            wide,
            Layer::BatchNorm,
            RELU,
            depthwise(stride),
            Layer::BatchNorm,
            RELU,
        ] {
            topology.then(layer)?;
        }
        topology.then(conv(filters, [1, 1], [1, 1]))?;
        let end = topology.then(Layer::BatchNorm)?;
        if stride == 1 && filters == channels {
            topology.push(Layer::Add, &[start, end])?;
        }
    }
    for layer in [conv(128, [1, 1], [1, 1]), Layer::BatchNorm, RELU] {
        topology.then(layer)?;
    }
    topology.then(Layer::GlobalAveragePool)?;
    topology.then(Layer::Dense { units: 10 })?;
    Ok(topology)
}
