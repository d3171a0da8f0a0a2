//! What the fuzz targets share: how a file is run and judged, and how files are changed so that most of them are
//! still read to their end.

pub mod engine;
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "the engine's tests use more of it, and a broken golden file is a failed test"
)]
#[path = "../../../firmware/engine/tests/golden/mod.rs"]
mod golden;
pub mod mutate;
pub mod protocol;
mod random;
pub mod tree;

/// Names and files of all golden networks.
pub fn golden_files() -> impl Iterator<Item = (String, &'static [u8])> {
    golden::FAMILIES.into_iter().flat_map(|(family, file)| {
        let cases = golden::cases(file).enumerate();
        cases.map(move |(i, case)| (format!("{family}-{i}"), case.model))
    })
}
