//! The arguments. Their documentation is the manual that `onchip help` prints.

mod emulate;
mod study;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use onchip_harness::{Drill, ProbeChoice};

pub(crate) use self::emulate::EmulateArgs;
pub(crate) use self::study::{RandomModelsArgs, SearchArgs, TrainArgs};

/// Benchmark neural networks on microcontrollers, and search for them, measured on the chip.
///
/// A model is a TFLite flatbuffer with int8 weights and activations. onchip flashes it beside an
/// inference image onto a board, runs it there, and reads back cycles per operator, RAM and
/// output, each with a proof. The board can be a real one behind any debug probe that probe-rs
/// knows, or a virtual one, which is emulated down to its debug port and needs no hardware.
///
/// Exit codes: 0 measured, 2 wrong arguments, 3 a model cannot run on the board or no network of a
/// search keeps all constraints, 4 the bench failed (the model is not to blame; try again), 130
/// interrupted, 141 nobody read on what was printed. `onchip emulate` has codes of its own besides.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
#[command(after_long_help = "\
First steps, without hardware:
  onchip boards                                   which boards there are
  onchip inspect model.tflite                     what is in a model, operator by operator
  onchip prepare model.tflite -o cheaper.tflite   the same outputs for less
  onchip bench model.tflite --probe virtual       measure it on a virtual board
  onchip bench model.tflite --json record.json    with a real board plugged in, and keep the record
  onchip search examples/digits.yaml              search for networks, measured on virtual boards
  onchip emulate program.elf                      run any Cortex-M program on an emulated chip

`onchip help COMMAND` explains each command with examples.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Log what happens to stderr; twice for more, or set RUST_LOG.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Bench(BenchArgs),
    /// List boards and connected probes.
    ///
    /// Boards come from files that ship with onchip; `--board FILE.toml` takes one of your own.
    /// Of each are shown the chip, the clock, the memories, the room for a model, and whether it
    /// can be had as a virtual board. Probes are shown as `--probe` takes them.
    Boards,
    Emulate(EmulateArgs),
    Inspect(InspectArgs),
    Prepare(PrepareArgs),
    RandomModels(RandomModelsArgs),
    Report(ReportArgs),
    Search(SearchArgs),
    ServeBoard(ServeArgs),
    Train(TrainArgs),
}

/// Measure models on a board.
///
/// First the host engine reads, plans and runs the model: what it refuses costs no board time. The
/// model is prepared, unless --no-prepare is given: what is flashed is a cheaper file that computes
/// the same (see `onchip help prepare`), and the record lists what was done. Then image and model
/// are brought into flash, where only sectors that differ are erased, the image runs the model, and
/// its report is proved: the nonce must come back, the chip's own CRC of the model must be right,
/// the output must equal byte for byte what the host engine makes of the model that was given, and
/// the cycle counter must agree with a second clock. A report that fails a proof is not shown.
///
/// Cycles are those of the median run, after one run to warm up. RAM is found by painting it
/// before each run.
///
/// A virtual board keeps its flash in a file, as a real one keeps it without power. Its cycles
/// are estimates, and each record of it says `emulated`.
///
/// A profile tells where the time goes, operator by operator: cycles, multiply-accumulates, and
/// bytes of weights, inputs and outputs; of a virtual board also the instructions executed and
/// what the cycles were spent on. For that the measured flash is run once more on an emulated chip
/// that keeps count, and must take the very cycles that were measured.
///
/// A suite is a set of known models, searched by their file names in the folders given in place
/// of models, not in folders within these; what else is there is named and left alone. All are
/// measured on all boards named, and one table shows them beside published figures.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onchip bench kws.tflite --probe virtual
  onchip bench a.tflite b.tflite --runs 5 --json records.json
  onchip bench kws.tflite --probe virtual --profile kws.json  and a chart in kws.png
  onchip bench --suite mlperf-tiny models --probe virtual
  onchip bench --suite mlperf-tiny models --probe virtual --board nucleo-l4r5zi,nucleo-f746zg
  onchip bench kws.tflite --probe 0483:374b:066DFF...      one of several probes
  onchip bench kws.tflite --probe 1d50:6018:127.0.0.1:4242 a board served by `onchip serve-board`
  onchip bench kws.tflite --input yes.npy --board my-board.toml --image my-image.elf")]
pub(crate) struct BenchArgs {
    /// The models, .tflite files; with --suite, the folders that hold them.
    #[arg(required = true, value_name = "MODEL")]
    pub(crate) models: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) board: BoardArgs,

    /// The probe: `virtual`, or VID:PID:SERIAL in hexadecimal as `onchip boards` lists them. If
    /// exactly one is connected, it need not be named.
    #[arg(long)]
    pub(crate) probe: Option<ProbeChoice>,

    /// Timed runs per model, at most 1,000,000. More than 50 are made in several passes, each of which
    /// starts the image anew and is proved.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) runs: u32,

    /// The model's input: `lcg` (reproducible noise), `zeros`, or an int8 or uint8 array in a
    /// .npy file.
    #[arg(long, default_value = "lcg")]
    pub(crate) input: String,

    /// Measure the model as it is, instead of what `onchip prepare` makes of it.
    #[arg(long)]
    pub(crate) no_prepare: bool,

    /// Measure the models of a suite, and compare them with published figures. `mlperf-tiny` has
    /// kws_ref_model.tflite (keyword spotting), pretrainedResnet_quant.tflite or
    /// ic_ref_model.tflite (image classification), vww_96_int8.tflite (visual wake words) and
    /// ad01_int8.tflite (anomaly detection).
    #[arg(long, value_name = "SUITE")]
    pub(crate) suite: Option<Suite>,

    /// Write a profile of the median runs: a trace that chrome://tracing and ui.perfetto.dev open,
    /// a process per model and board, an event per operator. Beside it a bar chart is drawn.
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,

    /// Draw the profile's bar chart there [default: the profile's file, ending in .png].
    #[arg(long, value_name = "PNG", requires = "profile")]
    pub(crate) chart: Option<PathBuf>,

    /// Write the record as JSON: an object, or for several models or boards, or a suite, an array
    /// of those measured.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Nonce of the first run, instead of a random one; the next runs count on from it.
    #[arg(long)]
    pub(crate) seed: Option<u64>,

    /// Make the image misbehave, to see that the bench notices: `fault` (ends with exit code 3)
    /// or `silence` (4).
    #[arg(long)]
    pub(crate) drill: Option<DrillArg>,
}

