//! Which boards to measure on.

use anyhow::ensure;
use onchip_harness::{Board, ProbeChoice};

use crate::cli::BenchArgs;

/// The boards that the arguments name.
pub(super) fn find(arguments: &BenchArgs) -> anyhow::Result<Vec<Board>> {
    let names = &arguments.board.boards;
    if names.len() > 1 {
        ensure!(
            matches!(arguments.probe, Some(ProbeChoice::Virtual)),
            "a probe has one board behind it: give one --board, or `--probe virtual` for several"
        );
        ensure!(
            arguments.board.image.is_none(),
            "an image is for one board: give one --board with --image"
        );
    }
    let boards = names.iter().map(|name| Board::find(name));
    Ok(boards.collect::<Result<_, _>>()?)
}
