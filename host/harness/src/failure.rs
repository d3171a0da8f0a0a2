//! What can go wrong, and whose fault it is.
//!
//! A [`CandidateFailure`] is a property of the model: measuring it again, anywhere, ends the same
//! way. A [`BenchFailure`] says nothing about the model.

use std::fmt;
use std::time::Duration;

use onchip_protocol::Refusal;

use crate::image::ImageError;
use crate::prove::ProofError;

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The model cannot run on this board.
    #[error(transparent)]
    Candidate(#[from] CandidateFailure),
    /// The bench did not manage to measure.
    #[error(transparent)]
    Bench(#[from] BenchFailure),
}

/// Why a model cannot run on a board.
#[derive(Debug, thiserror::Error)]
pub enum CandidateFailure {
    /// The file is no sound TFLite flatbuffer.
    #[error("malformed model: {0}")]
    Malformed(#[source] onchip_engine::Error),
    /// The network uses something that the engine does not run.
    #[error("unsupported model: {0}")]
    Unsupported(#[source] onchip_engine::Error),
    /// The activations need more RAM than the image has for them.
    #[error("the model does not fit into RAM: {0}")]
    Arena(#[source] onchip_engine::Error),
    /// Model and input need more flash than the partition has.
    #[error("the model does not fit into flash: {0}")]
    Partition(#[source] onchip_protocol::partition::Error),
    /// The chip took a fault while it ran the model.
    #[error("the chip took a fault while running the model: {0}")]
    Fault(Box<Registers>),
    /// Chips fall silent over the model, and answer again over another one.
    #[error(
        "the chip fell silent twice while running the model, and each time answered again when it \
         ran another one"
    )]
    Silence,
}

impl CandidateFailure {
    /// Sorts an engine's error into malformed, unsupported, and too large.
    pub(crate) fn engine(error: onchip_engine::Error) -> Self {
        use onchip_engine::Error as E;
        match error {
            E::File { .. } => CandidateFailure::Malformed(error),
            E::Arena { .. } => CandidateFailure::Arena(error),
            _ => CandidateFailure::Unsupported(error),
        }
    }
}

/// The core's state at a fault (Armv7-M ARM, B3.2.15 to B3.2.18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registers {
    /// Where the fault was taken.
    pub pc: u32,
    /// Return address of the function it was taken in.
    pub lr: u32,
    /// Configurable Fault Status Register.
    pub cfsr: u32,
    /// HardFault Status Register.
    pub hfsr: u32,
    /// MemManage Fault Address Register.
    pub mmfar: u32,
    /// BusFault Address Register.
    pub bfar: u32,
    /// The image's function around `pc`, if it is in one.
    pub function: Option<String>,
}

impl fmt::Display for Registers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pc={:#010x}", self.pc)?;
        if let Some(function) = &self.function {
            write!(f, " ({function})")?;
        }
        write!(
            f,
            " lr={:#010x} cfsr={:#010x} hfsr={:#010x} mmfar={:#010x} bfar={:#010x}",
            self.lr, self.cfsr, self.hfsr, self.mmfar, self.bfar
        )
    }
}

/// A stage of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Opening the probe, attaching to the chip, checking which chip it is.
    Attach,
    /// Bringing the image into flash.
    FlashImage,
    /// Bringing header, model and input into the partition.
    FlashModel,
    /// From reset to the image's `main`.
    Start,
    /// Running the model and reading the report.
    Run,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Attach => "attaching",
            Phase::FlashImage => "flashing the image",
            Phase::FlashModel => "flashing the model",
            Phase::Start => "starting the image",
            Phase::Run => "running the model",
        })
    }
}

/// What a debug probe's driver complains about, with its causes.
pub type ProbeCause = Box<dyn std::error::Error + Send + Sync>;

