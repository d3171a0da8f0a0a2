//! The core's pipeline.

use crate::{
    core::{
        block::{BlockTiming, Exit, PipelineState},
        insn::Insn,
    },
    memory::Size,
};

/// The timing model of the core's pipeline: one cycle per instruction.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {}

impl Pipeline {
    /// The static timing of the block of `insns` that starts at `address`, entered in
    /// state `entry`. Called once per block and state.
    pub fn time_block(
        &mut self,
        address: u32,
        insns: &[Insn],
        entry: PipelineState,
    ) -> BlockTiming {
        let _ = (address, entry);
        let exit = Exit {
            cycles: insns.len() as u32,
            state: PipelineState::BRANCHED,
        };
        BlockTiming {
            start: (0..insns.len() as u32).collect(),
            skip: insns.iter().map(|_| 0).collect(),
            fetches: Box::default(),
            fall: exit,
            taken: exit,
        }
    }

    /// Cycles of dividing `dividend` by `divisor` beyond what [`Self::time_block`] charged.
    #[inline]
    pub fn divide_extra(&self, signed: bool, dividend: u32, divisor: u32) -> u32 {
        let _ = (signed, dividend, divisor);
        0
    }

    /// Extra cycles of an access to `address`, which is not a multiple of `size`.
    #[inline]
    pub fn misaligned_extra(&self, address: u32, size: Size, write: bool) -> u32 {
        let _ = (address, size, write);
        0
    }

    /// Cycles from recognising an exception to the first instruction of its handler.
    /// `tail_chained`: nothing is stacked; `fp`: room for the FP registers is reserved
    /// (`lazy`: without storing them).
    pub fn exception_entry(&self, tail_chained: bool, fp: bool, lazy: bool) -> u32 {
        let _ = (fp, lazy);
        if tail_chained { 6 } else { 12 }
    }

    /// Cycles from an exception return to the first instruction returned to.
    pub fn exception_return(&self, fp: bool) -> u32 {
        let _ = fp;
        10
    }

    /// Cycles that storing the lazily stacked FP registers adds to the FP instruction
    /// which triggers it.
    pub fn lazy_stacking(&self) -> u32 {
        17
    }
}
