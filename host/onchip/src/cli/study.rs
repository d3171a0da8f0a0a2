//! The arguments of the commands around a search.

use std::path::PathBuf;

use clap::Args;

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
