//! The boards that a study measures on.

use onchip_harness::{Board, ProbeChoice};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// One board, or several alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardEntry {
    /// Name of a board that ships with onchip, as `onchip boards` lists them, or the path of a
    /// board file.
    pub board: String,
    /// `virtual` for an emulated one, else the probe of a real one as `VID:PID:SERIAL`.
    #[serde(default = "virtual_probe")]
    #[schemars(extend("examples" = ["virtual"]))]
    pub probe: String,
    /// How many virtual boards work at a time. A probe is one board.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 64))]
    pub count: u32,
    /// The device that somebody has in mind while this board measures in its place, for people:
    /// records name the board.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_in_for: Option<String>,
}

impl BoardEntry {
    /// One virtual board of a kind.
    pub fn one_virtual(board: impl Into<String>) -> Self {
        Self {
            board: board.into(),
            probe: virtual_probe(),
            count: one(),
            stands_in_for: None,
        }
    }

    /// Whether it is emulated in this process.
    pub fn is_virtual(&self) -> bool {
        self.probe == VIRTUAL
    }
}

/// What a study measures on where its file does not say: nothing has to be plugged in.
pub(super) fn default_boards() -> Vec<BoardEntry> {
    vec![BoardEntry::one_virtual("nucleo-l4r5zi")]
}

const VIRTUAL: &str = "virtual";

fn virtual_probe() -> String {
    VIRTUAL.to_owned()
}

fn one() -> u32 {
    1
}

/// What is wrong with the boards of a study.
pub(super) fn check(boards: &[BoardEntry]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, entry) in boards.iter().enumerate() {
        let path = |key: &str| format!("boards[{index}].{key}");
        if let Err(error) = Board::find(&entry.board) {
            problems.push(Problem::at(path("board"), error.to_string()));
        }
        if let Err(error) = entry.probe.parse::<ProbeChoice>() {
            problems.push(Problem::at(path("probe"), error));
        }
        if !entry.is_virtual() && entry.count > 1 {
            let message = "a probe is one board; list each board with its own probe";
            problems.push(Problem::at(path("count"), message));
        }
        let earlier = &boards[..index];
        if !entry.is_virtual() && earlier.iter().any(|other| other.probe == entry.probe) {
            let message = format!("{} is listed twice", entry.probe);
            problems.push(Problem::at(path("probe"), message));
        }
        if earlier
            .first()
            .is_some_and(|first| first.board != entry.board)
        {
            let message = format!(
                "{} beside {}: one front cannot compare the latencies of different boards; \
                 make one study for each",
                entry.board, boards[0].board
            );
            problems.push(Problem::at(path("board"), message));
        }
        let is_other = |first: &BoardEntry| first.is_virtual() != entry.is_virtual();
        if earlier.first().is_some_and(is_other) {
            let message = "virtual boards beside boards behind probes: numbers of emulated and of \
                           real boards must not share a front, and which board measures a network \
                           is chance; make one study for each kind";
            problems.push(Problem::at(path("probe"), message));
        }
    }
    problems
}