/// Why the bench did not manage to measure.
#[derive(Debug, thiserror::Error)]
pub enum BenchFailure {
    /// The probe cannot be opened.
    #[error(
        "probe {selector} cannot be opened; check the cable, and with `onchip boards` what is connected"
    )]
    ProbeNotOpened {
        /// The probe asked for.
        selector: String,
        /// What the driver said.
        source: ProbeCause,
    },
    /// The chip's name in the board file means nothing to probe-rs.
    #[error("probe-rs knows no chip `{chip}`; correct `chip` in the board file")]
    UnknownChip {
        /// The name in the board file.
        chip: String,
        /// What probe-rs said.
        source: ProbeCause,
    },
    /// Probe and chip stopped working together.
    #[error("the probe failed while {phase}; check power and cable of the board")]
    Probe {
        /// When.
        phase: Phase,
        /// What the driver said; for a virtual board, why its emulator stopped.
        source: ProbeCause,
    },
    /// The chip is not the one that the board file describes.
    #[error(
        "wrong chip: {what} at {address:#010x} reads {found:#x}, {board} has {expected:#x}; \
         choose the board that is connected with --board"
    )]
    WrongChip {
        /// The register that gave it away.
        what: &'static str,
        /// Its address.
        address: u32,
        /// What it said, masked.
        found: u32,
        /// What it should have said.
        expected: u32,
        /// The board's name.
        board: String,
    },
    /// The image is not one for this board.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The chip's flash algorithm failed.
    #[error("flash could not be written while {phase}; check supply voltage and write protection")]
    Flash {
        /// When.
        phase: Phase,
        /// What the flash algorithm said.
        source: ProbeCause,
    },
    /// The board file and probe-rs disagree on the size of a sector.
    #[error(
        "board file: partition.sector is {stated:#x} bytes, the chip's flash algorithm erases \
         {actual:#x} at once; correct the board file"
    )]
    Sector {
        /// In the board file.
        stated: u64,
        /// In the flash algorithm.
        actual: u64,
    },
    /// Flash does not hold what was written.
    #[error(
        "flash at {address:#010x} reads {found:#04x} after {wrote:#04x} was written; the sector \
         may be worn out or protected"
    )]
    Verify {
        /// First byte that differs.
        address: u32,
        /// What was written.
        wrote: u8,
        /// What is there.
        found: u8,
    },
    /// The image did not come to its `main`.
    #[error(
        "the image did not reach `main`: the core is {state}; rebuild the image with \
         `cargo xtask images`"
    )]
    NotStarted {
        /// What the core was doing when it was given up.
        state: String,
    },
    /// The chip fell silent.
    #[error("no answer from the chip for {after:?} while {phase}; the core is {state}")]
    Silent {
        /// When.
        phase: Phase,
        /// How long was waited.
        after: Duration,
        /// What the core was doing.
        state: String,
    },
    /// A phase took longer than the board file grants.
    #[error(
        "{phase} took longer than {limit:?}; raise timeout_ms in the board file if the board is that slow"
    )]
    TooSlow {
        /// Which.
        phase: Phase,
        /// Its limit.
        limit: Duration,
    },
    /// The probe does not return from a call.
    #[error("the probe hung while {phase}: no sign of life for {after:?}; unplug it and try again")]
    Hung {
        /// When.
        phase: Phase,
        /// How long was waited.
        after: Duration,
    },
    /// The driver of the probe, or the emulator behind it, panicked.
    #[error("the probe's driver crashed while {phase}; this is a defect, please report it")]
    Crashed {
        /// When.
        phase: Phase,
    },
    /// An earlier call has hung or crashed, and the probe with it.
    #[error("the session has lost its probe; open a new one")]
    Lost,
    /// What arrives is not what an image sends.
    #[error(
        "the image's report is garbled: {problem}; rebuild the image with `cargo xtask images`"
    )]
    Garbled {
        /// What is wrong with it.
        problem: String,
    },
    /// The chip failed over the model once, and not again.
    #[error(
        "the chip failed over the model, and did not when it ran the model again: {said}; check the \
         board's supply, and whether its flash is worn out"
    )]
    NotRepeated {
        /// What it failed with.
        said: String,
    },
    /// The image did not find what was flashed and ordered.
    #[error("the image refused: {0}")]
    Refused(Refusal),
    /// There is no emulator for a kind of board.
    #[error("board {board} cannot be virtual; plug a real one in")]
    NotVirtual {
        /// The board's name.
        board: String,
        /// What the emulator said.
        source: ProbeCause,
    },
    /// All boards of a pool have failed.
    #[error("no board is left to measure on:{failures}")]
    NoBoardLeft {
        /// Each board's name and latest failure, on a line of its own.
        failures: String,
    },
    /// A pool has boards of both kinds.
    #[error("some boards are emulated and others are not; measure on one kind at a time")]
    Mixed,
    /// The measurement is not proved.
    #[error("the measurement failed its proof: {0}")]
    Proof(#[from] ProofError),
}

impl BenchFailure {
    /// Turns a driver's error into a failure of `phase`.
    pub(crate) fn probe<E>(phase: Phase) -> impl Fn(E) -> BenchFailure
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        move |source| BenchFailure::Probe {
            phase,
            source: Box::new(source),
        }
    }
}

/// An error and its causes in one line.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Wrappers often repeat what they wrap.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
