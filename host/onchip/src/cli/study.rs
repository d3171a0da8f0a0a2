//! The arguments of the commands around a search.

use std::path::PathBuf;

use clap::Args;
use onchip_study::file::Time;

/// Search for networks that are good, fast and small, measured on boards.
///
/// A study file says what is searched: the data, the space of networks, what is wanted and what is
/// not allowed, how networks are trained, which boards measure, and when to end. Candidates are
/// built, rejected early where they break a limit for certain, trained, quantized to int8, scored by
/// the int8 engine, and measured, several at a time. What is measured are prepared models, unless
/// --no-prepare is given (see `onchip help prepare`).
///
/// What is found goes into a folder: tables of all trials and of the front, plots, the best model
/// with its record, and the study itself, which can be killed at any instant and resumed to the same
/// result. Neither the number of boards nor that of threads changes a result.
///
/// Ctrl-C finishes what is running and ends; a second one ends trainings, too; a third one ends at
/// once. `--resume` goes on in any case.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onchip search examples/digits.yaml --check       is the file right, and how much is it?
  onchip search examples/digits.yaml
  onchip search examples/digits.yaml --resume --trials 200
  onchip search mine.yaml --boards 4 --workers 8 --time '30 min' --output results/second

A study file:
  dataset: digits
  space: {kind: cnn2d}
  objectives: [validation_error, latency_ms, flash]
  constraints: [latency_ms < 5, peak_ram < 64 KiB]
  training: {epochs: 15}
  budget: {trials: 60}")]
pub(crate) struct SearchArgs {
    /// The study file, YAML.
    pub(crate) file: PathBuf,

    /// Only check the file and its data; print the space's size and what the search will take.
    #[arg(long)]
    pub(crate) check: bool,

    /// Go on with the study in the output folder.
    #[arg(long)]
    pub(crate) resume: bool,

    /// End after so many trials, instead of the file's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) trials: Option<u64>,

    /// Measure on so many virtual boards, instead of the file's number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) boards: Option<u32>,

    /// Train so many networks at once [default: one per processor].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) workers: Option<u32>,

    /// Measure models as they are, instead of what `onchip prepare` makes of them. A study that is resumed needs it,
    /// too.
    #[arg(long)]
    pub(crate) no_prepare: bool,

    /// End after this time, like '10 min', instead of the file's.
    #[arg(long)]
    pub(crate) time: Option<Time>,

    /// The folder for what is found, instead of the file's.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,

    /// Show nothing until the end.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Train a found network for longer, and measure the result.
///
/// Takes the `best_model_spec.yaml` of a study, or a spec of your own: a network with its data, its
/// training, its quantization and its boards. Writes the model, its record, its labels and the spec
/// that made it.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onchip train results/digits/best_model_spec.yaml --epochs 100
  onchip train my_network.yaml --output models/mine --seed 3")]
pub(crate) struct TrainArgs {
    /// The spec, YAML.
    pub(crate) spec: PathBuf,

    /// Passes over the training data [default: four times the spec's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) epochs: Option<u32>,

    /// Measure the model as it is, instead of what `onchip prepare` makes of it.
    #[arg(long)]
    pub(crate) no_prepare: bool,

    /// Where the training's randomness comes from.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,

    /// The folder to write to [default: `trained` beside the spec].
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,

    /// Show nothing until the end.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Write small random models.
///
/// Each is a sound int8 network that the engine runs: convolutions, depthwise convolutions, poolings,
/// residual blocks and dense layers in a random order, with random weights. They predict nothing;
/// they are for benchmarks, and for predictors of latency. The same seed gives the same file.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onchip random-models --count 100 --out models
  onchip bench models/*.tflite --probe virtual --json records.json
  onchip random-models --count 10 --out large --size 48 --channels 64 --steps 20")]
pub(crate) struct RandomModelsArgs {
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) count: u64,

    /// The folder to write random-SEED.tflite files to; it is made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Seed of the first model; the next ones count on from it.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,

    /// Most height and width of the input.
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub(crate) size: usize,

    /// Most channels of any layer.
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub(crate) channels: usize,

    /// Most steps between input and head; a step is a layer or a block of several.
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) steps: usize,
}
