//! Steps that branch.

use super::{Entered, Exit, Rest, Run, Step, branch_to, next};
use crate::core::{
    insn::{Cond, Op},
    system::System,
};

/// The step for `op`, if it is one of these.
pub(super) fn specialise(op: &Op) -> Option<Step> {
    Some(match *op {
        Op::Branch { target } => Step {
            imm: target,
            ..Step::new(branch)
        },
        Op::BranchIf { cond, target } => {
            let run: Run = match cond {
                Cond::Equal => branch_if::<0>,
                Cond::NotEqual => branch_if::<1>,
                Cond::Carry => branch_if::<2>,
                Cond::NoCarry => branch_if::<3>,
                Cond::Minus => branch_if::<4>,
                Cond::Plus => branch_if::<5>,
                Cond::Overflow => branch_if::<6>,
                Cond::NoOverflow => branch_if::<7>,
                Cond::Higher => branch_if::<8>,
                Cond::LowerOrSame => branch_if::<9>,
                Cond::GreaterOrEqual => branch_if::<10>,
                Cond::Less => branch_if::<11>,
                Cond::Greater => branch_if::<12>,
                Cond::LessOrEqual => branch_if::<13>,
                Cond::Always => branch,
            };
            Step {
                imm: target,
                ..Step::new(run)
            }
        }
        Op::CompareBranch {
            nonzero,
            rn,
            target,
        } => Step {
            imm: target,
            b: rn,
            ..Step::new(if nonzero {
                compare_branch::<true>
            } else {
                compare_branch::<false>
            })
        },
        Op::Call { target } => Step {
            imm: target,
            ..Step::new(call)
        },
        _ => return None,
    })
}

fn branch(system: &mut System, step: &Step, _: Rest<'_>, at: &Entered<'_>) -> Exit {
    branch_to(system, step.imm, at)
}

fn branch_if<const COND: u32>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    if system.regs.holds(Cond::from_bits(COND)) {
        return branch_to(system, step.imm, at);
    }
    next(system, rest, at)
}

fn compare_branch<const NONZERO: bool>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    if (system.regs.get(step.b) != 0) == NONZERO {
        return branch_to(system, step.imm, at);
    }
    next(system, rest, at)
}

fn call(system: &mut System, step: &Step, _: Rest<'_>, at: &Entered<'_>) -> Exit {
    system.regs.r[14] = step.place(at).next() | 1;
    branch_to(system, step.imm, at)
}
