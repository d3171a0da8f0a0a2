//! The boards that a study file names, ready to measure.

use onchip_harness::{
    BenchFailure, Board, BoardError, BoardPool, Image, ImageError, ProbeChoice, Seat, VirtualSeat,
};

use crate::file::BoardEntry;

/// Why there are no boards to measure on.
#[derive(Debug, thiserror::Error)]
pub enum BoardsError {
    /// The kind of board is unknown.
    #[error(transparent)]
    Board(#[from] BoardError),
    /// There is no image for it.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The probe's name is none.
    #[error("{0}")]
    Probe(String),
    /// None of them answers.
    #[error(transparent)]
    Bench(#[from] BenchFailure),
}

/// Opens all boards of a study; `None` where it has none. Where some are virtual, `virtual_count`
/// takes the place of the number in the file: it changes no result.
///
/// # Errors
/// See [`BoardsError`].
pub async fn open(
    entries: &[BoardEntry],
    virtual_count: Option<u32>,
) -> Result<Option<BoardPool>, BoardsError> {
    let Some(first) = entries.first() else {
        return Ok(None);
    };
    // One front has latencies of one kind of board: the file is checked for that.
    let board = Board::find(&first.board)?;
    let image = Image::of_board(&board)?;
    let mut seats: Vec<Box<dyn Seat>> = Vec::new();
    let mut virtual_boards = 0;
    for entry in entries {
        match entry.probe.parse().map_err(BoardsError::Probe)? {
            ProbeChoice::Virtual => virtual_boards += entry.count,
            ProbeChoice::Selector(selector) => seats.push(Box::new(selector)),
        }
    }
    if virtual_boards > 0 {
        for _ in 0..virtual_count.unwrap_or(virtual_boards) {
            seats.push(Box::new(VirtualSeat::new(&board)?));
        }
    }
    Ok(Some(BoardPool::open(board, image, seats).await?))
}
