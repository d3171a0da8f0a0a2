//! The boards and images that were there when onchip was built.

use super::{Board, BoardError};

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// All boards that ship with onchip, by name.
pub fn embedded_boards() -> Vec<Result<Board, BoardError>> {
    BOARDS
        .iter()
        .map(|(file, bytes)| Board::parse(&String::from_utf8_lossy(bytes), file))
        .collect()
}

/// The bytes of an image that ships with onchip, by file name.
pub fn embedded_image(file: &str) -> Option<&'static [u8]> {
    IMAGES
        .iter()
        .find(|(name, _)| *name == file)
        .map(|(_, bytes)| *bytes)
}

pub(super) fn board_names() -> impl Iterator<Item = &'static str> {
    BOARDS
        .iter()
        .map(|(file, _)| file.strip_suffix(".toml").unwrap_or(file))
}
