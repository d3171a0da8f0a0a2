//! `onchip boards`.

use std::io::Write as _;

use onchip_harness::board::{Board, MemoryKind, embedded_boards, embedded_image};
use onchip_harness::{connected_probes, selector_text};

use crate::out;
use crate::outcome::Outcome;

pub(crate) fn boards() -> anyhow::Result<Outcome> {
    let mut out = out::stdout();
    writeln!(out, "boards:")?;
    for board in embedded_boards() {
        let board = board?;
        writeln!(out, "  {:<16} {}", board.name, description(&board))?;
    }
    writeln!(out, "\nprobes:")?;
    writeln!(
        out,
        "  {:<24} a virtual board, made when it is needed",
        "virtual"
    )?;
    for probe in connected_probes() {
        writeln!(out, "  {:<24} {}", selector_text(&probe), probe.identifier)?;
    }
    Ok(Outcome::Done)
}

fn description(board: &Board) -> String {
    let size = |kind: MemoryKind| -> u32 {
        let memories = board.memories.iter().filter(|memory| memory.kind == kind);
        memories
            .map(|memory| (memory.range.end - memory.range.start) / 1024)
            .sum()
    };
    let mut text = format!(
        "{}: {}, {} at {} MHz, flash {} KiB ({} KiB for models), RAM {} KiB",
        board.title,
        board.chip,
        board.core,
        board.clock_hz / 1_000_000,
        size(MemoryKind::Flash),
        board.partition.length() / 1024,
        size(MemoryKind::Ram),
    );
    if onchip_vboard::chips::by_name(&board.chip).is_some() {
        text.push_str("; also virtual");
    }
    if embedded_image(&board.image).is_none() {
        text.push_str("; no image built");
    }
    text
}
