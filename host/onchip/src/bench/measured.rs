//! A record with what is known of it besides.

use onchip_emulate::{Explanation, Reported};
use onchip_harness::board::Core;
use onchip_harness::{Board, Record};
use onchip_tflite::Inspection;
use onchip_vboard::VirtualBoard;

/// DWT_CYCCNT: counts the core's cycles (Armv7-M ARM, C1.8).
const CYCCNT: u32 = 0xE000_1004;

/// TIM2_CNT of STM32s, which counts them for the image where the core has no such counter.
const TIM2_CNT: u32 = 0x4000_0024;

/// A measurement.
pub(super) struct Measured {
    pub(super) record: Record,
    /// What a virtual board did, if that was asked for.
    pub(super) explanation: Option<Explanation>,
    /// What the measured model consists of, if that was asked for.
    pub(super) inspection: Option<Inspection>,
}

impl Measured {
    /// Instructions executed from the start of the timed run to its end.
    pub(super) fn instructions(&self) -> Option<u64> {
        let explanation = self.explanation.as_ref()?;
        Some(explanation.whole.instructions)
    }
}

/// Runs what is in the flash of a virtual board, whose record this is, once more on a chip of the
/// same kind, and tells what its cycles were spent on.
pub(super) fn explain(
    emulated: &VirtualBoard,
    board: &Board,
    record: &Record,
) -> anyhow::Result<Explanation> {
    let parts: Vec<u64> = record.operators.iter().map(|one| one.cycles).collect();
    let reported = Reported {
        counter: match board.core {
            Core::CortexM4F | Core::CortexM7F => CYCCNT,
            Core::CortexM0Plus => TIM2_CNT,
        },
        whole: record.cycles.median,
        parts: &parts,
    };
    Ok(onchip_emulate::explain(
        emulated.chip(),
        &emulated.flash(),
        &reported,
    )?)
}
