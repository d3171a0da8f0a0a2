//! Threaded code: how blocks execute fast.
//!
//! When a block is decoded, each instruction becomes a [`Step`]: the function that executes
//! just this form of it, and its operands. A step's function ends by calling the next
//! step's, so there is no loop that dispatches, and the host's branch predictor sees one
//! indirect jump per place in the program instead of one for all. The compiler makes jumps
//! of these calls where it can; where it does not, a block's length bounds the depth.
//!
//! The meaning of instructions is not told twice: steps call what [`System::execute`] calls,
//! with that part of the operation fixed that its encoding fixes. What is not common enough
//! to have a step of its own goes through [`System::execute`] by the step [`any`].

mod arithmetic;
mod branch;
mod float;
mod memory;
mod multiply;

use super::{Flow, Trap};
use crate::core::{
    access::{Entered, Place},
    insn::{Alu, Cond, Insn, Op},
    system::System,
};

/// How a block was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Behind its last instruction.
    Fall,
    /// By its last instruction's branch.
    Taken,
    /// In its middle, or by an exception or an exception return: the deadline has come.
    Left,
}

/// An instruction ready to run: the function that executes it, and what it works on. Which
/// registers `a`, `b` and `c` are is for each kind of step to say; mostly the manual's `rd`,
/// `rn` and `rm`.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    run: Run,
    imm: u32,
    /// The instruction's place in its block.
    index: u8,
    a: u8,
    b: u8,
    c: u8,
}

/// Executes a step and those that follow it, to the end of the block.
type Run = fn(&mut System, &Step, Rest<'_>, &Entered<'_>) -> Exit;

/// The steps that follow. (An iterator is two pointers, which pass in registers.)
type Rest<'a> = std::slice::Iter<'a, Step>;

/// Executes the block that has been entered.
#[inline(always)]
pub(super) fn run(system: &mut System, at: &Entered<'_>) -> Exit {
    next(system, at.block.steps.iter(), at)
}

/// Goes on with what is left of the block.
#[inline(always)]
fn next(system: &mut System, mut rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    match rest.next() {
        Some(step) => (step.run)(system, step, rest, at),
        None => {
            system.leave_behind(at);
            Exit::Fall
        }
    }
}

/// Branches to `target`, which is the last that a block does.
#[inline(always)]
fn branch_to(system: &mut System, target: u32, at: &Entered<'_>) -> Exit {
    system.leave_by_branch(at, target);
    Exit::Taken
}

/// Leaves the block by a trap.
#[cold]
#[inline(never)]
fn trap(system: &mut System, trap: Trap, index: u8, at: &Entered<'_>) -> Exit {
    let index = index.into();
    system.leave_block(Place { at, index }, Err(trap));
    Exit::Left
}

impl Step {
    /// A step that works on nothing.
    fn new(run: Run) -> Self {
        Self {
            run,
            imm: 0,
            index: 0,
            a: 0,
            b: 0,
            c: 0,
        }
    }

    /// Where the instruction stands.
    #[inline(always)]
    fn place<'a>(&self, at: &'a Entered<'a>) -> Place<'a> {
        Place {
            at,
            index: self.index.into(),
        }
    }
}

/// The steps of a block. NOP, IT and barriers are none: they take time, which the block's
/// timing knows, and do nothing.
pub(crate) fn lower(insns: &[Insn]) -> Box<[Step]> {
    let mut steps = Vec::with_capacity(insns.len());
    for (index, insn) in insns.iter().enumerate() {
        // A block is never longer than this.
        let index = u8::try_from(index).unwrap_or(u8::MAX);
        if insn.cond != Cond::Always {
            let a = insn.cond as u8;
            steps.push(Step {
                index,
                a,
                ..Step::new(predicate)
            });
        } else if has_no_effect(&insn.op) {
            continue;
        }
        let step = specialise(&insn.op).unwrap_or(Step::new(any));
        steps.push(Step { index, ..step });
    }
    steps.into()
}

fn has_no_effect(op: &Op) -> bool {
    matches!(
        op,
        Op::Nop
            | Op::Preload
            | Op::IfThen { .. }
            | Op::DataMemoryBarrier
            | Op::DataSyncBarrier
            | Op::InstructionSyncBarrier
    )
}

/// The step for `op`, if it has one of its own. No such step keeps SP aligned: only what cannot
/// but leave it so may write it.
fn specialise(op: &Op) -> Option<Step> {
    let keeps_sp_aligned = match *op {
        Op::LoadMultiple { .. } | Op::StoreMultiple { .. } => true,
        Op::AluImm {
            op: Alu::Add | Alu::Sub,
            rn: 13,
            imm,
            ..
        } => imm.is_multiple_of(4),
        _ => op.writes() >> 13 & 1 == 0,
    };
    if !keeps_sp_aligned {
        return None;
    }
    arithmetic::specialise(op)
        .or_else(|| multiply::specialise(op))
        .or_else(|| memory::specialise(op))
        .or_else(|| branch::specialise(op))
        .or_else(|| float::specialise(op))
}

/// Skips the next step if condition `a` fails.
fn predicate(system: &mut System, step: &Step, mut rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    if system.regs.passes(Cond::from_bits(step.a.into())) {
        return next(system, rest, at);
    }
    let skip = at.timing.skip[usize::from(step.index)];
    system.cycles = system.cycles.wrapping_add_signed(skip.into());
    rest.next();
    next(system, rest, at)
}

/// Whatever the instruction is.
fn any(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let place = step.place(at);
    let outcome = system.execute(&place.insn().op, place);
    system.regs.align_stack();
    match outcome {
        Ok(Flow::Next) => next(system, rest, at),
        Ok(Flow::Jump(target)) => branch_to(system, target, at),
        outcome => {
            system.leave_block(place, outcome);
            Exit::Left
        }
    }
}
