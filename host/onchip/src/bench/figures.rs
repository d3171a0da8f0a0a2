//! Published figures, and limits drawn from them, for the models of MLPerf Tiny.
//!
//! Sources: results of MLPerf Tiny v1.0 and v1.2, closed division, latency in ms on a
//! NUCLEO-L4R5ZI at 120 MHz; and TensorFlow Lite Micro with CMSIS-NN, built with gcc 14 -O2 for
//! Cortex-M4, run on an emulator that counts instructions.

use super::measured::Measured;

/// What a figure is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantity {
    /// Core cycles of an inference.
    Cycles,
    /// Instructions executed from the start of the timed run to its end.
    Instructions,
    /// Bytes of the arena.
    Arena,
}

/// How a figure is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// A limit to keep.
    Must,
    /// The best that is known, to reach.
    Goal,
    /// What others need.
    Beside,
}

/// A figure to compare with: at most that much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Figure {
    /// The suite's name of the model.
    pub(super) model: &'static str,
    /// The board.
    pub(super) board: &'static str,
    pub(super) quantity: Quantity,
    pub(super) aim: Aim,
    pub(super) value: u64,
    /// Where it is from.
    pub(super) source: &'static str,
}

const fn on_l4r5(
    model: &'static str,
    quantity: Quantity,
    aim: Aim,
    value: u64,
    source: &'static str,
) -> Figure {
    Figure {
        model,
        board: "nucleo-l4r5zi",
        quantity,
        aim,
        value,
        source,
    }
}

/// All that there are.
pub(super) const FIGURES: &[Figure] = {
    use Aim::{Beside, Goal, Must};
    use Quantity::{Arena, Cycles, Instructions};
    const OWN: &str = "this project's limit";
    const CUBE_AI: &str = "best published on the real board: X-CUBE-AI 9.0, MLPerf Tiny v1.2";
    const MICROTVM: &str = "open kernels on the real board: microTVM + CMSIS-NN, MLPerf Tiny v1.0";
    const TFLM: &str = "TFLM + CMSIS-NN by the Cortex-M4's rules at zero wait states";
    const TFLM_SHARE: &str = "0.80 of what TFLM + CMSIS-NN executes";
    &[
        on_l4r5("kws", Cycles, Must, 7_500_000, OWN),
        on_l4r5("kws", Cycles, Goal, 5_180_000, CUBE_AI),
        on_l4r5("kws", Cycles, Beside, 11_977_200, MICROTVM),
        on_l4r5("kws", Cycles, Beside, 10_010_000, TFLM),
        on_l4r5("kws", Instructions, Must, 6_162_357, TFLM_SHARE),
        on_l4r5("kws", Arena, Must, 16_400, OWN),
        on_l4r5("kws", Arena, Beside, 22_820, "TFLM"),
        on_l4r5("ic", Cycles, Must, 30_000_000, OWN),
        on_l4r5("ic", Cycles, Goal, 19_800_000, CUBE_AI),
        on_l4r5("ic", Cycles, Beside, 46_747_200, MICROTVM),
        on_l4r5("ic", Cycles, Beside, 41_610_000, TFLM),
        on_l4r5("ic", Instructions, Must, 23_672_596, TFLM_SHARE),
        on_l4r5("ic", Arena, Must, 50_000, OWN),
        on_l4r5("ic", Arena, Beside, 54_996, "TFLM"),
    ]
};

impl Figure {
    /// The same of a measurement, if it is known.
    pub(super) fn measured(&self, measured: &Measured) -> Option<u64> {
        let record = &measured.record;
        match self.quantity {
            Quantity::Cycles => Some(record.cycles.median),
            Quantity::Instructions => measured.instructions(),
            Quantity::Arena => Some(record.ram.arena.into()),
        }
    }
}

impl Quantity {
    pub(super) fn name(self) -> &'static str {
        match self {
            Quantity::Cycles => "cycles",
            Quantity::Instructions => "instructions",
            Quantity::Arena => "arena, bytes",
        }
    }
}

impl Aim {
    pub(super) fn name(self) -> &'static str {
        match self {
            Aim::Must => "must",
            Aim::Goal => "goal",
            Aim::Beside => "beside",
        }
    }
}
