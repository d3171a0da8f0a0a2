//! Whose fault it is that a chip falls silent.
//!
//! A model over which the image hangs silences one board after the other, and would end every
//! study that comes by it, at each resume anew. So a board that falls silent is asked at once to
//! measure a model that is known to be harmless. If it does not answer, the bench has failed. If it
//! does, the silence counts against the model.

use onchip_protocol::order::{Drill, Order};
use onchip_tflite::random::{Limits, network};

use super::bench::{Bench, Kit};
use crate::candidate::Candidate;
use crate::failure::{BenchFailure, Failure};
use crate::input::Input;
use crate::record::Record;

/// The silences of a candidate on boards that answered again.
#[derive(Debug, Default)]
pub(super) struct Silences(Vec<usize>);

impl Silences {
    /// Takes note of one. Returns whether the model is to blame: two boards fell silent, or one
    /// twice that is the last.
    pub(super) fn blame(&mut self, board: usize, is_last: bool) -> bool {
        let blames = self.0.iter().any(|&earlier| is_last || earlier != board);
        self.0.push(board);
        blames
    }
}

impl BenchFailure {
    /// Whether the chip stopped answering in the middle of a model.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self, BenchFailure::Silent { .. })
    }
}

impl Bench {
    /// Attaches anew and measures a harmless model.
    pub(super) async fn answer_again(&mut self, kit: &Kit, nonce: u64) -> Result<Record, Failure> {
        self.close().await;
        let harmless = harmless(kit)?;
        self.open(kit).await?;
        let order = Order {
            nonce,
            runs: 1,
            warmups: 0,
            drill: Drill::None,
        };
        self.measure(&harmless, order).await
    }
}

/// Small, and made of what all models are made of. An image that cannot run it is none.
fn harmless(kit: &Kit) -> Result<Candidate, BenchFailure> {
    let garbled = |problem: String| BenchFailure::Garbled { problem };
    let model = network(0, Limits::default()).to_file();
    let model = model.map_err(|error| garbled(error.to_string()))?;
    Candidate::prepare("harmless", &model, &Input::Lcg, &kit.board, &kit.image)
        .map_err(|error| garbled(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_boards_blame_a_model_or_the_last_one_twice() {
        let blamed = |silences: &[(usize, bool)]| {
            let mut all = Silences::default();
            let mut verdicts = silences.iter().map(|&(board, last)| all.blame(board, last));
            verdicts.position(|blames| blames)
        };
        assert_eq!(blamed(&[(0, false), (1, false)]), Some(1));
        assert_eq!(blamed(&[(0, false), (0, false), (1, false)]), Some(2));
        assert_eq!(blamed(&[(0, true), (0, true)]), Some(1));
        assert_eq!(blamed(&[(0, false), (0, false)]), None);
        assert_eq!(blamed(&[(0, true)]), None);
    }
}
