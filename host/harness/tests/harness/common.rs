//! What the integration tests share: the board, its image, models.

use std::path::{Path, PathBuf};

use onchip_harness::{Board, Candidate, Drill, Image, Input, Order, PrepareError};

pub(crate) const KWS: &str = "kws_ref_model.tflite";
pub(crate) const IC: &str = "ic_ref_model.tflite";

/// Outputs for the `lcg` input; the oracle is LiteRT's reference resolver.
pub(crate) const OUTPUTS: [(&str, &str); 2] = [
    (KWS, "8080808080808080809a8066"),
    (IC, "8080828380807b808080"),
];

pub(crate) fn board() -> Board {
    Board::find("nucleo-l4r5zi").unwrap()
}

/// A board's kept image, or the one in the folder that `ONCHIP_TEST_IMAGE_DIR` names.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where a test is told which image to test"
)]
pub(crate) fn image_bytes_of(board: &Board) -> Vec<u8> {
    match std::env::var_os("ONCHIP_TEST_IMAGE_DIR") {
        Some(folder) => std::fs::read(Path::new(&folder).join(&board.image)).unwrap(),
        None => onchip_harness::board::embedded_image(&board.image)
            .unwrap()
            .to_vec(),
    }
}

pub(crate) fn image_bytes() -> Vec<u8> {
    image_bytes_of(&board())
}

pub(crate) fn image() -> Image {
    Image::parse(&image_bytes(), &board()).unwrap()
}

pub(crate) fn model_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/models")
        .join(name)
}

pub(crate) fn model(name: &str) -> Vec<u8> {
    std::fs::read(model_path(name)).unwrap()
}

pub(crate) fn prepare(model: &[u8]) -> Result<Candidate, PrepareError> {
    Candidate::prepare("test", model, &Input::Lcg, &board(), &image())
}

pub(crate) fn order(nonce: u64, runs: u32, drill: Drill) -> Order {
    Order {
        nonce,
        runs,
        warmups: 1,
        drill,
    }
}

/// A generator for positions, the one of Numerical Recipes.
pub(crate) struct Random(u32);

impl Random {
    pub(crate) fn new(seed: u32) -> Random {
        Random(seed)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % end
    }
}

/// Each of 100 copies of `model` with one bit flipped at a random position.
pub(crate) fn flipped(model: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut random = Random::new(1);
    let model = model.to_vec();
    (0..100).map(move |_| {
        let mut flipped = model.clone();
        let bit = random.below(8 * model.len());
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}
