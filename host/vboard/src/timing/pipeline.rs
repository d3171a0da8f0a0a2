//! The pipeline of whichever core it is, as the executor asks about it.

use super::{m0plus, m3, m4, m7};
use crate::{
    core::{
        block::{BlockTiming, Branch, PipelineState},
        insn::{Insn, LongMul},
        model::Model,
    },
    memory::Size,
    timing::Ledger,
};

/// The timing model of a core's pipeline.
#[derive(Clone, Debug)]
pub enum Pipeline {
    /// Of a Cortex-M0+.
    M0Plus(m0plus::Pipeline),
    /// Of a Cortex-M3, which is a Cortex-M4's with another table.
    M3(m4::Pipeline),
    /// Of a Cortex-M4.
    M4(m4::Pipeline),
    /// Of a Cortex-M7.
    M7(m7::Pipeline),
}

impl Pipeline {
    /// The pipeline of `model`.
    pub fn new(model: Model) -> Self {
        match model {
            Model::CortexM0Plus => Self::M0Plus(m0plus::Pipeline),
            Model::CortexM3 => Self::M3(m3::pipeline()),
            Model::CortexM4 => Self::M4(m4::Pipeline::default()),
            Model::CortexM7 => Self::M7(m7::Pipeline::default()),
        }
    }

    /// The static timing of the block of `insns` that starts at `address`, entered in
    /// state `entry`. Called once per block and state.
    pub fn time_block(
        &mut self,
        address: u32,
        insns: &[Insn],
        entry: PipelineState,
    ) -> BlockTiming {
        match self {
            Self::M0Plus(m0plus) => m0plus.time_block(address, insns, entry),
            Self::M3(m4) | Self::M4(m4) => m4.time_block(address, insns, entry),
            Self::M7(m7) => m7.time_block(address, insns, entry),
        }
    }

    /// What the cycles from entering that block until its instruction number `index` starts are
    /// spent on: their sum is [`BlockTiming::start`]. Where two instructions issue in the same
    /// cycle, it is still to come for both.
    pub fn causes_before(
        &self,
        address: u32,
        insns: &[Insn],
        entry: PipelineState,
        index: usize,
    ) -> Ledger {
        match self {
            Self::M0Plus(m0plus) => m0plus.causes_before(insns, index),
            Self::M3(m4) | Self::M4(m4) => m4.causes_before(address, insns, entry, index),
            Self::M7(m7) => m7.causes_before(insns, entry, index),
        }
    }

    /// Tells where `branch` went, if it was taken. The cycles lost because something else was
    /// expected.
    pub(crate) fn resolve_branch(&mut self, branch: Branch, target: Option<u32>) -> u32 {
        match self {
            Self::M7(m7) => m7.resolve_branch(branch, target),
            // They predict nothing.
            Self::M0Plus(_) | Self::M3(_) | Self::M4(_) => 0,
        }
    }

    /// Forgets what branches did.
    pub(crate) fn forget_branches(&mut self) {
        if let Self::M7(m7) = self {
            m7.forget_branches();
        }
    }

    /// Cycles of dividing `dividend` by `divisor` beyond what [`Self::time_block`] charged.
    #[inline]
    pub fn divide_extra(&self, signed: bool, dividend: u32, divisor: u32) -> u32 {
        match self {
            // It has no division.
            Self::M0Plus(_) => 0,
            Self::M3(m4) | Self::M4(m4) => m4.divide_extra(signed, dividend, divisor),
            Self::M7(m7) => m7.divide_extra(signed, dividend, divisor),
        }
    }

    /// Cycles of multiplying `n` by `m` to 64 bits beyond what [`Self::time_block`] charged.
    #[inline]
    pub fn multiply_extra(&self, op: LongMul, n: u32, m: u32) -> u32 {
        match self {
            Self::M3(_) => m3::multiply_extra(op, n, m),
            Self::M0Plus(_) | Self::M4(_) | Self::M7(_) => 0,
        }
    }

    /// Extra cycles of an access to `address`, which is not a multiple of `size`.
    #[inline]
    pub fn misaligned_extra(&self, address: u32, size: Size, write: bool) -> u32 {
        match self {
            // Such an access faults.
            Self::M0Plus(_) => 0,
            Self::M3(m4) | Self::M4(m4) => m4.misaligned_extra(address, size, write),
            Self::M7(m7) => m7.misaligned_extra(address, size, write),
        }
    }

    /// What an access through the single-cycle I/O port takes less than
    /// [`Self::time_block`] has charged for it.
    #[inline]
    pub fn io_port_saving(&self) -> u32 {
        match self {
            Self::M0Plus(m0plus) => m0plus.io_port_saving(),
            // It has no such port.
            Self::M3(_) | Self::M4(_) | Self::M7(_) => 0,
        }
    }

    /// Cycles from recognising an exception to the first instruction of its handler.
    /// `tail_chained`: nothing is stacked; `fp`: room for the FP registers is reserved
    /// (`lazy`: without storing them).
    pub fn exception_entry(&self, tail_chained: bool, fp: bool, lazy: bool) -> u32 {
        match self {
            Self::M0Plus(m0plus) => m0plus.exception_entry(tail_chained),
            Self::M3(m4) | Self::M4(m4) => m4.exception_entry(tail_chained, fp, lazy),
            Self::M7(m7) => m7.exception_entry(tail_chained, fp, lazy),
        }
    }

    /// Cycles from an exception return to the first instruction returned to; `fp`: FP
    /// registers are restored.
    pub fn exception_return(&self, fp: bool) -> u32 {
        match self {
            Self::M0Plus(m0plus) => m0plus.exception_return(),
            Self::M3(m4) | Self::M4(m4) => m4.exception_return(fp),
            Self::M7(m7) => m7.exception_return(fp),
        }
    }

    /// Cycles that storing the lazily stacked FP registers adds to the FP instruction
    /// which triggers it.
    pub fn lazy_stacking(&self) -> u32 {
        match self {
            // It has no FP registers.
            Self::M0Plus(_) => 0,
            Self::M3(m4) | Self::M4(m4) => m4.lazy_stacking(),
            Self::M7(m7) => m7.lazy_stacking(),
        }
    }
}
