//! The core's pipeline, as the executor asks about it.

use super::rules;
use crate::core::{
    block::{BlockTiming, Causes, Exit, Fetch, PipelineState},
    insn::{Insn, Op},
};
use crate::timing::Ledger;

/// Entered in the middle of a word that the block before has fetched.
pub(super) const WITHIN_WORD: PipelineState = PipelineState(1);

/// The timing model of the Cortex-M0+'s pipeline. It has no state: what one block leaves to
/// the next is at most the second half of a word of code.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pipeline;

impl Pipeline {
    /// The static timing of the block of `insns` that starts at `address`, entered in
    /// state `entry`.
    pub fn time_block(&self, address: u32, insns: &[Insn], entry: PipelineState) -> BlockTiming {
        let mut starts = Vec::with_capacity(insns.len());
        let mut fetches: Vec<Fetch> = Vec::new();
        let (mut fall, mut taken) = (0, 0);
        let mut causes = Causes::default();
        let mut end = address;
        for insn in insns {
            starts.push(fall);
            let behind = end.wrapping_add(2 * u32::from(insn.halfwords));
            let words = (address & 2)
                .wrapping_add(behind.wrapping_sub(address))
                .div_ceil(4);
            while fetches.len() < words as usize {
                let at = u16::try_from(fall).unwrap_or(Fetch::NEVER - 1);
                fetches.push(Fetch {
                    ready: at,
                    need: at,
                    queued: fetches.is_empty() && entry == WITHIN_WORD,
                });
            }
            let (on, away) = rules::cycles(&insn.op);
            taken = fall + away;
            fall += on;
            causes.taken = causes.fall;
            rules::note(&insn.op, on, &mut causes.fall);
            rules::note(&insn.op, away, &mut causes.taken);
            end = behind;
        }
        let refetches = matches!(
            insns.last().map(|insn| insn.op),
            Some(Op::InstructionSyncBarrier)
        );
        let within_word = end & 2 != 0 && !refetches;
        BlockTiming {
            branch: None,
            start: starts.into(),
            skip: vec![0; insns.len()].into(),
            fetches: fetches.into(),
            fall: Exit {
                cycles: fall,
                state: if within_word {
                    WITHIN_WORD
                } else {
                    PipelineState::BRANCHED
                },
            },
            taken: Exit {
                cycles: taken,
                state: PipelineState::BRANCHED,
            },
            causes: Box::new(causes),
        }
    }

    /// What the cycles until instruction number `index` of `insns` starts are spent on.
    pub fn causes_before(&self, insns: &[Insn], index: usize) -> Ledger {
        let mut ledger = Ledger::default();
        for insn in insns.iter().take(index) {
            let (on, _) = rules::cycles(&insn.op);
            rules::note(&insn.op, on, &mut ledger);
        }
        ledger
    }

    /// What an access through the single-cycle I/O port takes less than
    /// [`Self::time_block`] has charged for it.
    pub fn io_port_saving(&self) -> u32 {
        rules::IO_PORT_SAVING
    }

    /// Cycles from recognising an exception to the first instruction of its handler.
    /// `tail_chained`: nothing is stacked.
    pub fn exception_entry(&self, tail_chained: bool) -> u32 {
        if tail_chained {
            rules::ENTRY - rules::FRAME
        } else {
            rules::ENTRY
        }
    }

    /// Cycles from an exception return to the first instruction returned to.
    pub fn exception_return(&self) -> u32 {
        rules::POP_PC + rules::FRAME
    }
}