/// Which boards, and what belongs to them.
#[derive(Debug, Args)]
pub(crate) struct BoardArgs {
    /// The board: a name that `onchip boards` lists, or the path of a board's .toml file. Several
    /// virtual boards are named with commas or by several --board; all models are measured on each.
    #[arg(
        long = "board",
        value_name = "BOARD",
        value_delimiter = ',',
        default_value = "nucleo-l4r5zi"
    )]
    pub(crate) boards: Vec<String>,

    /// Use this ELF file instead of the image that the board file names.
    #[arg(long, value_name = "ELF")]
    pub(crate) image: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) state: StateArgs,
}

/// Where a virtual board's flash is kept.
#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    /// Folder that keeps the flash of virtual boards, or `none` for a blank one that is thrown
    /// away [default: onchip/vboards in the user's cache folder].
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
}

/// A set of models that others measure, too.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Suite {
    /// The reference models of MLPerf Tiny, int8.
    MlperfTiny,
}

/// How the image is to misbehave.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum DrillArg {
    /// Cause a hard fault.
    Fault,
    /// Never answer.
    Silence,
}

impl From<DrillArg> for Drill {
    fn from(drill: DrillArg) -> Drill {
        match drill {
            DrillArg::Fault => Drill::HardFault,
            DrillArg::Silence => Drill::Silence,
        }
    }
}

/// Show what is in a model.
///
/// Prints each operator with its shapes, types, quantization, multiply-accumulate operations,
/// parameters and bytes, and an estimate of the arena that the activations need. No board is
/// involved; whether and how fast the model runs is for `onchip bench` to say.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onchip inspect kws.tflite
  onchip inspect kws.tflite --json                to stdout
  onchip inspect kws.tflite --json kws.json       to a file")]
pub(crate) struct InspectArgs {
    /// The model, a .tflite file.
    pub(crate) model: PathBuf,

    /// Write JSON, to stdout or to FILE, instead of the table.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    pub(crate) json: Option<PathBuf>,
}

/// Make a model cheaper without changing a bit of its outputs.
///
/// Reads a TFLite file and writes another one, for any TFLite runtime: margins, activations and
/// conversions are laid into the operators beside them, constant channels (such as those of filters
/// of zeros) and channels that nothing depends on are taken out of all weights, operators are put in
/// the order that needs the least memory, and what nothing refers to is dropped. The memory plan and
/// the factors that the image's engine would otherwise compute at every start and keep in RAM are put
/// into the file, and a memory plan for TensorFlow Lite Micro. After each part of the work the host
/// engine runs the source and the result on several inputs; outputs that differ are an error.
///
/// Printed are MACs, operators, bytes of the file and of the arena before and after, and what was
/// done. `onchip bench` and `onchip search` prepare models by themselves, without TensorFlow's plan.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onchip prepare kws.tflite                       only say what can be done
  onchip prepare kws.tflite -o kws-prepared.tflite")]
pub(crate) struct PrepareArgs {
    /// The model, a .tflite file.
    pub(crate) model: PathBuf,

    /// Where to write the result.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Make a study's tables, plots and best model anew.
///
/// A search writes these files when it ends; this command writes the same ones from the study's
/// store, also while a search is running or after one that was cut off:
///
///   search_results.csv       every trial: latency in ms, RAM and flash in bytes, accuracies from 0
///                            to 1 by the int8 engine (accuracy: test split)
///   pareto_frontier.csv      the trials that no other is better than in all objectives
///   pareto_plot.png, .svg    both in a picture; hypervolume.png shows how the front grew
///   best_model_spec.yaml     how to train the best network again (onchip train)
///   best_model/              model.tflite, spec.yaml, record.json, labels.txt
///
/// The best network is the one of the front that is best in the study's first objective.
#[derive(Debug, Args)]
#[command(
    after_long_help = "\
Examples:
  onchip report results/digits",
    verbatim_doc_comment
)]
pub(crate) struct ReportArgs {
    /// The study's folder, which holds study.sqlite.
    pub(crate) study: PathBuf,
}

/// Offer a virtual board to any tool that speaks to debug probes.
///
/// The board appears as a Black Magic Probe on a TCP port. Stock probe-rs tools reach it with the
/// selector 1d50:6018:ADDRESS:PORT and `--protocol swd`. It serves one client at a time, until
/// interrupted.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onchip serve-board nucleo-l4r5zi --listen 127.0.0.1:4242
and in another terminal:
  probe-rs run --probe 1d50:6018:127.0.0.1:4242 --protocol swd --chip STM32L4R5ZITx firmware.elf
  onchip bench model.tflite --probe 1d50:6018:127.0.0.1:4242")]
pub(crate) struct ServeArgs {
    /// The board: a name that `onchip boards` lists, or the path of a board's .toml file.
    pub(crate) board: String,

    /// Where to listen. Whoever can reach this port controls the virtual board.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4242")]
    pub(crate) listen: SocketAddr,

    #[command(flatten)]
    pub(crate) state: StateArgs,
}
