//! Boards: what `boards/NAME.toml` says about a kit, checked.
//!
//! Adding a board is adding a file. Every complaint about a file names the file,
//! the line, the key and what to write instead.

mod embedded;
mod file;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use embedded::{embedded_boards, embedded_image};

/// A kit: its chip, memories, clock, and where models go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// The name users type; equal to the file's stem for boards that ship with onchip.
    pub name: String,
    /// The kit's name in prose.
    pub title: String,
    /// The chip's name in probe-rs's target list.
    pub chip: String,
    /// The processor core.
    pub core: Core,
    /// The core clock that the image sets, in hertz.
    pub clock_hz: u32,
    /// File name of the image's ELF.
    pub image: String,
    /// Where the board file lies, if it is not an embedded one.
    pub folder: Option<PathBuf>,
    /// How the chip identifies itself.
    pub identity: Identity,
    /// Flash and RAM regions.
    pub memories: Vec<Memory>,
    /// The flash region that holds header, model and input.
    pub partition: Partition,
    /// How to talk to the probe.
    pub probe: ProbeSettings,
    /// Longest wait per phase.
    pub timeouts: Timeouts,
}

/// A processor core that images exist for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Core {
    /// Armv7E-M with the single-precision FPU.
    #[serde(rename = "cortex-m4f")]
    CortexM4F,
    /// Armv7E-M with the single-precision FPU, dual issue and caches.
    #[serde(rename = "cortex-m7f")]
    CortexM7F,
    /// Armv6-M.
    #[serde(rename = "cortex-m0plus")]
    CortexM0Plus,
}

impl Core {
    /// The part number in CPUID bits 15:4 (Armv7-M ARM, B3.2.3).
    pub fn cpuid_part(self) -> u32 {
        match self {
            Core::CortexM4F => 0xC24,
            Core::CortexM7F => 0xC27,
            Core::CortexM0Plus => 0xC60,
        }
    }
}

impl fmt::Display for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Core::CortexM4F => "cortex-m4f",
            Core::CortexM7F => "cortex-m7f",
            Core::CortexM0Plus => "cortex-m0plus",
        })
    }
}

/// A word that tells this chip from its relatives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Address of the word.
    pub address: u32,
    /// The bits that count.
    pub mask: u32,
    /// What those bits must be.
    pub value: u32,
}

/// What a memory region can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryKind {
    /// Holds image and model.
    Flash,
    /// Holds arena, stack and statics.
    Ram,
}

/// A memory region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// Name in prose.
    pub name: String,
    /// Flash or RAM.
    pub kind: MemoryKind,
    /// The bytes it spans.
    pub range: Range<u32>,
}

/// The flash region rewritten per candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// The bytes it spans.
    pub range: Range<u32>,
    /// Bytes erased at once.
    pub sector: u32,
}

impl Partition {
    /// Capacity in bytes.
    pub fn length(&self) -> u32 {
        self.range.end - self.range.start
    }
}

/// How to talk to the probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeSettings {
    /// SWD clock in kHz; a probe that cannot go so fast takes the next lower one.
    pub speed_khz: u32,
}

/// Longest wait per phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Opening the probe and attaching to the chip.
    pub attach: Duration,
    /// Comparing, erasing, programming and verifying.
    pub flash: Duration,
    /// From reset to the image's `main`.
    pub start: Duration,
    /// All inferences of one candidate and their report.
    pub run: Duration,
    /// Any stretch in which neither probe nor chip gives a sign of life.
    pub silence: Duration,
}

impl Board {
    /// Finds a board by name, or reads the `.toml` that `name` is a path to.
    pub fn find(name: &str) -> Result<Board, BoardError> {
        if Path::new(name).extension().is_some_and(|e| e == "toml") {
            return Board::read(Path::new(name));
        }
        embedded_boards()
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .find(|board| board.name == name)
            .ok_or_else(|| BoardError::Unknown {
                name: name.to_owned(),
                known: embedded::board_names().collect::<Vec<_>>().join(", "),
            })
    }

    /// Reads a board file.
    pub fn read(path: &Path) -> Result<Board, BoardError> {
        let text = std::fs::read_to_string(path).map_err(|source| BoardError::Read {
            file: path.display().to_string(),
            source,
        })?;
        let mut board = Board::parse(&text, &path.display().to_string())?;
        board.folder = Some(path.parent().unwrap_or(Path::new("")).to_owned());
        Ok(board)
    }

    /// Parses and checks a board file's text; `file` is what errors call it.
    pub fn parse(text: &str, file: &str) -> Result<Board, BoardError> {
        file::parse(text, file)
    }

    /// The region of `kind` that holds all of `range`.
    pub fn region(&self, kind: MemoryKind, range: &Range<u32>) -> Option<&Memory> {
        self.memories.iter().find(|memory| {
            memory.kind == kind
                && memory.range.start <= range.start
                && range.end <= memory.range.end
        })
    }
}

/// Why a board cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// Neither embedded nor a path.
    #[error(
        "no board is called `{name}`; onchip knows {known}; for your own board give the path of its .toml file"
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// The boards that ship with onchip.
        known: String,
    },
    /// The file cannot be read.
    #[error("board file {file} cannot be read ({source}); check the path, or see `onchip boards`")]
    Read {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not TOML, or a key is missing, unknown or of the wrong type. The parser's
    /// text shows line and key.
    #[error(
        "board file {file}: {source}remedy: correct that line; boards/nucleo-l4r5zi.toml shows every key"
    )]
    Syntax {
        /// The file.
        file: String,
        /// What the parser said, ending in a newline.
        source: Box<toml::de::Error>,
    },
    /// A value that contradicts another, or the hardware.
    #[error("board file {file}, line {line}, key `{key}`: {problem}; {remedy}")]
    Value {
        /// The file.
        file: String,
        /// Line of the value, counted from 1.
        line: usize,
        /// The key, with its table.
        key: &'static str,
        /// What is wrong.
        problem: String,
        /// What to write instead.
        remedy: String,
    },
}
